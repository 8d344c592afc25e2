//! Remembering which links were used up.

mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use memory::MemoryGuard;
#[cfg(feature = "redis")]
pub use redis::RedisGuard;

use super::error::ReplayError;

/// How long after its expiry a used link is remembered: the clocks of several machines differ.
pub(super) const KEPT_AFTER_EXPIRY: Duration = Duration::from_secs(600);

/// A use of a link, to be remembered.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// Identifies the link: the SHA-256 of its signed text.
    pub key: [u8; 32],
    /// The time, by the clock of the verifier.
    pub now: SystemTime,
    /// How long the use has to be remembered, from now on: until 10 minutes after the expiry.
    ///
    /// A shared store counts this by its own clock, since clocks differ: by up to 10 minutes they may.
    pub keep_for: Duration,
}

/// The answer of a guard, when it is ready.
pub type ClaimFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ReplayError>> + Send + 'a>>;

/// Remembers which links were used up, for [`Verified::consume`](super::Verified::consume).
///
/// An implementation decides and remembers in one step, so that of two claims of one key at the same time only one
/// succeeds. It never forgets a claim too early, not by eviction and not by a restart: a forgotten claim is a link that
/// can be used again. When in doubt it refuses.
pub trait ReplayGuard: Send + Sync {
    /// Remembers a claim.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Replayed`] if the key was claimed before, [`ReplayError::GuardFull`] if there is no room to
    /// remember it, [`ReplayError::Guard`] if the store failed or did not answer in time.
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
