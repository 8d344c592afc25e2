//! Signed links: signatures, keys, purposes, addresses and demands.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::jwt::next_character;
use crate::keys::{ATTACKER, ORDER, SERVICE, base64url, hmac_sha256, v2};

pub(crate) const SECRET: &str = "Test house secret.";
pub(crate) const NOW: u64 = 1_800_000_000;
const QUERY: &str = "login=user_1&team=blue";

/// The text that is signed.
pub(crate) fn text(version: u8, purpose: &str, address: &str, query: &str) -> String {
    format!("authsig-v{version}\n{purpose}\n{address}\n{query}")
}

/// A bare query with a right signature by the secret. It has to be as it is signed.
pub(crate) fn signed_query(query: &str) -> String {
    format!("{query}&signature={}", v2(SECRET, &text(2, "", "", query)))
}

/// A URL with a right signature by the secret over its path.
fn signed_path(path: &str, query: &str) -> String {
    format!("{path}?{query}&signature={}", v2(SECRET, &text(2, "", path, query)))
}

fn query(query: impl Into<String>) -> Value {
    json!({"query": query.into()})
}

fn url(url: impl Into<String>) -> Value {
    json!({"url": url.into()})
}

/// The input, for a verifier with these settings.
fn by(settings: Value, mut input: Value) -> Value {
    for (name, value) in settings.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases = Vec::new();
    macs(&mut cases);
    ecdsa(&mut cases);
    keys(&mut cases);
    purposes(&mut cases);
    changes(&mut cases);
    paths(&mut cases);
    public_urls(&mut cases);
    demands(&mut cases);
    cases
}

fn macs(cases: &mut Vec<Value>) {
    let mac = base64url(hmac_sha256(SECRET, text(2, "", "", QUERY).as_bytes()));
    let mut other = mac.clone();
    other.replace_range(..1, &next_character(&mac[..1]).to_string());
    cases.push(control("a query of version 2", query(signed_query(QUERY))));
    cases.push(attack("no signature", "MissingSignature", query(QUERY)));
    cases.push(attack(
        "another parameter in its place",
        "MissingSignature",
        query(format!("{QUERY}&sig=v2.{mac}")),
    ));
    for (name, signature) in [
        ("empty", String::new()),
        ("a mac without its version", mac.clone()),
        ("version 1", format!("v1.{mac}")),
        ("version 4", format!("v4.{mac}")),
        ("version 02", format!("v02.{mac}")),
        ("a capital V", format!("V2.{mac}")),
        ("no mac", "v2.".to_owned()),
        ("a dot more", format!("v2..{mac}")),
        ("a dot after it", format!("v2.{mac}.")),
        ("three parts", format!("v2.a.b.{mac}")),
        ("a key id of 33 characters", format!("v2.{}.{mac}", "a".repeat(33))),
        ("a key id with a slash", format!("v2.a%2Fb.{mac}")),
        ("a key id with a NUL", format!("v2.a%00.{mac}")),
        ("42 characters", format!("v2.{}", &mac[1..])),
        ("44 characters", format!("v2.{mac}A")),
        ("padding", format!("v2.{mac}=")),
        ("padding, encoded", format!("v2.{mac}%3D")),
        ("the standard alphabet", format!("v2.%2B%2F{}", &mac[2..])),
        (
            "bits to spare that are not zero",
            format!("v2.{}{}", &mac[..42], next_character(&mac[42..])),
        ),
        ("hexadecimal digits", format!("v2.{}", "0".repeat(64))),
        ("white space before it", format!("+v2.{mac}")),
        ("white space after it", format!("v2.{mac}%20")),
        ("a line break after it", format!("v2.{mac}%0A")),
        (
            "of the original server",
            "$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy".to_owned(),
        ),
    ] {
        cases.push(attack(
            format!("signature: {name}"),
            "MalformedSignature",
            query(format!("{QUERY}&signature={signature}")),
        ));
    }
    for (name, signature) in [
        ("another mac", format!("v2.{other}")),
        ("zeros", format!("v2.{}", "A".repeat(43))),
        ("by another secret", v2("another house secret", &text(2, "", "", QUERY))),
        ("by no secret", v2("", &text(2, "", "", QUERY))),
        ("over the query alone", v2(SECRET, QUERY)),
        ("over the text of version 3", v2(SECRET, &text(3, "", "", QUERY))),
        ("over the text with a line break more", v2(SECRET, &(text(2, "", "", QUERY) + "\n"))),
    ] {
        cases.push(attack(
            format!("signature: {name}"),
            "Mismatch",
            query(format!("{QUERY}&signature={signature}")),
        ));
    }
    cases.push(attack(
        "two signatures",
        "Query.Repeated(signature)",
        query(format!("{}&signature=v2.{mac}", signed_query(QUERY))),
    ));
    cases.push(attack(
        "two signatures, one with an escaped name",
        "Query.Repeated(signature)",
        query(format!("{}&%73ignature=v2.{mac}", signed_query(QUERY))),
    ));
    cases.push(control(
        "a signature in front, its name escaped",
        query(format!("%73ignature=v2.{mac}&{QUERY}")),
    ));
}

