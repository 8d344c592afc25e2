//! bcrypt of a SHA-256 digest.

use std::hint::black_box;

use bcrypt::{HashParts, Version, hash_with_salt};

use crate::authsig::error::{LegacyError, SignError, VerifyError};
use crate::crypto;

/// The least work that bcrypt can be asked for.
pub(super) const MIN_COST: u32 = 4;

/// The most work that is ever done for one signature: some seconds.
pub(super) const MAX_COST: u32 = 16;

/// Signs a text.
pub(super) fn sign(text: &[u8], cost: u32) -> Result<String, SignError> {
    let digest = crypto::sha256(text);
    if digest.contains(&0) {
        return Err(LegacyError::NulInDigest.into());
    }
    let salt = crypto::random().ok_or(SignError::NoRandomness)?;
    let parts = hash_with_salt(digest, cost, salt)
        .map_err(|_| LegacyError::CostTooHigh { cost, limit: MAX_COST })?;
    Ok(parts.format_for_version(Version::TwoA))
}

/// A signature of the right form, with its cost.
pub(super) struct Signature<'s> {
    text: &'s str,
    parts: HashParts,
}

impl<'s> Signature<'s> {
    /// Parses `$2a$`, two digits, `$`, and 53 characters of bcrypt's base64: no other spelling.
    pub(super) fn parse(text: &'s str) -> Result<Self, VerifyError> {
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
        let (cost, rest) = text
            .strip_prefix("$2a$")
            .and_then(|rest| rest.split_once('$'))
            .ok_or(VerifyError::MalformedSignature)?;
        let is_cost = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        if !is_cost || rest.len() != 53 || !rest.bytes().all(is_base64) {
            return Err(VerifyError::MalformedSignature);
        }
        let parts: HashParts = text.parse().map_err(|_| VerifyError::MalformedSignature)?;
        // What bcrypt knows, whatever the verifier allows.
        if !(MIN_COST..=31).contains(&parts.get_cost()) {
            return Err(VerifyError::MalformedSignature);
        }
        Ok(Self { text, parts })
    }

    /// Returns the work that verifying takes: it doubles with each step.
    pub(super) fn cost(&self) -> u32 {
        self.parts.get_cost()
    }

    /// Verifies the signature of a text. The caller has checked the cost.
    ///
    /// The digest of another text, and one with a NUL byte, are told apart neither by the error nor by the time.
    pub(super) fn verify(&self, text: &[u8]) -> Result<(), VerifyError> {
        let digest = crypto::sha256(text);
        let made = hash_with_salt(digest, self.cost(), self.parts.get_salt_raw())
            .map_err(|_| VerifyError::MalformedSignature)?
            .format_for_version(Version::TwoA);
        // Libraries that cut at a NUL byte made signatures that fit many digests. None is skipped, to take equal time.
        let nul = digest.iter().fold(0, |nul, byte| nul | u8::from(*byte == 0));
        let other = made.bytes().zip(self.text.bytes()).fold(nul, |all, (a, b)| all | (a ^ b));
        if made.len() == self.text.len() && black_box(other) == 0 {
            Ok(())
        } else {
            Err(VerifyError::Mismatch)
        }
    }
}
