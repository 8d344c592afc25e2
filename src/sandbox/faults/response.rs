//! The exchange with a fault in its response.

use serde_json::json;

use super::Fault;
use crate::UserDataItem;
use crate::crypto::{self, HmacKey, SigningKey};
use crate::encoding::base64;
use crate::protocol::jws;
use crate::sandbox::authorization::ExchangeRequest;
use crate::sandbox::error::ErrorResponse;
use crate::sandbox::exchange::{deliver, redeem};
use crate::sandbox::response::{Claims, Envelope, LIFETIME, ResponseBuilder};
use crate::sandbox::state::State;

/// Does what [`exchange`](crate::sandbox::exchange::exchange) does, with the fault applied to the response.
pub(in crate::sandbox) fn exchange_with_fault(
    state: &State,
    request: &ExchangeRequest<'_>,
    fault: &Fault,
) -> Result<String, ErrorResponse> {
    let redeemed = redeem(state, request)?;
    let builder = ResponseBuilder::new(&state.credentials, state.now());
    let token =
        token(&builder, redeemed.user.items(), fault).ok_or_else(ErrorResponse::internal)?;
    Ok(body(deliver(state, token, &redeemed)?, fault))
}

fn token(builder: &ResponseBuilder<'_>, items: &[UserDataItem], fault: &Fault) -> Option<String> {
    let mut claims = builder.claims(data(builder, items, fault)?);
    match fault {
        Fault::Expired => shift(&mut claims, -2.0 * LIFETIME),
        Fault::NotYetValid => shift(&mut claims, LIFETIME),
        Fault::OtherApp => claims.sub.insert_str(0, "other-"),
        Fault::WrongIssuer => claims.iss = "another-service".to_owned(),
        Fault::WrongAudience => claims.aud = "https://api.example.com/sip/".to_owned(),
        _ => {}
    }
    sign(builder, &claims, fault)
}

fn shift(claims: &mut Claims<String>, seconds: f64) {
    claims.iat += seconds;
    claims.exp += seconds;
}

/// The claim `data`.
fn data(builder: &ResponseBuilder<'_>, items: &[UserDataItem], fault: &Fault) -> Option<String> {
    let plaintext = serde_json::to_vec(items).ok()?;
    match fault {
        Fault::NotAList => builder.encrypt(br#"{"items": "none"}"#),
        Fault::BrokenPadding => with_broken_padding(builder, &plaintext),
        _ => builder.encrypt(&plaintext),
    }
}

/// Makes the last byte of the plaintext zero, which no PKCS#7 padding is (RFC 5652, section 6.3).
///
/// In CBC mode a change to a ciphertext block changes the same bits in the plaintext block after it.
fn with_broken_padding(builder: &ResponseBuilder<'_>, plaintext: &[u8]) -> Option<String> {
    let padding = u8::try_from(16 - plaintext.len() % 16).ok()?;
    let mut iv = crypto::random::<16>()?;
    let mut ciphertext = builder.credentials.cbc_key.encrypt(iv, plaintext)?;
    match ciphertext.len().checked_sub(17) {
        Some(index) => *ciphertext.get_mut(index)? ^= padding,
        None => *iv.last_mut()? ^= padding,
    }
    Some(hex::encode(iv) + &base64::encode(ciphertext))
}

fn sign(builder: &ResponseBuilder<'_>, claims: &Claims<String>, fault: &Fault) -> Option<String> {
    match fault {
        Fault::WrongKey => jws::sign(&serde_json::to_vec(claims).ok()?, &random_key()?),
        Fault::Unsigned => Some(signing_input("none", claims)? + "."),
        Fault::WrongAlgorithm => {
            let input = signing_input("HS256", claims)?;
            let key = HmacKey::new(builder.credentials.sip_public_key.as_bytes());
            let mac = base64::encode_url(key.sign(input.as_bytes()));
            Some(format!("{input}.{mac}"))
        }
        _ => builder.sign(claims),
    }
}

/// The encoded header and payload (RFC 7515, section 5.1), with another algorithm than the service's.
fn signing_input(alg: &str, claims: &Claims<String>) -> Option<String> {
    let header = base64::encode_url(json!({ "alg": alg, "typ": "JWT" }).to_string());
    let payload = base64::encode_url(serde_json::to_vec(claims).ok()?);
    Some(format!("{header}.{payload}"))
}

/// Creates a key; almost every number of 256 bits is one.
fn random_key() -> Option<SigningKey> {
    loop {
        if let Some(key) = SigningKey::from_scalar(&crypto::random()?) {
            return Some(key);
        }
    }
}

fn body(mut envelope: Envelope, fault: &Fault) -> String {
    match fault {
        Fault::NotJson => return "<!DOCTYPE html><title>Bad Gateway</title>".to_owned(),
        Fault::MissingData => envelope.data = None,
        Fault::MissingUserId => envelope.user_id = None,
        Fault::UnknownCipher => envelope.alg = "des",
        _ => {}
    }
    envelope.to_json()
}