fn ecdsa(cases: &mut Vec<Value>) {
    let public = |signature: String| {
        by(json!({"key": "public"}), query(format!("{QUERY}&signature={signature}")))
    };
    let text = text(3, "", "", QUERY);
    let (good, id) = (SERVICE.sign(&text), SERVICE.thumbprint());
    let (r, s) = good.split_at(32);
    cases.push(control("a query of version 3", public(SERVICE.v3(&text))));
    let other_s = base64url(SERVICE.sign_with_other_s(&text));
    cases.push(control("a query of version 3, with n - s", public(format!("v3.{id}.{other_s}"))));
    let with = |id: &str, signature: &[u8]| format!("v3.{id}.{}", base64url(signature));
    for (name, signature) in [
        ("as DER", with(&id, &SERVICE.sign_der(&text))),
        ("of 63 bytes", with(&id, &good[..63])),
        ("of 65 bytes", with(&id, &[&good[..], &[0]].concat())),
        ("of no bytes", with(&id, b"")),
        ("without a key id", format!("v3.{}", base64url(good))),
        ("with an empty key id", with("", &good)),
        ("with a key id of 42 characters", with(&id[1..], &good)),
        ("with a key id of 44 characters", with(&format!("{id}A"), &good)),
        ("with a key id that is no thumbprint", with("service", &good)),
        ("with padding", with(&id, &good) + "=="),
        ("with bits to spare that are not zero", {
            let text = with(&id, &good);
            let (all, last) = text.split_at(text.len() - 1);
            format!("{all}{}", next_character(last))
        }),
        ("with a part more", with(&id, &good) + ".x"),
    ] {
        cases.push(attack(format!("version 3 {name}"), "MalformedSignature", public(signature)));
    }
    for (name, signature) in [
        ("by another key, under its own id", ATTACKER.v3(&text)),
        ("under the id of another key", with(&ATTACKER.thumbprint(), &good)),
    ] {
        cases.push(attack(format!("version 3 {name}"), "UnknownKey", public(signature)));
    }
    for (name, signature) in [
        ("by another key, under the known id", ATTACKER.sign(&text).to_vec()),
        ("with r = s = 0", vec![0; 64]),
        ("with r = n", [&ORDER, s].concat()),
        ("with s = n", [r, &ORDER].concat()),
        ("with r = s = n", [ORDER, ORDER].concat()),
        ("with all bits set", vec![0xff; 64]),
        ("with r and s swapped", [s, r].concat()),
        ("over the text of version 2", SERVICE.sign(&self::text(2, "", "", QUERY)).to_vec()),
    ] {
        cases.push(attack(format!("version 3 {name}"), "Mismatch", public(with(&id, &signature))));
    }
}

