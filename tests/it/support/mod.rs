//! A service of the tests' own making: signs with `aws-lc-rs`, encrypts with the RustCrypto crates.
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

pub(crate) mod http_client;
pub(crate) mod people;
#[cfg(feature = "sandbox")]
pub(crate) mod servers;
#[cfg(feature = "sandbox")]
pub(crate) mod tls;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aes::Aes128;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use civic_sip::{CivicSip, CivicSipBuilder, Error, Reply, UserData};
use serde_json::{Value, json};

pub const APP_ID: &str = "app42";
pub const PRIVATE_SIGNING_KEY: &str =
    "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
pub const APP_PUBLIC_KEY: &str = "04c0b189e3b26ffa58202e36db8dfcf9f02595d100acb14cc6db2c929af5795fbd\
                                  649d5aaca57b927883ce2d5c655719cfa2ddf83540e2dc6a02d01dae4aeaae05";
pub const SECRET: &str = "50c0c3273d5a7ca8a04287f82c6d0111";
/// The service of these tests signs with the same key as the app.
pub const SIP_PUBLIC_KEY: &str = APP_PUBLIC_KEY;
pub const USER_ID: &str = "c6d5795f8a059ef5ad29a33a60f8b402a172c3e0bbe50fd230ae8e0303609b42";
pub const NOW: u64 = 1_795_216_600;

pub fn at(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

/// A builder for a client whose clock stands at [`NOW`].
pub fn builder() -> CivicSipBuilder {
    CivicSip::builder()
        .app_id(APP_ID)
        .private_signing_key(PRIVATE_SIGNING_KEY)
        .secret(SECRET)
        .sip_public_key(SIP_PUBLIC_KEY)
        .base_url("http://127.0.0.1:9")
        .clock(|| at(NOW as f64))
}

pub fn client() -> CivicSip {
    builder().build().unwrap()
}

/// An ES256 signature by the private key with this scalar.
pub fn es256(scalar: &str, signed: &str) -> String {
    // ECPrivateKey (RFC 5915).
    let der = hex(&format!("30310201010420{scalar}a00a06082a8648ce3d030107"));
    let key = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
    base64url(key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap())
}

pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Claims that are right at [`NOW`], with these items unencrypted.
pub fn claims(items: &Value) -> Value {
    json!({
        "jti": "45a59d10-0000-4000-8000-000000000000",
        "iat": NOW as f64 - 10.25,
        "exp": NOW as f64 + 1789.75,
        "iss": "civic-sip-hosted-service",
        "aud": "https://api.civic.com/sip/",
        "sub": APP_ID,
        "data": items.to_string(),
    })
}

pub fn items() -> Value {
    json!([
        {"label": "contact.personal.email", "value": "ada@example.com", "isValid": true, "isOwner": true}
    ])
}

/// A token over these texts, whatever they say, with a right signature.
pub fn sign(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(claims));
    let signature = es256(PRIVATE_SIGNING_KEY, &signed);
    format!("{signed}.{signature}")
}

pub const HEADER: &str = r#"{"alg":"ES256","typ":"JWT"}"#;

pub fn token(claims: &Value) -> String {
    sign(HEADER, &claims.to_string())
}

pub fn envelope(token: &str, encrypted: bool) -> Vec<u8> {
    json!({"data": token, "userId": USER_ID, "encrypted": encrypted, "alg": "aes"})
        .to_string()
        .into_bytes()
}

/// An IV in hex and base64 of the ciphertext; without padding the length of the text has to fit.
pub fn encrypt(plaintext: &[u8], padding: bool) -> String {
    let (key, iv): ([u8; 16], [u8; 16]) = (hex(SECRET).try_into().unwrap(), [0x11; 16]);
    let cipher = cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into());
    let ciphertext = if padding {
        cipher.encrypt_padded_vec::<Pkcs7>(plaintext)
    } else {
        cipher.encrypt_padded_vec::<NoPadding>(plaintext)
    };
    "11".repeat(16) + &STANDARD.encode(ciphertext)
}

pub fn open_with(client: &CivicSip, body: Vec<u8>) -> Result<UserData, Error> {
    match client.response(200, body)? {
        Reply::UserData(user) => Ok(user),
        other => panic!("not the data: {other:?}"),
    }
}

/// The outcome for a signed token with these claims, unencrypted.
pub fn open(claims: &Value) -> Result<UserData, Error> {
    open_with(&client(), envelope(&token(claims), false))
}

/// How many of the classes an error belongs to: always one.
pub fn classes(error: &Error) -> usize {
    [
        error.is_config(),
        error.is_transport(),
        error.is_timeout(),
        error.is_api(),
        error.is_verification(),
        error.is_decryption(),
        error.is_malformed(),
    ]
    .into_iter()
    .filter(|is| *is)
    .count()
}
