//! The guard of a single process.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::{Claim, ClaimFuture, ReplayGuard};
use crate::authsig::error::ReplayError;

/// Remembers used links in memory, up to a number of them.
///
/// It is for **one process that does not restart** while links are alive: another process or machine knows nothing of it,
/// and after a restart every link that has not expired can be used once more. Where that matters, use a guard with a
/// store, such as `RedisGuard` (feature `redis`).
///
/// It never forgets a link that is alive: when it is full of those it refuses with [`ReplayError::GuardFull`]. An entry
/// takes about 200 bytes. It needs no async runtime.
///
/// ```
/// # use std::time::Duration;
/// use civic_sip::authsig::{MemoryGuard, ReplayError, Signer, Verifier};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let signer = Signer::builder().secret("at least sixteen bytes").expires_in(Duration::from_secs(60)).single_use().build()?;
/// # let verified = Verifier::new("at least sixteen bytes")?.verify_url(&signer.sign_url("/join")?)?;
/// let guard = MemoryGuard::new(10_000); // one for the whole process
/// verified.consume(&guard).await?;
/// assert!(matches!(verified.consume(&guard).await, Err(ReplayError::Replayed)));
/// # Ok(()) }
/// ```
pub struct MemoryGuard {
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    keys: HashSet<[u8; 32]>,
    by_end: BTreeSet<(SystemTime, [u8; 32])>,
}

impl MemoryGuard {
    /// Makes a guard for this many links that have been used and have not yet expired (plus 10 minutes).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use civic_sip::authsig::{MemoryGuard, ReplayError, Signer, Verifier};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let signer = Signer::builder().secret("at least sixteen bytes").expires_in(Duration::from_secs(60)).single_use().build()?;
    /// # let verified = Verifier::new("at least sixteen bytes")?.verify_url(&signer.sign_url("/join")?)?;
    /// let no_room = MemoryGuard::new(0);
    /// assert!(matches!(verified.consume(&no_room).await, Err(ReplayError::GuardFull)));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    fn remember(&self, claim: &Claim) -> Result<(), ReplayError> {
        // No code that holds the lock can leave the entries half changed in a way that forgets one.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.keys.contains(&claim.key) {
            return Err(ReplayError::Replayed);
        }
        // Nothing is forgotten before room is needed: that way a clock set back finds most entries still there.
        while entries.keys.len() >= self.capacity {
            match entries.by_end.first() {
                Some((end, _)) if *end < claim.now => {
                    if let Some((_, key)) = entries.by_end.pop_first() {
                        entries.keys.remove(&key);
                    }
                }
                _ => return Err(ReplayError::GuardFull),
            }
        }
        let end = claim.now.checked_add(claim.keep_for).ok_or(ReplayError::GuardFull)?;
        entries.keys.insert(claim.key);
        entries.by_end.insert((end, claim.key));
        Ok(())
    }
}

impl ReplayGuard for MemoryGuard {
    fn claim(&self, claim: Claim) -> ClaimFuture<'_> {
        Box::pin(std::future::ready(self.remember(&claim)))
    }
}

impl fmt::Debug for MemoryGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryGuard").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