fn keys(cases: &mut Vec<Value>) {
    let text2 = text(2, "", "", QUERY);
    let jwk = SERVICE.jwk().to_string();
    // The confusion of a public key with a secret.
    for (name, key) in [
        ("point", SERVICE.point().to_vec()),
        ("JWK", jwk.into_bytes()),
        ("thumbprint", SERVICE.thumbprint().into_bytes()),
    ] {
        let forged = format!("{QUERY}&signature={}", v2(&key, &text2));
        cases.push(attack(
            format!("a mac keyed with the public key's {name}"),
            "UnknownKey",
            by(json!({"key": "public"}), query(&*forged)),
        ));
        cases.push(attack(
            format!("a mac keyed with the public key's {name}, where there is a secret, too"),
            "Mismatch",
            by(json!({"key": "both"}), query(forged)),
        ));
    }
    let v3 = format!("{QUERY}&signature={}", SERVICE.v3(&text(3, "", "", QUERY)));
    cases.push(attack("version 3 where there is a secret alone", "UnknownKey", query(&*v3)));
    cases.push(attack(
        "version 2 where there are public keys alone",
        "UnknownKey",
        by(json!({"key": "public"}), query(signed_query(QUERY))),
    ));
    cases.push(control(
        "version 2 where there are both",
        by(json!({"key": "both"}), query(signed_query(QUERY))),
    ));
    cases.push(control("version 3 where there are both", by(json!({"key": "both"}), query(v3))));

    // The secrets have the ids `new` and `old`.
    let ids = json!({"key": "secrets"});
    let with = |id: &str, secret: &str| {
        let mac = v2(secret, &text2);
        query(format!("{QUERY}&signature=v2.{id}{}", &mac[3..]))
    };
    cases.push(control("a key id", by(ids.clone(), with("old.", SECRET))));
    cases.push(control("no key id where there are several", by(ids.clone(), with("", SECRET))));
    cases.push(attack("the id of another key", "Mismatch", by(ids.clone(), with("new.", SECRET))));
    cases.push(attack("the id of no key", "UnknownKey", by(ids.clone(), with("older.", SECRET))));
    cases.push(attack(
        "the id of a key in capitals",
        "UnknownKey",
        by(ids.clone(), with("OLD.", SECRET)),
    ));
    cases.push(attack(
        "a key that is no longer there",
        "Mismatch",
        by(ids, with("", "a secret of long ago")),
    ));
    cases.push(attack("a key id where there is none", "UnknownKey", with("old.", SECRET)));
}

fn purposes(cases: &mut Vec<Value>) {
    let signed = |purpose: &str| {
        query(format!("{QUERY}&signature={}", v2(SECRET, &text(2, purpose, "", QUERY))))
    };
    let invitation = json!({"purpose": "invitation"});
    cases.push(control("the purpose", by(invitation.clone(), signed("invitation"))));
    for purpose in [
        "",
        "password-reset",
        "Invitation",
        "invitation%20",
        "invitation%0A",
        "invitatio",
        "authsig",
    ] {
        cases.push(attack(
            format!("signed for the purpose {purpose:?}"),
            "Mismatch",
            by(invitation.clone(), signed(purpose)),
        ));
    }
    cases.push(attack("signed for a purpose, verified without", "Mismatch", signed("invitation")));
    // A purpose with line breaks moves nothing into the address or the query.
    let sliding = json!({"purpose": "a\n/path"});
    cases.push(attack(
        "a purpose that reads as an address",
        "Mismatch",
        by(
            sliding,
            url(format!(
                "/?{QUERY}&signature={}",
                v2(SECRET, &format!("authsig-v2\na\n/path\n/\n{QUERY}"))
            )),
        ),
    ));
}

