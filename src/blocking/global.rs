//! The client of the process, without async.

use std::sync::LazyLock;

use super::worker::SharedWorker;
use crate::client::global;
use crate::{Error, UserData};

/// One thread, whichever client is configured.
static WORKER: LazyLock<SharedWorker> = LazyLock::new(SharedWorker::default);

/// Exchanges a token with the client that [`configure`](crate::configure) has configured, and blocks the thread.
///
/// # Errors
///
/// `is_config` if nothing was configured; else as [`CivicSip::exchange_code`](super::CivicSip::exchange_code).
///
/// ```no_run
/// # fn handler(token: &str) -> Result<(), civic_sip::Error> {
/// let user = civic_sip::blocking::exchange_code(token)?;
/// # Ok(())
/// # }
/// ```
pub fn exchange_code(token: impl AsRef<str>) -> Result<UserData, Error> {
    let (client, token) = (global::client()?, token.as_ref().to_owned());
    WORKER.run(async move { client.exchange_code(token).await })?
}
