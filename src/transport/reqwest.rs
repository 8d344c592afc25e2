//! The crate's own transport, on reqwest.

use std::io;
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use reqwest::redirect;

use super::runtime::RuntimeCheck;
use super::{BoxFuture, Transport, TransportError};
use crate::Error;

/// What a [`ReqwestTransport`] needs to know.
pub(crate) struct Settings {
    /// For everything, from the name lookup to the last byte of the answer.
    pub(crate) timeout: Duration,
    /// For the connection, TLS included.
    pub(crate) connect_timeout: Duration,
    /// Whether the service stands on this machine; then no proxy is asked and TLS may be missing.
    pub(crate) loopback: bool,
}

/// One connection pool, shared by all who hold this.
pub(crate) struct ReqwestTransport {
    client: reqwest::Client,
    runtime: RuntimeCheck,
}

impl ReqwestTransport {
    /// # Errors
    ///
    /// `is_config` if the TLS library can't start, for instance for want of certificates in the system.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let client = match builder(settings).build() {
            // A machine with no certificates at all can still talk to a service on itself.
            #[cfg(feature = "rustls")]
            Err(_) if settings.loopback => builder(settings).tls_certs_only([]).build(),
            result => result,
        }
        .map_err(|error| {
            Error::config(format!("the HTTP client can't start: {}", innermost(&error)))
        })?;
        Ok(Self { client, runtime: RuntimeCheck::default() })
    }

    /// # Errors
    ///
    /// `is_config` outside of a Tokio runtime with I/O and time.
    pub(crate) fn check_runtime(&self) -> Result<(), Error> {
        self.runtime.check()
    }
}

fn builder(settings: &Settings) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        // Even a request that HTTP/2 calls unprocessed may have been seen by a proxy; the caller decides.
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.timeout);
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_rustls();
    if settings.loopback { builder.no_proxy() } else { builder }
}

impl Transport for ReqwestTransport {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        max_response_bytes: usize,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request)
                .map_err(|error| TransportError::NotSent(error.without_url().into()))?;
            let mut answer = self.client.execute(request).await.map_err(from_reqwest)?;
            let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
            let announced = headers
                .get(CONTENT_LENGTH)
                .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
            if announced.is_some_and(|length| length > max_response_bytes) {
                return Err(too_large(max_response_bytes));
            }
            let mut body = Vec::with_capacity(announced.unwrap_or_default());
            while let Some(chunk) = answer.chunk().await.map_err(from_reqwest)? {
                if chunk.len() > max_response_bytes - body.len() {
                    return Err(too_large(max_response_bytes));
                }
                body.extend_from_slice(&chunk);
            }
            let mut response = http::Response::new(body);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
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

fn innermost(error: &dyn std::error::Error) -> &dyn std::error::Error {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}
