//! The house secret, and what is encrypted under it.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

/// The shortest house secret, in bytes.
const MIN_LEN: usize = 16;

const SALT: &[u8] = b"authsig-server";

/// The format of what is sealed: the version, the nonce, the ciphertext and its tag.
const VERSION: u8 = 1;

const CHECK: &[u8] = b"the house secret matches this database";

/// The secret under which the server encrypts what it stores: private keys, defaults, notifications.
///
/// It must be random: `openssl rand -base64 32` makes one. It is not the key that signs.
///
/// ```
/// # use authsig_server::HouseSecret;
/// let secret = HouseSecret::new("9XUDzt0VvPRHT3EWhV6wPQ")?;
/// assert_eq!(format!("{secret:?}"), "HouseSecret { .. }");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HouseSecret(Zeroizing<Vec<u8>>);

impl HouseSecret {
    /// Takes a secret of 16 bytes or more.
    ///
    /// # Errors
    ///
    /// A [`ShortSecret`] if it is shorter.
    ///
    /// ```
    /// # use authsig_server::HouseSecret;
    /// let secret = HouseSecret::new("9XUDzt0VvPRHT3EWhV6wPQ")?;
    /// assert!(HouseSecret::new("too short").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, ShortSecret> {
        let secret = secret.as_ref();
        if secret.len() < MIN_LEN {
            return Err(ShortSecret);
        }
        Ok(Self(Zeroizing::new(secret.to_vec())))
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for HouseSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HouseSecret").finish_non_exhaustive()
    }
}

/// The house secret has fewer than 16 bytes.
///
/// ```
/// # use authsig_server::{HouseSecret, ShortSecret};
/// assert_eq!(HouseSecret::new("too short").unwrap_err(), ShortSecret);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the house secret must have at least 16 bytes: `openssl rand -base64 32` makes one")]
pub struct ShortSecret;

/// The kind of a sealed text. A text that was sealed as one kind never opens as another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Check,
    SigningKey,
    Default,
    Notification,
}

impl Purpose {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Check => b"check",
            Self::SigningKey => b"signing key",
            Self::Default => b"default",
            Self::Notification => b"notification",
        }
    }
}

/// The text was not sealed under this house secret, for this purpose and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stored data can't be decrypted: it was changed, or encrypted with another house secret"
)]
pub(crate) struct OpenError;

/// Encrypts what is stored, with AES-256-GCM under keys derived from the house secret by HKDF-SHA256.
pub(crate) struct House {
    keys: [RandomizedNonceKey; 4],
}

impl House {
    pub(crate) fn new(secret: &HouseSecret) -> Result<Self, OpenError> {
        let extracted = Salt::new(HKDF_SHA256, SALT).extract(&secret.0);
        let key = |purpose: Purpose| {
            let mut key = Zeroizing::new([0; 32]);
            let info = [purpose.name()];
            let expanded = extracted.expand(&info, KeyLen).map_err(|_| OpenError)?;
            expanded.fill(&mut *key).map_err(|_| OpenError)?;
            RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(|_| OpenError)
        };
        Ok(Self {
            keys: [
                key(Purpose::Check)?,
                key(Purpose::SigningKey)?,
                key(Purpose::Default)?,
                key(Purpose::Notification)?,
            ],
        })
    }

    fn key(&self, purpose: Purpose) -> &RandomizedNonceKey {
        let [check, signing_key, default, notification] = &self.keys;
        match purpose {
            Purpose::Check => check,
            Purpose::SigningKey => signing_key,
            Purpose::Default => default,
            Purpose::Notification => notification,
        }
    }

    /// Encrypts a text for the row with this id.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        id: &str,
        text: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let mut ciphertext = text.to_vec();
        let sealed = self.key(purpose).seal_in_place_append_tag(Aad::from(id), &mut ciphertext);
        let nonce = sealed.map_err(|_| OpenError)?;
        Ok([&[VERSION][..], nonce.as_ref(), &ciphertext].concat())
    }

    pub(crate) fn open(
        &self,
        purpose: Purpose,
        id: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(OpenError)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or(OpenError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError)?;
        let mut text = Zeroizing::new(ciphertext.to_vec());
        let opened = self.key(purpose).open_in_place(nonce, Aad::from(id), &mut text);
        let len = opened.map_err(|_| OpenError)?.len();
        text.truncate(len);
        Ok(text)
    }

    /// Makes the value by which a database recognises its house secret.
    pub(crate) fn seal_check(&self) -> Result<Vec<u8>, OpenError> {
        self.seal(Purpose::Check, "", CHECK)
    }

    pub(crate) fn is_check(&self, sealed: &[u8]) -> bool {
        self.open(Purpose::Check, "", sealed).is_ok_and(|text| *text == CHECK)
    }
}

/// Shows no key.
impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("House").finish_non_exhaustive()
    }
}

/// The length of an AES-256 key, to HKDF.
struct KeyLen;

impl KeyType for KeyLen {
    fn len(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(secret: &str) -> House {
        House::new(&HouseSecret::new(secret).unwrap()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens() {
        let house = house("a secret for tests");
        let sealed = house.seal(Purpose::Default, "app", b"text").unwrap();
        assert_eq!(**house.open(Purpose::Default, "app", &sealed).unwrap(), *b"text");
        assert_ne!(sealed, house.seal(Purpose::Default, "app", b"text").unwrap());
    }

    #[test]
    fn another_secret_purpose_or_row_opens_nothing() {
        let (ours, theirs) = (house("a secret for tests"), house("a secret for others"));
        let sealed = ours.seal(Purpose::Default, "app", b"text").unwrap();
        assert_eq!(theirs.open(Purpose::Default, "app", &sealed), Err(OpenError));
        assert_eq!(ours.open(Purpose::SigningKey, "app", &sealed), Err(OpenError));
        assert_eq!(ours.open(Purpose::Default, "other", &sealed), Err(OpenError));
        assert!(!theirs.is_check(&ours.seal_check().unwrap()));
        assert!(ours.is_check(&ours.seal_check().unwrap()));
    }

    #[test]
    fn a_changed_or_cut_text_opens_nothing() {
        let house = house("a secret for tests");
        let sealed = house.seal(Purpose::Default, "app", b"text").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(house.open(Purpose::Default, "app", &changed), Err(OpenError), "{index}");
            let cut = &sealed[..index];
            assert_eq!(house.open(Purpose::Default, "app", cut), Err(OpenError), "{index}");
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert_eq!(HouseSecret::new("fifteen bytes..").unwrap_err(), ShortSecret);
        assert!(HouseSecret::new("sixteen bytes...").is_ok());
    }
}
