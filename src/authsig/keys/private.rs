//! The private key of version 3.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::public::{PublicKey, PublicKeys};
use crate::authsig::error::{ConfigError, ConfigProblem};
use crate::crypto::{self, SIGNATURE_LEN};
use crate::encoding::base64;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// Length of a line in PEM (RFC 7468, section 2).
const PEM_LINE_LEN: usize = 64;

/// A P-256 private key, which signs links of version 3 (ES256).
///
/// Anyone who has the [`public_key`](Self::public_key) can verify; only the owner of this key can sign. `Debug` does not
/// show the key, and it is wiped when dropped. Clones share it.
///
/// ```
/// use civic_sip::authsig::{PrivateKey, PublicKeys, Signer, Verifier};
///
/// let key = PrivateKey::generate()?;
/// let published: String = key.public_key().to_jwks();
/// let signer = Signer::builder().private_key(key).purpose("receipt").build()?;
/// let url = signer.link("https://shop.example/receipt").param("order", 17).sign()?;
///
/// let keys = PublicKeys::from_jwks(&published)?;
/// let verifier = Verifier::builder().public_keys(keys).purpose("receipt").build()?;
/// assert_eq!(verifier.verify_url(&url)?.get("order"), Some("17"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    signing: crypto::SigningKey,
    public: PublicKeys,
    id: Arc<str>,
}

impl PrivateKey {
    /// Makes a random key.
    ///
    /// # Errors
    ///
    /// [`ConfigProblem::NoRandomness`].
    ///
    /// ```
    /// let pem = civic_sip::authsig::PrivateKey::generate()?.to_pem();
    /// assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"));
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn generate() -> Result<Self, ConfigError> {
        loop {
            let scalar = Zeroizing::new(crypto::random().ok_or(ConfigProblem::NoRandomness)?);
            // One in 2^32 numbers of this length is above the order of the curve.
            if let Some(key) = crypto::SigningKey::from_scalar(&scalar) {
                return Self::new(key);
            }
        }
    }

    /// Reads a key in PEM, an unencrypted PKCS#8 document: `-----BEGIN PRIVATE KEY-----`.
    ///
    /// # Errors
    ///
    /// [`ConfigProblem::PrivateKey`] if it is no such document, or not of a P-256 key.
    ///
    /// ```
    /// # use civic_sip::authsig::PrivateKey;
    /// # let pem = PrivateKey::generate()?.to_pem();
    /// let key = PrivateKey::from_pem(&pem)?;
    /// assert_eq!(key.to_pem(), pem);
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn from_pem(pem: &str) -> Result<Self, ConfigError> {
        const FORM: ConfigProblem = ConfigProblem::PrivateKey(
            "must be one PKCS#8 PEM block, `-----BEGIN PRIVATE KEY-----`: \
             `openssl pkcs8 -topk8 -nocrypt` makes one",
        );
        let base64 = pem
            .trim()
            .strip_prefix(PEM_BEGIN)
            .and_then(|rest| rest.strip_suffix(PEM_END))
            .ok_or(FORM)?;
        let der = Zeroizing::new(base64::decode_wrapped(base64).ok_or(FORM)?);
        let key = crypto::SigningKey::from_pkcs8(&der)
            .ok_or(ConfigProblem::PrivateKey("must be a P-256 key"))?;
        Self::new(key)
    }

    /// Reads a key from its number, 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`ConfigProblem::PrivateKey`] for anything else, zero, and numbers that are not below the order of the curve.
    ///
    /// ```
    /// # use civic_sip::authsig::PrivateKey;
    /// let key = PrivateKey::from_hex("ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4")?;
    /// assert!(PrivateKey::from_hex("ec84").is_err());
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn from_hex(hex: &str) -> Result<Self, ConfigError> {
        let mut scalar = Zeroizing::new([0; 32]);
        hex::decode_to_slice(hex.trim(), &mut *scalar)
            .map_err(|_| ConfigProblem::PrivateKey("must be 64 hexadecimal digits"))?;
        let key = crypto::SigningKey::from_scalar(&scalar).ok_or(ConfigProblem::PrivateKey(
            "must not be zero, and be below the order of the curve P-256",
        ))?;
        Self::new(key)
    }

    fn new(signing: crypto::SigningKey) -> Result<Self, ConfigError> {
        let public = signing
            .public_key()
            .and_then(|point| PublicKey::new(&point))
            // So that `to_pem` can't fail later.
            .filter(|_| signing.to_pkcs8().is_some())
            .ok_or(ConfigProblem::PrivateKey("can't be used by the cryptography library"))?;
        let id = public.id();
        Ok(Self(Arc::new(Inner { signing, public: PublicKeys::one(public), id })))
    }

    /// Writes the key in PEM, as [`from_pem`](Self::from_pem) reads it. The text is a secret.
    ///
    /// ```
    /// let key = civic_sip::authsig::PrivateKey::generate()?;
    /// assert!(key.to_pem().ends_with("-----END PRIVATE KEY-----\n"));
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn to_pem(&self) -> String {
        // Tried when the key was made.
        let der = self.0.signing.to_pkcs8().unwrap_or_default();
        let base64 = Zeroizing::new(base64::encode(&*der));
        let mut pem = String::with_capacity(base64.len() + base64.len() / PEM_LINE_LEN + 64);
        pem.push_str(PEM_BEGIN);
        pem.push('\n');
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(PEM_LINE_LEN.min(rest.len()));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str(PEM_END);
        pem.push('\n');
        pem
    }

    /// Returns the public key, as a set of one.
    ///
    /// ```
    /// # use civic_sip::authsig::{PrivateKey, Verifier};
    /// let key = PrivateKey::generate()?;
    /// let verifier = Verifier::builder().public_keys(key.public_key()).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn public_key(&self) -> PublicKeys {
        self.0.public.clone()
    }

    /// The thumbprint, which stands in signatures.
    pub(super) fn id(&self) -> &str {
        &self.0.id
    }

    /// `None` if the system has no random numbers.
    pub(super) fn sign(&self, message: &[u8]) -> Option<[u8; SIGNATURE_LEN]> {
        self.0.signing.sign(message)
    }
}

/// Shows the id of the public key alone.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("id", &self.0.id).finish_non_exhaustive()
    }
}
