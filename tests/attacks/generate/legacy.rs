//! URLs as the original server signs them: one signed text has many readings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::keys::{encoded, sha256};
use crate::links::SECRET;

/// The text that the original signs.
fn text(secret: &str, parameters: &[(&str, &str)]) -> String {
    let mut all: BTreeMap<&str, &str> = parameters.iter().copied().collect();
    all.insert("secret", secret);
    all.into_iter().map(|(name, value)| format!("{name}:{value}")).collect()
}

fn bcrypt(digest: &[u8], cost: u32) -> String {
    let parts = bcrypt::hash_with_salt(digest, cost, [7; 16]).unwrap();
    parts.format_for_version(bcrypt::Version::TwoA)
}

fn written(parameters: &[(&str, &str)]) -> String {
    let pairs =
        parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn with_signature(query: &str, signature: &str) -> Value {
    json!({"query": format!("{query}&signature={}", encoded(signature))})
}

/// A right signature over these parameters.
fn signed(parameters: &[(&str, &str)]) -> Value {
    moved(parameters, parameters)
}

/// Two sets of parameters that have one text: signed as the first, sent as the second. One digest in nine has a NUL byte
/// and can't be signed, so that the secret is the first one by which it can.
fn moved(first: &[(&str, &str)], second: &[(&str, &str)]) -> Value {
    let secrets = (0..).map(|n| format!("house secret {n}"));
    let digests = secrets.map(|secret| (sha256(text(&secret, first).as_bytes()), secret));
    let (digest, secret) = digests.into_iter().find(|(digest, _)| !digest.contains(&0)).unwrap();
    assert_eq!(text(&secret, first), text(&secret, second));
    let mut input = with_signature(&written(second), &bcrypt(&digest, 4));
    input["secret"] = secret.into();
    input
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases = vec![
        control("a login", signed(&[("login", "user_1")])),
        control("a login and a service", signed(&[("login", "user_2"), ("service", "git")])),
        control("a login and a time", signed(&[("login", "user_1"), ("time", "1369156639")])),
    ];
    let mut named = signed(&[
        ("login", "user_1"),
        ("time", "2013-05-21T17:17:19Z"),
        ("redirect_url", "https://app.example"),
    ]);
    named["only_names"] = json!(["login", "service", "time", "redirect_url"]);
    cases.push(control("names that alone are signed", named));

    for (name, first, second) in [
        (
            "text moved between parameters",
            &[("login", "attacker"), ("a", "zlogin:adminm:")][..],
            &[("a", "z"), ("login", "admin"), ("m", "login:attacker")][..],
        ),
        (
            "a service moved out of a value",
            &[("login", "admin"), ("sed", "zservice:git")],
            &[("login", "admin"), ("sed", "z"), ("service", "git")],
        ),
        (
            "a time moved out of a value",
            &[("login", "admin"), ("service", "xtime:1369156639")],
            &[("login", "admin"), ("service", "x"), ("time", "1369156639")],
        ),
        (
            "an expiry moved out of a value",
            &[("login", "user_1"), ("a", "zexpires_at:1400000000")],
            &[("a", "z"), ("expires_at", "1400000000"), ("login", "user_1")],
        ),
        ("an empty name", &[("login", "user_1"), ("", "a")], &[("login", "user_1"), ("", "a")]),
    ] {
        let error = if name == "an empty name" { "Legacy.Parameter" } else { "Legacy.Ambiguous" };
        cases.push(attack(name, error, moved(first, second)));
    }
    parameters(&mut cases);
    signatures(&mut cases);
    times(&mut cases);
    cases
}

fn parameters(cases: &mut Vec<Value>) {
    let good = bcrypt(&sha256(text(SECRET, &[("login", "user_1")]).as_bytes()), 4);
    for (name, query, error) in [
        ("no login", "a=1", "Legacy.MissingLogin"),
        ("a default", "login=user_1&default=app", "Legacy.Default"),
        ("defaults", "login=user_1&default[]=app", "Legacy.Default"),
        ("a default in a hash", "login=user_1&default[slug]", "Legacy.Default"),
        ("a secret", "login=user_1&secret=mine", "Query.Secret"),
        ("a secret in a list", "login=user_1&secret[]=mine", "Query.Secret"),
        ("a secret in brackets", "login=user_1&[secret]=mine", "Query.Secret"),
        ("a secret without a value", "login=user_1&secret", "Query.Secret"),
        ("two logins", "login=user_1&login=admin", "Query.Repeated(login)"),
        ("a login in brackets", "[login]=admin", "Query.Lookalike"),
        ("a login in a list", "login[]=admin", "Query.Lookalike"),
        ("an empty login", "login=", "Query.Empty(login)"),
        ("an empty service", "login=user_1&service=", "Query.Empty(service)"),
        ("a raw ;", "login=user_1;a=1", "Query.UnencodedCharacter"),
        ("a nested parameter", "login=user_1&a[b]=1", "Legacy.Parameter"),
        ("a parameter without a name", "login=user_1&=1", "Legacy.Parameter"),
    ] {
        cases.push(attack(name, error, with_signature(query, &good)));
    }
    let colons = format!("login=user_1&a={}", ":".repeat(257));
    cases.push(attack(
        "more colons than anybody can weigh",
        "Legacy.TooComplex",
        with_signature(&colons, &good),
    ));
    let mut listed = signed(&[("login", "user_1"), ("a", "1")]);
    listed["only_names"] = json!(["login", "service"]);
    cases.push(attack("a name that is not listed", "Legacy.UnlistedName(a)", listed));
    let mut within = signed(&[("login", "user_1"), ("service", "x login:admin")]);
    within["only_names"] = json!(["login", "service"]);
    cases.push(attack("a listed name within a value", "Legacy.NameInValue(service)", within));
}

fn signatures(cases: &mut Vec<Value>) {
    let login = [("login", "user_1")];
    let digest = sha256(text(SECRET, &login).as_bytes());
    let good = bcrypt(&digest, 4);
    let (start, end) = good.split_at(good.len() - 1);
    cases.push(attack("no signature", "MissingSignature", json!({"query": "login=user_1"})));
    for (name, signature) in [
        ("empty", String::new()),
        ("without its last character", start.to_owned()),
        ("with a character more", format!("{good}.")),
        ("with white space before it", format!(" {good}")),
        ("with a line break after it", format!("{good}\n")),
        ("of $2b$", good.replacen("$2a$", "$2b$", 1)),
        ("of $2y$", good.replacen("$2a$", "$2y$", 1)),
        ("of $2x$", good.replacen("$2a$", "$2x$", 1)),
        ("of $2$", good.replacen("$2a$", "$2$", 1)),
        ("of $1$", good.replacen("$2a$", "$1$", 1)),
        ("of cost 3", good.replacen("$04$", "$03$", 1)),
        ("of cost 32", good.replacen("$04$", "$32$", 1)),
        ("of cost 4 in one digit", good.replacen("$04$", "$4$", 1)),
        ("of a negative cost", good.replacen("$04$", "$-4$", 1)),
        ("of version 2", "v2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        ("with a character of another alphabet", good.replacen(end, "+", 1)),
    ] {
        cases.push(attack(
            format!("a signature {name}"),
            "MalformedSignature",
            with_signature("login=user_1", &signature),
        ));
    }
    for cost in [11, 20, 31] {
        let costly = good.replacen("$04$", &format!("${cost}$"), 1);
        cases.push(attack(
            format!("cost {cost}, which keeps a processor busy"),
            "Legacy.CostTooHigh",
            with_signature("login=user_1", &costly),
        ));
    }
    cases.push(attack(
        "a signature of another login",
        "Mismatch",
        with_signature("login=user_2", &good),
    ));
    let other = sha256(text(SECRET, &[("login", "user_1"), ("a", "1")]).as_bytes());
    cases.push(attack(
        "a parameter less than was signed",
        "Mismatch",
        with_signature("login=user_1", &bcrypt(&other, 4)),
    ));
    let unkeyed = sha256(b"login:user_1secret:");
    cases.push(attack(
        "signed with an empty secret",
        "Mismatch",
        with_signature("login=user_1", &bcrypt(&unkeyed, 4)),
    ));
    // A digest with a NUL byte: old libraries hashed only what stands before it.
    let (login, digest) = (0..)
        .map(|n| format!("user_{n}"))
        .map(|login| {
            let digest = sha256(text(SECRET, &[("login", &login)]).as_bytes());
            (login, digest)
        })
        .find(|(_, digest)| digest[0] == 0)
        .unwrap();
    for (name, hashed) in [("cut at it", &digest[..0]), ("whole", &digest[..])] {
        let query = written(&[("login", &login)]);
        cases.push(attack(
            format!("a digest that begins with a NUL, {name}"),
            "Mismatch",
            with_signature(&query, &bcrypt(hashed, 4)),
        ));
    }
}

fn times(cases: &mut Vec<Value>) {
    for value in [
        "2013-05-21",
        "17:17:19",
        "Tue May 21",
        "Tue May 21 17:17:19 2013",
        "Mon May 21 17:17:19 UTC 2013",
        "tomorrow",
        "2013052117",
        "-1",
        "1369156639.5",
        "2013-05-21T17:17:19",
    ] {
        cases.push(attack(
            format!("the time {value:?}"),
            "Time.Unreadable(time)",
            signed(&[("login", "user_1"), ("time", value)]),
        ));
    }
    for (name, value, error) in [
        ("an expiry that is past", "1369156639", "Time.Expired"),
        ("an expiry in milliseconds", "1369156640000", "Time.TooFarAhead"),
        ("an expiry that can't be read", "never", "Time.Unreadable(expires_at)"),
    ] {
        cases.push(attack(name, error, signed(&[("login", "user_1"), ("expires_at", value)])));
    }
    cases.push(attack(
        "a time far ahead",
        "Time.Ahead",
        signed(&[("login", "user_1"), ("time", "1400000000")]),
    ));
    let mut old = signed(&[("login", "user_1"), ("time", "1369000000")]);
    old["max_age"] = 3600.into();
    cases.push(attack("a time too long ago", "TooOld", old));
    let mut timeless = signed(&[("login", "user_1")]);
    timeless["max_age"] = 3600.into();
    cases.push(attack("no time where one is demanded", "Missing(time)", timeless));
}
