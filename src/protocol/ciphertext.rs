//! The encrypted data in the service's token: 32 hex digits of IV, then base64 of AES-128-CBC with PKCS#7 padding.

use super::error::ProtocolError;
use crate::crypto::CbcKey;
use crate::encoding::base64;

const IV_DIGITS: usize = 32;

/// Decrypts `text` in its own buffer.
///
/// Every failure is the same error: one that tells padding from length is an oracle for the plaintext.
pub(crate) fn decrypt<'a>(text: &'a mut [u8], key: &CbcKey) -> Result<&'a [u8], ProtocolError> {
    let (iv, ciphertext) = text.split_at_mut_checked(IV_DIGITS).ok_or(ProtocolError::Decryption)?;
    let mut iv_bytes = [0; IV_DIGITS / 2];
    hex::decode_to_slice(iv, &mut iv_bytes).map_err(|_| ProtocolError::Decryption)?;
    let ciphertext =
        base64::decode_wrapped_in_place(ciphertext).ok_or(ProtocolError::Decryption)?;
    key.decrypt(iv_bytes, ciphertext).ok_or(ProtocolError::Decryption)
}
