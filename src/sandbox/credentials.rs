//! The keys of one app and of the service that it talks to.

use crate::crypto::{self, CbcKey, HmacKey, SigningKey, VerifyingKey};

/// Each key as the app's configuration has it, and as it is used here.
pub(super) struct Credentials {
    pub(super) app_id: String,
    pub(super) private_signing_key: String,
    pub(super) secret: String,
    pub(super) sip_public_key: String,
    /// Checks what the app signs.
    pub(super) app_key: VerifyingKey,
    pub(super) digest_key: HmacKey,
    pub(super) cbc_key: CbcKey,
    /// Signs what the service sends.
    pub(super) service_key: SigningKey,
}

impl Credentials {
    /// `None` if the system has no random numbers.
    pub(super) fn random() -> Option<Self> {
        let secret = crypto::random::<16>()?;
        let (app_scalar, app_key) = key_pair()?;
        let (_, service_key) = key_pair()?;
        let secret_text = hex::encode(secret);
        Some(Self {
            app_id: format!("sandbox-{}", hex::encode(crypto::random::<4>()?)),
            private_signing_key: hex::encode(app_scalar),
            sip_public_key: hex::encode(service_key.public_key()?),
            app_key: VerifyingKey::from_point(&app_key.public_key()?)?,
            digest_key: HmacKey::new(secret_text.as_bytes()),
            cbc_key: CbcKey::new(&secret)?,
            service_key,
            secret: secret_text,
        })
    }
}

/// Almost every number of 256 bits is a key.
fn key_pair() -> Option<([u8; 32], SigningKey)> {
    loop {
        let scalar = crypto::random::<32>()?;
        if let Some(key) = SigningKey::from_scalar(&scalar) {
            return Some((scalar, key));
        }
    }
}
