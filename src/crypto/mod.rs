//! The few primitives that SIP and AuthSig need, from the backend chosen when the crate is compiled.
//!
//! Both backends have the same types and methods: `SigningKey`, `VerifyingKey` (ECDSA P-256 with SHA-256,
//! signatures as the 64 bytes r ‖ s), `HmacKey` (HMAC-SHA256), `CbcKey` (AES-128-CBC with PKCS#7 padding),
//! `sha256` and `random`. Keys are read once, when they are made; no backend holds process-wide state.

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
compile_error!(
    "civic-sip-client needs a cryptography backend: turn on the feature `aws-lc-rs` (the default) or `rust-crypto`"
);

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
// Beside aws-lc-rs the other backend does no work, but its tests still run.
#[cfg(all(feature = "rust-crypto", any(test, not(feature = "aws-lc-rs"))))]
mod rust_crypto;
#[cfg(test)]
mod tests;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc::*;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
pub(crate) use rust_crypto::*;

/// Length of an ECDSA P-256 signature as r ‖ s (RFC 7518, section 3.4).
pub(crate) const SIGNATURE_LEN: usize = 64;

/// Length of an uncompressed P-256 point: `04`, x, y (SEC 1, section 2.3.3).
pub(crate) const PUBLIC_KEY_LEN: usize = 65;
