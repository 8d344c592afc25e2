//! The crate's own transport, on reqwest.

use std::io;
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use reqwest::redirect;

use super::resolver::{Resolver, is_blocked_address};
use super::{BoxFuture, SendOptions, Transport, TransportError};

mod guarded;
mod pools;
mod settings;

pub(crate) use guarded::GuardedTransport;
use pools::Pools;
pub(crate) use settings::{Proxy, ProxyChoice, Roots, Settings};

/// The longest time that a connection may be idle. Load balancers close theirs after a minute or less, and a request that is sent
/// into that is lost.
const MAX_IDLE: Duration = Duration::from_secs(20);

/// Sends requests with reqwest. It starts nothing before the first request.
pub(crate) struct ReqwestTransport {
    settings: Settings,
    pools: Pools,
}

impl ReqwestTransport {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, pools: Pools::default() }
    }

    /// Sends a request and returns the response without its body, which is not read.
    pub(crate) async fn send_for_head(
        &self,
        request: http::Request<Vec<u8>>,
        timeout: Duration,
    ) -> Result<http::Response<()>, TransportError> {
        let mut answer = self.execute(request, timeout).await?;
        let mut response = http::Response::new(());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    async fn execute(
        &self,
        request: http::Request<Vec<u8>>,
        timeout: Duration,
    ) -> Result<reqwest::Response, TransportError> {
        let client = self.pools.get_or_try_init(|| build(&self.settings))?;
        let mut request = reqwest::Request::try_from(request)
            .map_err(|error| TransportError::NotSent(error.without_url().into()))?;
        *request.timeout_mut() = Some(timeout);
        client.execute(request).await.map_err(from_reqwest)
    }

    async fn send_once(
        &self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let mut answer = self.execute(request, options.timeout()).await?;
        let body = read_body(&mut answer, options.max_response_bytes()).await?;
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl Transport for ReqwestTransport {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(self.send_once(request, options))
    }
}

/// Reads the body without reserving the announced length: a peer that announces much and sends nothing would hold it.
async fn read_body(
    response: &mut reqwest::Response,
    limit: usize,
) -> Result<Vec<u8>, TransportError> {
    let announced = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(from_reqwest)? {
        if chunk.len() > limit - body.len() {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn too_large(limit: usize) -> TransportError {
    TransportError::TooLarge(format!("more than {limit} bytes").into())
}

/// Builds a client. Certificates are loaded here.
fn build(settings: &Settings) -> Result<reqwest::Client, TransportError> {
    match settings.roots.add_to(builder(settings)).build() {
        // A machine with no certificates at all can still reach a service on itself, or one whose authority is given.
        Err(_) if settings.loopback || !settings.roots.is_empty() => {
            settings.roots.replace_in(builder(settings)).build()
        }
        result => result,
    }
    .map_err(|error| {
        TransportError::Unusable(
            format!("the HTTP client can't start: {}", innermost(&error)).into(),
        )
    })
}

fn builder(settings: &Settings) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        // Even a request that HTTP/2 calls unprocessed may have been seen by a proxy. (hyper itself takes another
        // connection where an idle one turns out to be closed, but only before it has written any of the request.)
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_idle_timeout(MAX_IDLE)
        // Other crates in the build may turn these features of reqwest on.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .no_hickory_dns()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout);
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_rustls();
    let builder = match &settings.proxy {
        ProxyChoice::Environment => builder,
        ProxyChoice::None => builder.no_proxy(),
        ProxyChoice::Given(proxy) => builder.proxy(proxy.get()),
    };
    match &settings.may_connect_to {
        None => builder,
        Some(may_connect_to) => builder
            .dns_resolver(Resolver::new(may_connect_to, settings.proxy.hosts()))
            // Over HTTP/2, `h2` logs the path; that of a payload link is a secret.
            .http1_only(),
    }
}

/// Removes the URL from the error: that of a payload link is a secret.
fn from_reqwest(error: reqwest::Error) -> TransportError {
    let (connecting, timed_out) = (error.is_connect(), error.is_timeout());
    let error = error.without_url();
    if is_blocked_address(&error) {
        return TransportError::BlockedAddress(error.into());
    }
    match (connecting, timed_out) {
        (true, true) => {
            TransportError::NotSent(io::Error::new(io::ErrorKind::TimedOut, error).into())
        }
        (true, false) => TransportError::NotSent(error.into()),
        (false, true) => TransportError::Timeout(error.into()),
        (false, false) => TransportError::Failed(error.into()),
    }
}

fn innermost(error: &dyn std::error::Error) -> &dyn std::error::Error {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}
