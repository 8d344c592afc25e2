<?php
// Reads queries, one a line, as PHP does. Writes what it reads, as JSON, one line for each.

function reading(string $query)
{
    parse_str($query, $result);
    return json_encode($result) === false ? json_last_error_msg() : (object) $result;
}

echo json_encode('PHP ' . PHP_VERSION), "\n";
while (($line = fgets(STDIN)) !== false) {
    $query = substr($line, 0, -1);
    $from_url = parse_url('https://app.example/join?' . $query, PHP_URL_QUERY);
    echo json_encode([
        'parse_str' => reading($query),
        'parse_url and parse_str' => reading((string) $from_url),
    ]), "\n";
}
