//! Keys and secrets in the spellings of portals, mails and environment variables.

use zeroize::Zeroizing;

use crate::crypto::{CbcKey, HmacKey, PUBLIC_KEY_LEN, SigningKey, VerifyingKey};

/// The public key of the hosted service at api.civic.com.
pub(crate) const SERVICE_PUBLIC_KEY: &str = "\
    049a45998638cfb3c4b211d72030d9ae8329a242db63bfb0076a54e7647370a8ac\
    5708b57af6065805d5a6be72332620932dbb35e8d318fce18e7c980a0eb26aa1";

/// Parses a P-256 scalar. Some tools drop leading zeros, others add two.
pub(crate) fn signing_key(hex: &str) -> Result<SigningKey, &'static str> {
    const FORM: &str =
        "must be the app's P-256 private key: 60 to 64 hex digits, or 66 that begin with 00";
    let digits = match hex.trim() {
        text if text.len() == 66 => text.strip_prefix("00").ok_or(FORM)?,
        text if (60..=64).contains(&text.len()) => text,
        _ => return Err(FORM),
    };
    let padded = Zeroizing::new(format!("{digits:0>64}"));
    let mut scalar = Zeroizing::new([0; 32]);
    hex::decode_to_slice(&*padded, &mut *scalar).map_err(|_| FORM)?;
    SigningKey::from_scalar(&scalar)
        .ok_or("is not a P-256 private key: it is zero, or not below the order of the curve")
}

/// Parses the secret. The digest is keyed with its text, the decryption with its bytes.
pub(crate) fn secret(hex: &str) -> Result<(HmacKey, CbcKey), &'static str> {
    const FORM: &str = "must be the app's secret: 32 hex digits";
    let text = hex.trim();
    let mut bytes = Zeroizing::new([0; 16]);
    hex::decode_to_slice(text, &mut *bytes).map_err(|_| FORM)?;
    let cbc_key = CbcKey::new(&bytes).ok_or("can't be used as an AES key")?;
    Ok((HmacKey::new(text.as_bytes()), cbc_key))
}

/// Parses an uncompressed point (SEC 1, section 2.3.3).
pub(crate) fn public_key(hex: &str) -> Result<VerifyingKey, &'static str> {
    const FORM: &str =
        "must be an uncompressed P-256 public key: 130 hex digits that begin with 04";
    let mut point = [0; PUBLIC_KEY_LEN];
    hex::decode_to_slice(hex.trim(), &mut point).map_err(|_| FORM)?;
    if point.first() != Some(&4) {
        return Err(FORM);
    }
    VerifyingKey::from_point(&point)
        .ok_or("is not a P-256 public key: the point is not on the curve")
}
