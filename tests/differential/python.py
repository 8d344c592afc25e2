"""Reads queries, one a line, as Python's library does. Writes what it reads, as JSON, one line for each."""

import json
import platform
import sys
from urllib.parse import parse_qs, parse_qsl, urlsplit


def lists(pairs):
    """Values that are not repeated stand for themselves."""
    result = {}
    for name, value in pairs:
        result.setdefault(name, []).append(value)
    return single(result)


def single(lists):
    return {
        name: values[0] if len(values) == 1 else values for name, values in lists.items()
    }


def reading(read):
    try:
        return read()
    except ValueError as error:
        return type(error).__name__


print(json.dumps(f"Python {platform.python_version()}"))
for line in sys.stdin.buffer:
    query = line[:-1].decode()
    url = f"https://app.example/join?{query}"
    readings = {
        "parse_qs": reading(lambda: single(parse_qs(query))),
        "parse_qsl": reading(lambda: lists(parse_qsl(query))),
        "parse_qsl, strict": reading(
            lambda: lists(parse_qsl(query, keep_blank_values=True, errors="strict"))
        ),
        "urlsplit": reading(lambda: single(parse_qs(urlsplit(url).query))),
    }
    print(json.dumps(readings))
