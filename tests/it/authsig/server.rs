//! Plays an AuthSig server that signs whatever it is told, by an implementation of its own.

use super::NOW;
use crate::support::es256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic_sip::authsig::{PrivateKey, PublicKeys};
use hmac::{KeyInit as _, Mac as _};

pub(super) const BASE: &str = "https://id.example/verify";
pub(super) const APP: &str = "https://app.example/in";
pub(super) const STATE: &str = "AAECAwQFBgcICQoLDA0ODw";

/// The private key of a server.
pub(super) struct Key([u8; 32]);

/// The key that the server signs with.
pub(super) const KEY: Key = Key([7; 32]);

impl Key {
    pub(super) fn new(byte: u8) -> Self {
        Self([byte; 32])
    }

    fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn private(&self) -> PrivateKey {
        PrivateKey::from_hex(&self.hex()).unwrap()
    }

    pub(super) fn public(&self) -> PublicKeys {
        self.private().public_key()
    }

    /// A signature of version 3, of any text.
    pub(super) fn sign(&self, text: &str) -> String {
        let signature = es256(&self.hex(), text);
        let public = self.public();
        let id = public.ids().next().unwrap();
        format!("v3.{id}.{signature}")
    }

    /// What the server signs: a URL with these parameters.
    pub(super) fn identity(&self, parameters: &Parameters) -> String {
        self.identity_at(BASE, parameters)
    }

    /// What the server at another base signs.
    pub(super) fn identity_at(&self, base: &str, parameters: &Parameters) -> String {
        let query = parameters.query();
        let signature = self.sign(&format!("authsig-v3\nauthsig\n{base}/verified\n{query}"));
        format!("{base}/verified?{query}&signature={signature}")
    }
}

/// A signature of version 2, of any text.
pub(super) fn sign_v2(secret: &str, text: &str) -> String {
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = mac.chain_update(text).finalize().into_bytes();
    format!("v2.{}", URL_SAFE_NO_PAD.encode(mac))
}

/// What the server signs with a secret that the app stored.
pub(super) fn identity_v2(secret: &str, parameters: &Parameters) -> String {
    let query = parameters.query();
    let signature = sign_v2(secret, &format!("authsig-v2\nauthsig\n{BASE}/verified\n{query}"));
    format!("{BASE}/verified?{query}&signature={signature}")
}

/// The parameters of an identity.
#[derive(Clone)]
pub(super) struct Parameters(Vec<(String, String)>);

/// Those of somebody who may be let in: by [`STATE`], now, for [`APP`].
pub(super) fn parameters() -> Parameters {
    Parameters(Vec::new())
        .and("login", "user_1")
        .and("service", "password")
        .and("time", NOW)
        .and("audience", APP)
        .and("state", STATE)
}

impl Parameters {
    /// Adds a parameter.
    pub(super) fn and(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    /// Replaces a parameter.
    pub(super) fn with(self, name: &str, value: impl ToString) -> Self {
        self.without(name).and(name, value)
    }

    /// As it is signed.
    fn query(&self) -> String {
        let pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        pairs.join("&")
    }
}

fn encoded(text: &str) -> String {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(
            |byte| {
                if is_kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}
