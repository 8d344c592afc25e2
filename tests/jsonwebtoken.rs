//! Another library reads the token of a request.

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