fn changes(cases: &mut Vec<Value>) {
    let good = signed_query(QUERY);
    for (name, changed) in [
        ("a value changed", good.replace("user_1", "user_2")),
        ("a value longer", good.replace("user_1", "user_10")),
        ("a value shorter", good.replace("user_1", "user_")),
        ("a value in capitals", good.replace("blue", "Blue")),
        ("a name changed", good.replace("team", "role")),
        ("a parameter more", format!("{good}&role=admin")),
        ("a parameter more, in front", format!("role=admin&{good}")),
        ("a parameter more, without a value", format!("{good}&role")),
        ("an empty name and value", format!("{good}&=")),
        ("a parameter less", good.replace("&team=blue", "")),
        ("a parameter twice", good.replace("team=blue", "team=blue&team=blue")),
        ("another order", good.replace("login=user_1&team=blue", "team=blue&login=user_1")),
        ("an encoded & in a value", good.replace("&team", "%26team")),
        ("an encoded = in a name", good.replace("team=", "team%3D")),
        ("encoded twice", good.replace("user_1", "%2575ser_1")),
        ("an expiry added", format!("{good}&expires_at=1900000000")),
        ("an ignored parameter where none is ignored", format!("{good}&utm_source=mail")),
    ] {
        cases.push(attack(name, "Mismatch", query(changed)));
    }
    let ignoring = json!({"ignore": ["utm_source"]});
    cases.push(control(
        "an ignored parameter",
        by(ignoring.clone(), query(format!("{good}&utm_source=mail"))),
    ));
    cases.push(attack(
        "one beside the ignored",
        "Mismatch",
        by(ignoring.clone(), query(format!("{good}&utm_sourc=mail"))),
    ));
    cases.push(attack(
        "an ignored one in capitals",
        "Mismatch",
        by(ignoring.clone(), query(format!("{good}&UTM_SOURCE=mail"))),
    ));
    cases.push(attack(
        "an ignored one with brackets",
        "Mismatch",
        by(ignoring, query(format!("{good}&utm_source[]=mail"))),
    ));
    for (name, same) in [
        ("escapes of plain characters", good.replace("user_1", "%75ser%5f1")),
        ("empty parts", format!("&{}&", good.replace('&', "&&"))),
    ] {
        cases.push(control(name, query(same)));
    }
    cases.push(attack("a query as a URL", "Mismatch", url(format!("/?{good}"))));
    cases.push(attack(
        "a URL as a query",
        "Mismatch",
        query(signed_path("/", QUERY).trim_start_matches("/?")),
    ));
}

fn paths(cases: &mut Vec<Value>) {
    let good = signed_path("/unsubscribe", QUERY);
    cases.push(control("a path", url(&*good)));
    cases.push(control(
        "a path with another host, which proves nothing",
        url(format!("https://any.example{good}")),
    ));
    cases.push(control("a fragment", url(format!("{good}#top"))));
    for (name, changed) in [
        ("another path", good.replace("/unsubscribe", "/delete")),
        ("a slash at the end", good.replace("/unsubscribe", "/unsubscribe/")),
        ("capitals in the path", good.replace("/unsubscribe", "/Unsubscribe")),
        ("an escape in the path", good.replace("/unsubscribe", "/%75nsubscribe")),
        ("a segment in front", format!("/x{good}")),
        ("a segment after it", good.replace("/unsubscribe", "/unsubscribe/x")),
        ("no path", good.replace("/unsubscribe", "/")),
        ("path parameters", good.replace("/unsubscribe", "/unsubscribe;x")),
    ] {
        cases.push(attack(name, "Mismatch", url(changed)));
    }
    cases.push(attack(
        "the signature in the fragment",
        "MissingSignature",
        url(good.replace("&signature", "#signature")),
    ));
    // All of these are signed as they stand.
    let dots = [
        "/a/../b",
        "/a/./b",
        "/..",
        "/.",
        "/a/%2e%2e/b",
        "/a/.%2E/b",
        "/a%2f..%2fb",
        "/a%5c..%5cb",
        "/a/%2e",
        "/%2e%2e%2fa",
    ];
    for path in dots {
        cases.push(attack(
            format!("the path {path}"),
            "Url.DotSegment",
            url(signed_path(path, QUERY)),
        ));
    }
    for path in ["/a//b", "/a//", "/a///"] {
        cases.push(attack(
            format!("the path {path}"),
            "Url.EmptySegment",
            url(signed_path(path, QUERY)),
        ));
    }
    for path in
        ["/a\\b", "/é", "/a b", "/a\tb", "/a\u{0}", "/a\u{7f}", "/a\u{a0}", "/\u{202e}a", "/a\nb"]
    {
        cases.push(attack(
            format!("the path {path:?}"),
            "Url.UnencodedCharacter",
            url(signed_path(path, QUERY)),
        ));
    }
    for path in [
        "//evil.example/",
        "/\\evil.example/",
        "\\/evil.example/",
        "",
        "a",
        "evil.example/",
        "https:/a",
        "https:a",
        "https://",
        "://a/",
        "1https://a/",
        "javascript:alert(1)",
        "data:text/html,x",
    ] {
        cases.push(attack(
            format!("the address {path:?}"),
            "Url.NotAbsolute",
            url(signed_path(path, QUERY)),
        ));
    }
}

