//! The crate's own transport, on reqwest.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::Version;
use http::header::{CONNECTION, CONTENT_LENGTH};
use reqwest::redirect;
use tokio::runtime::Id;

use super::resolver::{MayLeadTo, Resolver, is_forbidden};
use super::{BoxError, BoxFuture, Transport, TransportError, runtime};
use crate::Error;

mod gate;
mod options;
#[cfg(test)]
mod tests;

use gate::Gate;
pub(crate) use options::{Proxy, Roots};

/// Room that is made for a body before it comes: what is announced may never come, and may be more than there is.
const MAX_RESERVED: usize = 64 * 1024 * 1024;

/// More runtimes than this are not remembered; most programs have one.
const MAX_RUNTIMES: usize = 16;

/// How long a connection may idle. Front ends close theirs after a minute or less, and a request that meets that is lost.
const MAX_IDLE: Duration = Duration::from_secs(20);

/// What a [`ReqwestTransport`] needs to know.
#[derive(Clone)]
pub(crate) struct Settings {
    /// For everything, from the name lookup to the last byte of the answer, where nothing else is said.
    pub(crate) timeout: Duration,
    /// For the connection, TLS included.
    pub(crate) connect_timeout: Duration,
    /// Whether the service stands on this machine; then no proxy is asked and TLS may be missing.
    pub(crate) loopback: bool,
    /// In place of those that the environment names.
    pub(crate) proxy: Option<Proxy>,
    /// Authorities to trust beside the system's.
    pub(crate) roots: Roots,
    /// Where names that the service brings up may lead to.
    pub(crate) may_lead_to: Arc<MayLeadTo>,
}

impl Settings {
    /// With the proxies of the environment and the authorities of the system, and for hosts that are trusted.
    pub(crate) fn new(timeout: Duration, connect_timeout: Duration, loopback: bool) -> Self {
        Self {
            timeout,
            // If everything ends before connecting does, nobody knows any more that nothing was sent.
            connect_timeout: connect_timeout.min(timeout - timeout / 10),
            loopback,
            proxy: None,
            roots: Roots::default(),
            may_lead_to: Arc::new(|_, _| true),
        }
    }
}

/// Connections are driven by the runtime that made them, and are of no use to others while that stands still, or once
/// it has ended. So each runtime has pools of its own.
pub(crate) struct ReqwestTransport {
    settings: Settings,
    runtimes: Mutex<VecDeque<(Id, Arc<Pools>)>>,
}

/// The pools of one runtime, shared by all who stand in it; each is made when it is needed.
#[derive(Default)]
struct Pools {
    service: OnceLock<reqwest::Client>,
    gate: Gate,
    /// For what is visited at the service's word, which with most apps is nothing: elsewhere, and on this machine.
    elsewhere: OnceLock<reqwest::Client>,
    here: OnceLock<reqwest::Client>,
}

impl ReqwestTransport {
    /// Nothing is started before the first exchange: whoever only makes requests and opens answers needs no TLS.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, runtimes: Mutex::default() }
    }

    /// # Errors
    ///
    /// `is_config` outside of a Tokio runtime with I/O and time.
    #[expect(dead_code, reason = "AuthSig's fetched keys are about to use it")]
    pub(crate) fn check_place(&self) -> Result<(), Error> {
        self.pools().map(drop)
    }

    /// # Errors
    ///
    /// As [`check_place`](Self::check_place), and if the TLS library can't start, for instance for want of
    /// certificates in the system.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.service(&*self.pools()?).map(drop)
    }

    /// Sends a request to the service, and takes no longer than `within`.
    pub(crate) async fn send_within(
        &self,
        request: http::Request<Vec<u8>>,
        max_response_bytes: usize,
        within: Duration,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let pools = self.pools().map_err(not_started)?;
        let client = self.service(&pools).map_err(not_started)?;
        let answer = pools.gate.pass(send(client, request, max_response_bytes, within)).await?;
        if answer.version() == Version::HTTP_11 && !says_close(&answer) {
            pools.gate.returns();
        }
        Ok(answer)
    }

    /// Sends a request to a host that the service named.
    ///
    /// No connection is made to an address that the settings forbid. Behind a proxy there is no knowing: it looks
    /// names up itself.
    pub(crate) async fn fetch_payload(
        &self,
        request: http::Request<Vec<u8>>,
        loopback: bool,
        max_response_bytes: usize,
        within: Duration,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let pools = self.pools().map_err(not_started)?;
        let slot = if loopback { &pools.here } else { &pools.elsewhere };
        let client = get_or_try_init(slot, || {
            let guarded = || {
                builder(&self.settings, loopback)
                    .dns_resolver(Resolver {
                        may_lead_to: Arc::clone(&self.settings.may_lead_to),
                        proxies: self
                            .settings
                            .proxy
                            .as_ref()
                            .map_or_else(options::proxy_hosts_of_environment, |proxy| {
                                vec![proxy.host().to_owned()]
                            }),
                    })
                    // Over HTTP/2, paths end up in the logs of `h2`; that of a payload link is a secret.
                    .http1_only()
            };
            start(&self.settings, guarded)
        });
        send(client.map_err(not_started)?, request, max_response_bytes, within).await
    }

    fn service<'a>(&self, pools: &'a Pools) -> Result<&'a reqwest::Client, Error> {
        get_or_try_init(&pools.service, || {
            start(&self.settings, || {
                builder(&self.settings, self.settings.loopback).connector_layer(pools.gate.clone())
            })
        })
    }

    /// Those of the runtime that we stand in.
    fn pools(&self) -> Result<Arc<Pools>, Error> {
        let id = runtime::current()?;
        if let Some((_, pools)) = self.runtimes().iter().find(|(known, _)| *known == id) {
            return Ok(Arc::clone(pools));
        }
        runtime::check_drivers()?;
        let mut runtimes = self.runtimes();
        if runtimes.len() >= MAX_RUNTIMES {
            runtimes.pop_front();
        }
        let pools = Arc::<Pools>::default();
        runtimes.push_back((id, Arc::clone(&pools)));
        Ok(pools)
    }

    fn runtimes(&self) -> MutexGuard<'_, VecDeque<(Id, Arc<Pools>)>> {
        self.runtimes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_started(error: Error) -> TransportError {
    TransportError::NotSent(error.into())
}

