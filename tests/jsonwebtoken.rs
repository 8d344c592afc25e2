//! Another library reads the token of a request, and the tokens among the attacks: we accept nothing that it rejects.

use std::time::{Duration, UNIX_EPOCH};

use civic_sip::CivicSip;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

const APP_ID: &str = "app42";
const PRIVATE_SIGNING_KEY: &str =
    "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
const APP_PUBLIC_KEY: &str = "04c0b189e3b26ffa58202e36db8dfcf9f02595d100acb14cc6db2c929af5795fbd\
                              649d5aaca57b927883ce2d5c655719cfa2ddf83540e2dc6a02d01dae4aeaae05";
const NOW: u64 = 1_795_216_600;

#[test]
fn another_library_accepts_what_is_signed() {
    let civic = CivicSip::builder()
        .app_id(APP_ID)
        .private_signing_key(PRIVATE_SIGNING_KEY)
        .secret("50c0c3273d5a7ca8a04287f82c6d0111")
        .clock(|| UNIX_EPOCH + Duration::from_secs(NOW))
        .build()
        .unwrap();
    let request = civic.request("token \"42\" \\").unwrap();
    let header = request.headers()["authorization"].to_str().unwrap();
    let token = header.strip_prefix("Civic ").unwrap().rsplit_once('.').unwrap().0;
    let key = DecodingKey::from_ec_der(&hex::decode(APP_PUBLIC_KEY).unwrap());
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://api.civic.com/sip/"]);
    validation.set_issuer(&[APP_ID]);
    validation.sub = Some(APP_ID.to_owned());
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
    assert_eq!(claims["iat"], NOW);
    assert_eq!(claims["exp"], NOW + 180);
    assert_eq!(claims["data"]["path"], "scopeRequest/authCode");
}

/// What the other library says to a token of the service. It has no clock of its own to set, so that times are left out.
fn decode(token: &str) -> Option<Value> {
    let keys: Value = serde_json::from_str(include_str!("attacks/keys.json")).unwrap();
    let key = DecodingKey::from_ec_der(&hex::decode(keys["point"].as_str().unwrap()).unwrap());
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://api.civic.com/sip/", "https://api.civic.com/sip"]);
    validation.set_issuer(&["civic-sip-hosted-service"]);
    validation.sub = Some(APP_ID.to_owned());
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    Some(jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?.claims)
}

/// Where the other library accepts what we reject: the error of ours, how the case's name begins, and why.
const STRICTER: [(&str, &str, &str); 11] = [
    (
        "Verification.Critical",
        "crit",
        "RFC 7515, section 4.1.11: extensions that nobody knows must be rejected",
    ),
    (
        "Verification.Shape",
        "header longer",
        "the header is read before the signature is checked, so that it is bounded",
    ),
    ("Verification.Claims", "an unknown claim twice", "parsers differ on which one counts"),
    ("Verification.Claims", "65 unknown claims", "the search for repeated ones is bounded"),
    ("Verification.Claims", "iat", "a number, once"),
    ("Verification.Claims", "nbf", "a number, or absent"),
    ("Verification.Claims", "iss [", "a text: RFC 7519, section 4.1.1, knows no list"),
    ("Verification.Claims", "data", "a text, once"),
    ("Verification.Claims", "jti twice", "parsers differ on which one counts"),
    ("Verification.Missing(iat)", "iat missing", "required"),
    ("Malformed.Data", "data missing", "required"),
];

/// Times are checked by our clock; the other has none that can be set.
const TIMES: [&str; 3] = ["Verification.Expired", "Verification.NotYet", "Verification.Lifetime"];

/// The one thing that it rejects and we don't: it reads members that have no meaning, to a depth of 128.
const NESTED: &str = "nested";

#[test]
fn another_library_is_never_stricter_but_for_what_is_named() {
    let mut used = std::collections::BTreeSet::new();
    let mut both_accept = 0;
    for line in include_str!("attacks/jwt.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let theirs = decode(case["token"].as_str().unwrap());
        match (case["error"].as_str(), theirs) {
            // Neither reads other claims than the other.
            (None, Some(claims)) => {
                assert_eq!(claims["sub"], APP_ID, "{name}");
                assert!(claims["data"].as_str().unwrap().contains("ada@example.com"), "{name}");
                both_accept += 1;
            }
            (None, None) => assert!(name.contains(NESTED), "{name}: we accept, it does not"),
            (Some(_), None) => {}
            (Some(error), Some(_)) if TIMES.contains(&error) => {}
            (Some(error), Some(_)) => {
                let reason = STRICTER
                    .iter()
                    .position(|(ours, begins, _)| *ours == error && name.starts_with(begins));
                used.insert(
                    reason.unwrap_or_else(|| panic!("{name}: {error}, and no reason is named")),
                );
            }
        }
    }
    assert!(both_accept > 10, "{both_accept}");
    assert_eq!(used.len(), STRICTER.len(), "{used:?}");
}
