//! Random ids.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The system gives no random bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub(crate) struct RandomError;

/// Makes `N` random bytes, as base64url.
pub(crate) fn id<const N: usize>() -> Result<String, RandomError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Numbers the requests of an instance, so that its log can be searched for one of them.
#[derive(Debug)]
pub(crate) struct RequestIds {
    instance: String,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Result<Self, RandomError> {
        Ok(Self { instance: id::<6>()?, next: AtomicU64::new(1) })
    }

    pub(crate) fn next(&self) -> String {
        format!("{}-{}", self.instance, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    hash
}
