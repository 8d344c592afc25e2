<?php

// Runs the verifier over files of vectors, or answers one line of JSON for each line of its input.

require __DIR__ . '/authsig.php';
require __DIR__ . '/jwks.php';

/** Returns the names and values that are accepted, or null. */
function verdict(array $vector): ?array
{
    $secrets = isset($vector['secret']) ? [$vector['key_id'] ?? '' => $vector['secret']] : [];
    $jwks = $vector['jwks'] ?? (isset($vector['jwk']) ? ['keys' => [$vector['jwk']]] : null);
    $whole = $vector['url'] ?? $vector['query'];
    if (isset($vector['signature'])) {
        $joint = isset($vector['url']) && !str_contains($whole, '?') ? '?' : '&';
        $whole .= "{$joint}signature={$vector['signature']}";
    }
    try {
        $settings = [
            'secrets' => $vector['secrets'] ?? $secrets,
            'publicKeys' => $jwks === null ? [] : AuthSig\readJwks($jwks),
            'purpose' => $vector['purpose'] ?? '',
            'publicUrl' => $vector['public_url'] ?? null,
            'ignore' => $vector['ignored'] ?? [],
            'now' => $vector['now'] ?? microtime(true),
        ];
        $verify = isset($vector['url']) ? 'AuthSig\verifyUrl' : 'AuthSig\verifyQuery';
        return $verify($whole, $settings)[0];
    } catch (InvalidArgumentException) {
        return null;
    }
}

if ($argc === 1) {
    while (($line = fgets(STDIN)) !== false) {
        echo json_encode(verdict(json_decode($line, true)), JSON_THROW_ON_ERROR), "\n";
    }
    exit;
}
[$count, $failures] = [0, 0];
foreach (array_slice($argv, 1) as $file) {
    foreach (json_decode(file_get_contents($file), true)['vectors'] as $vector) {
        $params = verdict($vector);
        $expected = isset($vector['refused']) ? null : $vector['params'] ?? $params ?? [];
        $count++;
        if ($params !== $expected) {
            $failures++;
            fwrite(STDERR, $vector['name'] . ': ' . json_encode($params) . "\n");
        }
    }
}
echo "PHP: $count vectors, $failures failures\n";
exit($failures === 0 ? 0 : 1);
