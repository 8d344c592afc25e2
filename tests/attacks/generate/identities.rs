//! Identities: what an AuthSig server signed, and what others would like to pass off as that.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::keys::{ATTACKER, Key, SERVICE, encoded, v2};
use crate::links::{NOW, SECRET, text};

pub(crate) const BASE: &str = "https://id.example/verify";
pub(crate) const APP: &str = "https://app.example/in";
const OTHER: &str = "https://other.example/in";
/// The state of this attempt.
pub(crate) const STATE: &str = "AAECAwQFBgcICQoLDA0ODw";

type Parameters = Vec<(&'static str, String)>;

fn parameters() -> Parameters {
    vec![
        ("login", "user_1".to_owned()),
        ("service", "password".to_owned()),
        ("time", NOW.to_string()),
        ("audience", APP.to_owned()),
        ("state", STATE.to_owned()),
    ]
}

fn with(name: &'static str, value: impl ToString) -> Parameters {
    let mut parameters = without(name);
    parameters.push((name, value.to_string()));
    parameters
}

fn without(name: &str) -> Parameters {
    let mut parameters = parameters();
    parameters.retain(|(other, _)| *other != name);
    parameters
}

fn written(parameters: &Parameters) -> String {
    let pairs =
        parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn signed_by(key: &Key, purpose: &str, address: &str, parameters: &Parameters) -> String {
    let query = written(parameters);
    format!("{address}?{query}&signature={}", key.v3(&text(3, purpose, address, &query)))
}

/// What the server signs.
fn signed(parameters: &Parameters) -> String {
    signed_by(&SERVICE, "authsig", &format!("{BASE}/verified"), parameters)
}

pub(crate) fn good() -> String {
    signed(&parameters())
}

/// The URL, to let a browser in.
fn log_in(url: impl Into<String>) -> Value {
    json!({"log_in": url.into()})
}

/// The URL, for anything else.
fn verify(url: impl Into<String>) -> Value {
    json!({"verify": url.into()})
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases = vec![
        control("a person logs in", log_in(good())),
        control("a person is identified", verify(good())),
        control("without a state, for anything but logging in", verify(signed(&without("state")))),
        control("long ago, for anything but logging in", verify(signed(&with("time", 0)))),
        control("identified 5 minutes ago", log_in(signed(&with("time", NOW - 300)))),
    ];
    let both = |name: &str, error: &str, url: String, cases: &mut Vec<Value>| {
        cases.push(attack(name, error, verify(&*url)));
        cases.push(attack(format!("{name}, to log in"), error, log_in(url)));
    };
    for (name, error, parameters) in [
        ("no login", "Missing(login)", without("login")),
        ("no time", "Missing(time)", without("time")),
        ("no audience: made by hand", "Missing(audience)", without("audience")),
        ("for another app", "WrongAudience", with("audience", OTHER)),
        ("for another app as well", "WrongAudience", with("audience", format!("{APP} {OTHER}"))),
        (
            "for another app as well, in front",
            "WrongAudience",
            with("audience", format!("{OTHER} {APP}")),
        ),
        ("for an app with a longer address", "WrongAudience", with("audience", format!("{APP}/"))),
        ("for an app with a query", "WrongAudience", with("audience", format!("{APP}?a=1"))),
        ("for the app over http", "WrongAudience", with("audience", "http://app.example/in")),
        ("for the app in capitals", "WrongAudience", with("audience", "https://APP.example/in")),
        (
            "for the app with a space before it",
            "WrongAudience",
            with("audience", format!(" {APP}")),
        ),
        (
            "for the app, a line break between",
            "WrongAudience",
            with("audience", format!("{APP}\n{OTHER}")),
        ),
        ("another service", "WrongService", with("service", "git")),
        ("another service by its case", "WrongService", with("service", "Password")),
        ("time ahead", "Time.Ahead", with("time", NOW + 61)),
        ("time unreadable", "Time.Unreadable(time)", with("time", "now")),
        ("expired", "Time.Expired", with("expires_at", NOW)),
        (
            "a login twice",
            "Query.Repeated(login)",
            [parameters(), vec![("login", "admin".to_owned())]].concat(),
        ),
        (
            "a login in capitals beside it",
            "Query.Lookalike(Login)",
            [parameters(), vec![("Login", "admin".to_owned())]].concat(),
        ),
        ("an empty login", "Query.Empty(login)", with("login", "")),
    ] {
        both(name, error, signed(&parameters), &mut cases);
    }
    for (name, error, url) in [
        (
            "signed by another key",
            "UnknownKey",
            signed_by(&ATTACKER, "authsig", &format!("{BASE}/verified"), &parameters()),
        ),
        (
            "a link for no purpose",
            "Mismatch",
            signed_by(&SERVICE, "", &format!("{BASE}/verified"), &parameters()),
        ),
        (
            "a link for another purpose",
            "Mismatch",
            signed_by(&SERVICE, "invitation", &format!("{BASE}/verified"), &parameters()),
        ),
        (
            "a purpose in capitals",
            "Mismatch",
            signed_by(&SERVICE, "AuthSig", &format!("{BASE}/verified"), &parameters()),
        ),
        (
            "of another server with the same key",
            "Url.Mismatch",
            signed_by(&SERVICE, "authsig", "https://evil.example/verify/verified", &parameters()),
        ),
        (
            "of a server below this one",
            "Url.Mismatch",
            signed_by(&SERVICE, "authsig", &format!("{BASE}/x/verified"), &parameters()),
        ),
        (
            "at another path",
            "Url.Mismatch",
            signed_by(&SERVICE, "authsig", &format!("{BASE}/request"), &parameters()),
        ),
        (
            "at a longer path",
            "Url.Mismatch",
            signed_by(&SERVICE, "authsig", &format!("{BASE}/verified/"), &parameters()),
        ),
        ("at the base", "Url.Mismatch", signed_by(&SERVICE, "authsig", BASE, &parameters())),
        (
            "over http",
            "Url.Mismatch",
            signed_by(&SERVICE, "authsig", "http://id.example/verify/verified", &parameters()),
        ),
        (
            "at a host that begins like it",
            "Url.Mismatch",
            good().replacen("id.example", "id.example.evil.example", 1),
        ),
        (
            "with user information",
            "Url.Mismatch",
            good().replacen("https://", "https://id.example@evil.example/", 1),
        ),
        ("no signature", "MissingSignature", good().split_once("&signature").unwrap().0.to_owned()),
        ("another login under the signature", "Mismatch", good().replacen("user_1", "admin", 1)),
        (
            "another state under the signature",
            "Mismatch",
            good().replacen(STATE, "BBECAwQFBgcICQoLDA0ODw", 1),
        ),
        ("version 2 by a stored secret", "UnknownKey", {
            let query = written(&parameters());
            let address = format!("{BASE}/verified");
            format!(
                "{address}?{query}&signature={}",
                v2(SECRET, &text(2, "authsig", &address, &query))
            )
        }),
        (
            "of the original server",
            "MalformedSignature",
            format!(
                "{BASE}/verified?login=user_1&signature=$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy"
            ),
        ),
        ("empty", "Url.NotAbsolute", String::new()),
        ("a query alone", "Url.NotAbsolute", good().split_once('?').unwrap().1.to_owned()),
    ] {
        both(name, error, url, &mut cases);
    }
    cases.push(control(
        "the path alone, which stands for the server's",
        verify(good().replacen(BASE, "", 1)),
    ));
    for (name, error, parameters) in [
        ("no state", "Missing(state)", without("state")),
        ("the state of another attempt", "WrongState", with("state", "BBECAwQFBgcICQoLDA0ODw")),
        ("a state that begins like it", "WrongState", with("state", &STATE[..21])),
        ("a state that goes on", "WrongState", with("state", format!("{STATE}A"))),
        ("a state in capitals", "WrongState", with("state", STATE.to_uppercase())),
        ("a state that decodes alike", "WrongState", with("state", "AAECAwQFBgcICQoLDA0ODx")),
        ("more than 5 minutes ago", "TooOld", with("time", NOW - 301)),
        ("in 1970", "TooOld", with("time", 0)),
    ] {
        cases.push(attack(format!("{name}, to log in"), error, log_in(signed(&parameters))));
    }
    cases.push(attack(
        "an empty state, to log in",
        "Query.Empty(state)",
        log_in(signed(&with("state", ""))),
    ));
    cases
}
