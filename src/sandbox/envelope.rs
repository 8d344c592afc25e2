//! What the service signs: code tokens, and the answers that they are exchanged for, sound or spoilt by a fault.

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::credentials::Credentials;
use super::fault::Fault;
use crate::crypto::{self, HmacKey, SigningKey};
use crate::encoding::base64;
use crate::protocol::{AUDIENCE, ISSUER, jws};
use crate::{UserData, UserDataItem};

/// How long a code token and an answer are good, in seconds.
pub(super) const LIFETIME: f64 = 1800.0;

#[derive(Serialize)]
struct Claims<'a, T> {
    jti: Uuid,
    iat: f64,
    exp: f64,
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    data: T,
}

/// What the browser hands to the app. Empty if it can't be made, which no client takes for a token.
pub(super) fn code_token(credentials: &Credentials, now: f64) -> String {
    let claims = Claims {
        jti: uuid(),
        iat: now,
        exp: now + LIFETIME,
        iss: ISSUER,
        aud: AUDIENCE,
        sub: &credentials.app_id,
        data: json!({ "codeToken": uuid() }),
    };
    serde_json::to_vec(&claims)
        .ok()
        .and_then(|claims| jws::sign(&claims, &credentials.service_key))
        .unwrap_or_default()
}

/// Makes one answer.
pub(super) struct Sealer<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) now: f64,
    pub(super) fault: Option<&'a Fault>,
}

impl Sealer<'_> {
    /// The signed token with the encrypted items. `None` if the system has no random numbers.
    pub(super) fn token(&self, items: &[UserDataItem]) -> Option<String> {
        let (iat, iss, aud) = match self.fault {
            Some(Fault::Expired) => (self.now - 2.0 * LIFETIME, ISSUER, AUDIENCE),
            Some(Fault::NotYetValid) => (self.now + LIFETIME, ISSUER, AUDIENCE),
            Some(Fault::WrongIssuer) => (self.now, "another-service", AUDIENCE),
            Some(Fault::WrongAudience) => (self.now, ISSUER, "https://api.example.com/sip/"),
            _ => (self.now, ISSUER, AUDIENCE),
        };
        let other_app;
        let sub = match self.fault {
            Some(Fault::OtherApp) => {
                other_app = format!("other-{}", self.credentials.app_id);
                &other_app
            }
            _ => &self.credentials.app_id,
        };
        let data = self.ciphertext(items)?;
        let claims = Claims { jti: uuid(), iat, exp: iat + LIFETIME, iss, aud, sub, data: &*data };
        self.sign(&serde_json::to_vec(&claims).ok()?)
    }

    /// The body of the answer around a token, or around a link to it.
    pub(super) fn envelope(&self, data: &str, user: &UserData, processed: bool) -> String {
        if self.fault == Some(&Fault::NotJson) {
            return "<!DOCTYPE html><title>Bad Gateway</title>".to_owned();
        }
        let cipher = if self.fault == Some(&Fault::UnknownCipher) { "des" } else { "aes" };
        let mut envelope = Map::new();
        if self.fault != Some(&Fault::MissingData) {
            envelope.insert("data".to_owned(), data.into());
        }
        if self.fault != Some(&Fault::MissingUserId) {
            envelope.insert("userId".to_owned(), user.user_id().into());
        }
        envelope.insert("encrypted".to_owned(), true.into());
        envelope.insert("alg".to_owned(), cipher.into());
        if processed {
            envelope.insert("processed".to_owned(), true.into());
        }
        Value::Object(envelope).to_string()
    }

    fn ciphertext(&self, items: &[UserDataItem]) -> Option<String> {
        let plaintext = match self.fault {
            Some(Fault::NotAList) => br#"{"items": "none"}"#.to_vec(),
            _ => serde_json::to_vec(items).ok()?,
        };
        let mut iv = crypto::random::<16>()?;
        let mut ciphertext = self.credentials.cbc_key.encrypt(iv, &plaintext)?;
        if self.fault == Some(&Fault::BrokenPadding) {
            // The last byte of the plaintext is its XOR with the block before: made zero, which no padding is.
            let padding = 16 - plaintext.len() % 16;
            let before = match ciphertext.len().checked_sub(17) {
                Some(last) => ciphertext.get_mut(last),
                None => iv.last_mut(),
            };
            *before? ^= u8::try_from(padding).ok()?;
        }
        Some(hex::encode(iv) + &base64::encode(ciphertext))
    }

    fn sign(&self, claims: &[u8]) -> Option<String> {
        match self.fault {
            Some(Fault::WrongKey) => jws::sign(claims, &another_key()?),
            Some(Fault::Unsigned) => Some(unsigned("none", claims) + "."),
            Some(Fault::WrongAlgorithm) => {
                let token = unsigned("HS256", claims);
                let key = HmacKey::new(self.credentials.sip_public_key.as_bytes());
                let mac = base64::encode_url(key.sign(token.as_bytes()));
                Some(token + "." + &mac)
            }
            _ => jws::sign(claims, &self.credentials.service_key),
        }
    }
}

/// Header and payload under another algorithm than the service's.
fn unsigned(alg: &str, claims: &[u8]) -> String {
    let header = json!({ "alg": alg, "typ": "JWT" }).to_string();
    [base64::encode_url(header), base64::encode_url(claims)].join(".")
}

/// Almost every number of 256 bits is a key.
fn another_key() -> Option<SigningKey> {
    loop {
        if let Some(key) = SigningKey::from_scalar(&crypto::random()?) {
            return Some(key);
        }
    }
}

fn uuid() -> Uuid {
    uuid::Builder::from_random_bytes(crypto::random().unwrap_or_default()).into_uuid()
}
