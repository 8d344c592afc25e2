//! The parts of the protocol that the public API shows only through random ids.

use std::time::{Duration, UNIX_EPOCH};

use uuid::uuid;

use super::AUDIENCE;
use super::jws;
use super::request::{Requester, body};
use crate::crypto::{HmacKey, SigningKey, VerifyingKey};
use crate::encoding::base64;

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
    let signature = base64::decode_url_array(signature.as_bytes()).unwrap();
    assert!(key.verify(signed.as_bytes(), &signature));
}

#[test]
fn the_request_of_the_official_client_verifies() {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/vectors/sip_requests.json")).unwrap();
    let point = hex::decode(all["app_public_key"].as_str().unwrap()).unwrap();
    let key = VerifyingKey::from_point(&point.try_into().unwrap()).unwrap();
    let mut token = all["request_jwt"].as_str().unwrap().as_bytes().to_vec();
    let claims = jws::verify(&mut token, &key).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(claims).unwrap();
    assert_eq!(claims, all["request_jwt_claims"]);
}

fn decode_url(text: &str) -> Option<Vec<u8>> {
    base64::decode_url_in_place(&mut text.as_bytes().to_vec()).map(|bytes| bytes.to_vec())
}

#[test]
fn base64url_is_strict() {
    for decode in [decode_url, |text: &str| base64::decode_url(text.as_bytes())] {
        assert_eq!(decode("-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
        assert_eq!(decode("").unwrap(), b"");
        // Padding, the other alphabet, bits left over, white space, a lone character.
        for bad in ["QQ==", "+/+/", "QR", "QUI\n", " QUI", "Q", "QUJDR", "QU.I", "QUÏ"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
    for bad in ["", "QUI", "QUJDRA", "QUJD\n", "QUJ="] {
        assert_eq!(base64::decode_url_array::<3>(bad.as_bytes()), None, "{bad:?}");
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

/// Long texts are decoded piece by piece: nothing may pass at a seam that does not pass elsewhere.
#[test]
fn base64_is_strict_at_every_seam() {
    let bytes: Vec<u8> = (0..30_011_u32).map(|at| (at * 7 % 251) as u8).collect();
    let url = base64::encode_url(&bytes);
    assert_eq!(decode_url(&url).unwrap(), bytes);
    let standard = base64::encode(&bytes);
    assert_eq!(base64::decode_wrapped(&standard).unwrap(), bytes);
    for width in [1, 4, 59, 60, 61, 8191, 8192, 8193] {
        let lines: Vec<&str> = standard
            .as_bytes()
            .chunks(width)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        assert_eq!(base64::decode_wrapped(&lines.join("\n")).unwrap(), bytes, "{width}");
        assert_eq!(
            base64::decode_wrapped(&(lines.join("\r\n") + "\r\n")).unwrap(),
            bytes,
            "{width}"
        );
        assert_eq!(base64::decode_wrapped(&lines.join(" ")), None, "{width}");
    }
    for seam in [4, 8188, 8192, 16384] {
        for at in seam - 4..seam + 4 {
            for bad in ["=", "\u{0}", "é", ".", " "] {
                let put = |text: &str| format!("{}{bad}{}", &text[..at], &text[at + 1..]);
                assert_eq!(decode_url(&put(&url)), None, "{at} {bad:?}");
                assert_eq!(base64::decode_wrapped(&put(&standard)), None, "{at} {bad:?}");
            }
        }
        // A padded text that ends at the seam, and another behind it.
        let padded = format!("{}A==", &standard[..seam - 3]);
        assert_eq!(base64::decode_wrapped(&format!("{padded}{standard}")), None, "{seam}");
        assert_eq!(base64::decode_wrapped(&format!("{padded}\n{standard}")), None, "{seam}");
    }
}
