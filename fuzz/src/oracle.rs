//! What the library should say, found out in another way: with aws-lc-rs, hmac, aes, bcrypt, serde_json and url, as plainly
//! as possible, and more leniently where the library is strict.

use std::sync::LazyLock;

use aes::cipher::{
    BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7,
};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use crate::plain::{Item, Pairs};
use crate::setup::{APP_ID, EXCHANGE, SERVER_KEY, SIP_SECRET, USER_ID};

// Keys and signatures.

fn key_pair(scalar: &[u8; 32]) -> EcdsaKeyPair {
    // ECPrivateKey (RFC 5915).
    let der = [
        &[0x30, 0x31, 2, 1, 1, 4, 0x20][..],
        scalar,
        &[0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    ];
    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der.concat()).unwrap()
}

static SERVER: LazyLock<EcdsaKeyPair> = LazyLock::new(|| key_pair(&SERVER_KEY));

/// `04`, x, y.
pub fn point(scalar: &[u8; 32]) -> Vec<u8> {
    key_pair(scalar).public_key().as_ref().to_vec()
}

/// r ‖ s over `text`, by the server's key.
pub fn sign(text: &[u8]) -> [u8; 64] {
    SERVER.sign(&SystemRandom::new(), text).unwrap().as_ref().try_into().unwrap()
}

pub fn is_signed(text: &[u8], signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, SERVER.public_key().as_ref());
    key.verify(text, signature).is_ok()
}

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mac = hmac::Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(message).finalize().into_bytes().into()
}

/// RFC 7638, of coordinates in base64url.
pub fn thumbprint(x: &str, y: &str) -> String {
    let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    base64url(Sha256::digest(text))
}

/// The id of the server's key.
pub fn key_id() -> &'static str {
    static ID: LazyLock<String> = LazyLock::new(|| {
        let point = point(&SERVER_KEY);
        thumbprint(&base64url(&point[1..33]), &base64url(&point[33..]))
    });
    &ID
}

/// Reads JSON; `None` if it is nested too deeply for this reader, which the library passes over.
pub fn json(text: &[u8]) -> Option<Value> {
    match serde_json::from_slice(text) {
        Ok(value) => Some(value),
        Err(error) if error.to_string().starts_with("recursion limit") => None,
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(text)),
    }
}

// Exchanges.

