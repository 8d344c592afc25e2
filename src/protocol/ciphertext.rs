//! The encrypted data in the answer's token: 32 hex digits of IV, then base64 of AES-128-CBC with PKCS#7 padding.

use crate::Error;
use crate::crypto::CbcKey;
use crate::encoding::base64;

const IV_DIGITS: usize = 32;

/// The plaintext, in the buffer of the text.
///
/// Whatever is wrong, the error is the same: nobody learns more from it than that it failed.
pub(crate) fn decrypt<'a>(text: &'a mut [u8], key: &CbcKey) -> Result<&'a [u8], Error> {
    let (iv, ciphertext) = text.split_at_mut_checked(IV_DIGITS).ok_or(Error::Decryption)?;
    let mut iv_bytes = [0; IV_DIGITS / 2];
    hex::decode_to_slice(iv, &mut iv_bytes).map_err(|_| Error::Decryption)?;
    let ciphertext = base64::decode_wrapped_in_place(ciphertext).ok_or(Error::Decryption)?;
    key.decrypt(iv_bytes, ciphertext).ok_or(Error::Decryption)
}