fn public_urls(cases: &mut Vec<Value>) {
    let settings = json!({"public_url": "https://app.example/a"});
    let signed_at = |address: &str| {
        format!("{address}?{QUERY}&signature={}", v2(SECRET, &text(2, "", address, QUERY)))
    };
    let good = signed_at("https://app.example/a/join");
    cases.push(control("below the public URL", by(settings.clone(), url(&*good))));
    cases.push(control(
        "the path below the public URL",
        by(settings.clone(), url(good.replace("https://app.example/a", ""))),
    ));
    for address in [
        "https://evil.example/a/join",
        "http://app.example/a/join",
        "https://app.example:8443/a/join",
        "https://app.example:443/a/join",
        "https://app.example.evil.example/a/join",
        "https://app.example/ajoin",
        "https://app.example/b/join",
        "https://app.example/A/join",
        "https://APP.EXAMPLE/a/join",
        "HTTPS://app.example/a/join",
        "https://user@app.example/a/join",
        "https://app.example@evil.example/a/join",
        "https://app.example./a/join",
        "https://app.example/",
        "https://app.example",
        "https://app.example/a%2fjoin",
        "ftp://app.example/a/join",
        "https://app%2eexample/a/join",
        "https://[::1]/a/join",
    ] {
        // Even where the attacker got it signed as it stands.
        cases.push(attack(
            format!("at {address}"),
            "Url.Mismatch",
            by(settings.clone(), url(signed_at(address))),
        ));
    }
    cases.push(attack(
        "the path of another base",
        "Mismatch",
        by(
            settings.clone(),
            url(signed_at("https://app.example/b/join").replace("https://app.example/b", "")),
        ),
    ));
    cases.push(attack(
        "a path signed without a public URL",
        "Mismatch",
        by(settings.clone(), url(signed_path("/join", QUERY))),
    ));
    cases.push(attack(
        "a bare query of it",
        "Mismatch",
        by(settings, query(good.split_once('?').unwrap().1)),
    ));
    cases.push(attack("a host that is signed, where no public URL is", "Mismatch", url(good)));
}

fn demands(cases: &mut Vec<Value>) {
    let good = |text: &str| query(signed_query(text));
    for (name, settings, text, error) in [
        ("no expiry", json!({"require_expiry": true}), "a=1", "Missing(expires_at)"),
        ("no time", json!({"max_age": 60}), "a=1", "Missing(time)"),
        ("a time too long ago", json!({"max_age": 60}), "time=1799999939", "TooOld"),
        ("another login", json!({"login": "user_1"}), "login=user_2", "WrongLogin"),
        ("another login by its case", json!({"login": "user_1"}), "login=User_1", "WrongLogin"),
        ("no login", json!({"login": "user_1"}), "a=1", "WrongLogin"),
        ("another service", json!({"service": "git"}), "service=password", "WrongService"),
        ("no service, which is the password", json!({"service": "git"}), "a=1", "WrongService"),
        ("a parameter missing", json!({"require": "team"}), "teams=1", "Missing(team)"),
    ] {
        cases.push(attack(name, error, by(settings, good(text))));
    }
    // What is ignored is no answer to a demand.
    let demanding = json!({"require": "team", "ignore": ["team"]});
    cases.push(attack(
        "a parameter that is ignored, and demanded",
        "Missing(team)",
        by(demanding, query(format!("{}&team=1", signed_query("a=1")))),
    ));
    let all = json!({"require_expiry": true, "max_age": 60, "login": "user_1", "service": "git", "require": "team"});
    let text = "login=user_1&service=git&time=1799999940&expires_at=1800000001&team=blue";
    cases.push(control("all that is demanded", by(all, good(text))));
}
