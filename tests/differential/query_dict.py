"""Reads queries, one a line, as Django does. Writes what it reads, as JSON, one line for each."""

import json
import sys

import django
from django.conf import settings
from django.http import QueryDict

settings.configure()
print(json.dumps(f"Django {django.get_version()}"))
for line in sys.stdin.buffer:
    read = QueryDict(line[:-1])
    print(
        json.dumps(
            {
                "QueryDict, all": {
                    name: values[0] if len(values) == 1 else values
                    for name, values in read.lists()
                },
                "QueryDict": read.dict(),
            }
        )
    )
