//! Signed links, and the keys that they are verified with.

use std::time::Duration;

use civic_sip::authsig::{PublicKeys, Verifier};
use serde_json::Value;

use crate::case::{at, key, name, run, text};

pub(crate) const SECRET: &str = "Test house secret.";
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn public_keys() -> PublicKeys {
    PublicKeys::from_jwks(&key("jwks")).unwrap()
}

/// The verifier that a case names the settings of.
fn verifier(case: &Value) -> Verifier {
    let mut builder = Verifier::builder().clock(at(NOW));
    builder = match case["key"].as_str() {
        None => builder.secret(SECRET),
        Some("secrets") => builder.secrets([("new", "another house secret"), ("old", SECRET)]),
        Some("public") => builder.public_keys(public_keys()),
        Some("both") => builder.secret(SECRET).public_keys(public_keys()),
        Some(other) => panic!("{other}"),
    };
    for (name, value) in case.as_object().unwrap() {
        builder = match (name.as_str(), value.as_str()) {
            ("purpose", Some(purpose)) => builder.purpose(purpose),
            ("public_url", Some(url)) => builder.public_url(url),
            ("login", Some(login)) => builder.login(login),
            ("service", Some(service)) => builder.service(service),
            ("require", Some(name)) => builder.require(name),
            ("ignore", None) => {
                builder.ignore(value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()))
            }
            ("require_expiry", None) => builder.require_expiry(),
            ("max_age", None) => builder.max_age(Duration::from_secs(value.as_u64().unwrap())),
            ("name" | "error" | "url" | "query" | "key", _) => builder,
            other => panic!("{other:?}"),
        };
    }
    builder.build().unwrap()
}

#[test]
fn urls_and_queries() {
    run(include_str!("links.jsonl"), |case| {
        let verifier = verifier(case);
        let verified = match case["url"].as_str() {
            Some(url) => verifier.verify_url(url),
            None => verifier.verify_query(text(case, "query")),
        };
        verified.map_err(|error| name(&error))
    });
}

#[test]
fn jwk_sets() {
    run(include_str!("public_keys.jsonl"), |case| {
        PublicKeys::from_jwks(text(case, "jwks")).map_err(|error| name(&error.problems()[0]))
    });
}
