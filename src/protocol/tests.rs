//! The parts of the protocol that the public API shows only through random ids.

use std::time::{Duration, UNIX_EPOCH};

use uuid::uuid;

use super::jws;
use super::request::{Requester, body};
use super::{AUDIENCE, base64};
use crate::crypto::{HmacKey, SigningKey, VerifyingKey};

const SECRET: &str = "50c0c3273d5a7ca8a04287f82c6d0111";

fn signing_key() -> SigningKey {
    let scalar = "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
    SigningKey::from_scalar(&hex::decode(scalar).unwrap().try_into().unwrap()).unwrap()
}

#[test]
fn every_byte_of_a_request() {
    let requester = Requester {
        app_id: "app42",
        audience: AUDIENCE,
        signing_key: &signing_key(),
        digest_key: &HmacKey::new(SECRET.as_bytes()),
    };
    let body = body("token42").unwrap();
    assert_eq!(body, br#"{"allowS3UploadedPayload":true,"authToken":"token42"}"#);

    let now = UNIX_EPOCH + Duration::from_millis(1_795_216_563_998);
    let jti = uuid!("c2e0cff6-d506-48a9-9a5f-d8bd1e1d8b7a");
    let header = requester.authorization_with(&body, now, jti).unwrap();

    let claims = concat!(
        r#"{"jti":"c2e0cff6-d506-48a9-9a5f-d8bd1e1d8b7a","iat":1795216563,"exp":1795216743,"#,
        r#""iss":"app42","aud":"https://api.civic.com/sip/","sub":"app42","#,
        r#""data":{"method":"POST","path":"scopeRequest/authCode"}}"#,
    );
    let signed = format!("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.{}", base64::encode_url(claims));
    let digest = "mQxXZAW0IahiojjjmP8syMTDl/ohBn3GDAdhdgviEbg=";
    let rest = header.strip_prefix("Civic ").unwrap().strip_prefix(&signed).unwrap();
    let signature = rest.strip_prefix('.').unwrap().strip_suffix(&format!(".{digest}")).unwrap();

    let key = VerifyingKey::from_point(&signing_key().public_key().unwrap()).unwrap();
    let signature = base64::decode_url_array(signature).unwrap();
    assert!(key.verify(signed.as_bytes(), &signature));
}

#[test]
fn the_request_of_the_official_client_verifies() {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/vectors/sip_requests.json")).unwrap();
    let point = hex::decode(all["app_public_key"].as_str().unwrap()).unwrap();
    let key = VerifyingKey::from_point(&point.try_into().unwrap()).unwrap();
    let claims = jws::verify(all["request_jwt"].as_str().unwrap(), &key).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims, all["request_jwt_claims"]);
}

#[test]
fn base64url_is_strict() {
    assert_eq!(base64::decode_url("-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
    assert_eq!(base64::decode_url("").unwrap(), b"");
    // Padding, the other alphabet, bits left over, white space, a lone character.
    for bad in ["QQ==", "+/+/", "QR", "QUI\n", " QUI", "Q", "QUJDR", "QU.I", "QUÏ"] {
        assert_eq!(base64::decode_url(bad), None, "{bad:?}");
    }
    for bad in ["", "QUI", "QUJDRA", "QUJD\n", "QUJ="] {
        assert_eq!(base64::decode_url_array::<3>(bad), None, "{bad:?}");
    }
}

#[test]
fn wrapped_base64_is_strict_but_for_line_breaks() {
    for good in ["QUJDRA==", "QUJD\nRA==", "QUJD\r\nRA==\n", "\nQU\nJD\nRA\n=\n=\n"] {
        assert_eq!(base64::decode_wrapped(good).unwrap(), b"ABCD", "{good:?}");
    }
    for bad in
        ["QUJDRA", "QUJDRA=", "QUJDRB==", "QUJD RA==", "QUJD\tRA==", "-_-_", "QUJDRA==QUJD", "="]
    {
        assert_eq!(base64::decode_wrapped(bad), None, "{bad:?}");
    }
}
