//! The keys of both versions, and the signatures that they make.

mod private;
mod public;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

pub use private::PrivateKey;
pub use public::PublicKeys;

use super::error::{ConfigError, ConfigProblem, VerifyError, shown};
use crate::crypto::{self, HmacKey, SIGNATURE_LEN};
use crate::encoding::base64::decode_url_array;

/// The smallest secret, in bytes.
const MIN_SECRET_LEN: usize = 16;
const MAX_KEY_ID_LEN: usize = 32;
const MAC_LEN: usize = 32;

/// A random secret, for [`SignerBuilder::secret`](super::SignerBuilder::secret) and its verifiers.
///
/// It is a text of 43 characters, from 32 random bytes, to be stored where the app keeps its secrets.
///
/// ```
/// use civic_sip::authsig::{Secret, Signer};
///
/// let secret = Secret::generate()?;
/// let signer = Signer::new(&secret)?;
/// assert_eq!(secret.as_str().len(), 43);
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Makes a secret of 256 random bits.
    ///
    /// # Errors
    ///
    /// [`ConfigProblem::NoRandomness`].
    ///
    /// ```
    /// # use civic_sip::authsig::Secret;
    /// assert_ne!(Secret::generate()?.as_str(), Secret::generate()?.as_str());
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn generate() -> Result<Self, ConfigError> {
        let bytes = Zeroizing::new(crypto::random::<32>().ok_or(ConfigProblem::NoRandomness)?);
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// Returns the secret.
    ///
    /// ```
    /// # let secret = civic_sip::authsig::Secret::generate()?;
    /// let line = format!("AUTHSIG_SECRET={}", secret.as_str());
    /// assert!(line.is_ascii());
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Shows nothing of it.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

/// A key of version 2.
#[derive(Clone)]
pub(super) struct SecretKey {
    id: Option<Arc<str>>,
    hmac: Arc<HmacKey>,
}

/// Shows the id alone.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The secrets that a builder was given, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    pub(super) keys: Vec<SecretKey>,
    /// The number of calls that set keys.
    pub(super) calls: usize,
    problems: Vec<ConfigProblem>,
}

impl Secrets {
    pub(super) fn add_one(&mut self, secret: &[u8]) {
        self.calls += 1;
        self.add(None, secret);
    }

    pub(super) fn add_all<I: Into<String>, S: AsRef<[u8]>>(
        &mut self,
        secrets: impl IntoIterator<Item = (I, S)>,
    ) {
        self.calls += 1;
        for (id, secret) in secrets {
            let id: String = id.into();
            if !is_key_id(&id) {
                self.problems.push(ConfigProblem::BadKeyId(shown(&id)));
            } else if self.keys.iter().any(|key| key.id.as_deref() == Some(&*id)) {
                self.problems.push(ConfigProblem::RepeatedKeyId(shown(&id)));
            }
            self.add(Some(id.into()), secret.as_ref());
        }
    }

    fn add(&mut self, id: Option<Arc<str>>, secret: &[u8]) {
        if secret.len() < MIN_SECRET_LEN {
            self.problems.push(ConfigProblem::WeakSecret);
        }
        self.keys.push(SecretKey { id, hmac: Arc::new(HmacKey::new(secret)) });
    }

    /// Adds what is wrong with the secrets, and with where keys come from.
    pub(super) fn check(&self, has_other_keys: bool, problems: &mut Vec<ConfigProblem>) {
        if self.keys.is_empty() && !has_other_keys {
            problems.push(ConfigProblem::NoKey);
        }
        if self.calls > 1 {
            problems.push(ConfigProblem::SeveralKeySources);
        }
        problems.extend(self.problems.iter().cloned());
        // HMAC pads a key with NULs and hashes a long one: secrets that differ may still be one key.
        let mut fingerprints: Vec<_> = self.keys.iter().map(|key| key.hmac.sign(b"")).collect();
        fingerprints.sort_unstable();
        let all = fingerprints.len();
        fingerprints.dedup();
        if fingerprints.len() < all && self.calls == 1 {
            problems.push(ConfigProblem::RepeatedSecret);
        }
    }
}

/// The key that signs.
#[derive(Clone, Debug)]
pub(super) enum SigningKey {
    V2(SecretKey),
    V3(PrivateKey),
}

