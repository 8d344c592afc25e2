//! The keys of one app and of the service that it talks to.

use crate::crypto::{self, CbcKey, HmacKey, SigningKey, VerifyingKey};

/// Separates the keys of the sandbox from anything else that is derived from the same seed.
const SEED_DOMAIN: &[u8] = b"civic-sip sandbox";

/// The credentials in the form of the app's configuration, and the keys made of them.
pub(super) struct Credentials {
    pub(super) app_id: String,
    pub(super) private_signing_key: String,
    pub(super) secret: String,
    pub(super) sip_public_key: String,
    /// Verifies what the app signs.
    pub(super) app_key: VerifyingKey,
    pub(super) digest_key: HmacKey,
    pub(super) cbc_key: CbcKey,
    /// Signs what the service sends.
    pub(super) service_key: SigningKey,
}

impl Credentials {
    /// Derives the credentials from the seed; without a seed they are random.
    ///
    /// `None` if the system has no random numbers.
    pub(super) fn new(app_id: Option<String>, seed: Option<&str>) -> Option<Self> {
        let source = Source { seed };
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

/// The source of key material: the seed, or the system's random numbers.
struct Source<'a> {
    seed: Option<&'a str>,
}

impl Source<'_> {
    fn bytes(&self, purpose: &str, attempt: u32) -> Option<[u8; 32]> {
        let Some(seed) = self.seed else { return crypto::random() };
        let text = format!("{purpose}\n{attempt}\n{seed}");
        Some(HmacKey::new(SEED_DOMAIN).sign(text.as_bytes()))
    }

    /// Almost every number of 256 bits is a key; where one is not, the next is taken.
    fn key_pair(&self, purpose: &str) -> Option<([u8; 32], SigningKey)> {
        for attempt in 0..=u32::MAX {
            let scalar = self.bytes(purpose, attempt)?;
            if let Some(key) = SigningKey::from_scalar(&scalar) {
                return Some((scalar, key));
            }
        }
        None
    }
}

/// Creates an identifier of 128 random bits in hex. `None` if the system has no random numbers.
pub(super) fn random_id() -> Option<String> {
    crypto::random::<16>().map(hex::encode)
}
