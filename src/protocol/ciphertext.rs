//! The encrypted data in the answer's token: 32 hex digits of IV, then base64 of AES-128-CBC with PKCS#7 padding.

use super::base64;
use crate::Error;
use crate::crypto::CbcKey;

const IV_DIGITS: usize = 32;

/// Hands the plaintext to `read`, in the buffer that it was decrypted in.
///
/// Whatever is wrong, the error is the same: nobody learns more from it than that it failed.
pub(crate) fn decrypt<T>(
    text: &str,
    key: &CbcKey,
    read: impl FnOnce(&[u8]) -> Result<T, Error>,
) -> Result<T, Error> {
    let (iv, ciphertext) = text.split_at_checked(IV_DIGITS).ok_or(Error::Decryption)?;
    let mut iv_bytes = [0; IV_DIGITS / 2];
    hex::decode_to_slice(iv, &mut iv_bytes).map_err(|_| Error::Decryption)?;
    let mut buffer = base64::decode_wrapped(ciphertext).ok_or(Error::Decryption)?;
    read(key.decrypt(iv_bytes, &mut buffer).ok_or(Error::Decryption)?)
}
