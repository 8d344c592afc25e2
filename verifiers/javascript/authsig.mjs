/**
 * Verifies AuthSig links of versions 2 and 3; see `src/docs/authsig_specification.md`.
 *
 *     const settings = { secrets: { '': secret }, purpose: 'invitation', publicUrl: 'https://app.example' };
 *     const { params } = verifyUrl(request.url, settings); // throws if the link is not accepted
 */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify as verifyEs256 } from 'node:crypto';

const RESERVED = ['login', 'service', 'time', 'time_fudge', 'expires_at', 'nonce', 'audience', 'state', 'signature'];
const S = '.[\\]? \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';
const NAMES = [...RESERVED, 'secret'].join('|').replaceAll('_', `[_${S}]`);
const LOOKALIKE = new RegExp(`^[${S}]*(?:${NAMES})(?:[${S}]|$)`, 'i');
const RAW = /[\0- ;#\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|^[?\ufeff]|\p{Surrogate}/u;
const BYTES_32 = /^[\w-]{42}[AEIMQUYcgkosw048]$/;
const V2 = /^v2\.(?:([\w-]{1,32})\.)?([\w-]{42}[AEIMQUYcgkosw048])$/;
const V3 = /^v3\.([\w-]{43})\.([\w-]{85}[AQgw])$/;
const TIME = /^(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d):([0-5]\d|60)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

const refuseIf = (condition, reason) => { if (condition) throw new Error(reason); };

/** Verifies an absolute URL, or one that begins with a single `/`. */
export function verifyUrl(url, settings) {
    const [, address, query = ''] = /^([^?#]*)(?:\?([^#]*))?/.exec(url);
    const [match, path = ''] = /^(?:[a-z][a-z\d+.-]*:\/\/[^/]+)?(\/.*)?$/i.exec(address) ?? [];
    refuseIf(!match || /[^!-[\]-~]/.test(match) || path.includes('//'), 'no URL, or one that parsers differ on');
    refuseIf(path.split(/\/|%2f|%5c/i).some((segment) => /^(\.|%2e){1,2}$/i.test(segment)), 'a dot segment');
    if (settings.publicUrl == null) return verify(query, path || '/', settings);
    const base = settings.publicUrl.replace(/\/$/, '');
    if (address.startsWith('/')) return verify(query, base + path, settings);
    refuseIf(!`${address}/`.startsWith(`${base}/`), 'another public URL');
    return verify(query, path ? address : `${address}/`, settings);
}

/** Verifies a query that is bound to no address. */
export const verifyQuery = (query, settings) => verify(query, '', settings);

/** Returns the signed names and values, and the id of the key. `publicKeys` are of `readJwks`, `now` is in seconds. */
function verify(query, address, { secrets = {}, publicKeys = new Map(), purpose = '', ignore = [], now }) {
    refuseIf(Object.values(secrets).some((secret) => Buffer.byteLength(secret) < 16), 'a secret under 16 bytes');
    const pairs = readQuery(query);
    const signature = pairs.find(([name]) => name === 'signature')?.[1];
    const params = pairs.filter(([name]) => name !== 'signature' && !ignore.includes(name));
    const written = params.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
    const text = `${encode(purpose)}\n${address}\n${written}`;
    const [, id, mac] = V2.exec(signature) ?? [];
    const [, thumbprint, es256] = V3.exec(signature) ?? [];
    let keyId;
    if (mac) {
        const macBy = (secret) => createHmac('sha256', secret).update(`authsig-v2\n${text}`).digest();
        const keys = Object.entries(secrets).filter(([name]) => id === undefined || name === id);
        keyId = keys.find(([, secret]) => timingSafeEqual(macBy(secret), Buffer.from(mac, 'base64url')))?.[0];
    } else if (publicKeys.has(thumbprint)) {
        const key = { key: publicKeys.get(thumbprint), dsaEncoding: 'ieee-p1363' };
        const signed = Buffer.from(`authsig-v3\n${text}`);
        if (verifyEs256('sha256', signed, key, Buffer.from(es256, 'base64url'))) keyId = thumbprint;
    }
    refuseIf(keyId === undefined, 'no key made this signature');
    checkTimes(Object.fromEntries(params), now ?? Date.now() / 1000);
    return { params, keyId };
}

function readQuery(query) {
    refuseIf(Buffer.byteLength(query) > 16384 || RAW.test(query), 'a query that is too long, or not encoded');
    const parts = query.split('&').filter(Boolean);
    refuseIf(parts.some((part) => /^[^=]*=.*(\]|%5d)=/i.test(part)), '`]=` in a value');
    const pairs = parts.map((part) => /^([^=]*)=?(.*)$/.exec(part).slice(1).map(decode));
    refuseIf(pairs.filter(([name]) => name !== 'signature').length > 256, 'over 256 parameters');
    const bases = pairs.map(([name]) => /[[\]]/.test(name) && /^[[\]]*([^[\]]*)/.exec(name)[1]);
    const seen = new Map(); // what PHP makes of names, and of what stands before their brackets
    for (const [name, value] of pairs) {
        const folded = name.replace(/[İı]/g, 'i').replaceAll('ſ', 's').replace(/[ﬅﬆ]/g, 'st');
        const isReserved = RESERVED.includes(name);
        refuseIf(isReserved && (!value || seen.has(name)), 'a reserved name twice, or without a value');
        refuseIf(!isReserved && LOOKALIKE.test(folded), 'a name that looks like a reserved one');
        refuseIf(/[\0-\x1f\x7f-\x9f]/.test(name), 'a control character in a name');
        refuseIf(!/[[\]]/.test(name) && bases.includes(name), 'a name both plain and bracketed');
        const [, before, indices] = /^([^[]*)((?:\[[^\]]*\])*)/.exec(name);
        const base = indices ? before : name;
        const written = base.replace(/^ +/, '').replace(/[. []/g, '_');
        for (const [key, origin] of [[written, base], [written + indices, name]]) {
            refuseIf((seen.get(key) ?? origin) !== origin, 'names that PHP makes one');
            seen.set(key, origin);
        }
    }
    return pairs;
}

const decode = (text) => decodeURIComponent(text.replaceAll('+', ' '));
const hex = (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, hex);

function checkTimes({ time = '0', expires_at: expiry }, now) {
    refuseIf(readTime(time).exact > now + 60, 'a time ahead');
    if (expiry === undefined) return;
    const { second, exact } = readTime(expiry);
    refuseIf(second <= Math.floor(now) || exact > now + 36525 * 86400, 'expired, or over 100 years ahead');
}

function readTime(text) {
    if (/^\d+$/.test(text)) return { second: Number(text), exact: Number(text) };
    const [, date, minute, seconds, fraction = '', offset] = TIME.exec(text.toUpperCase()) ?? [];
    const second = Date.parse(`${date}T${minute}:${seconds === '60' ? 59 : seconds}${offset}`) / 1000;
    refuseIf(!new Date(`${date}T00:00Z`).toJSON()?.startsWith(date), 'an unreadable time');
    return { second, exact: second + Number(`0${fraction}`) + (seconds === '60') };
}

/** Reads a JWK set (RFC 7517) into a map of thumbprints (RFC 7638) and keys. */
export function readJwks({ keys }) {
    const publicKeys = new Map();
    for (const { kty, crv, x, y, d, kid, alg = 'ES256', use = 'sig', key_ops: uses = ['verify'] } of keys) {
        refuseIf(d != null, 'a private key');
        if (`${kty} ${crv} ${alg} ${use}` !== 'EC P-256 ES256 sig' || !uses.includes('verify')) continue;
        refuseIf(!BYTES_32.test(x) || !BYTES_32.test(y), 'a malformed key');
        const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
        refuseIf((kid ?? thumbprint) !== thumbprint || publicKeys.has(thumbprint), 'a wrong `kid`, or a key twice');
        publicKeys.set(thumbprint, createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }));
    }
    refuseIf(publicKeys.size === 0, 'no key for ES256');
    return publicKeys;
}
