//! The backend on aws-lc-rs.

use aws_lc_rs::cipher::{AES_128, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
#[cfg(any(test, feature = "sandbox"))]
use aws_lc_rs::cipher::{EncryptionContext, PaddedBlockEncryptingKey};
use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use aws_lc_rs::{digest, hmac, rand};
use zeroize::Zeroizing;

use super::{PUBLIC_KEY_LEN, SIGNATURE_LEN};

/// RFC 5915 `ECPrivateKey` for P-256 around a scalar; aws-lc derives the public key from it.
const DER_BEFORE_SCALAR: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const DER_AFTER_SCALAR: [u8; 12] =
    [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A P-256 private key that signs.
pub(crate) struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    /// `None` if the scalar is zero or not below the order of the curve.
    pub(crate) fn from_scalar(scalar: &[u8; 32]) -> Option<Self> {
        let mut der = Zeroizing::new(Vec::with_capacity(51));
        der.extend_from_slice(&DER_BEFORE_SCALAR);
        der.extend_from_slice(scalar);
        der.extend_from_slice(&DER_AFTER_SCALAR);
        EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok().map(Self)
    }

    /// Reads an unencrypted PKCS#8 document (RFC 5208); `None` for another curve, or a public key that is not its own.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        // The library ignores what follows the document.
        let is_whole = match der {
            [0x30, length @ 0..0x80, document @ ..] | [0x30, 0x81, length, document @ ..] => {
                document.len() == usize::from(*length)
            }
            _ => false,
        };
        if !is_whole {
            return None;
        }
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok().map(Self)
    }

    /// With the public key, which some readers demand. `None` if the library fails.
    pub(crate) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        let scalar = self.0.private_key().as_be_bytes().ok()?;
        // A key that was made from its scalar alone is written without its public key.
        let whole = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            scalar.as_ref(),
            self.0.public_key().as_ref(),
        );
        Some(Zeroizing::new(whole.ok()?.to_pkcs8v1().ok()?.as_ref().to_vec()))
    }

    /// `None` if the random number generator fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<[u8; SIGNATURE_LEN]> {
        let signature = self.0.sign(&rand::SystemRandom::new(), message).ok()?;
        signature.as_ref().try_into().ok()
    }

    pub(crate) fn public_key(&self) -> Option<[u8; PUBLIC_KEY_LEN]> {
        self.0.public_key().as_ref().try_into().ok()
    }
}

/// A P-256 public key that verifies.
pub(crate) struct VerifyingKey(ParsedPublicKey);

impl VerifyingKey {
    /// `None` if the point is not on the curve.
    pub(crate) fn from_point(point: &[u8; PUBLIC_KEY_LEN]) -> Option<Self> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok().map(Self)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// A key of HMAC-SHA256.
pub(crate) struct HmacKey(hmac::Key);

impl HmacKey {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = [0; 32];
        mac.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        mac
    }

    /// In constant time.
    pub(crate) fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0, message, mac).is_ok()
    }
}

/// A key of AES-128-CBC with PKCS#7 padding. Boxed: a key that is moved leaves copies of itself behind.
pub(crate) struct CbcKey {
    decrypting: Box<PaddedBlockDecryptingKey>,
    #[cfg(any(test, feature = "sandbox"))]
    encrypting: Box<PaddedBlockEncryptingKey>,
}

impl CbcKey {
    pub(crate) fn new(key: &[u8; 16]) -> Option<Self> {
        let unbound = || UnboundCipherKey::new(&AES_128, key);
        Some(Self {
            decrypting: Box::new(PaddedBlockDecryptingKey::cbc_pkcs7(unbound().ok()?).ok()?),
            #[cfg(any(test, feature = "sandbox"))]
            encrypting: Box::new(PaddedBlockEncryptingKey::cbc_pkcs7(unbound().ok()?).ok()?),
        })
    }

    /// Decrypts in place; the plaintext is the beginning of `ciphertext`. `None` for a wrong length or padding.
    pub(crate) fn decrypt<'a>(&self, iv: [u8; 16], ciphertext: &'a mut [u8]) -> Option<&'a [u8]> {
        if ciphertext.is_empty() {
            return None;
        }
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        self.decrypting.decrypt(ciphertext, context).ok().map(|plaintext| &*plaintext)
    }

    /// `None` if the library fails.
    #[cfg(any(test, feature = "sandbox"))]
    pub(crate) fn encrypt(&self, iv: [u8; 16], plaintext: &[u8]) -> Option<Vec<u8>> {
        let mut in_out = plaintext.to_vec();
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        self.encrypting.less_safe_encrypt(&mut in_out, context).ok()?;
        Some(in_out)
    }
}

pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, message).as_ref());
    hash
}

/// `None` if the system has no random numbers to give.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).ok()?;
    Some(bytes)
}
