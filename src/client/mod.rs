//! The client: the protocol, a transport and a clock.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use http::Request;

use crate::clock::Clock;
use crate::protocol::app::{App, Response};
use crate::transport::Transport;
use crate::{Error, UserData};

mod build;
mod builder;
mod config_errors;
mod credentials;
mod environment;
mod exchange;
pub(crate) mod global;
mod payload_hosts;
mod reply;
mod retry;
mod runtime;
mod trace;
mod transports;

pub use builder::CivicSipBuilder;
pub use environment::Environment;
use payload_hosts::PayloadHosts;
pub use reply::{PayloadLink, Reply};
use trace::Trace;

/// Exchanges code tokens for verified user data.
///
/// Create one when the program starts and clone it into every handler: clones are cheap, and share one connection pool
/// and keys that were read once.
///
/// ```no_run
/// # async fn handler(token: &str) -> Result<(), civic_sip::Error> {
/// use civic_sip::CivicSip;
///
/// let civic = CivicSip::new("app id", "private signing key, hex", "secret, hex")?;
/// let user = civic.exchange_code(token).await?;
/// println!("hello {}", user.email().unwrap_or("you"));
/// # Ok(())
/// # }
/// ```
///
/// # Trust in a response
///
/// The service signed the items for this app within the life of the token, 30 minutes. Nothing in the response but TLS
/// ties it to *this* request, and the user id is not signed: whoever can respond in the service's place can replay
/// another response to the same app that is up to 30 minutes old.
#[derive(Clone)]
pub struct CivicSip(Arc<Inner>);

struct Inner {
    app: App,
    clock: Clock,
    transport: Arc<dyn Transport>,
    /// For links in responses.
    payload_transport: Arc<dyn Transport>,
    payload_hosts: PayloadHosts,
    max_response_bytes: usize,
    limits: retry::Limits,
}

impl CivicSip {
    /// Creates a client for the production stage of the hosted service. The arguments are in the order of the gem.
    ///
    /// # Errors
    ///
    /// `is_config`, with everything that is missing or wrong.
    ///
    /// ```
    /// # let (private_signing_key, secret) = ("1".repeat(64), "2".repeat(32));
    /// use civic_sip::CivicSip;
    ///
    /// let civic = CivicSip::new("app42", private_signing_key, secret)?;
    /// assert!(CivicSip::new("app42", "", "").unwrap_err().is_config());
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn new(
        app_id: impl Into<String>,
        private_signing_key: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::builder()
            .app_id(app_id)
            .private_signing_key(private_signing_key)
            .secret(secret)
            .build()
    }

    /// Returns a builder that configures a client step by step.
    ///
    /// ```
    /// # let (private_signing_key, secret) = ("1".repeat(64), "2".repeat(32));
    /// let civic = civic_sip::CivicSip::builder()
    ///     .app_id("app42")
    ///     .private_signing_key(private_signing_key)
    ///     .secret(secret)
    ///     .build()?;
    /// # assert_eq!(civic.app_id(), "app42");
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn builder() -> CivicSipBuilder {
        CivicSipBuilder::new()
    }

