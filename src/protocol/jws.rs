//! Signed tokens in JWS compact serialization (RFC 7515, section 7.1), with ES256 (RFC 7518, section 3.4) alone.

use memchr::{memchr, memrchr};
use serde::de::{IgnoredAny, MapAccess};

use super::error::VerificationError;
use crate::crypto::{SIGNATURE_LEN, SigningKey, VerifyingKey};
use crate::encoding::base64;
use crate::encoding::json::{self, CowStr, StrictObject};

/// `{"alg":"ES256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9";

/// The header is read before the signature is verified, so its size is bounded.
const MAX_HEADER: usize = 4 * 1024;

/// Returns a signed token. `None` if signing fails.
pub(crate) fn sign(claims: &[u8], key: &SigningKey) -> Option<String> {
    let mut token = [HEADER, ".", &base64::encode_url(claims)].concat();
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&base64::encode_url(signature));
    Some(token)
}

/// Verifies the signature over the received bytes with any of `keys`, and returns the text of the claims.
///
/// The claims are decoded in the buffer of the token.
pub(crate) fn verify<'a>(
    token: &'a mut [u8],
    keys: &[VerifyingKey],
) -> Result<&'a mut [u8], VerificationError> {
    let first = memchr(b'.', token).ok_or(VerificationError::Shape)?;
    let last = memrchr(b'.', token).ok_or(VerificationError::Shape)?;
    let (signed, signature) = token.split_at(last);
    let (header, payload) = signed.split_at_checked(first).ok_or(VerificationError::Shape)?;
    let payload = payload.strip_prefix(b".").ok_or(VerificationError::Shape)?;
    if memchr(b'.', payload).is_some() || header.len() > MAX_HEADER {
        return Err(VerificationError::Shape);
    }
    check_header(header)?;
    let signature = signature
        .strip_prefix(b".")
        .and_then(base64::decode_url_array::<SIGNATURE_LEN>)
        .ok_or(VerificationError::Signature)?;
    if !keys.iter().any(|key| key.verify(signed, &signature)) {
        return Err(VerificationError::Signature);
    }
    let payload = token.get_mut(first + 1..last).ok_or(VerificationError::Shape)?;
    base64::decode_url_in_place(payload).ok_or(VerificationError::Claims)
}

fn check_header(header: &[u8]) -> Result<(), VerificationError> {
    let header = base64::decode_url(header).ok_or(VerificationError::Shape)?;
    let header: Header<'_> = json::object(&header).ok_or(VerificationError::Shape)?;
    if header.alg.is_none_or(|alg| alg.0 != "ES256") {
        return Err(VerificationError::Algorithm);
    }
    if header.crit.is_some() {
        return Err(VerificationError::Critical);
    }
    Ok(())
}

#[derive(Default)]
struct Header<'a> {
    alg: Option<CowStr<'a>>,
    crit: Option<IgnoredAny>,
}

impl<'a> StrictObject<'a> for Header<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "alg" => json::set(&mut self.alg, map),
            "crit" => json::set(&mut self.crit, map),
            _ => Ok(false),
        }
    }
}
