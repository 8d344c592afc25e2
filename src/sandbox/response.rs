//! Code tokens and the responses that they are exchanged for.

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::credentials::Credentials;
use crate::UserDataItem;
use crate::crypto;
use crate::encoding::base64;
use crate::protocol::{AUDIENCE, ISSUER, jws};

/// Seconds for which a code token and a response are valid.
pub(super) const LIFETIME: f64 = 1800.0;

/// The claims of a token that the service signs.
#[derive(Serialize)]
pub(super) struct Claims<T> {
    jti: Uuid,
    pub(super) iat: f64,
    pub(super) exp: f64,
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: String,
    pub(super) data: T,
}

impl<T> Claims<T> {
    fn new(credentials: &Credentials, now: f64, data: T) -> Self {
        Self {
            jti: random_uuid(),
            iat: now,
            exp: now + LIFETIME,
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: credentials.app_id.clone(),
            data,
        }
    }
}

/// Creates the token that the browser passes to the app.
///
/// It is empty if signing fails; no client accepts that as a token.
pub(super) fn code_token(credentials: &Credentials, now: f64) -> String {
    let claims = Claims::new(credentials, now, json!({ "codeToken": random_uuid() }));
    serde_json::to_vec(&claims)
        .ok()
        .and_then(|claims| jws::sign(&claims, &credentials.service_key))
        .unwrap_or_default()
}

/// Builds the signed token of one response.
///
/// All steps return `None` if the cryptography fails.
pub(super) struct ResponseBuilder<'a> {
    pub(super) credentials: &'a Credentials,
    now: f64,
}

impl<'a> ResponseBuilder<'a> {
    pub(super) fn new(credentials: &'a Credentials, now: f64) -> Self {
        Self { credentials, now }
    }

    pub(super) fn token(&self, items: &[UserDataItem]) -> Option<String> {
        let plaintext = serde_json::to_vec(items).ok()?;
        self.sign(&self.claims(self.encrypt(&plaintext)?))
    }

    /// Encrypts the items into the claim `data`.
    pub(super) fn encrypt(&self, plaintext: &[u8]) -> Option<String> {
        let iv = crypto::random()?;
        let ciphertext = self.credentials.cbc_key.encrypt(iv, plaintext)?;
        Some(hex::encode(iv) + &base64::encode(ciphertext))
    }

    pub(super) fn claims(&self, data: String) -> Claims<String> {
        Claims::new(self.credentials, self.now, data)
    }

    pub(super) fn sign(&self, claims: &Claims<String>) -> Option<String> {
        jws::sign(&serde_json::to_vec(claims).ok()?, &self.credentials.service_key)
    }
}

/// The body of the response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<String>,
    encrypted: bool,
    pub(super) alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    processed: Option<bool>,
}

impl Envelope {
    /// Creates an envelope with the token itself.
    pub(super) fn new(token: String, user_id: &str) -> Self {
        let user_id = Some(user_id.to_owned());
        Self { data: Some(token), user_id, encrypted: true, alg: "aes", processed: None }
    }

    /// Creates an envelope with a link to the token.
    pub(super) fn with_link(link: String, user_id: &str) -> Self {
        Self { processed: Some(true), ..Self::new(link, user_id) }
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn random_uuid() -> Uuid {
    uuid::Builder::from_random_bytes(crypto::random().unwrap_or_default()).into_uuid()
}
