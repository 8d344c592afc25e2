"""Writes tests/vectors/authsig_refusals.json: what a verifier refuses although the signature is right, and near misses.

To add a vector, add a line here and run `python3 verifiers/refusals.py`. The signatures are made over what a lenient
parser would read, so that a verifier that lacks a rule accepts the vector.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

VECTORS = Path(__file__).parent.parent / "tests" / "vectors"
SECRET = "Test house secret."
NOW = 1_800_000_000
RESERVED = "login service time time_fudge expires_at nonce audience state".split()
OTHER_KEY = ec.derive_private_key(int("42" * 32, 16), ec.SECP256R1())
KEY = serialization.load_pem_private_key(
    json.loads((VECTORS / "authsig_v2_v3.json").read_text())["private_key_pem"].encode(), None
)
vectors = []


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def pairs_of(query):
    """Names and values as bytes; what is broken stands for itself."""
    parts = [part.replace("+", " ").partition("=") for part in query.split("&") if part]
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]


def text_of(query, version=2, address="", purpose="", ignored=()):
    pairs = [(name, value) for name, value in pairs_of(query) if name.decode(errors="replace") not in ignored]
    written = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    return f"authsig-v{version}\n{quote(purpose, safe='')}\n{address}\n{written}"


def v2(text, secret=SECRET, key_id=None):
    mac = base64url(hmac.digest(secret.encode(), text.encode(), "sha256"))
    return f"v2.{mac}" if key_id is None else f"v2.{key_id}.{mac}"


def jwk(key, **changes):
    point = key.public_key().public_numbers()
    x, y = (base64url(number.to_bytes(32, "big")) for number in (point.x, point.y))
    required = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    thumbprint = base64url(hashlib.sha256(required.encode()).digest())
    members = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": "ES256", "use": "sig", "kid": thumbprint}
    return {name: value for name, value in {**members, **changes}.items() if value is not ...}


def es256(text, key=KEY):
    der = key.sign(text.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return b"".join(number.to_bytes(32, "big") for number in utils.decode_dss_signature(der))


def v3(text, key=KEY):
    return f"v3.{jwk(key)['kid']}.{base64url(es256(text, key))}"


def add(rule, whole, expected, **settings):
    """`whole` has its signature. `expected` are the parameters, or None for a refusal."""
    kind = "url" if whole.startswith(("/", "http")) or settings.pop("is_url", False) else "query"
    if "jwks" not in settings:
        settings.setdefault("secrets", {"": SECRET})
    verdict = {"refused": rule} if expected is None else {"params": expected}
    vectors.append({"name": f"{len(vectors) + 1}: {rule}", kind: whole, "now": NOW, **settings, **verdict})


def query(rule, text, accepted=False, ignored=()):
    """A query with a right signature of version 2."""
    joint = "&" if text and not text.endswith("&") else ""
    whole = f"{text}{joint}signature={v2(text_of(text, ignored=ignored))}"
    pairs = [[name.decode(), value.decode()] for name, value in pairs_of(text)] if accepted else None
    settings = {"ignored": list(ignored)} if ignored else {}
    add(rule, whole, pairs and [pair for pair in pairs if pair[0] not in ignored], **settings)


def url(rule, before, address, accepted=False, after="", **settings):
    """A URL with a right signature for this address."""
    whole = f"{before}?login=user_1&signature={v2(text_of('login=user_1', address=address))}{after}"
    add(rule, whole, [["login", "user_1"]] if accepted else None, is_url=True, **settings)


def signature(rule, value, accepted=False, **settings):
    """The query `login=user_1` with this signature."""
    add(rule, f"login=user_1&signature={value}", [["login", "user_1"]] if accepted else None, **settings)


# Parsing.
query("at most 16 KiB", "a=" + "x" * (16384 - 59), accepted=True)
query("over 16 KiB", "a=" + "x" * (16384 - 58))
query("at most 256 parameters", "&".join(f"p{i}" for i in range(256)), accepted=True)
query("over 256 parameters", "&".join(f"p{i}" for i in range(257)))
query("over 256 parameters, an ignored one counted", "&".join(f"p{i}" for i in range(256)) + "&x=1", ignored=["x"])
for raw in [";", "#", " ", "\t", "\n", "\r", "\0", "\x1f", "\x7f", "\x80", "\x85", "\xa0", "\u1680", "\u2003", "\u2028",
            "\u202f", "\u205f", "\u3000"]:
    query("a raw separator, white space or control character", f"a=1{raw}b=2")
query("a raw separator in a name", "a;b=1")
query("a raw separator in an ignored part", "a=1&x=;", ignored=["x"])
query("raw characters that are no separators", "a='\"<>|^`{}\\é李&t=a?b/c:d@e,f", accepted=True)
query("escaped separators", "a=%3B%20%0A%00%23&b=%3B", accepted=True)
query("a raw `?` in front", "?login=user_1")
query("a raw byte order mark in front", "\ufefflogin=user_1")
query("a raw `?` elsewhere", "a=?&b?=1", accepted=True)
for broken in ["a=%", "a=%2", "a=%zz", "%=1", "%g0=1", "a=%2%35", "a=%+1", "x%"]:
    query("a broken escape", broken)
for invalid in ["a=%ff", "%ff=1", "a=%c3", "a=%c3%28", "a=%ed%a0%80", "a=%c0%af", "a=%f5%80%80%80", "%C3=%A9"]:
    query("invalid UTF-8", invalid)
query("a NUL and other planes in a value", "a=%F0%9F%98%80%00", accepted=True)
for bracket in ["a=[b]=c", "a=]=", "a=%5D=", "a=%5d=c", "a==]=", "filter[a]=b]=c"]:
    query("`]` before `=` in a value", bracket)
query("no bracket before `=` in a value", "a[b]=c&c=[b]&d=[b]%3Dc&t=a==&e=]x=&f[b]==&g=%255D=", accepted=True)
query("everyday queries", "filter[status]=x&ids[]=1&ids[]=2&a.b=1&range=[1,2]&t=a==&=nameless&flag&X=1&x=2", accepted=True)

# Reserved names.
for name in RESERVED:
    query("a repeated reserved name", f"{name}=1800000001&{name}=1800000001")
    query("an empty reserved name", f"a=1&{name}=&b=2")
    query("a reserved name without `=`", name)
    query("a reserved name in brackets", f"[{name}]=x")
    query("a reserved name with brackets", f"{name}[]=x")
    query("a reserved name in upper case", f"{name.upper()}=x")
    for separator in [".", "%20", "%5B", "%5D", "?", "%C2%A0", "%E2%80%83", "%E3%80%80", "%EF%BB%BF"]:
        query("a separator before a reserved name", f"a=1&{separator}{name}=x")
        query("a separator after a reserved name", f"{name}{separator}x=1")
query("a repeated reserved name, once escaped", "login=a&%6cogin=b")
for name in ["secret", "%73ecret", "Secret", "secret[]", "[secret]", "secret.x"]:
    query("a secret", f"login=user_1&{name}=x")
for name in ["Signature", "signature[]", "[signature]", "signature.x", "+signature"]:
    query("a name like `signature`", f"login=user_1&{name}=x")
for name in ["expires.at", "expires[at", "expires[at]", "expires+at", "EXPIRES%C2%A0AT", "time.fudge", "time[fudge]"]:
    query("a separator for `_`", f"{name}=1")
for name in ["ſervice", "SERVİCE", "servıce", "LOGıN", "expireſ_at", "ﬅate", "[ﬆate]", "nonce\u2028", "ſecret", "tıme.x"]:
    query("a letter that is an ASCII one in another case", f"{quote(name)}=x")
query("names that only resemble reserved ones",
      "user.login=1&filter[login]=1&logins=1&my_login=1&login-=1&login_x=1&timezone=1&time-fudge=1&expires=1"
      "&expires-at=1&statement=1&x?login=1&log.in=1&l%C3%B6gin=1", accepted=True)
for name in ["a%00", "%00", "login%00", "login%00x", "a%0Ab", "%1F", "a%7F", "a%C2%85"]:
    query("a control character in a name", f"{name}=1")
for both in ["x=1&x[]=1", "x[]=1&x=1", "x[a]=1&x", "[x]=1&x=1", "x]=1&x=1", "x%5B%5D=1&x=1", "x[=1&x=1", "[]=1&=1"]:
    query("a name both plain and bracketed", both)
for one in ["a.b=1&a_b=2", "a_b=1&a.b=2", "a+b=1&a_b=2", "a.b=1&a+b=2", "+a=1&a=2", "a[b=1&a_b=2", "a.b[]=1&a_b=2",
            "a.b[x]=1&a_b[y]=2", "a[b]=1&a[b]c=2"]:
    query("names that PHP makes one", one)
query("names that PHP makes one, one of them ignored", "a_b=1&a.b=2", ignored=["a.b"])
query("names that PHP leaves apart", "a.b=1&a.b=2&a.c=2&d[b.c]=1&d[b_c]=2&A.b=1", accepted=True)

# Times.
for text in ["1800000060", "0", "01800000000", "2027-01-15T09:00:00%2B01:00", "2027-01-15t08:00:00.5z",
             "2027-01-15T08:00:59.99Z", "2024-02-29T00:00:00-23:59"]:
    query("a time that is not ahead", f"time={text}", accepted=True)
for text in ["1800000061", "2027-01-15T08:01:00.5Z", "2027-01-15T08:01:01Z", "99999999999999999999"]:
    query("a time ahead", f"time={text}")
for text in ["1800000001", "2027-01-15T08:00:01Z", "2027-01-15T08:00:01.9Z", "2027-01-15T09:00:60%2B00:59",
             str(NOW + 36525 * 86400)]:
    query("an expiry that is ahead", f"expires_at={text}", accepted=True)
for text in ["1800000000", "1799999999", "0", "2027-01-15T08:00:00.9Z", "2027-01-15T09:59:59%2B02:00", "2027-01-15T07:59:60Z"]:
    query("expired", f"expires_at={text}")
for text in [str(NOW + 36525 * 86400 + 1), str(NOW * 1000)]:
    query("over 100 years ahead", f"expires_at={text}")
for text in ["-1", "%2B1790000000", "1.79e9", "1790000000.0", "0x6affffff", "yesterday", "null", "2026-01-01",
             "2026-01-01T00%3A00%3A00", "2026-01-01%2000%3A00%3A00Z", "2026-13-01T00%3A00%3A00Z", "2026-02-29T00:00:00Z", "2026-02-29T00:00:00-00:00", "2026-02-29T00:00:00%2B00:00",
             "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
             "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00%2B24:00", "2026-01-01T00:00:00%2B01:60",
             "2026-01-01T00:00:00%2B0100", "2026-01-01T00:00Z", "26-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
             "2026-01-01T00:00:00,5Z", "2026-01-01T00%3A00%3A00%E2%88%9201%3A00", "%D9%A179000000", "1790000000%20",
             "%201790000000", "2026-01-01T00:00:00Z%0A", "1790000000%0A"]:
    query("a time that can't be read", f"time={text}")
for text in ["-1", "1.9e9", "2030-01-01", "2030-02-30T00:00:00Z", "9223372036854775807", "tomorrow"]:
    query("an expiry that can't be read", f"expires_at={text}")

# Addresses.
url("a path", "/join", "/join", accepted=True)
url("any host, without a public URL", "http://other.example:8080/join", "/join", accepted=True)
url("no path is /", "https://app.example", "/", accepted=True)
url("a fragment is dropped", "/join", "/join", accepted=True, after="#f?login=admin")
url("another path", "/delete", "/join")
for path in ["/joi%6e", "/Join", "/join/", "/"]:
    url("the path as it was received", path, "/join")
for before in ["", "join", "//app.example/join", "/\\app.example/join", "https:/app.example", "https:///join", "://h/join",
               "1s://h/join", "mailto:join", " /join", "\ufeff/join"]:
    url("neither absolute nor with a single / in front", before, before or "/")
for path in ["/.", "/..", "/a/../b", "/a/./b", "/a/..", "/%2e", "/%2E%2e", "/.%2e/a", "/a%2f..%2fb", "/a%2F%2e%2E",
             "/a%5c..", "/..%2f", "/%2e%2e%2f", "/a%5C.%5Cb"]:
    url("a dot segment", path, path)
    url("a dot segment of an absolute URL", f"https://h{path}", path)
for path in ["/...", "/.a", "/a.", "/a..b", "/%2e%2e%2e", "/.well-known", "/a%2fb", "/%252e", "/@u:1;v=1"]:
    url("no dot segment", path, path, accepted=True)
for path in ["/a//b", "/a//", "/a\\b", "/a b", "/a\tb", "/a\x7fb", "/caf\xe9", "/a\u2028"]:
    url("an empty segment, or a raw character", path, path)
url("a raw character in the host", "https://h\xe9/join", "/join")
PUBLIC = {"public_url": "https://app.example/base"}
for before in ["/join", "https://app.example/base/join"]:
    url("the public URL", before, "https://app.example/base/join", accepted=True, **PUBLIC)
url("the public URL with a last slash", "/join", "https://app.example/join", accepted=True, public_url="https://app.example/")
url("the public URL itself", "https://app.example/base", "https://app.example/base", accepted=True, **PUBLIC)
url("the public URL without a path", "https://app.example", "https://app.example/", accepted=True,
    public_url="https://app.example")
url("a path of the public URL twice", "/base/join", "https://app.example/base/join", **PUBLIC)
for before in ["https://app.example/join", "https://app.example/baseless", "http://app.example/base/join",
               "https://APP.example/base/join", "https://app.example:443/base/join", "https://app.example.evil.example/base",
               "https://user@app.example/base/join", "https://evil.example/https://app.example/base"]:
    url("another public URL", before, before, **PUBLIC)
url("signed without the public URL", "https://app.example/base/join", "/base/join", **PUBLIC)
url("signed with a public URL", "https://app.example/base/join", "https://app.example/base/join")
url("a URL with the signature of a query", "/", "")
add("a query with the signature of a URL", f"login=user_1&signature={v2(text_of('login=user_1', address='/'))}", None)
add("no signature beyond the fragment", f"/#?login=user_1&signature={v2(text_of('login=user_1', address='/'))}", None)
add("a second `?` belongs to the query", f"/?n=1?login=user_1&signature={v2(text_of('login=user_1', address='/'))}", None)

# Signatures and keys.
TEXT = text_of("login=user_1")
MAC = v2(TEXT)[3:]
LAST = MAC[-1]
signature("a signature", v2(TEXT), accepted=True)
signature("an escaped signature", "%76" + v2(TEXT)[1:], accepted=True)
add("a signature in front, among empty parts", f"&signature={v2(TEXT)}&&login=user_1&", [["login", "user_1"]])
add("no signature", "login=user_1", None)
for other in [MAC, f"v1.{MAC}", f"V2.{MAC}", f"v2{MAC}", f"v2..{MAC}", f"v2.{MAC}=", f"v2.{MAC}%3D", f"v2.{MAC}A",
              f"v2.{MAC[1:]}", f"v2.{MAC}%0A", "", "v2.", f"v2.a.b.{MAC}", f"v2.a%20b.{MAC}", f"v2.{'a' * 33}.{MAC}",
              f"+v2.{MAC}", f"v2.{MAC}%00", f"v2.{base64.b64encode(hashlib.sha256(b'x').digest()).decode()}"]:
    signature("a malformed signature", other)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
for step in (1, 2, 3):
    signature("bits beyond the last byte", f"v2.{MAC[:-1]}{ALPHABET[ALPHABET.index(LAST) + step]}")
for place in (0, 20, 41):
    signature("another mac", f"v2.{MAC[:place]}{'A' if MAC[place] != 'A' else 'B'}{MAC[place + 1:]}")
signature("another secret", v2(TEXT, "Another house secret."))
signature("the mac of version 3's text", v2(text_of("login=user_1", version=3)))
for again in ["signature=x", "signature", "signature=", "%73ignature=x", f"signature={v2(TEXT)}"]:
    signature("two signatures", f"{v2(TEXT)}&{again}")
add("another order", f"b=2&a=1&signature={v2(text_of('a=1&b=2'))}", None)
add("a parameter that was added", f"login=user_1&a=1&signature={v2(TEXT)}", None)
signature("another purpose", v2(text_of("login=user_1", purpose="a")), purpose="b")
signature("a purpose that the verifier has not", v2(text_of("login=user_1", purpose="a")))
signature("a purpose that the signer had not", v2(TEXT), purpose="a")
signature("a purpose is encoded", v2("authsig-v2\na%0A%2F%20b~\n\nlogin=user_1"), accepted=True, purpose="a\n/ b~")
TWO = {"secrets": {"new": "The newer house secret.", "old": SECRET}}
signature("a secret by its id", v2(TEXT, key_id="old"), accepted=True, **TWO)
signature("without an id every secret is tried", v2(TEXT), accepted=True, **TWO)
signature("the id of another secret", v2(TEXT, key_id="new"), **TWO)
signature("an unknown id", v2(TEXT, key_id="older"), **TWO)
signature("an id where secrets have none", v2(TEXT, key_id="old"))
signature("a secret under 16 bytes", v2(TEXT, "fifteen bytes.."), secrets={"": "fifteen bytes.."})

TEXT = text_of("login=user_1", version=3)
JWKS = {"jwks": {"keys": [jwk(KEY)]}}
ID, RAW = jwk(KEY)["kid"], es256(TEXT)
ENCODED = base64url(RAW)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
r, s = (int.from_bytes(part, "big") for part in (RAW[:32], RAW[32:]))


def raw(r_value, s_value):
    return f"v3.{ID}.{base64url(r_value.to_bytes(32, 'big') + s_value.to_bytes(32, 'big'))}"


signature("version 3", v3(TEXT), accepted=True, **JWKS)
signature("the other signature of two", raw(r, ORDER - s), accepted=True, **JWKS)
signature("version 3 beside secrets", v3(TEXT), accepted=True, secrets={"": SECRET}, **JWKS)
signature("version 2 beside public keys", v2(text_of("login=user_1")), accepted=True, secrets={"": SECRET}, **JWKS)
signature("version 2 without secrets", v2(text_of("login=user_1")), **JWKS)
signature("version 3 without public keys", v3(TEXT))
signature("version 2's text signed as version 3", v3(text_of("login=user_1")), **JWKS)
signature("another key", v3(TEXT, OTHER_KEY), **JWKS)
signature("another key by this id", f"v3.{ID}.{base64url(es256(TEXT, OTHER_KEY))}", **JWKS)
signature("the right one of two keys", v3(TEXT, OTHER_KEY), accepted=True, jwks={"keys": [jwk(KEY), jwk(OTHER_KEY)]})
signature("a public key as a secret", v2(text_of("login=user_1"), ID), secrets={"": SECRET}, **JWKS)
der = utils.encode_dss_signature(r, s)
for other in [f"v3.{ENCODED}", f"v3..{ENCODED}", f"v3.{ID}.{ENCODED}=", f"v3.{ID}.{ENCODED}A", f"v3.{ID}.{ENCODED[1:]}",
              f"v3.{ID}A.{ENCODED}", f"v3.{ID[1:]}.{ENCODED}", f"v3.{ID}.x.{ENCODED}", f"V3.{ID}.{ENCODED}",
              f"v3.{ID}.{base64url(der)}", f"v3.{ID}.{base64url(RAW[:63])}", f"v3.{ID}.{base64url(RAW + bytes(1))}",
              f"v3.{ID}.{base64url(bytes(1) + RAW[:32] + bytes(1) + RAW[32:])}", f"v2.{ID}.{ENCODED}"]:
    signature("a malformed signature of version 3", other, **JWKS)
for step in range(1, 16, 2):
    letter = ALPHABET[ALPHABET.index(ENCODED[-1]) + step]
    signature("bits beyond the last byte of version 3", f"v3.{ID}.{ENCODED[:-1]}{letter}", **JWKS)
for numbers in [(0, 0), (0, s), (r, 0), (r, ORDER), (ORDER, s), (1, 1), (s, r), (2**256 - 1, 2**256 - 1)]:
    signature("numbers that are no signature", raw(*numbers), **JWKS)

# JWK sets.
Y = jwk(OTHER_KEY)["y"]
NEXT = ALPHABET[ALPHABET.index(Y[-1]) + 1]
for rule, keys in [
    ("a private part", [jwk(KEY, d=jwk(KEY)["x"])]),
    ("a private part of another key", [jwk(KEY), {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": "AAAA"}]),
    ("a `kid` that is not the thumbprint", [jwk(KEY, kid="key-1")]),
    ("the `kid` of another key", [jwk(KEY, kid=jwk(OTHER_KEY)["kid"])]),
    ("a key twice", [jwk(KEY), jwk(KEY, kid=...)]),
    ("a point off the curve", [jwk(KEY), jwk(OTHER_KEY, y=jwk(KEY)["y"], kid=...)]),
    ("a coordinate that is not canonical", [jwk(KEY), jwk(OTHER_KEY, x=jwk(OTHER_KEY)["x"] + "=")]),
    ("a coordinate that is absent", [jwk(KEY), jwk(OTHER_KEY, x="")]),
    ("a padded coordinate without a `kid`", [jwk(KEY), jwk(OTHER_KEY, x=jwk(OTHER_KEY)["x"] + "=", kid=...)]),
    ("a coordinate with bits beyond the last byte", [jwk(KEY), jwk(OTHER_KEY, y=f"{Y[:-1]}{NEXT}", kid=...)]),
    ("no key", []),
    ("a key for another algorithm alone", [jwk(KEY, alg="ES384")]),
    ("a key for encryption alone", [jwk(KEY, use="enc")]),
    ("a key for other operations alone", [jwk(KEY, key_ops=["deriveKey"])]),
    ("a key of another curve alone", [jwk(KEY, crv="secp256k1")]),
]:
    signature(rule, v3(TEXT), jwks={"keys": keys})
for rule, keys in [
    ("members that may be absent", [jwk(KEY, kid=..., alg=..., use=...)]),
    ("operations with `verify`", [jwk(KEY, key_ops=["verify"])]),
    ("other keys are left out", [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa"}, {"kty": "oct", "k": "c2VjcmV0"},
                                 {}, jwk(OTHER_KEY, use="enc"), jwk(OTHER_KEY, alg="ECDH-ES"), jwk(KEY)]),
]:
    signature(rule, v3(TEXT), accepted=True, jwks={"keys": keys})

ABOUT = (
    "Whole URLs (`url`) and queries (`query`) with `now` in epoch seconds. With `params` a vector is accepted and these are"
    " the signed names and values in order; with `refused` it is not, although its signature is right wherever it can be."
    " `secrets` are by id, '' for one without. Written by verifiers/refusals.py."
)
lines = ",\n".join("  " + json.dumps(vector, ensure_ascii=True) for vector in vectors)
(VECTORS / "authsig_refusals.json").write_text(f'{{"about": {json.dumps(ABOUT)},\n "vectors": [\n{lines}\n ]}}\n')
print(f"{len(vectors)} vectors, {sum('refused' in vector for vector in vectors)} of them refused")
