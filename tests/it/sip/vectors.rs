//! Responses and requests as the hosted service and its official client make them.

use crate::support::{self, at, open_with};
use civic_sip::{CivicSip, Error};
use serde_json::{Value, json};

fn responses() -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../vectors/sip_responses.json")).unwrap();
    all["vectors"].as_array().unwrap().clone()
}

fn client_of(vector: &Value) -> CivicSip {
    let text = |name: &str| vector[name].as_str().unwrap();
    CivicSip::builder()
        .app_id(text("app_id"))
        .private_signing_key(text("private_signing_key"))
        .secret(text("secret"))
        .sip_public_key(text("sip_public_key"))
        .clock(|| at(1_795_216_700.0))
        .build()
        .unwrap()
}

#[test]
fn every_response_opens_to_what_is_in_it() {
    let vectors = responses();
    assert!(vectors.len() >= 9);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let body = vector["body"].as_str().unwrap().as_bytes().to_vec();
        let user =
            open_with(&client_of(&vector), body).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = json!({
            "userId": vector["expect"]["user_id"],
            "data": vector["expect"]["data"],
        });
        assert_eq!(serde_json::to_value(&user).unwrap(), expected, "{name}");
    }
}

#[test]
fn every_response_is_refused_with_another_secret_or_key() {
    for vector in responses() {
        let body = vector["body"].as_str().unwrap().as_bytes().to_vec();
        let client = |field: &str, value: &str| {
            let mut vector = vector.clone();
            vector[field] = value.into();
            client_of(&vector)
        };
        let other_key = client("sip_public_key", support::APP_PUBLIC_KEY);
        assert!(open_with(&other_key, body.clone()).unwrap_err().is_verification());
        let other_app = client("app_id", "app43");
        assert!(open_with(&other_app, body.clone()).unwrap_err().is_verification());
        let other_secret = client("secret", "00000000000000000000000000000000");
        let outcome = open_with(&other_secret, body);
        if vector["name"] == "unencrypted" {
            assert!(outcome.is_ok());
        } else {
            // By chance the padding may seem right, and then it is no JSON.
            assert!(outcome.is_err_and(|error| error.is_decryption() || error.is_malformed()));
        }
    }
}

#[test]
fn pictures_are_checked_against_their_md5() {
    let mut seen = (0, 0);
    for vector in responses() {
        let body = vector["body"].as_str().unwrap().as_bytes().to_vec();
        let user = open_with(&client_of(&vector), body).unwrap();
        let image = user.identity_document().and_then(|document| document.image());
        match vector["name"].as_str().unwrap() {
            "proof_of_identity" => {
                assert_eq!(image.unwrap().unwrap(), b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01");
                seen.0 += 1;
            }
            "proof_of_identity_picture_mismatch" => {
                assert!(image.unwrap().is_err_and(|error: Error| error.is_malformed()));
                seen.1 += 1;
            }
            _ => assert!(image.is_none()),
        }
    }
    assert_eq!(seen, (1, 1));
}

#[test]
fn digests_are_those_of_the_official_client() {
    let all: Value = serde_json::from_str(include_str!("../../vectors/sip_requests.json")).unwrap();
    for vector in all["digests"].as_array().unwrap() {
        let body = vector["body"].as_str().unwrap();
        let parsed: Value = serde_json::from_str(body).unwrap();
        let client = CivicSip::builder()
            .app_id("app42")
            .private_signing_key(all["private_signing_key"].as_str().unwrap())
            .secret(vector["secret"].as_str().unwrap())
            .build()
            .unwrap();
        // Tokens outside of ASCII are not sent, and older clients ask for no links.
        let token = parsed["authToken"].as_str().unwrap();
        let Ok(request) = client.request(token) else {
            assert!(!token.is_ascii());
            continue;
        };
        if request.body() != body.as_bytes() {
            continue;
        }
        let header = request.headers()["authorization"].to_str().unwrap();
        assert_eq!(header.rsplit_once('.').unwrap().1, vector["hmac_base64"].as_str().unwrap());
    }
}
