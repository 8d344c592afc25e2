<?php

/**
 * Verifies AuthSig links of versions 2 and 3; see `src/docs/authsig_specification.md`.
 *
 *     $settings = ['secrets' => ['' => $secret], 'purpose' => 'invitation', 'publicUrl' => 'https://app.example'];
 *     [$params, $keyId] = AuthSig\verifyUrl($url, $settings); // throws InvalidArgumentException
 * More settings: `publicKeys` (as `readJwks` returns them), `ignore` (names) and `now` (seconds since 1970).
 */

namespace AuthSig;

const RESERVED = ['login', 'service', 'time', 'time_fudge', 'expires_at', 'nonce', 'audience', 'state', 'signature'];
const S = '.\[\]? \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}';
const NAMES = 'login|service|time(?:[_' . S . ']fudge)?|expires[_' . S . ']at|nonce|audience|state|signature|secret';
const ODD_NAME = '/^[' . S . ']*(?:' . NAMES . ')(?:[' . S . ']|$)|[\x00-\x1f\x{7f}-\x{9f}]/iDu';
const RAW = '/[\x00- ;#\x{7f}-\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]|^[?\x{feff}]'
    . '|%(?![0-9A-Fa-f]{2})/u';
const BYTES_32 = '([\w-]{42}[AEIMQUYcgkosw048])';
const V2 = '/^v2\.(?:([\w-]{1,32})\.)?' . BYTES_32 . '$/D';
const V3 = '/^v3\.' . BYTES_32 . '\.([\w-]{85}[AQgw])$/D';
const TIME = '/^((\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?'
    . '(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/D';

function refuseIf(bool $condition, string $reason): void
{
    $condition && throw new \InvalidArgumentException($reason);
}

/** Verifies an absolute URL, or one that begins with a single `/`. */
function verifyUrl(string $url, array $settings): array
{
    [$address, $query] = explode('?', explode('#', $url, 2)[0], 2) + [1 => ''];
    $isUrl = preg_match('~^([a-z][a-z\d+.-]*://[^/]+)?(/.*)?$~iD', $address, $match);
    refuseIf(!$isUrl || !preg_match('/^[!-\[\]-~]+$/D', $address), 'no URL, or one that parsers differ on');
    [, $origin, $path] = $match + ['', '', ''];
    refuseIf(preg_match('~//|(/|%2f|%5c)(\.|%2e){1,2}(/|%2f|%5c|$)~iD', $path) !== 0, 'an empty or a dot segment');
    $base = preg_replace('~/$~D', '', $settings['publicUrl'] ?? '');
    refuseIf($base && $origin && !str_starts_with("$address/", "$base/"), 'another public URL');
    return verifyQuery($query, $settings, ($base ? $origin ?: $base : '') . ($path ?: '/'));
}

/** Verifies a query that is bound to no address. Returns the signed names and values, and the id of the key. */
function verifyQuery(string $query, array $settings, string $address = ''): array
{
    $isSigned = fn($pair) => !in_array($pair[0], ['signature', ...$settings['ignore'] ?? []], true);
    $params = array_values(array_filter($pairs = readQuery($query), $isSigned));
    $written = array_map(fn($pair) => rawurlencode($pair[0]) . '=' . rawurlencode($pair[1]), $params);
    $text = rawurlencode($settings['purpose'] ?? '') . "\n$address\n" . implode('&', $written);
    $keyId = verifySignature(array_column($pairs, 1, 0)['signature'] ?? '', $text, $settings);
    ['time' => $time, 'expires_at' => $expiry] = array_column($params, 1, 0) + ['time' => '0', 'expires_at' => null];
    $now = $settings['now'] ?? microtime(true);
    refuseIf(array_sum(readTime($time)) > $now + 60, 'a time ahead');
    [$second, $fraction] = readTime($expiry ?? (string) floor($now + 1));
    refuseIf($second <= floor($now) || $second + $fraction > $now + 36525 * 86400, 'expired, or over 100 years ahead');
    return [$params, $keyId];
}

