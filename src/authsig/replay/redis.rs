//! The guard that many machines share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{ExistenceCheck, SetExpiry, SetOptions};

use super::{Claim, ClaimFuture, ReplayGuard};
use crate::authsig::error::ReplayError;

/// The time limit of a command, after which the link is refused.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

const DEFAULT_PREFIX: &str = "authsig:used:";

/// Remembers used links in Redis, for any number of processes and machines (feature `redis`).
///
/// Each use is one atomic `SET … NX EX`, counted by the clock of Redis, and its entry expires by itself. An error, a lost
/// connection or a time-out refuses the link, which counts as used if the command did reach Redis.
///
/// # Requirements on Redis
///
/// A use that Redis forgets is a link that can be used again. It must keep what it is given:
///
/// - `appendonly yes` and `appendfsync always`, so that a crash loses no use; `everysec` loses those of a second, and
///   snapshots (`save`) those of minutes;
/// - `maxmemory-policy noeviction`, so that it refuses rather than evicts;
/// - a single primary: replication is asynchronous, so a failover may lose the last uses.
///
/// The clocks of the app's machines must agree within 10 minutes: one that is further ahead when it uses a link up lets
/// Redis forget the use before the link has expired by the other clocks.
///
/// ```no_run
/// # async fn consume(verified: civic_sip::authsig::Verified) -> Result<(), civic_sip::authsig::ReplayError> {
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
    timeout: Duration,
}

impl RedisGuard {
    /// Connects to a Redis, `redis://[user:password@]host[:port][/database]`, with 5 seconds for each command.
    /// The connection is made anew when it is lost. Clones share it.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Guard`] if the URL is not one of a Redis, if no Redis can be reached, and outside of a Tokio runtime.
    ///
    /// ```
    /// # use civic_sip::authsig::{RedisGuard, ReplayError};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let error = RedisGuard::connect("https://redis.example").await.unwrap_err();
    /// assert!(matches!(error, ReplayError::Guard(_)));
    /// # }
    /// ```
    pub async fn connect(url: &str) -> Result<Self, ReplayError> {
        Self::connect_with_timeout(url, DEFAULT_TIMEOUT).await
    }

    /// Connects with another time limit for connecting and for each command.
    ///
    /// # Errors
    ///
    /// The errors of [`connect`](Self::connect).
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), civic_sip::authsig::ReplayError> {
    /// # use std::time::Duration;
    /// # use civic_sip::authsig::RedisGuard;
    /// let url = "redis://127.0.0.1:6379/0";
    /// let guard = RedisGuard::connect_with_timeout(url, Duration::from_secs(1)).await?;
    /// # Ok(()) }
    /// ```
    pub async fn connect_with_timeout(url: &str, timeout: Duration) -> Result<Self, ReplayError> {
        check_runtime()?;
        let client = redis::Client::open(url).map_err(failed)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout))
            .set_number_of_retries(1);
        let connection =
            ConnectionManager::new_with_config(client, config).await.map_err(failed)?;
        Ok(Self { connection, prefix: DEFAULT_PREFIX.to_owned(), timeout })
    }

    /// Puts another prefix before the keys than `authsig:used:`.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), civic_sip::authsig::ReplayError> {
    /// # use civic_sip::authsig::RedisGuard;
    /// let guard = RedisGuard::connect("redis://127.0.0.1:6379/0").await?.prefix("my-app:used:");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn remember(&self, claim: Claim) -> Result<(), ReplayError> {
        check_runtime()?;
        // Rounded up: an entry must not end early.
        let seconds = claim.keep_for.as_secs().saturating_add(1);
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::EX(seconds));
        let key = format!("{}{}", self.prefix, hex::encode(claim.key));
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("SET");
        let answer =
            command.arg(key).arg(1).arg(options).query_async::<Option<String>>(&mut connection);
        // Beside the limits of the connection, which count connecting and the response apart.
        let answer = tokio::time::timeout(self.timeout, answer)
            .await
            .map_err(|elapsed| ReplayError::Guard(Arc::new(elapsed)))?
            .map_err(failed)?;
        match answer.as_deref() {
            Some("OK") => Ok(()),
            _ => Err(ReplayError::Replayed),
        }
    }
}

/// Without a runtime, redis panics.
fn check_runtime() -> Result<(), ReplayError> {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => Ok(()),
        Err(error) => Err(ReplayError::Guard(Arc::new(error))),
    }
}

/// The cause tells neither the URL nor the password of the Redis.
fn failed(error: redis::RedisError) -> ReplayError {
    ReplayError::Guard(Arc::new(error))
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
