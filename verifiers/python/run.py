"""Runs the verifier over files of vectors, or answers one line of JSON for each line of its input."""

import json
import sys

from cryptography.exceptions import InvalidSignature

from authsig import read_jwks, verify_query, verify_url


def verdict(vector):
    """Returns the names and values that are accepted, or None."""
    secrets = vector.get("secrets")
    if secrets is None:
        secrets = {vector.get("key_id") or "": vector["secret"]} if "secret" in vector else {}
    jwks = vector.get("jwks") or ("jwk" in vector and {"keys": [vector["jwk"]]})
    whole = vector.get("url", vector.get("query"))
    if "signature" in vector:
        joint = "?" if "url" in vector and "?" not in whole else "&"
        whole = f"{whole}{joint}signature={vector['signature']}"
    try:
        settings = {
            "secrets": {id: secret.encode() for id, secret in secrets.items()},
            "public_keys": read_jwks(jwks) if jwks else {},
            "purpose": vector.get("purpose", ""),
            "ignore": vector.get("ignored", ()),
            "now": vector.get("now"),
        }
        if "url" in vector:
            params, _ = verify_url(whole, vector.get("public_url"), **settings)
        else:
            params, _ = verify_query(whole, **settings)
    except (InvalidSignature, KeyError, ValueError):
        return None
    return [list(pair) for pair in params]


def run_vectors(files):
    count = failures = 0
    for file in files:
        with open(file, encoding="utf-8") as vectors:
            for vector in json.load(vectors)["vectors"]:
                params = verdict(vector)
                expected = None if vector.get("refused") else vector.get("params", params or [])
                count += 1
                if params != expected:
                    failures += 1
                    print(f"{vector['name']}: {params}", file=sys.stderr)
    print(f"Python: {count} vectors, {failures} failures")
    return 1 if failures else 0


if len(sys.argv) > 1:
    sys.exit(run_vectors(sys.argv[1:]))
for line in sys.stdin.buffer:
    print(json.dumps(verdict(json.loads(line))))
