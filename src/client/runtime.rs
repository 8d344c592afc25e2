//! The Tokio runtime of the caller: waits and threads for long work.
//!
//! With a transport of the user's own there may be no runtime. Then nothing waits.

use std::time::Duration;

#[cfg(feature = "client")]
pub(super) use tokio::time::Instant;

#[cfg(not(feature = "client"))]
pub(super) use std::time::Instant;

use crate::Error;

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

/// Runs `work` on a thread for blocking work, and waits for it for at most `limit`: all those threads may be busy.
#[cfg(feature = "client")]
pub(super) async fn run_blocking<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return work() };
    let mut task = runtime.spawn_blocking(work);
    match tokio::time::timeout(limit, &mut task).await {
        Ok(Ok(result)) => result,
        // The message of a panic may contain anything.
        Ok(Err(_)) => Err(Error::Transport("the verification panicked or was cancelled".into())),
        Err(elapsed) => {
            task.abort();
            Err(Error::Timeout(elapsed.into()))
        }
    }
}

#[cfg(not(feature = "client"))]
pub(super) async fn run_blocking<T: Send + 'static>(
    _: Duration,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    work()
}
