//! Posting notifications to addresses that strangers named.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::url::{Host, Url};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};

use super::signed::Delivery;
use crate::authsig::address::{Address, is_loopback};
use crate::authsig::error::{ConfigError, ConfigProblem, shown_address};
use crate::transport::addresses::is_public;
use crate::transport::reqwest::{ProxyChoice, ReqwestTransport, Settings};
use crate::transport::{TransportError, retry_after};

/// The time for one attempt, from the name lookup to the headers of the response.
const TIMEOUT: Duration = Duration::from_secs(5);

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");

/// Posts notifications to addresses that strangers named, and reaches nothing else by that.
///
/// It sends to https addresses on port 443, and connects to public addresses alone: the check is on the very address that
/// is connected to, so that a name can't resolve to another one later. It follows no redirect, uses no proxy, never sends
/// twice, gives up after 5 seconds, and does not read the body of the response.
///
/// Write the outcome to the log, and never show it to the person who named the address: it tells what the server can
/// reach.
///
/// ```no_run
/// # async fn notify(signed: civic_sip::authsig::decide::Signed) -> Result<(), Box<dyn std::error::Error>> {
/// use civic_sip::authsig::Notifier;
///
/// let notifier = Notifier::new();
/// if let Some(delivery) = signed.notification() {
///     let response = notifier.send(delivery).await?;
///     println!("notified: {}", response.status());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Notifier(Arc<Inner>);

struct Inner {
    public: ReqwestTransport,
    /// For listed origins on this machine alone.
    loopback: ReqwestTransport,
    origins: Vec<Address>,
}

impl Notifier {
    /// Makes a notifier for https on port 443.
    ///
    /// ```
    /// # use civic_sip::authsig::{Notifier, NotifyError, decide::Delivery};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let inside = Delivery::new("https://10.0.0.1/notify", "{}");
    /// assert!(matches!(Notifier::new().send(&inside).await, Err(NotifyError::Transport(_))));
    /// # }
    /// ```
    pub fn new() -> Self {
        Self::with_origins(Vec::new())
    }

    /// Returns a builder that configures a notifier.
    ///
    /// ```
    /// # use civic_sip::authsig::Notifier;
    /// let notifier = Notifier::builder().allow_origin("http://127.0.0.1:3000").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn builder() -> NotifierBuilder {
        NotifierBuilder { origins: Vec::new() }
    }

    fn with_origins(origins: Vec<Address>) -> Self {
        let settings = Settings { proxy: ProxyChoice::None, ..Settings::new(TIMEOUT) };
        let public = Settings {
            may_connect_to: Some(Arc::new(|_: &str, ip| is_public(ip))),
            ..settings.clone()
        };
        let loopback = Settings {
            loopback: true,
            may_connect_to: Some(Arc::new(|_: &str, ip| ip.is_loopback())),
            ..settings
        };
        Self(Arc::new(Inner {
            public: ReqwestTransport::new(public),
            loopback: ReqwestTransport::new(loopback),
            origins,
        }))
    }

    /// Posts a notification, once. A response with any status is returned as it is.
    ///
    /// # Errors
    ///
    /// A [`NotifyError`] if the address or the id is not acceptable, or no response came.
    ///
    /// ```
    /// # use civic_sip::authsig::{Notifier, NotifyError, decide::Delivery};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let unusual_port = Delivery::new("https://app.example:8443/notify", "{}");
    /// assert!(matches!(Notifier::new().send(&unusual_port).await, Err(NotifyError::Address(_))));
    /// # }
    /// ```
    pub async fn send(&self, delivery: &Delivery) -> Result<NotifyResponse, NotifyError> {
        let address = Address::parse(delivery.address()).map_err(NotifyError::Address)?;
        let transport = self.transport(&address)?;
        let request = request(&address, delivery)?;
        let response = transport.send_for_head(request, TIMEOUT).await?;
        Ok(NotifyResponse(response))
    }

    /// Returns the transport that may be used for an address.
    fn transport(&self, address: &Address) -> Result<&ReqwestTransport, NotifyError> {
        let inner = &*self.0;
        let url = address.url();
        let is_listed = inner.origins.iter().any(|origin| address.has_origin_of(origin));
        if is_listed && is_loopback(url) {
            return Ok(&inner.loopback);
        }
        // The default port is not written.
        let is_default = url.scheme() == "https" && url.port().is_none();
        if !is_listed && !is_default {
            return Err(NotifyError::Address("must be https on port 443, or of a listed origin"));
        }
        // Address literals are not resolved, so that the resolver does not see them.
        if is_literal_elsewhere(url) {
            let cause = "the address is not a public one";
            return Err(TransportError::BlockedAddress(cause.into()).into());
        }
        Ok(&inner.public)
    }
}

impl Default for Notifier {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the listed origins.
impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: Vec<_> = self.0.origins.iter().map(|origin| origin.url().as_str()).collect();
        f.debug_struct("Notifier").field("origins", &origins).finish_non_exhaustive()
    }
}