impl SigningKey {
    /// The first line of the text that the key signs, so that no other use of it shares the text.
    pub(super) fn domain(&self) -> &'static str {
        match self {
            Self::V2(_) => Version::V2.domain(),
            Self::V3(_) => Version::V3.domain(),
        }
    }

    /// Appends the signature of a text, in unreserved characters only. `None` if the system has no random numbers.
    pub(super) fn sign_into(&self, out: &mut String, text: &str) -> Option<()> {
        match self {
            Self::V2(SecretKey { id, hmac }) => {
                out.push_str("v2.");
                if let Some(id) = id {
                    out.push_str(id);
                    out.push('.');
                }
                URL_SAFE_NO_PAD.encode_string(hmac.sign(text.as_bytes()), out);
            }
            Self::V3(key) => {
                let signature = key.sign(text.as_bytes())?;
                out.push_str("v3.");
                out.push_str(key.id());
                out.push('.');
                URL_SAFE_NO_PAD.encode_string(signature, out);
            }
        }
        Some(())
    }
}

/// The version of a signature. Keys of one never verify the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V2,
    V3,
}

impl Version {
    pub(super) fn domain(self) -> &'static str {
        match self {
            Self::V2 => "authsig-v2",
            Self::V3 => "authsig-v3",
        }
    }
}

/// The keys of a verifier.
#[derive(Clone, Debug)]
pub(super) struct VerifyingKeys {
    pub(super) secrets: Arc<[SecretKey]>,
    pub(super) public: Option<PublicKeys>,
}

impl VerifyingKeys {
    /// Returns the id of the key that made the signature. Each version is tried with its own keys alone.
    pub(super) fn verify(
        &self,
        text: &str,
        signature: &Signature<'_>,
    ) -> Result<Option<Arc<str>>, VerifyError> {
        match signature {
            Signature::V2 { key_id, mac } => self.verify_mac(text, *key_id, mac),
            Signature::V3 { key_id, signature } => {
                let key = self.public.as_ref().and_then(|keys| keys.get(key_id));
                let key = key.ok_or(VerifyError::UnknownKey)?;
                if key.verify(text.as_bytes(), signature) {
                    Ok(Some(key.id()))
                } else {
                    Err(VerifyError::Mismatch)
                }
            }
        }
    }

    /// A named id is tried alone, a mac without one with every secret.
    fn verify_mac(
        &self,
        text: &str,
        key_id: Option<&str>,
        mac: &[u8; MAC_LEN],
    ) -> Result<Option<Arc<str>>, VerifyError> {
        let mut tried =
            self.secrets.iter().filter(|key| key_id.is_none() || key.id.as_deref() == key_id);
        let first = tried.next().ok_or(VerifyError::UnknownKey)?;
        std::iter::once(first)
            .chain(tried)
            .find(|key| key.hmac.verify(text.as_bytes(), mac))
            .map(|key| key.id.clone())
            .ok_or(VerifyError::Mismatch)
    }
}

/// A signature, taken apart.
#[derive(Debug)]
pub(super) enum Signature<'s> {
    V2 { key_id: Option<&'s str>, mac: [u8; MAC_LEN] },
    V3 { key_id: &'s str, signature: Box<[u8; SIGNATURE_LEN]> },
}

impl<'s> Signature<'s> {
    pub(super) fn parse(text: &'s str) -> Result<Self, VerifyError> {
        Self::read(text).ok_or(VerifyError::MalformedSignature)
    }

    /// There is one spelling of a signature: no padding, and no bits beyond the last byte.
    fn read(text: &'s str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("v2.") {
            let (key_id, mac) = match rest.split_once('.') {
                Some((key_id, mac)) => (Some(key_id).filter(|id| is_key_id(id))?.into(), mac),
                None => (None, rest),
            };
            return Some(Self::V2 { key_id, mac: decode_url_array(mac.as_bytes())? });
        }
        let (key_id, signature) = text.strip_prefix("v3.")?.split_once('.')?;
        // A thumbprint is a SHA-256.
        decode_url_array::<32>(key_id.as_bytes())?;
        let signature = Box::new(decode_url_array(signature.as_bytes())?);
        Some(Self::V3 { key_id, signature })
    }

    pub(super) fn version(&self) -> Version {
        match self {
            Self::V2 { .. } => Version::V2,
            Self::V3 { .. } => Version::V3,
        }
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=MAX_KEY_ID_LEN).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