/// A token of the service over any header and claims.
pub fn token(header: &[u8], claims: &[u8]) -> String {
    let text = format!("{}.{}", base64url(header), base64url(claims));
    let signature = base64url(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

/// A token that is right, with this `data`.
pub fn token_with(data: &str) -> String {
    let claims = json!({
        "iss": "civic-sip-hosted-service", "aud": "https://api.civic.com/sip/", "sub": APP_ID,
        "iat": EXCHANGE, "exp": EXCHANGE + 60, "data": data,
    });
    token(br#"{"alg":"ES256"}"#, claims.to_string().as_bytes())
}

/// An envelope that is right, with this `data`.
pub fn envelope(data: &str, encrypted: bool, processed: bool) -> Vec<u8> {
    let envelope = json!({
        "data": data, "userId": USER_ID, "encrypted": encrypted, "processed": processed, "alg": "aes",
    });
    envelope.to_string().into_bytes()
}

/// The claim `data` of a token; an error if the service did not sign it for this app and time. `None` if it is nested too
/// deeply to be read here.
pub fn data(token: &str) -> Option<Result<String, &'static str>> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Some(Err("parts")) };
    let signature = from_base64url(signature);
    let text = format!("{header}.{claims}");
    if !signature.is_some_and(|signature| is_signed(text.as_bytes(), &signature)) {
        return Some(Err("signature"));
    }
    let (Some(header), Some(claims)) = (from_base64url(header), from_base64url(claims)) else {
        return Some(Err("base64"));
    };
    let (header, claims) = (json(&header)?, json(&claims)?);
    if header["alg"] != "ES256" || header.get("crit").is_some() {
        return Some(Err("header"));
    }
    Some(claims_data(&claims).ok_or("claims"))
}

fn claims_data(claims: &Value) -> Option<String> {
    let audience =
        |one: &Value| one == "https://api.civic.com/sip/" || one == "https://api.civic.com/sip";
    let is_for_us = match &claims["aud"] {
        Value::Array(all) => all.iter().any(audience),
        one => audience(one),
    };
    let (exp, iat) = (claims["exp"].as_f64()?, claims["iat"].as_f64()?);
    let now = EXCHANGE as f64;
    let is_now = exp > iat && now < exp + 60.0 && iat <= now + 60.0;
    let is_valid = match &claims["nbf"] {
        Value::Null if claims.get("nbf").is_none() => true,
        nbf => nbf.as_f64()? <= now + 60.0,
    };
    let is_right = claims["iss"] == "civic-sip-hosted-service" && claims["sub"] == APP_ID;
    (is_right && is_for_us && is_now && is_valid).then_some(claims["data"].as_str()?.to_owned())
}

fn cipher_key() -> [u8; 16] {
    hex::decode(SIP_SECRET).unwrap().try_into().unwrap()
}

pub fn encrypt(plaintext: &[u8], iv: [u8; 16]) -> String {
    let cipher = cbc::Encryptor::<aes::Aes128>::new(&cipher_key().into(), &iv.into());
    hex::encode(iv) + &STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(plaintext))
}

pub fn decrypt(text: &[u8]) -> Option<Vec<u8>> {
    let (iv, ciphertext) = text.split_at_checked(32)?;
    let iv: [u8; 16] = hex::decode(iv).ok()?.try_into().ok()?;
    let ciphertext: Vec<u8> =
        ciphertext.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let ciphertext = STANDARD.decode(ciphertext).ok()?;
    let cipher = cbc::Decryptor::<aes::Aes128>::new(&cipher_key().into(), &iv.into());
    cipher.decrypt_padded_vec::<Pkcs7>(&ciphertext).ok()
}

/// Compares items with what another reader of JSON finds. What is no string is compared as JSON.
pub fn check_items(list: &[u8], items: &[Item]) {
    let Some(read) = json(list) else { return };
    let read = read.as_array().unwrap();
    assert_eq!(read.len(), items.len());
    for (read, (label, value, is_valid, is_owner)) in read.iter().zip(items) {
        assert_eq!(read["label"].as_str(), Some(&**label));
        match &read["value"] {
            Value::String(text) => assert_eq!(text, value),
            Value::Null => assert_eq!(value, ""),
            other => assert_eq!(other, &serde_json::from_str::<Value>(value).unwrap()),
        }
        assert_eq!(read.get("isValid").map_or(Some(false), Value::as_bool), Some(*is_valid));
        assert_eq!(read.get("isOwner").map_or(Some(false), Value::as_bool), Some(*is_owner));
    }
}

/// Whether serde_json reads a list of items in which all values are strings, and no member stands twice.
pub fn has_items(list: &[u8]) -> bool {
    let Ok(Value::Array(read)) = serde_json::from_slice(list) else { return false };
    let flag = |flag: Option<&Value>| flag.is_none_or(Value::is_boolean);
    let is_item = |item: &Value| {
        item["label"].is_string()
            && item["value"].is_string()
            && flag(item.get("isValid"))
            && flag(item.get("isOwner"))
    };
    // Written again it has each member once. A longer text may have one twice.
    let written = serde_json::to_string(&read).unwrap();
    read.iter().all(is_item) && written.len() == list.len()
}

// Links.

pub fn decode(query: &str) -> Pairs {
    form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// The text that is signed.
pub fn signed_text(version: u8, purpose: &str, address: &str, pairs: &Pairs) -> String {
    let query: Vec<String> = pairs
        .iter()
        .filter(|(name, _)| name != "signature")
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    format!("authsig-v{version}\n{}\n{address}\n{}", encode(purpose), query.join("&"))
}

pub fn v2(secret: &str, text: &str) -> String {
    base64url(hmac_sha256(secret.as_bytes(), text.as_bytes()))
}

pub fn v3(text: &str) -> String {
    format!("v3.{}.{}", key_id(), base64url(sign(text.as_bytes())))
}

/// Takes the one signature out.
pub fn unsigned(pairs: &Pairs) -> (Pairs, String) {
    let (signatures, rest): (Pairs, Pairs) =
        pairs.iter().cloned().partition(|(name, _)| name == "signature");
    let [(_, signature)] = &signatures[..] else { panic!("{} signatures", signatures.len()) };
    (rest, signature.clone())
}

/// Whether the signature is one of version 3 over this text.
pub fn is_v3(signature: &str, text: &str) -> bool {
    let Some(("v3", rest)) = signature.split_once('.') else { return false };
    let Some((id, signature)) = rest.split_once('.') else { return false };
    let signature = from_base64url(signature);
    id == key_id() && signature.is_some_and(|signature| is_signed(text.as_bytes(), &signature))
}

/// Checks an identity's URL and returns what it says.
pub fn identity(url: &str) -> Pairs {
    let before_fragment = url.split('#').next().unwrap();
    let (address, query) = before_fragment.split_once('?').unwrap();
    // A path is one below the base.
    let address = match address.strip_prefix('/') {
        Some(path) => format!("{}/{path}", crate::setup::BASE),
        None => address.to_owned(),
    };
    assert_eq!(address, format!("{}/verified", crate::setup::BASE));
    let (pairs, signature) = unsigned(&decode(query));
    assert!(is_v3(&signature, &signed_text(3, "authsig", &address, &pairs)), "{url}");
    pairs
}

// The original's signature.

/// The text that the original signs, and its digest, where no name has brackets.
pub fn legacy_text(pairs: &Pairs, secret: &str) -> String {
    let mut parameters: std::collections::BTreeMap<&str, &str> =
        pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    parameters.remove("signature");
    parameters.insert("secret", secret);
    parameters.iter().map(|(name, value)| format!("{name}:{value}")).collect()
}

pub fn is_legacy(signature: &str, text: &str) -> bool {
    let digest = Sha256::digest(text);
    !digest.contains(&0) && bcrypt::verify(digest, signature).unwrap_or(false)
}

pub fn legacy(text: &str) -> Option<String> {
    let digest = Sha256::digest(text);
    if digest.contains(&0) {
        return None;
    }
    let parts = bcrypt::hash_with_salt(digest, 4, [1; 16]).unwrap();
    Some(parts.format_for_version(bcrypt::Version::TwoA))
}