function verifySignature(string $signature, string $text, array $settings): string
{
    if (preg_match(V2, $signature, $match)) {
        foreach ($settings['secrets'] ?? [] as $id => $secret) {
            refuseIf(strlen($secret) < 16, 'a secret under 16 bytes');
            $mac = hash_hmac('sha256', "authsig-v2\n$text", $secret, true);
            if (in_array($match[1], ['', (string) $id], true) && hash_equals($mac, decodeBase64Url($match[2]))) {
                return $id;
            }
        }
    }
    $key = preg_match(V3, $signature, $match) ? $settings['publicKeys'][$match[1]] ?? null : null;
    refuseIf($key === null, 'no key made this signature');
    $trim = fn($bytes) => preg_replace('/^\0+(?=[\0-\x7f])/', '', "\0$bytes");
    $numbers = array_map($trim, str_split(decodeBase64Url($match[2]), 32));
    $der = implode(array_map(fn($number) => "\x02" . chr(strlen($number)) . $number, $numbers));
    $der = "\x30" . chr(strlen($der)) . $der;
    refuseIf(openssl_verify("authsig-v3\n$text", $der, $key, 'sha256') !== 1, 'no key made this signature');
    return $match[1];
}

function readQuery(string $query): array
{
    refuseIf(strlen($query) > 16384 || preg_match(RAW, $query) !== 0, 'a query that is too long, or not encoded');
    refuseIf(!preg_match('//u', urldecode($query)), 'invalid UTF-8');
    $parts = array_filter(explode('&', $query), 'strlen');
    refuseIf((bool) preg_grep('/^[^=]*=.*(\]|%5d)=/i', $parts), '`]=` in a value');
    $pairs = array_map(fn($part) => array_map('urldecode', explode('=', $part, 2) + [1 => '']), $parts);
    refuseIf(count(array_diff($names = array_column($pairs, 0), ['signature'])) > 256, 'over 256 parameters');
    $bases = array_map(fn($name) => (string) strtok($name, '[]'), preg_grep('/[\[\]]/', $names));
    $seen = []; // what PHP makes of names, and of what stands before their brackets
    foreach ($pairs as [$name, $value]) {
        $isReserved = in_array($name, RESERVED, true);
        refuseIf($isReserved && ($value === '' || isset($seen[$name])), 'a reserved name twice, or without a value');
        $folded = strtr($name, ['İ' => 'i', 'ı' => 'i', 'ſ' => 's', 'ﬅ' => 'st', 'ﬆ' => 'st']);
        refuseIf(!$isReserved && preg_match(ODD_NAME, $folded) !== 0, 'a name that parsers alter');
        refuseIf(in_array($name, $bases, true) && strpbrk($name, '[]') === false, 'a name both plain and bracketed');
        preg_match('/^([^[]*)((?:\[[^]]*+\])*+)/', $name, $match);
        $base = $match[2] === '' ? $name : $match[1];
        $written = strtr(ltrim($base, ' '), '. [', '___');
        foreach ([[$written, $base], [$written . $match[2], $name]] as [$key, $origin]) {
            refuseIf(($seen[$key] ??= $origin) !== $origin, 'names that PHP makes one');
        }
    }
    return $pairs;
}

function readTime(string $text): array
{
    if (preg_match('/^\d+$/D', $text)) {
        return [(float) $text, 0];
    }
    $isTime = preg_match(TIME, strtoupper($text), $match);
    refuseIf(!$isTime || !checkdate($match[3], $match[4], $match[2]), 'an unreadable time');
    $start = new \DateTimeImmutable($match[1] . min($match[5], '59') . $match[7]);
    return [$start->getTimestamp(), (float) "0$match[6]" + ($match[5] === '60' ? 1 : 0)];
}

function decodeBase64Url(string $text): string
{
    return base64_decode(strtr($text, '-_', '+/'));
}
