//! The keys of version 2, and the signatures they make.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::{Error, shown};
use crate::crypto::HmacKey;

/// The smallest secret, in bytes.
const MIN_SECRET_LEN: usize = 16;
const MAX_KEY_ID_LEN: usize = 32;
const MAC_LEN: usize = 32;

struct Key {
    id: Option<String>,
    hmac: HmacKey,
}

/// Keys, the first of which signs. What is wrong with them is told at each use.
#[derive(Clone)]
pub(super) struct Keys(Result<Arc<[Key]>, Error>);

impl Keys {
    pub(super) fn single(secret: &[u8]) -> Self {
        Self(Self::collect([(None, secret)]))
    }

    pub(super) fn with_ids<I: Into<String>, S: AsRef<[u8]>>(
        keys: impl IntoIterator<Item = (I, S)>,
    ) -> Self {
        Self(Self::collect(keys.into_iter().map(|(id, secret)| (Some(id.into()), secret))))
    }

    fn collect<S: AsRef<[u8]>>(
        given: impl IntoIterator<Item = (Option<String>, S)>,
    ) -> Result<Arc<[Key]>, Error> {
        let mut keys: Vec<Key> = Vec::new();
        let mut fingerprints = Vec::new();
        for (id, secret) in given {
            if let Some(id) = &id {
                if !is_key_id(id) {
                    return Err(Error::BadKeyId);
                }
                if keys.iter().any(|key| key.id.as_ref() == Some(id)) {
                    return Err(Error::RepeatedKeyId(shown(id)));
                }
            }
            if secret.as_ref().len() < MIN_SECRET_LEN {
                return Err(Error::WeakSecret);
            }
            let hmac = HmacKey::new(secret.as_ref());
            // HMAC pads a key with NULs and hashes a long one: secrets that differ may still be one key.
            let fingerprint = hmac.sign(b"");
            if fingerprints.contains(&fingerprint) {
                return Err(Error::RepeatedSecret);
            }
            fingerprints.push(fingerprint);
            keys.push(Key { id, hmac });
        }
        if keys.is_empty() { Err(Error::NoKey) } else { Ok(keys.into()) }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.0.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Writes the signature of a text, by the first key. It has unreserved characters only.
    pub(super) fn sign_into(&self, out: &mut String, text: &str) -> Result<(), Error> {
        let key = self.0.as_ref().map_err(Clone::clone)?.first().ok_or(Error::NoKey)?;
        out.push_str("v2.");
        if let Some(id) = &key.id {
            out.push_str(id);
            out.push('.');
        }
        URL_SAFE_NO_PAD.encode_string(key.hmac.sign(text.as_bytes()), out);
        Ok(())
    }

    /// The id of the key that made the signature.
    pub(super) fn verify(
        &self,
        text: &str,
        signature: &Signature<'_>,
    ) -> Result<Option<&str>, Error> {
        let keys = self.0.as_ref().map_err(Clone::clone)?;
        let matches = |key: &&Key| key.hmac.verify(text.as_bytes(), &signature.mac);
        let key = match signature.key_id {
            Some(id) => {
                let named = keys.iter().find(|key| key.id.as_deref() == Some(id));
                named.ok_or(Error::UnknownKeyId).map(|key| Some(key).filter(matches))?
            }
            None => keys.iter().find(matches),
        };
        key.map(|key| key.id.as_deref()).ok_or(Error::Mismatch)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(keys) => f.debug_list().entries(keys.iter().map(|key| &key.id)).finish(),
            Err(error) => write!(f, "{error:?}"),
        }
    }
}

/// A signature of version 2, taken apart.
pub(super) struct Signature<'s> {
    key_id: Option<&'s str>,
    mac: [u8; MAC_LEN],
}

impl<'s> Signature<'s> {
    pub(super) fn parse(text: &'s str) -> Result<Self, Error> {
        let rest = text.strip_prefix("v2.").ok_or(Error::MalformedSignature)?;
        let (key_id, mac) = match rest.split_once('.') {
            Some((key_id, mac)) if is_key_id(key_id) => (Some(key_id), mac),
            Some(_) => return Err(Error::MalformedSignature),
            None => (None, rest),
        };
        // Refuses padding, and bits set beyond the last byte: there is one spelling of a mac.
        let mut decoded = [0; MAC_LEN + 4];
        let is_whole = URL_SAFE_NO_PAD.decode_slice(mac, &mut decoded).ok() == Some(MAC_LEN);
        let mac = decoded.first_chunk().filter(|_| is_whole).ok_or(Error::MalformedSignature)?;
        let mac = *mac;
        Ok(Self { key_id, mac })
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=MAX_KEY_ID_LEN).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
