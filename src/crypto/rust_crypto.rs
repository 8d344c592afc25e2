//! The backend in pure Rust, on the RustCrypto crates.

use aes::Aes128;
#[cfg(any(test, feature = "sandbox"))]
use cbc::cipher::BlockModeEncrypt as _;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{self, Signature};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{PUBLIC_KEY_LEN, SIGNATURE_LEN};

/// A P-256 private key that signs.
pub(crate) struct SigningKey(ecdsa::SigningKey);

impl SigningKey {
    /// `None` if the scalar is zero or not below the order of the curve.
    pub(crate) fn from_scalar(scalar: &[u8; 32]) -> Option<Self> {
        ecdsa::SigningKey::from_slice(scalar).ok().map(Self)
    }

    /// Reads an unencrypted PKCS#8 document (RFC 5208); `None` for another curve, or a public key that is not its own.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        ecdsa::SigningKey::from_pkcs8_der(der).ok().map(Self)
    }

    /// `None` if the library fails.
    pub(crate) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        Some(self.0.to_pkcs8_der().ok()?.to_bytes())
    }

    /// `None` if signing fails; with the deterministic nonces of RFC 6979 it does not.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<[u8; SIGNATURE_LEN]> {
        let signature: Signature = self.0.try_sign(message).ok()?;
        Some(signature.to_bytes().into())
    }

    pub(crate) fn public_key(&self) -> Option<[u8; PUBLIC_KEY_LEN]> {
        self.0.verifying_key().to_sec1_point(false).as_bytes().try_into().ok()
    }
}

/// A P-256 public key that verifies.
pub(crate) struct VerifyingKey(ecdsa::VerifyingKey);

impl VerifyingKey {
    /// `None` if the point is not on the curve.
    pub(crate) fn from_point(point: &[u8; PUBLIC_KEY_LEN]) -> Option<Self> {
        ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(Self)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

/// A key of HMAC-SHA256.
pub(crate) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    pub(crate) fn new(key: &[u8]) -> Self {
        // Longer keys are hashed first, as RFC 2104 says, here rather than through a `Result` that is never an error.
        let mut block = Zeroizing::new([0; 64]);
        if key.len() <= block.len() {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        } else {
            block.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
        }
        Self(Hmac::new((&*block).into()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }

    /// In constant time.
    pub(crate) fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        self.0.clone().chain_update(message).verify_slice(mac).is_ok()
    }
}

/// A key of AES-128-CBC with PKCS#7 padding. Boxed: a key that is moved leaves copies of itself behind.
pub(crate) struct CbcKey(Box<Zeroizing<[u8; 16]>>);

impl CbcKey {
    /// Always `Some`; the other backend may fail here.
    pub(crate) fn new(key: &[u8; 16]) -> Option<Self> {
        let mut boxed = Box::new(Zeroizing::new([0; 16]));
        boxed.copy_from_slice(key);
        Some(Self(boxed))
    }

    /// Decrypts in place; the plaintext is the beginning of `ciphertext`. `None` for a wrong length or padding.
    pub(crate) fn decrypt<'a>(&self, iv: [u8; 16], ciphertext: &'a mut [u8]) -> Option<&'a [u8]> {
        cbc::Decryptor::<Aes128>::new((&**self.0).into(), &iv.into())
            .decrypt_padded::<Pkcs7>(ciphertext)
            .ok()
    }

    /// Always `Some`; the other backend may fail here.
    #[cfg(any(test, feature = "sandbox"))]
    pub(crate) fn encrypt(&self, iv: [u8; 16], plaintext: &[u8]) -> Option<Vec<u8>> {
        Some(
            cbc::Encryptor::<Aes128>::new((&**self.0).into(), &iv.into())
                .encrypt_padded_vec::<Pkcs7>(plaintext),
        )
    }
}

pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

/// `None` if the system has no random numbers to give.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}
