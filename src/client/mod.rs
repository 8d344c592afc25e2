//! The client: a request from the protocol, over the transport, and the answer back through the protocol.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Uri};

use crate::crypto::{CbcKey, HmacKey, SigningKey, VerifyingKey};
use crate::error::ErrorSource;
use crate::protocol::claims::Expected;
use crate::protocol::request::{self, Requester};
use crate::protocol::response::{self, Envelope, Opener};
use crate::transport::Transport;
use crate::{Error, UserData};

mod address;
mod builder;
mod config_errors;
mod environment;
mod exchange;
pub(crate) mod global;
mod keys;
mod options;
mod payload_hosts;
mod reply;
#[cfg(feature = "client")]
mod retry;
mod trace;

pub use builder::CivicSipBuilder;
use builder::Clock;
pub use environment::Environment;
use payload_hosts::PayloadHosts;
pub use reply::{PayloadLink, Reply};
use trace::Trace;

/// Exchanges code tokens for verified user data.
///
/// Make one when the program starts and clone it into every handler: clones are cheap, and share one connection pool
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
/// # What an answer proves
///
/// The service signed the items for this app, no longer ago than the token's life of 30 minutes. Nothing in the answer
/// but TLS ties it to *this* request, and the user id stands outside of what is signed: whoever can answer in the
/// service's place can play back another answer to the same app that is up to 30 minutes old.
#[derive(Clone)]
pub struct CivicSip(Arc<App>);

/// The app, how it is configured, and its way to the service.
struct App {
    app_id: String,
    audience: String,
    uri: Uri,
    signing_key: SigningKey,
    digest_key: HmacKey,
    cbc_key: CbcKey,
    service_key: VerifyingKey,
    leeway: Duration,
    clock: Arc<Clock>,
    max_response_bytes: usize,
    payload_hosts: PayloadHosts,
    #[cfg(feature = "client")]
    limits: retry::Limits,
    wire: Wire,
}

/// The way to the service.
enum Wire {
    #[cfg(feature = "client")]
    Own(Box<crate::transport::reqwest::ReqwestTransport>),
    Given(Box<dyn Transport>),
    #[cfg(not(feature = "client"))]
    Absent,
}

impl CivicSip {
    /// A client for the hosted service's production stage; the arguments stand in the order of the gem.
    ///
    /// # Errors
    ///
    /// `is_config`, naming everything that is missing or wrong.
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

    /// A client set up step by step.
    pub fn builder() -> CivicSipBuilder {
        CivicSipBuilder::new()
    }

    /// Trades the token that the browser got for the data that the person released.
    ///
    /// A token can be exchanged **once**; see [`Error::is_retryable`] for when it may be sent again. Where it may, it
    /// is sent again by itself, up to three times and within the [`timeout`](CivicSipBuilder::timeout): after a
    /// connection that was never made, and after status 429, no earlier than `Retry-After` says. (The waiting needs a
    /// Tokio runtime with time; with a transport of one's own elsewhere, nothing is sent again.)
    ///
    /// Where the data is too large for the answer, the service gives a link to it, which is followed at once.
    ///
    /// Dropping the future ends everything; a token that was on its way by then may be used up.
    ///
    /// # Errors
    ///
    /// Any class but none twice: see [`Error`]. `is_config` outside of a Tokio runtime with I/O and time, unless the
    /// client has a transport of its own. (Tokio tells a runtime without them only by a panic, which is caught here: it
    /// is heard by the panic hook, and where panics abort, it aborts.)
    pub fn exchange_code<T: AsRef<str>>(
        &self,
        token: T,
    ) -> impl Future<Output = Result<UserData, Error>> + Send + use<'_, T> {
        let token = token.as_ref().to_owned();
        async move {
            let trace = Trace::new(self);
            trace.run(self.exchange(&token, &trace)).await
        }
    }

    /// The request that exchanges the token, for any HTTP stack. It is good for three minutes, and for one use.
    ///
    /// Send it as it is, don't follow redirects, and give the answer to [`response`](Self::response).
    ///
    /// # Errors
    ///
    /// `is_malformed` if the token is empty, longer than 16 KiB or not printable ASCII.
    pub fn request(&self, token: impl AsRef<str>) -> Result<Request<Vec<u8>>, Error> {
        let app = &*self.0;
        let body = request::body(token.as_ref())?;
        let requester = Requester {
            app_id: &app.app_id,
            audience: &app.audience,
            signing_key: &app.signing_key,
            digest_key: &app.digest_key,
        };
        let authorization = requester.authorization(&body, self.now())?;
        let mut authorization = HeaderValue::try_from(authorization)
            .map_err(|_| Error::config("the Authorization header can't be written"))?;
        authorization.set_sensitive(true);

        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = app.uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, authorization);
        Ok(request)
    }

    /// Verifies and opens the service's answer to a [`request`](Self::request).
    ///
    /// # Errors
    ///
    /// `is_api` for a status other than 200; `is_malformed`, `is_verification` or `is_decryption` for what is wrong
    /// with the body.
    pub fn response(&self, status: u16, mut body: Vec<u8>) -> Result<Reply, Error> {
        response::success(ErrorSource::Service, status, &body)?;
        let mut envelope = Envelope::read(&body)?;
        let data = envelope.data.bytes(&mut body);
        if envelope.processed {
            let link = PayloadLink::new(self.clone(), data, envelope.encrypted, envelope.user_id);
            return link.map(Reply::Payload);
        }
        self.opener().open(data, envelope.encrypted, envelope.user_id).map(Reply::UserData)
    }

    fn opener(&self) -> Opener<'_> {
        let app = &*self.0;
        Opener {
            service_key: &app.service_key,
            cbc_key: &app.cbc_key,
            expected: Expected {
                app_id: &app.app_id,
                audience: &app.audience,
                leeway: app.leeway,
                now: self.now(),
            },
        }
    }

    fn now(&self) -> SystemTime {
        (self.0.clock)()
    }
}

/// Shows no key and no secret.
impl fmt::Debug for CivicSip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CivicSip")
            .field("app_id", &self.0.app_id)
            .field("uri", &self.0.uri)
            .finish_non_exhaustive()
    }
}
