// Runs the verifier over files of vectors, or answers one line of JSON for each line of its input.
import { readFileSync } from 'node:fs';
import { argv, exit } from 'node:process';
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

if (argv.length === 2) {
    const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean);
    console.log(lines.map((line) => JSON.stringify(verdict(JSON.parse(line)))).join('\n'));
    exit();
}
let failures = 0;
let count = 0;
for (const file of argv.slice(2)) {
    for (const vector of JSON.parse(readFileSync(file, 'utf8')).vectors) {
        const params = verdict(vector);
        const isRight = vector.refused ? params === null : isDeepStrictEqual(params, vector.params ?? params);
        count += 1;
        if (params === null && !vector.refused || !isRight) {
            failures += 1;
            console.error(`${vector.name}: ${JSON.stringify(params)}`);
        }
    }
}
console.log(`JavaScript: ${count} vectors, ${failures} failures`);
exit(failures === 0 ? 0 : 1);