/// Returns whether the host is an address literal that is not public.
fn is_literal_elsewhere(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        Some(Host::Domain(_)) => false,
        None => true,
    }
}

fn request(address: &Address, delivery: &Delivery) -> Result<Request<Vec<u8>>, NotifyError> {
    const FORM: NotifyError = NotifyError::Address("must be a URL that HTTP can express");
    let mut request = Request::new(delivery.body().as_bytes().to_vec());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = address.audience().parse().map_err(|_| FORM)?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(id) = delivery.webhook_id() {
        let id = HeaderValue::from_str(id).map_err(|_| NotifyError::WebhookId)?;
        request.headers_mut().insert(WEBHOOK_ID, id);
    }
    Ok(request)
}

/// Configures a [`Notifier`].
///
/// ```
/// # use civic_sip::authsig::Notifier;
/// let notifier = Notifier::builder().allow_origin("https://hooks.example:8443").build()?;
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NotifierBuilder {
    origins: Vec<String>,
}

impl NotifierBuilder {
    /// Sends to this origin, too: to a port other than 443, `https://hooks.example:8443`, or to this machine,
    /// `http://127.0.0.1:3000`, for development. May be called for several.
    ///
    /// Apart from this machine, it has to be at a public address all the same.
    ///
    /// ```
    /// # use civic_sip::authsig::Notifier;
    /// let notifier = Notifier::builder()
    ///     .allow_origin("https://hooks.example:8443")
    ///     .allow_origin("http://127.0.0.1:3000")
    ///     .build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Makes the notifier.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with all origins that are not https, or http on this machine, with a host and a port alone.
    ///
    /// ```
    /// # use civic_sip::authsig::Notifier;
    /// let error = Notifier::builder().allow_origin("http://hooks.example").build().unwrap_err();
    /// assert_eq!(error.problems().len(), 1); // not https
    /// ```
    pub fn build(self) -> Result<Notifier, ConfigError> {
        let (mut origins, mut problems) = (Vec::new(), Vec::new());
        for text in &self.origins {
            match Address::parse_origin(text) {
                Ok(origin) => origins.push(origin),
                Err(problem) => problems
                    .push(ConfigProblem::AllowedAddress { address: shown_address(text), problem }),
            }
        }
        ConfigError::check(problems)?;
        Ok(Notifier::with_origins(origins))
    }
}

/// The response to a notification, without its body: for the log, and for the time of the next attempt.
///
/// ```no_run
/// # use std::time::{Duration, SystemTime};
/// # use civic_sip::authsig::NotifyResponse;
/// /// Returns the time until the next attempt, if there should be one.
/// fn next_attempt(response: &NotifyResponse) -> Option<Duration> {
///     let in_a_minute = Duration::from_secs(60);
///     (!response.status().is_success())
///         .then(|| response.retry_after(SystemTime::now()).unwrap_or(in_a_minute))
/// }
/// ```
#[derive(Clone)]
pub struct NotifyResponse(http::Response<()>);

impl NotifyResponse {
    /// Returns the status.
    ///
    /// ```no_run
    /// # use civic_sip::authsig::{Notifier, NotifyError, decide::Delivery};
    /// # async fn notify(notifier: Notifier, delivery: Delivery) -> Result<(), NotifyError> {
    /// let is_delivered = notifier.send(&delivery).await?.status().is_success();
    /// # Ok(()) }
    /// ```
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Returns how long the receiver asks to wait, from `now`, before the next attempt.
    ///
    /// ```no_run
    /// # use civic_sip::authsig::{Notifier, NotifyError, decide::Delivery};
    /// # async fn notify(notifier: Notifier, delivery: Delivery) -> Result<(), NotifyError> {
    /// let wait = notifier.send(&delivery).await?.retry_after(std::time::SystemTime::now());
    /// # Ok(()) }
    /// ```
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        retry_after(self.0.headers(), now)
    }
}

/// Shows the status alone: whoever is notified chooses the headers.
impl fmt::Debug for NotifyResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotifyResponse").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// The failure to send a notification. It shows no address.
///
/// ```
/// use civic_sip::TransportError;
/// use civic_sip::authsig::NotifyError;
///
/// /// Returns whether another attempt may succeed.
/// fn is_temporary(error: &NotifyError) -> bool {
///     matches!(error, NotifyError::Transport(error) if !matches!(error, TransportError::BlockedAddress(_)))
/// }
/// assert!(!is_temporary(&NotifyError::WebhookId));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// Nothing is sent to such an address.
    #[error("the address {0}")]
    Address(&'static str),
    /// The `webhook-id` can't be written into a header.
    #[error("the `webhook-id` must be printable ASCII")]
    WebhookId,
    /// Nothing was sent, or no response came; [`TransportError::BlockedAddress`] if the host is not at a public address.
    #[error(transparent)]
    Transport(#[from] TransportError),
}
