//! The client for code that is not async.
//!
//! Everything is as in the async client, less the `await`: the same configuration, errors, retries and time-outs.
//!
//! ```no_run
//! # fn handler(token: &str) -> Result<(), civic_sip::Error> {
//! use civic_sip::blocking::CivicSip;
//!
//! let civic = CivicSip::new("app id", "private signing key, hex", "secret, hex")?;
//! let user = civic.exchange_code(token)?;
//! println!("hello {}", user.email().unwrap_or("you"));
//! # Ok(())
//! # }
//! ```
//!
//! # Where it runs
//!
//! All clones of a client share one thread, which starts with the first exchange and ends when the last of them is
//! dropped. Exchanges from many threads go on side by side on it.
//!
//! The calling thread sleeps until the answer is there. In plain threads and inside `spawn_blocking` that is what one
//! wants. Inside an async task it works as well, but holds up every other task on the same thread, for up to the
//! [`timeout`](CivicSipBuilder::timeout): use the [async client](crate::CivicSip) there.

use std::fmt;

use http::Request;

use crate::{Error, Reply, UserData};

mod builder;
mod worker;

pub use builder::CivicSipBuilder;
use worker::SharedWorker;

pub use crate::client::global::blocking::exchange_code;

/// Exchanges code tokens for verified user data, blocking the calling thread. See [`crate::CivicSip`].
///
/// Make one when the program starts and clone it into every handler: clones are cheap.
#[derive(Clone)]
pub struct CivicSip {
    client: crate::CivicSip,
    worker: SharedWorker,
}

impl CivicSip {
    /// As [`crate::CivicSip::new`].
    ///
    /// # Errors
    ///
    /// `is_config`, naming everything that is missing or wrong.
    pub fn new(
        app_id: impl Into<String>,
        private_signing_key: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, Error> {
        crate::CivicSip::new(app_id, private_signing_key, secret).map(Self::from)
    }

    /// A client set up step by step.
    pub fn builder() -> CivicSipBuilder {
        crate::CivicSip::builder().into()
    }

    /// As [`crate::CivicSip::from_env`].
    ///
    /// # Errors
    ///
    /// `is_config`, naming everything that is missing or wrong.
    pub fn from_env() -> Result<Self, Error> {
        crate::CivicSip::from_env().map(Self::from)
    }

    /// Trades the token that the browser got for the data that the person released: as
    /// [`crate::CivicSip::exchange_code`], blocking the thread.
    ///
    /// # Errors
    ///
    /// As there. `is_config` if the system gives no thread, or if it is called by what it is waiting for: a
    /// [`Transport`](crate::Transport) or a clock of one's own.
    pub fn exchange_code(&self, token: impl AsRef<str>) -> Result<UserData, Error> {
        let (client, token) = (self.client.clone(), token.as_ref().to_owned());
        self.worker.run(async move { client.exchange_code(token).await })?
    }

    /// As [`crate::CivicSip::request`].
    ///
    /// # Errors
    ///
    /// `is_malformed` if the token is empty, longer than 16 KiB or not printable ASCII.
    pub fn request(&self, token: impl AsRef<str>) -> Result<Request<Vec<u8>>, Error> {
        self.client.request(token)
    }

    /// As [`crate::CivicSip::response`].
    ///
    /// # Errors
    ///
    /// `is_api` for a status other than 200; `is_malformed`, `is_verification` or `is_decryption` for what is wrong
    /// with the body.
    pub fn response(&self, status: u16, body: Vec<u8>) -> Result<Reply, Error> {
        self.client.response(status, body)
    }
}

/// A blocking client with the same configuration. It has connections of its own, as every runtime has: those of another
/// may be driven by the very thread that is blocked. A [`Transport`](crate::Transport) of one's own is shared.
impl From<crate::CivicSip> for CivicSip {
    fn from(client: crate::CivicSip) -> Self {
        Self { client, worker: SharedWorker::default() }
    }
}

/// Shows no key and no secret.
impl fmt::Debug for CivicSip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}
