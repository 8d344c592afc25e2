//! One connection pool for each Tokio runtime.
//!
//! The runtime in which a connection is opened also drives it. A connection from a shared pool can belong to a runtime
//! that has ended, or whose only thread is blocked: a request that takes it hangs until its time-out. A program that
//! calls the client from several runtimes (the blocking client has one, and so does each `#[tokio::test]`) therefore
//! gets a pool in each.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

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
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = pools.iter().find(|(id, _)| *id == runtime.id()) {
            return Ok(client.clone());
        }
        let client = build()?;
        if pools.len() >= MAX_RUNTIMES {
            pools.pop_front();
        }
        pools.push_back((runtime.id(), client.clone()));
        Ok(client)
    }
}
