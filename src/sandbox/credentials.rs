//! The keys of one app and of the service that it talks to.

use crate::crypto::{self, CbcKey, HmacKey, SigningKey, VerifyingKey};

/// Keeps what is derived here apart from anything else that is derived from the same seed.
const SEED_DOMAIN: &[u8] = b"civic-sip sandbox";

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
    /// The same seed gives the same keys, without one they are random. `None` if the system has no random numbers.
    pub(super) fn new(app_id: Option<String>, seed: Option<&str>) -> Option<Self> {
        let source = match seed {
            Some(seed) => Source::Seed(seed),
            None => Source::System,
        };
        let app_id = match app_id {
            Some(app_id) => app_id,
            None => {
                let [a, b, c, d, ..] = source.bytes("app id", 0)?;
                format!("sandbox-{}", hex::encode([a, b, c, d]))
            }
        };
        let (app_scalar, app_key) = source.key_pair("app key")?;
        let (_, service_key) = source.key_pair("service key")?;
        let secret: [u8; 16] = *source.bytes("secret", 0)?.first_chunk()?;
        let secret_text = hex::encode(secret);
        Some(Self {
            app_id,
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

enum Source<'a> {
    System,
    Seed(&'a str),
}

impl Source<'_> {
    fn bytes(&self, purpose: &str, attempt: u32) -> Option<[u8; 32]> {
        match self {
            Self::System => crypto::random(),
            Self::Seed(seed) => {
                let text = format!("{purpose}\n{attempt}\n{seed}");
                Some(HmacKey::new(SEED_DOMAIN).sign(text.as_bytes()))
            }
        }
    }

    /// Almost every number of 256 bits is a key; where one is not, the next is taken.
    fn key_pair(&self, purpose: &str) -> Option<([u8; 32], SigningKey)> {
        (0..=u32::MAX).find_map(|attempt| {
            let scalar = self.bytes(purpose, attempt);
            match scalar {
                None => Some(None),
                Some(scalar) => SigningKey::from_scalar(&scalar).map(|key| Some((scalar, key))),
            }
        })?
    }
}

/// A random name that can't be guessed, 32 hex digits. `None` if the system has no random numbers.
pub(super) fn unguessable() -> Option<String> {
    crypto::random::<16>().map(hex::encode)
}