    /// Creates a client from the environment variables `CIVIC_APP_ID`, `CIVIC_PRIVATE_SIGNING_KEY`, `CIVIC_SECRET` and, if
    /// they are set and not empty, `CIVIC_ENV` (`prod` or `dev`), `CIVIC_BASE_URL` and `CIVIC_SIP_PUBLIC_KEY`.
    ///
    /// # Errors
    ///
    /// `is_config`, with everything that is missing or wrong.
    ///
    /// ```no_run
    /// // CIVIC_APP_ID=… CIVIC_PRIVATE_SIGNING_KEY=… CIVIC_SECRET=… CIVIC_ENV=dev
    /// let civic = civic_sip::CivicSip::from_env()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        environment::client_from_env()
    }

    /// Returns the id of the app.
    ///
    /// ```
    /// # let key = "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
    /// # let secret = "50c0c3273d5a7ca8a04287f82c6d0111";
    /// let civic = civic_sip::CivicSip::new("app42", key, secret)?;
    /// assert_eq!(civic.app_id(), "app42");
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn app_id(&self) -> &str {
        &self.0.app.id
    }

    /// Exchanges the token that the browser received for the data that the person released.
    ///
    /// A token can be exchanged **once**; see [`Error::is_retryable`] for when it may be sent again. The client itself
    /// sends it again after a connection that was never made, and after status 429, no earlier than `Retry-After` says:
    /// up to [`retries`](CivicSipBuilder::retries) times and within the [`timeout`](CivicSipBuilder::timeout).
    ///
    /// The service sends a link to data that is too large for the response. The client follows it at once.
    ///
    /// Dropping the future cancels the exchange. A token that was sent by then may be used up.
    ///
    /// # Runtime
    ///
    /// The crate's own transport needs a Tokio runtime with I/O and time, as `#[tokio::main]` and
    /// [`enable_all`](https://docs.rs/tokio/latest/tokio/runtime/struct.Builder.html#method.enable_all) make it. In a
    /// runtime without them Tokio panics. A [`transport`](CivicSipBuilder::transport) of your own works without a
    /// runtime, and then the client neither retries nor keeps the time-out; a runtime that there is must have time.
    ///
    /// # Errors
    ///
    /// One of the classes of [`Error`]. `is_config` outside of a Tokio runtime, unless the client has a transport of
    /// your own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), civic_sip::Error> {
    /// # let sandbox = civic_sip::sandbox::Sandbox::start().await?;
    /// # let civic = sandbox.client_builder().build()?;
    /// # let token = sandbox.issue_token(&civic_sip::UserData::new("36a59d10", vec![]));
    /// let user = civic.exchange_code(&token).await?;
    /// assert_eq!(user.user_id(), "36a59d10");
    ///
    /// let error = civic.exchange_code(&token).await.unwrap_err();
    /// assert_eq!((error.status(), error.is_retryable()), (Some(400), false));
    /// # Ok(()) }
    /// ```
    pub fn exchange_code<T: AsRef<str>>(
        &self,
        token: T,
    ) -> impl Future<Output = Result<UserData, Error>> + Send + use<'_, T> {
        let token = token.as_ref().to_owned();
        async move {
            let trace = Trace::new(self);
            trace.run(exchange::exchange(self, &token, &trace)).await
        }
    }

    /// Returns the request that exchanges the token, for any HTTP stack. It is valid for three minutes, and once.
    ///
    /// Send it unchanged, don't follow redirects, and pass status and body of the response to
    /// [`response`](Self::response).
    ///
    /// # Errors
    ///
    /// `is_malformed` if the token is empty, longer than 16 KiB or not printable ASCII.
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// let request = civic.request("the token from the browser")?;
    /// assert_eq!(request.method(), "POST");
    /// assert_eq!(request.uri(), "https://api.civic.com/sip/prod/scopeRequest/authCode");
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn request(&self, token: impl AsRef<str>) -> Result<Request<Vec<u8>>, Error> {
        self.0.app.request(token.as_ref(), self.now()).map_err(Error::from_protocol)
    }

    /// Verifies the response to a [`request`](Self::request) and returns its contents.
    ///
    /// # Errors
    ///
    /// `is_api` for a status other than 200; `is_malformed`, `is_verification` or `is_decryption` for a body that is
    /// rejected.
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// let error = civic.response(400, b"used up".to_vec()).unwrap_err();
    /// assert_eq!((error.status(), error.body()), (Some(400), Some("used up")));
    ///
    /// assert!(civic.response(200, b"{}".to_vec()).unwrap_err().is_malformed());
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn response(&self, status: u16, body: Vec<u8>) -> Result<Reply, Error> {
        match self.0.app.response(status, body, self.now()).map_err(Error::from_protocol)? {
            Response::UserData(user) => Ok(Reply::UserData(user)),
            Response::Payload(payload) => {
                PayloadLink::new(self.clone(), payload).map(Reply::Payload)
            }
        }
    }

    fn now(&self) -> SystemTime {
        self.0.clock.now()
    }
}

/// Shows no key and no secret.
impl fmt::Debug for CivicSip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CivicSip")
            .field("app_id", &self.0.app.id)
            .field("uri", &self.0.app.uri)
            .finish_non_exhaustive()
    }
}