impl Transport for ReqwestTransport {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        max_response_bytes: usize,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(self.send_within(request, max_response_bytes, self.settings.timeout))
    }
}

/// Two who come at once may both make one; the first is kept.
fn get_or_try_init(
    slot: &OnceLock<reqwest::Client>,
    make: impl FnOnce() -> Result<reqwest::Client, Error>,
) -> Result<&reqwest::Client, Error> {
    match slot.get() {
        Some(client) => Ok(client),
        None => make().map(|client| slot.get_or_init(|| client)),
    }
}

fn start(
    settings: &Settings,
    builder: impl Fn() -> reqwest::ClientBuilder,
) -> Result<reqwest::Client, Error> {
    match settings.roots.beside_the_systems(builder()).build() {
        // A machine with no certificates at all can still talk to a service on itself, or whose authority it was given.
        Err(_) if settings.loopback || !settings.roots.is_empty() => {
            settings.roots.alone(builder()).build()
        }
        result => result,
    }
    .map_err(|error| Error::config(format!("the HTTP client can't start: {}", innermost(&error))))
}

fn builder(settings: &Settings, loopback: bool) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        // Even a request that HTTP/2 calls unprocessed may have been seen by a proxy. (What hyper does on its own is
        // safe: where an idle connection turns out to be closed it takes another, but only for a request of which it
        // has not yet begun to write anything.)
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_idle_timeout(MAX_IDLE)
        // Whatever other crates in the build turn on in reqwest: bodies come as they are, names are looked up by the system.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .no_hickory_dns()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout);
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_rustls();
    match &settings.proxy {
        _ if loopback => builder.no_proxy(),
        Some(proxy) => builder.proxy(proxy.get()),
        None => builder,
    }
}

async fn send(
    client: &reqwest::Client,
    request: http::Request<Vec<u8>>,
    max_response_bytes: usize,
    within: Duration,
) -> Result<http::Response<Vec<u8>>, TransportError> {
    let mut request = reqwest::Request::try_from(request)
        .map_err(|error| TransportError::NotSent(error.without_url().into()))?;
    *request.timeout_mut() = Some(within);
    let mut answer = client.execute(request).await.map_err(from_reqwest)?;
    let (status, version) = (answer.status(), answer.version());
    let headers = std::mem::take(answer.headers_mut());
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or_default();
    if announced > max_response_bytes {
        return Err(too_large(max_response_bytes));
    }
    let mut body = Vec::with_capacity(announced.min(MAX_RESERVED));
    while let Some(chunk) = answer.chunk().await.map_err(from_reqwest)? {
        if chunk.len() > max_response_bytes - body.len() {
            return Err(too_large(max_response_bytes));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    *response.version_mut() = version;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Whether the connection ends with this answer (RFC 9112, section 9.6).
fn says_close(answer: &http::Response<Vec<u8>>) -> bool {
    answer
        .headers()
        .get(CONNECTION)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

fn too_large(limit: usize) -> TransportError {
    TransportError::TooLarge(format!("more than {limit} bytes").into())
}

/// The URL is taken out of every error: that of a payload link is a secret.
fn from_reqwest(error: reqwest::Error) -> TransportError {
    let (connecting, timed_out) = (error.is_connect(), error.is_timeout());
    let error = error.without_url();
    match (connecting, timed_out) {
        (true, true) => {
            TransportError::NotSent(io::Error::new(io::ErrorKind::TimedOut, error).into())
        }
        (true, false) => TransportError::NotSent(error.into()),
        (false, true) => TransportError::Timeout(error.into()),
        (false, false) => TransportError::Failed(error.into()),
    }
}

/// Whether nothing was sent because the host leads to no address that may be visited.
pub(crate) fn is_blocked_address(error: &TransportError) -> bool {
    matches!(error, TransportError::NotSent(source) if is_forbidden(&**source))
}

fn innermost(error: &dyn std::error::Error) -> &dyn std::error::Error {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}
