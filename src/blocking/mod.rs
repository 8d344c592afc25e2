//! The client for code that is not async.
//!
//! Configuration, errors, retries and time-outs are those of the async client.
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
//! # Threads
//!
//! All clones of a client share one thread for I/O, which starts with the first exchange and ends when the last clone is
//! dropped. Exchanges from many threads run side by side on it; large responses are verified on threads of their own.
//!
//! The calling thread sleeps until the exchange ends. In plain threads and inside `spawn_blocking` that is harmless.
//! Inside an async task it works, too, but holds up every other task on the same thread, for up to the
//! [`timeout`](CivicSipBuilder::timeout): use the [async client](crate::CivicSip) there.
//!
//! A `fork` copies only the thread that calls it: create the client in the child process. One that exchanged a token
//! before the fork waits forever after it.

use std::fmt;

use http::Request;

use crate::{Error, Reply, UserData};

mod builder;
mod global;
mod worker;

pub use builder::CivicSipBuilder;
pub use global::exchange_code;
use worker::SharedWorker;

/// Exchanges code tokens for verified user data, and blocks the calling thread. See [`crate::CivicSip`].
///
/// Create one when the program starts and clone it into every handler: clones are cheap.
///
/// ```
#[doc = include_str!("../docs/setup/blocking.md")]
/// let handlers: Vec<_> = (0..4).map(|_| civic.clone()).collect();
/// let user = handlers[0].exchange_code(token)?;
/// assert_eq!(user.user_id(), "36a59d10");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CivicSip {
    client: crate::CivicSip,
    worker: SharedWorker,
}

impl CivicSip {
    /// Returns the id of the app.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/blocking.md")]
    /// assert_eq!(civic.app_id(), sandbox.app_id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn app_id(&self) -> &str {
        self.client.app_id()
    }

    /// Creates a client as [`crate::CivicSip::new`] does.
    ///
    /// # Errors
    ///
    /// `is_config`, with everything that is missing or wrong.
    ///
    /// ```
    /// # let (private_signing_key, secret) = ("1".repeat(64), "2".repeat(32));
    /// let civic = civic_sip::blocking::CivicSip::new("app42", private_signing_key, secret)?;
    /// assert_eq!(civic.app_id(), "app42");
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn new(
        app_id: impl Into<String>,
        private_signing_key: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, Error> {
        crate::CivicSip::new(app_id, private_signing_key, secret).map(Self::from)
    }

    /// Returns a builder that configures a client step by step.
    ///
    /// ```
    /// # let (private_signing_key, secret) = ("1".repeat(64), "2".repeat(32));
    /// let civic = civic_sip::blocking::CivicSip::builder()
    ///     .app_id("app42")
    ///     .private_signing_key(private_signing_key)
    ///     .secret(secret)
    ///     .build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn builder() -> CivicSipBuilder {
        crate::CivicSip::builder().into()
    }

    /// Creates a client as [`crate::CivicSip::from_env`] does.
    ///
    /// # Errors
    ///
    /// `is_config`, with everything that is missing or wrong.
    ///
    /// ```no_run
    /// // CIVIC_APP_ID=… CIVIC_PRIVATE_SIGNING_KEY=… CIVIC_SECRET=… CIVIC_ENV=dev
    /// let civic = civic_sip::blocking::CivicSip::from_env()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        crate::CivicSip::from_env().map(Self::from)
    }

    /// Exchanges a token as [`crate::CivicSip::exchange_code`] does, and blocks the thread.
    ///
    /// # Errors
    ///
    /// The same as there, and `is_config` if the system provides no thread, or if a
    /// [`Transport`](crate::Transport) of your own calls it during an exchange.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/blocking.md")]
    /// let user = civic.exchange_code(&token)?;
    /// assert_eq!(user.user_id(), "36a59d10");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exchange_code(&self, token: impl AsRef<str>) -> Result<UserData, Error> {
        let (client, token) = (self.client.clone(), token.as_ref().to_owned());
        self.worker.run(async move { client.exchange_code(token).await })?
    }

    /// Returns the request as [`crate::CivicSip::request`] does.
    ///
    /// # Errors
    ///
    /// `is_malformed` if the token is empty, longer than 16 KiB or not printable ASCII.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/blocking.md")]
    /// assert_eq!(civic.request(&token)?.uri().path(), "/prod/scopeRequest/authCode");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self, token: impl AsRef<str>) -> Result<Request<Vec<u8>>, Error> {
        self.client.request(token)
    }

    /// Verifies a response as [`crate::CivicSip::response`] does.
    ///
    /// # Errors
    ///
    /// `is_api` for a status other than 200; `is_malformed`, `is_verification` or `is_decryption` for a body that is
    /// rejected.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/blocking.md")]
    /// let error = civic.response(400, b"used up".to_vec()).unwrap_err();
    /// assert_eq!((error.status(), error.body()), (Some(400), Some("used up")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn response(&self, status: u16, body: Vec<u8>) -> Result<Reply, Error> {
        self.client.response(status, body)
    }
}

/// Creates a blocking client with the same configuration. It has connections of its own; a
/// [`Transport`](crate::Transport) of your own is shared.
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
