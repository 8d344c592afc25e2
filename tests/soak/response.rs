//! The client, and the responses of the service to it: each with the token's own data.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use civic_sip::CivicSip;
use serde_json::json;

const APP_ID: &str = "app42";
const SECRET: &str = "50c0c3273d5a7ca8a04287f82c6d0111";

static SERVICE_KEY: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    // ECPrivateKey (RFC 5915) with a fixed scalar.
    let der = [
        &[0x30, 0x31, 2, 1, 1, 4, 0x20][..],
        &[7; 32],
        &[0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    ];
    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der.concat()).unwrap()
});

pub(crate) fn client(url: &str, timeout: Duration) -> CivicSip {
    CivicSip::builder()
        .app_id(APP_ID)
        .private_signing_key("ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4")
        .secret(SECRET)
        .sip_public_key(hex::encode(SERVICE_KEY.public_key()))
        .base_url(url)
        .timeout(timeout)
        .connect_timeout(timeout / 2)
        .build()
        .unwrap()
}

pub(crate) fn token(token: usize) -> String {
    format!("token-{token:08}")
}

/// The token in a request, or in as much as there is of one.
pub(crate) fn token_in(request: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(request);
    let (_, rest) = text.split_once("\"token-")?;
    rest.get(..8)?.parse().ok()
}

pub(crate) fn email(token: usize) -> String {
    format!("person{token}@example.com")
}

pub(crate) fn user_id(token: usize) -> String {
    format!("{token:064x}")
}

/// The signed and encrypted data.
pub(crate) fn jwt(token: usize) -> String {
    let items = json!([
        {"label": "contact.personal.email", "value": email(token), "isValid": true, "isOwner": true},
    ]);
    let (key, iv) = (hex::decode(SECRET).unwrap(), [token as u8; 16]);
    let cipher = cbc::Encryptor::<aes::Aes128>::new_from_slices(&key, &iv).unwrap();
    let data = cipher.encrypt_padded_vec::<Pkcs7>(items.to_string().as_bytes());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let claims = json!({
        "iss": "civic-sip-hosted-service", "aud": "https://api.civic.com/sip/", "sub": APP_ID,
        "iat": now, "exp": now + 1800.0, "data": hex::encode(iv) + &STANDARD.encode(data),
    });
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let text = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","typ":"JWT"}"#));
    let signature = SERVICE_KEY.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The body of a response, with the data or a link to it.
pub(crate) fn envelope(token: usize, data: &str, processed: bool) -> String {
    json!({
        "data": data, "userId": user_id(token), "encrypted": true, "alg": "aes", "processed": processed,
    })
    .to_string()
}
