//! How a request gets to the service: the public [`Transport`], and the crate's own on reqwest.
//!
//! Nothing here knows what the bytes mean.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

#[cfg(feature = "client")]
pub(crate) mod addresses;
#[cfg(feature = "client")]
pub(crate) mod reqwest;
#[cfg(feature = "client")]
mod resolver;
#[cfg(feature = "client")]
pub(crate) mod runtime;

/// A boxed future that can be sent to another thread; the same type as `futures::future::BoxFuture`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The cause of a [`TransportError`].
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Sends one HTTP request and returns the whole answer.
///
/// The crate brings its own (feature `client`). Implement this to use another HTTP stack, and give it to
/// [`CivicSipBuilder::transport`](crate::CivicSipBuilder::transport).
///
/// An implementation
///
/// - sends the request **once**: a Civic token can be exchanged a single time, so a retry can only lose it;
/// - follows no redirect: an answer with status 3xx is returned as it is;
/// - stops reading as soon as the body passes `max_response_bytes`, and returns [`TransportError::TooLarge`];
/// - also fetches payload links, requests with the method GET: it adds no cookies and no credentials to them. Scheme
///   and host were checked before; if it matters that the host leads to no private address, check that as well;
/// - gives up after a time of its own, with [`TransportError::Timeout`]: with a transport of yours,
///   [`timeout`](crate::CivicSipBuilder::timeout) is yours to keep;
/// - keeps the URL and the headers of the request out of its errors: both may hold secrets.
///
/// ```
/// use civic_sip::{BoxFuture, Transport, TransportError};
///
/// /// Answers every request with the same bytes.
/// struct Canned(Vec<u8>);
///
/// impl Transport for Canned {
///     fn send<'a>(
///         &'a self,
///         _request: http::Request<Vec<u8>>,
///         max_response_bytes: usize,
///     ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
///         Box::pin(async move {
///             if self.0.len() > max_response_bytes {
///                 return Err(TransportError::TooLarge("the canned answer is too long".into()));
///             }
///             Ok(http::Response::new(self.0.clone()))
///         })
///     }
/// }
/// ```
pub trait Transport: Send + Sync {
    /// Sends `request` and reads the answer, up to `max_response_bytes` bytes of body.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] that says whether the request can have reached the service.
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        max_response_bytes: usize,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        max_response_bytes: usize,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        (**self).send(request, max_response_bytes)
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        max_response_bytes: usize,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        (**self).send(request, max_response_bytes)
    }
}

/// Why a [`Transport`] brought no answer. Each variant carries its cause, which must show no URL and no header.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection was made, so no byte of the request left: the only failure after which sending again is safe.
    ///
    /// Where the cause is a [`std::io::Error`] of the kind `TimedOut`, the failure counts as a time-out.
    #[error("no connection could be made")]
    NotSent(#[source] BoxError),
    /// The time allowed ran out after the request may have been sent.
    #[error("no answer in the time allowed")]
    Timeout(#[source] BoxError),
    /// The body of the answer is longer than `max_response_bytes`.
    #[error("the answer is larger than the limit")]
    TooLarge(#[source] BoxError),
    /// Anything else; the request may have been sent.
    #[error("the connection failed")]
    Failed(#[source] BoxError),
}
