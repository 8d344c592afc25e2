//! The Tokio runtime of the caller: time limits, waits and threads for long work.
//!
//! With a transport of the user's own there may be no runtime. Then nothing is limited and nothing waits.

use std::time::Duration;

#[cfg(feature = "client")]
pub(super) use tokio::time::Instant;

#[cfg(not(feature = "client"))]
pub(super) use std::time::Instant;

use crate::Error;

/// Runs `future` for at most `limit`. `None` if the time runs out.
#[cfg(feature = "client")]
pub(super) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Some(future.await);
    }
    tokio::time::timeout(limit, future).await.ok()
}

#[cfg(not(feature = "client"))]
pub(super) async fn timeout<F: Future>(_: Duration, future: F) -> Option<F::Output> {
    Some(future.await)
}

/// Waits and returns `true`, or returns `false` at once where there is no runtime.
#[cfg(feature = "client")]
pub(super) async fn sleep(duration: Duration) -> bool {
    let runs = tokio::runtime::Handle::try_current().is_ok();
    if runs {
        tokio::time::sleep(duration).await;
    }
    runs
}

#[cfg(not(feature = "client"))]
pub(super) async fn sleep(_: Duration) -> bool {
    false
}

/// Runs `work` on a thread for blocking work.
#[cfg(feature = "client")]
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::runtime::Handle::try_current() {
        Err(_) => work(),
        Ok(runtime) => runtime
            .spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(Error::Transport(error.into()))),
    }
}

#[cfg(not(feature = "client"))]
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    work()
}
