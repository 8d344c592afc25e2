//! One connection pool for each Tokio runtime.
//!
//! The runtime in which a connection is opened also drives it. A connection from a shared pool can belong to a runtime
//! that has ended, or whose only thread is blocked: a request that takes it hangs until its time-out. A program that
//! calls the client from several runtimes (the blocking client has one, and so does each `#[tokio::test]`) therefore
//! gets a pool in each.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Client;
use tokio::runtime::{Handle, Id};

use crate::transport::TransportError;

/// Pools that are kept. A program with more runtimes opens connections anew in those that it used longest ago.
const MAX_RUNTIMES: usize = 16;

#[derive(Default)]
pub(super) struct Pools(Mutex<VecDeque<(Id, Client)>>);

impl Pools {
    /// Returns the client of the current runtime, and builds it the first time.
    ///
    /// # Errors
    ///
    /// `Unusable` outside of a Tokio runtime; the error of `build`.
    pub(super) fn get_or_try_init(
        &self,
        build: impl FnOnce() -> Result<Client, TransportError>,
    ) -> Result<Client, TransportError> {
        let runtime = Handle::try_current().map_err(|_| {
            TransportError::Unusable(
                "the async client works inside a Tokio runtime only; call it from one, or use `civic_sip::blocking`"
                    .into(),
            )
        })?;
        if let Some(client) = self.get(runtime.id()) {
            return Ok(client);
        }
        // Not under the lock: it loads certificates. Of two that are built at once, the first is kept.
        let built = build()?;
        let client = self.get(runtime.id()).unwrap_or(built);
        let mut pools = self.lock();
        pools.retain(|(id, _)| *id != runtime.id());
        if pools.len() >= MAX_RUNTIMES {
            pools.pop_front();
        }
        pools.push_back((runtime.id(), client.clone()));
        Ok(client)
    }

    /// Returns the client of a runtime, which from now on is the last one used.
    fn get(&self, runtime: Id) -> Option<Client> {
        let mut pools = self.lock();
        let at = pools.iter().position(|(id, _)| *id == runtime)?;
        let pool = pools.remove(at)?;
        let client = pool.1.clone();
        pools.push_back(pool);
        Some(client)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Id, Client)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
