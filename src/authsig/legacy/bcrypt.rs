//! bcrypt of a digest.

use std::hint::black_box;

use bcrypt::{HashParts, Version, hash_with_salt};

use crate::authsig::error::Error;
use crate::crypto;

/// The SHA-256 of a text, unless bcrypt would see only the beginning of it.
pub(super) fn digest(text: &[u8]) -> Result<[u8; 32], Error> {
    let digest = crypto::sha256(text);
    if digest.contains(&0) { Err(Error::NulInDigest) } else { Ok(digest) }
}

pub(super) fn sign(digest: &[u8; 32], cost: u32) -> Result<String, Error> {
    let salt = crypto::random().ok_or(Error::NoRandomness)?;
    let parts = hash_with_salt(digest, cost, salt).map_err(|_| Error::BadCost)?;
    Ok(parts.format_for_version(Version::TwoA))
}

/// The caller has checked the cost.
pub(super) fn verify(digest: &[u8; 32], signature: &str) -> Result<(), Error> {
    let given: HashParts = signature.parse().map_err(|_| Error::MalformedSignature)?;
    let made = hash_with_salt(digest, given.get_cost(), given.get_salt_raw())
        .map_err(|_| Error::MalformedSignature)?
        .format_for_version(Version::TwoA);
    // Also when the first bytes differ all are looked at.
    let difference = made.bytes().zip(signature.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    if made.len() == signature.len() && black_box(difference) == 0 {
        Ok(())
    } else {
        Err(Error::Mismatch)
    }
}
