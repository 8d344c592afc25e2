//! Signed tokens: JWS compact serialization (RFC 7515, section 7.1) with ES256 (RFC 7518, section 3.4), and nothing else.

use serde::de::{IgnoredAny, MapAccess};

use super::base64;
use super::json::{self, Object, Text};
use crate::VerificationError;
use crate::crypto::{SIGNATURE_LEN, SigningKey, VerifyingKey};

/// `{"alg":"ES256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9";

/// The header is read before anything is verified, so it may not be long.
const MAX_HEADER: usize = 4 * 1024;

/// `None` if signing fails.
pub(crate) fn sign(claims: &[u8], key: &SigningKey) -> Option<String> {
    let mut token = [HEADER, ".", &base64::encode_url(claims)].concat();
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&base64::encode_url(signature));
    Some(token)
}

/// The text of the claims, once the signature over the received bytes has been found right.
pub(crate) fn verify(token: &str, key: &VerifyingKey) -> Result<Vec<u8>, VerificationError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(VerificationError::Shape)?;
    let (header, payload) = signed.split_once('.').ok_or(VerificationError::Shape)?;
    if payload.contains('.') || header.len() > MAX_HEADER {
        return Err(VerificationError::Shape);
    }
    check_header(header)?;
    let signature =
        base64::decode_url_array::<SIGNATURE_LEN>(signature).ok_or(VerificationError::Signature)?;
    if !key.verify(signed.as_bytes(), &signature) {
        return Err(VerificationError::Signature);
    }
    base64::decode_url(payload).ok_or(VerificationError::Claims)
}

fn check_header(header: &str) -> Result<(), VerificationError> {
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
    alg: Option<Text<'a>>,
    crit: Option<IgnoredAny>,
}

impl<'a> Object<'a> for Header<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "alg" => json::set(&mut self.alg, map),
            "crit" => json::set(&mut self.crit, map),
            _ => Ok(false),
        }
    }
}
