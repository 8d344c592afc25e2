//! The guard that many machines share.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{ExistenceCheck, SetExpiry, SetOptions};

use super::{Claim, ClaimFuture, ReplayGuard};
use crate::authsig::error::Error;

/// How long a command may take before the URL is refused.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

const DEFAULT_PREFIX: &str = "authsig:used:";

/// Remembers used URLs in Redis 6.2 or later, for any number of processes and machines (feature `redis`).
///
/// Each use is one atomic `SET … NX EXAT`, and its entry expires by itself. An error, a connection lost or a
/// time-out refuses the URL, which then counts as used if the command did reach Redis. The Redis has to keep what
/// it is given: no eviction (`maxmemory-policy noeviction`), and replicas that lose writes lose uses.
///
/// ```no_run
/// # async fn consume(verified: civic_sip::authsig::Verified) -> Result<(), civic_sip::authsig::Error> {
/// use civic_sip::authsig::RedisGuard;
///
/// let guard = RedisGuard::connect("redis://127.0.0.1:6379/0").await?;
/// verified.consume(&guard).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisGuard {
    connection: ConnectionManager,
    prefix: String,
}

impl RedisGuard {
    /// Connects to a Redis, `redis://[user:password@]host[:port][/database]`, with 5 seconds for each command.
    /// The connection is made anew when it is lost. Clones share it.
    ///
    /// # Errors
    ///
    /// [`Error::Guard`] if the URL is not one of a Redis, or there is no Redis to be reached.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::connect_with_timeout(url, DEFAULT_TIMEOUT).await
    }

    /// Like [`connect`](Self::connect), with another time limit for connecting and for each command.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    pub async fn connect_with_timeout(url: &str, timeout: Duration) -> Result<Self, Error> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let client = redis::Client::open(url).map_err(failed)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout))
            .set_number_of_retries(1);
        let connection =
            ConnectionManager::new_with_config(client, config).await.map_err(failed)?;
        Ok(Self { connection, prefix: DEFAULT_PREFIX.to_owned() })
    }

    /// Puts another prefix before the keys than `authsig:used:`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn remember(&self, claim: Claim) -> Result<(), Error> {
        let until = expires_at(&claim, SystemTime::now()).ok_or(Error::TimeOutOfRange)?;
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::EXAT(until));
        let key = format!("{}{}", self.prefix, hex::encode(claim.key));
        let answer: Option<String> = redis::cmd("SET")
            .arg(key)
            .arg(1)
            .arg(options)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        match answer.as_deref() {
            Some("OK") => Ok(()),
            _ => Err(Error::Replayed),
        }
    }
}

/// In epoch seconds by Redis's clock, rounded up. Where the verifier's clock is behind the real one, Redis would
/// drop the entry at once: it keeps it as long from now on as the verifier would.
fn expires_at(claim: &Claim, now: SystemTime) -> Option<u64> {
    let behind = now.duration_since(claim.now).unwrap_or_default();
    let until = claim.keep_until.checked_add(behind)?.duration_since(UNIX_EPOCH).ok()?;
    // Redis counts milliseconds in a signed 64-bit number.
    until.as_secs().checked_add(1).filter(|until| *until < i64::MAX as u64 / 1000)
}

/// The cause tells neither the URL nor the password of the Redis.
fn failed(error: redis::RedisError) -> Error {
    Error::Guard(Arc::new(error))
}

impl ReplayGuard for RedisGuard {
    fn claim(&self, claim: Claim) -> ClaimFuture<'_> {
        Box::pin(self.remember(claim))
    }
}

impl fmt::Debug for RedisGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisGuard").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
