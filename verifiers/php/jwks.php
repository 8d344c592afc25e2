<?php

namespace AuthSig;

const COORDINATE = '/^[\w-]{42}[AEIMQUYcgkosw048]$/D';
const SPKI = '3059301306072a8648ce3d020106082a8648ce3d03010703420004'; // RFC 5480: a point of P-256 follows

/** Reads a JWK set (RFC 7517), decoded to arrays, into an array of thumbprints (RFC 7638) and keys. */
function readJwks(array $jwks): array
{
    $publicKeys = [];
    foreach ($jwks['keys'] as $key) {
        refuseIf(isset($key['d']), 'a private key');
        $kind = [$key['kty'] ?? '', $key['crv'] ?? '', $key['alg'] ?? 'ES256', $key['use'] ?? 'sig'];
        if ($kind !== ['EC', 'P-256', 'ES256', 'sig'] || !in_array('verify', $key['key_ops'] ?? ['verify'], true)) {
            continue;
        }
        [$x, $y] = [$key['x'] ?? '', $key['y'] ?? ''];
        refuseIf(!preg_match(COORDINATE, $x) || !preg_match(COORDINATE, $y), 'a malformed key');
        $digest = hash('sha256', sprintf('{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}', $x, $y), true);
        $thumbprint = rtrim(strtr(base64_encode($digest), '+/', '-_'), '=');
        refuseIf(($key['kid'] ?? $thumbprint) !== $thumbprint, 'a `kid` that is not the thumbprint');
        refuseIf(isset($publicKeys[$thumbprint]), 'a key twice');
        $spki = chunk_split(base64_encode(hex2bin(SPKI) . decodeBase64Url($x) . decodeBase64Url($y)), 64, "\n");
        $publicKey = openssl_pkey_get_public("-----BEGIN PUBLIC KEY-----\n$spki-----END PUBLIC KEY-----\n");
        refuseIf($publicKey === false, 'a point off the curve');
        $publicKeys[$thumbprint] = $publicKey;
    }
    refuseIf($publicKeys === [], 'no key for ES256');
    return $publicKeys;
}
