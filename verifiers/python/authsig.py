"""Verifies AuthSig links of versions 2 and 3; see `src/docs/authsig_specification.md`.

    settings = dict(secrets={"": secret}, purpose="invitation", public_url="https://app.example")
    params, key_id = verify_url(url, **settings)  # raises ValueError or InvalidSignature
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest, digest
from urllib.parse import quote, unquote_to_bytes, urlencode

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

RESERVED = "login service time time_fudge expires_at nonce audience state signature".split()
S = r".\[\]? \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
NAMES = "|".join([*RESERVED, "secret"]).replace("_", f"[_{S}]")
ODD_NAME = re.compile(rf"(?ais)[{S}]*(?:{NAMES})(?:[{S}]|\Z)|.*[\0-\x1f\x7f-\x9f]")
FOLDED = str.maketrans({"İ": "i", "ı": "i", "ſ": "s", "ﬅ": "st", "ﬆ": "st"})
RAW = r"[\0- ;#\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|\A[?\ufeff]|%(?![0-9A-Fa-f]{2})"
BYTES_32 = r"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])"
V2 = re.compile(rf"v2\.(?:([A-Za-z0-9_-]{{1,32}})\.)?{BYTES_32}")
V3 = re.compile(rf"v3\.{BYTES_32}\.([A-Za-z0-9_-]{{85}}[AQgw])")
TIME = re.compile(r"(?a)(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:[0-5]\d)")


def refuse_if(condition, reason):
    if condition:
        raise ValueError(reason)


def verify_url(url, public_url=None, **settings):
    """Verifies an absolute URL, or one that begins with a single `/`."""
    address, _, query = url.partition("#")[0].partition("?")
    match = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*://[^/]+)?(/.*)?", address)
    refuse_if(not match or not re.fullmatch(r"[!-\[\]-~]+", address), "no URL, or one that parsers differ on")
    (origin, path), base = match.groups(""), (public_url or "").removesuffix("/")
    refuse_if(re.search(r"(?i)//|(/|%2f|%5c)(\.|%2e){1,2}(/|%2f|%5c|\Z)", path), "an empty segment, or one of dots")
    refuse_if(base and origin and not f"{address}/".startswith(f"{base}/"), "another public URL")
    return verify_query(query, (base and (origin or base)) + (path or "/"), **settings)


def verify_query(query, address="", secrets={}, public_keys={}, purpose="", ignore=(), now=None):
    """Verifies a query that is bound to no address. Returns the signed parameters, and the id of the key."""
    pairs = read_query(query)
    params = [(name, value) for name, value in pairs if name != "signature" and name not in ignore]
    text = f"{quote(purpose, safe='')}\n{address}\n{urlencode(params, safe='', quote_via=quote)}"
    key_id = verify_signature(dict(pairs).get("signature", ""), text, secrets, public_keys)
    times, now = dict(params), datetime.now().timestamp() if now is None else now
    refuse_if(sum(read_time(times.get("time", "0"))) > now + 60, "a time ahead")
    second, fraction = read_time(times.get("expires_at", f"{now + 1:.0f}"))
    refuse_if(second <= now // 1 or second + fraction > now + 36525 * 86400, "expired, or over 100 years ahead")
    return params, key_id


def verify_signature(signature, text, secrets, public_keys):
    if match := V2.fullmatch(signature):
        for key_id, secret in secrets.items():
            refuse_if(len(secret) < 16, "a secret under 16 bytes")
            mac = digest(secret, f"authsig-v2\n{text}".encode(), "sha256")
            if match[1] in (None, key_id) and compare_digest(mac, urlsafe_b64decode(match[2] + "=")):
                return key_id
    match = V3.fullmatch(signature)
    refuse_if(not match or match[1] not in public_keys, "no key made this signature")
    r, s = (int.from_bytes(urlsafe_b64decode(match[2] + "==")[at : at + 32], "big") for at in (0, 32))
    der, signed = utils.encode_dss_signature(r, s), f"authsig-v3\n{text}".encode()
    public_keys[match[1]].verify(der, signed, ec.ECDSA(SHA256()))
    return match[1]


def read_query(query):
    refuse_if(len(query.encode()) > 16384 or re.search(RAW, query), "a query that is too long, or not encoded")
    parts = [part for part in query.split("&") if part]
    refuse_if(any(re.match(r"[^=]*=.*(\]|%5[Dd])=", part) for part in parts), "`]=` in a value")
    texts = [text.replace("+", " ") for part in parts for text in part.partition("=")[::2]]
    decoded = [unquote_to_bytes(text).decode() for text in texts]
    pairs = list(zip(decoded[::2], decoded[1::2]))
    refuse_if(sum(name != "signature" for name, _ in pairs) > 256, "over 256 parameters")
    bases = [re.split(r"[\[\]]", name.lstrip("[]"))[0] for name, _ in pairs if re.search(r"[\[\]]", name)]
    seen = {}  # what PHP makes of names, and of what stands before their brackets
    for name, value in pairs:
        refuse_if(name not in RESERVED and ODD_NAME.match(name.translate(FOLDED)), "a name that parsers alter")
        refuse_if(name in RESERVED and (not value or name in seen), "a reserved name twice, or empty")
        refuse_if(name in bases and not re.search(r"[\[\]]", name), "a name both plain and bracketed")
        before, indices = re.match(r"([^\[]*)((?:\[[^\]]*\])*)", name).groups()
        base = before if indices else name
        written = re.sub(r"[. \[]", "_", base.lstrip(" "))
        for key, origin in ((written, base), (written + indices, name)):
            refuse_if(seen.setdefault(key, origin) != origin, "names that PHP makes one")
    return pairs


def read_time(text):
    if re.fullmatch("[0-9]+", text):
        return float(text), 0
    match = TIME.fullmatch(text.upper())
    refuse_if(not match, "an unreadable time")
    minute, second, fraction, offset = match.groups("0")
    start = datetime.fromisoformat(minute + min(second, "59") + offset.replace("Z", "+00:00")).timestamp()
    return start, float(f"0{fraction}") + (second == "60")


def read_jwks(jwks):
    """Reads a JWK set (RFC 7517) into a dict of thumbprints (RFC 7638) and keys."""
    public_keys = {}
    for key in jwks["keys"]:
        refuse_if(key.get("d") is not None, "a private key")
        kind = [key.get("kty"), key.get("crv"), key.get("alg", "ES256"), key.get("use", "sig")]
        if kind != ["EC", "P-256", "ES256", "sig"] or "verify" not in key.get("key_ops", ["verify"]):
            continue
        refuse_if(not all(re.fullmatch(BYTES_32, key[name]) for name in "xy"), "a malformed key")
        required = '{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.format(**key)
        thumbprint = urlsafe_b64encode(sha256(required.encode()).digest()).decode().rstrip("=")
        refuse_if(key.get("kid", thumbprint) != thumbprint or thumbprint in public_keys, "a wrong `kid`, or twice")
        point = b"\4" + urlsafe_b64decode(key["x"] + "=") + urlsafe_b64decode(key["y"] + "=")
        public_keys[thumbprint] = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    refuse_if(not public_keys, "no key for ES256")
    return public_keys
