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

/// The time after its expiry for which a used link is remembered: the clocks of several machines differ.
pub(super) const KEPT_AFTER_EXPIRY: Duration = Duration::from_secs(600);

/// A use of a link, to be remembered.
///
/// ```
/// use civic_sip::authsig::Claim;
///
/// /// Returns the name under which a store keeps the claim, and for how many seconds.
/// fn entry(claim: &Claim) -> (String, u64) {
///     (hex::encode(claim.key), claim.keep_for.as_secs() + 1) // rounded up
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// Identifies the link: the SHA-256 of its signed text.
    pub key: [u8; 32],
    /// The time, by the clock of the verifier.
    pub now: SystemTime,
    /// The time for which the use has to be remembered: until 10 minutes after the expiry.
    ///
    /// A shared store counts it by its own clock, since the clocks of machines may differ by up to 10 minutes.
    pub keep_for: Duration,
}

impl Claim {
    /// Makes a claim, as to test a [`ReplayGuard`] of one's own.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use civic_sip::authsig::{Claim, MemoryGuard, ReplayError, ReplayGuard};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let guard = MemoryGuard::new(100);
    /// let claim = Claim::new([7; 32], SystemTime::now(), Duration::from_secs(600));
    /// assert!(guard.claim(claim).await.is_ok());
    /// assert!(matches!(guard.claim(claim).await, Err(ReplayError::Replayed)));
    /// # }
    /// ```
    pub fn new(key: [u8; 32], now: SystemTime, keep_for: Duration) -> Self {
        Self { key, now, keep_for }
    }
}

/// The answer of a guard, when it is ready.
pub type ClaimFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ReplayError>> + Send + 'a>>;

/// Remembers which links were used up, for [`Verified::consume`](super::Verified::consume).
///
/// An implementation decides and remembers in one step, so that of two claims of one key at the same time only one
/// succeeds. It never forgets a claim too early, not by eviction and not by a restart: a forgotten claim is a link that
/// can be used again. When in doubt it refuses.
///
/// ```
/// use std::collections::HashSet;
/// use std::sync::Mutex;
/// use civic_sip::authsig::{Claim, ClaimFuture, ReplayError, ReplayGuard};
///
/// /// Never forgets, and so never has to refuse; for tests.
/// #[derive(Default)]
/// struct Forever(Mutex<HashSet<[u8; 32]>>);
///
/// impl ReplayGuard for Forever {
///     fn claim(&self, claim: Claim) -> ClaimFuture<'_> {
///         let is_new = self.0.lock().is_ok_and(|mut keys| keys.insert(claim.key));
///         Box::pin(async move { if is_new { Ok(()) } else { Err(ReplayError::Replayed) } })
///     }
/// }
/// ```
pub trait ReplayGuard: Send + Sync {
    /// Remembers a claim.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Replayed`] if the key was claimed before, [`ReplayError::GuardFull`] if there is no room to
    /// remember it, [`ReplayError::Guard`] if the store failed or did not answer in time.
    ///
    /// ```
    /// # use civic_sip::authsig::{Claim, ClaimFuture, ReplayError, ReplayGuard};
    /// /// Refuses every link, for instance while the store is moved.
    /// struct Closed;
    ///
    /// impl ReplayGuard for Closed {
    ///     fn claim(&self, _: Claim) -> ClaimFuture<'_> {
    ///         Box::pin(async { Err(ReplayError::GuardFull) })
    ///     }
    /// }
    /// ```
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
