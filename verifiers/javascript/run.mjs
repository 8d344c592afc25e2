// Runs the verifier over files of vectors, or answers one line of JSON for each line of its input.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { readJwks, verifyQuery, verifyUrl } from './authsig.mjs';

// The names and values that are accepted, or null.
function verdict({ url, query, signature, secret, key_id: keyId, secrets, jwk, jwks, now, ...vector }) {
    const keys = jwks ?? (jwk && { keys: [jwk] });
    const whole = signature === undefined ? '' : `${url?.includes('?') === false ? '?' : '&'}signature=${signature}`;
    try {
        const settings = {
            secrets: secrets ?? (secret === undefined ? {} : { [keyId ?? '']: secret }),
            publicKeys: keys && readJwks(keys),
            purpose: vector.purpose,
            publicUrl: vector.public_url,
            ignore: vector.ignored,
            now,
        };
        const verify = url === undefined ? verifyQuery : verifyUrl;
        return verify((url ?? query) + whole, settings).params;
    } catch {
        return null;
    }
}

async function answer(input) {
    const chunks = [];
    for await (const chunk of input) chunks.push(chunk);
    const lines = Buffer.concat(chunks).toString().split('\n').filter(Boolean);
    console.log(lines.map((line) => JSON.stringify(verdict(JSON.parse(line)))).join('\n'));
}

function runVectors(files) {
    const vectors = files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')).vectors);
    const failures = vectors.filter((vector) => {
        const params = verdict(vector);
        return !isDeepStrictEqual(params, vector.refused ? null : vector.params ?? params ?? []);
    });
    failures.forEach(({ name }) => console.error(name));
    console.log(`JavaScript: ${vectors.length} vectors, ${failures.length} failures`);
    process.exitCode = failures.length === 0 ? 0 : 1;
}

if (process.argv.length > 2) {
    runVectors(process.argv.slice(2));
} else {
    await answer(process.stdin);
}
