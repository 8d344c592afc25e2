//! Whether the Tokio runtime that we stand in has what a connection needs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::{Handle, Id};

use crate::Error;

/// The runtime that we stand in.
///
/// # Errors
///
/// `is_config` if there is none.
pub(super) fn current() -> Result<Id, Error> {
    Handle::try_current().map(|handle| handle.id()).map_err(|_| {
        Error::config("the async client works inside a Tokio runtime only; call it from one, or use `civic_sip::blocking`")
    })
}

/// # Errors
///
/// `is_config` in a runtime without I/O or time.
pub(super) fn check_drivers() -> Result<(), Error> {
    if has_drivers() {
        return Ok(());
    }
    Err(Error::config("the Tokio runtime has no I/O or no time; build it with `enable_all()`"))
}

/// Tokio can't be asked: it panics where a driver is missing. So that happens here, caught and before anything is
/// sent, rather than in the middle of an exchange.
fn has_drivers() -> bool {
    let probe = || {
        drop(tokio::time::sleep(Duration::ZERO));
        // A socket that is bound to nothing is enough to need the I/O driver. Where the system gives none, the
        // exchange itself will say so.
        if let Ok(socket) = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))
            && socket.set_nonblocking(true).is_ok()
        {
            drop(tokio::net::UdpSocket::from_std(socket));
        }
    };
    catch_unwind(AssertUnwindSafe(probe)).is_ok()
}

/// Waits, where there is a Tokio runtime with time to wait in; elsewhere it says `false` at once.
///
/// A transport of the user's own works without a runtime, so that nothing says that there is one.
pub(crate) async fn wait(duration: Duration) -> bool {
    if Handle::try_current().is_err() {
        return false;
    }
    // Made where a panic is caught, as in `has_drivers`.
    match catch_unwind(AssertUnwindSafe(|| tokio::time::sleep(duration))) {
        Ok(sleep) => {
            sleep.await;
            true
        }
        Err(_) => false,
    }
}
