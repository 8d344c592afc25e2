//! Remembering which URLs were used up.

mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

pub use memory::MemoryGuard;
#[cfg(feature = "redis")]
pub use redis::RedisGuard;

use super::error::Error;

/// A use of a URL, to be remembered.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// What stands for the URL: the SHA-256 of its signed text.
    pub key: [u8; 32],
    /// The time, by the clock of the verifier.
    pub now: SystemTime,
    /// Until when the use has to be remembered.
    pub keep_until: SystemTime,
}

/// What a guard answers, when it is ready.
pub type ClaimFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Remembers which URLs were used up, for [`Verified::consume`](super::Verified::consume).
///
/// An implementation has to decide and to remember in one step, so that of two claims of one key at the same time
/// only one succeeds; and must never forget a claim before its `keep_until`. When in doubt it refuses.
pub trait ReplayGuard: Send + Sync {
    /// Remembers a claim.
    ///
    /// # Errors
    ///
    /// [`Error::Replayed`] if the key was claimed before, [`Error::GuardFull`] if there is no room to remember it,
    /// [`Error::Guard`] if the store failed or did not answer.
    fn claim(&self, claim: Claim) -> ClaimFuture<'_>;
}

impl<G: ReplayGuard + ?Sized> ReplayGuard for &G {
    fn claim(&self, claim: Claim) -> ClaimFuture<'_> {
        (**self).claim(claim)
    }
}

impl<G: ReplayGuard + ?Sized> ReplayGuard for Arc<G> {
    fn claim(&self, claim: Claim) -> ClaimFuture<'_> {
        (**self).claim(claim)
    }
}

impl<G: ReplayGuard + ?Sized> ReplayGuard for Box<G> {
    fn claim(&self, claim: Claim) -> ClaimFuture<'_> {
        (**self).claim(claim)
    }
}
