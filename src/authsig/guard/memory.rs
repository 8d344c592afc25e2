//! The guard of a single process.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::{Claim, ClaimFuture, ReplayGuard};
use crate::authsig::error::Error;

/// Entries of the default guard, about 20 MB when full.
const DEFAULT_CAPACITY: usize = 100_000;

/// Remembers used URLs in memory, up to a number of them.
///
/// For **one process**: another process or machine knows nothing of it, and a restart forgets everything, so that
/// every URL that has not expired can be used once more. It never forgets an entry that may still matter: when
/// it is full of those it refuses with [`Error::GuardFull`].
///
/// It needs no async runtime.
///
/// ```
/// use std::time::Duration;
/// use civic_sip::authsig::{Error, MemoryGuard, Signer, Verifier};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// let guard = MemoryGuard::new(10_000);
/// let signer = Signer::new("at least sixteen bytes").expires_in(Duration::from_secs(3600)).single_use();
/// let verified = Verifier::new("at least sixteen bytes").verify_query(&signer.sign_query("login=user_1")?)?;
/// verified.consume(&guard).await?;
/// assert!(matches!(verified.consume(&guard).await, Err(Error::Replayed)));
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
    /// A guard for so many URLs that have been used and not yet expired (plus 11 minutes).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    fn remember(&self, claim: &Claim) -> Result<(), Error> {
        // No code that holds the lock can leave the entries half changed in a way that forgets one.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.keys.contains(&claim.key) {
            return Err(Error::Replayed);
        }
        // Nothing is forgotten before room is needed: that way a clock set back finds most entries still there.
        while entries.keys.len() >= self.capacity {
            match entries.by_end.first() {
                Some((end, _)) if *end < claim.now => {
                    if let Some((_, key)) = entries.by_end.pop_first() {
                        entries.keys.remove(&key);
                    }
                }
                _ => return Err(Error::GuardFull),
            }
        }
        entries.keys.insert(claim.key);
        entries.by_end.insert((claim.keep_until, claim.key));
        Ok(())
    }
}

/// A guard for 100,000 URLs.
impl Default for MemoryGuard {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
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
