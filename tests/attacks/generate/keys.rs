//! Fixed keys, and the signatures of all forms that they make.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{KeyInit as _, Mac as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The service's key, or an AuthSig server's.
pub(crate) const SERVICE: Key = Key([7; 32]);
/// A key of the attacker's own.
pub(crate) const ATTACKER: Key = Key([9; 32]);

/// The order of the curve P-256 (SEC 2, section 2.4.2).
pub(crate) const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// A private key of P-256.
pub(crate) struct Key(pub(crate) [u8; 32]);

impl Key {
    fn signing(&self) -> SigningKey {
        SigningKey::from_slice(&self.0).unwrap()
    }

    fn ecdsa(&self, text: &str) -> Signature {
        self.signing().sign(text.as_bytes())
    }

    /// r ‖ s.
    pub(crate) fn sign(&self, text: &str) -> [u8; 64] {
        self.ecdsa(text).to_bytes().into()
    }

    /// The other signature of the same text: r ‖ n − s.
    pub(crate) fn sign_with_other_s(&self, text: &str) -> [u8; 64] {
        let (r, s) = self.ecdsa(text).split_scalars();
        Signature::from_scalars(*r, *(-s)).unwrap().to_bytes().into()
    }

    pub(crate) fn sign_der(&self, text: &str) -> Vec<u8> {
        self.ecdsa(text).to_der().as_bytes().to_vec()
    }

    /// `04`, x, y.
    pub(crate) fn point(&self) -> [u8; 65] {
        let point = self.signing().verifying_key().to_sec1_point(false);
        point.as_bytes().try_into().unwrap()
    }

    /// The members that a thumbprint is made of, and no others.
    pub(crate) fn jwk(&self) -> Value {
        let point = self.point();
        json!({"kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..])})
    }

    /// RFC 7638.
    pub(crate) fn thumbprint(&self) -> String {
        let point = self.point();
        let (x, y) = (base64url(&point[1..33]), base64url(&point[33..]));
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        base64url(sha256(text.as_bytes()))
    }

    /// A signature of version 3.
    pub(crate) fn v3(&self, text: &str) -> String {
        format!("v3.{}.{}", self.thumbprint(), base64url(self.sign(text)))
    }
}

/// A signature of version 2.
pub(crate) fn v2(secret: impl AsRef<[u8]>, text: &str) -> String {
    format!("v2.{}", base64url(hmac_sha256(secret, text.as_bytes())))
}

pub(crate) fn hmac_sha256(key: impl AsRef<[u8]>, message: &[u8]) -> [u8; 32] {
    let mac = hmac::Hmac::<Sha256>::new_from_slice(key.as_ref()).unwrap();
    mac.chain_update(message).finalize().into_bytes().into()
}

pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
pub(crate) fn encoded(text: &str) -> String {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| {
        if is_kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}
