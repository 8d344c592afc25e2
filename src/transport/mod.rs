//! Sending a request: the public [`Transport`], and the crate's own on reqwest.
//!
//! This module does not know the protocol.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

#[cfg(feature = "client")]
pub(crate) mod addresses;
mod error;
mod limited;
mod options;
#[cfg(feature = "client")]
pub(crate) mod reqwest;
#[cfg(feature = "client")]
mod resolver;
mod retry_after;
pub(crate) mod url;

pub use error::{BoxError, TransportError};
pub(crate) use limited::{Limited, timeout};
pub use options::SendOptions;
pub(crate) use retry_after::retry_after;

/// A boxed future that can be sent to another thread; the same type as `futures::future::BoxFuture`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one HTTP request and returns the whole response.
///
/// The crate has one of its own (feature `client`). Implement this trait to use another HTTP stack, and pass it to
/// [`CivicSipBuilder::transport`](crate::CivicSipBuilder::transport).
///
/// An implementation
///
/// - sends the request **once**: a Civic token can be exchanged a single time, so that a retry can only lose it;
/// - follows no redirect: a response with status 3xx is returned like any other;
/// - stops reading as soon as the body passes [`max_response_bytes`](SendOptions::max_response_bytes), and returns
///   [`TransportError::TooLarge`];
/// - gives up after [`timeout`](SendOptions::timeout) with [`TransportError::Timeout`]. The client keeps the same time
///   where there is a Tokio runtime;
/// - fetches payload links, too: requests with the method GET, to which it adds no cookies and no credentials. Scheme
///   and host were checked before. To keep them off private addresses, check the addresses that the host resolves to,
///   and return [`TransportError::BlockedAddress`];
/// - keeps the URL and the headers of the request out of its errors: both may hold secrets.
///
/// ```
/// use civic_sip::{BoxFuture, SendOptions, Transport, TransportError, http};
///
/// /// Returns the same body for every request.
/// struct Canned(Vec<u8>);
///
/// impl Transport for Canned {
///     fn send<'a>(
///         &'a self,
///         _request: http::Request<Vec<u8>>,
///         options: SendOptions,
///     ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
///         Box::pin(async move {
///             if self.0.len() > options.max_response_bytes() {
///                 return Err(TransportError::TooLarge("the canned body is too long".into()));
///             }
///             Ok(http::Response::new(self.0.clone()))
///         })
///     }
/// }
/// ```
pub trait Transport: Send + Sync {
    /// Sends `request` and reads the whole response.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] that says whether the request can have reached the service.
    ///
    /// ```
    /// use civic_sip::{SendOptions, Transport, TransportError, http};
    ///
    /// async fn is_up(transport: &dyn Transport, uri: http::Uri) -> Result<bool, TransportError> {
    ///     let mut request = http::Request::new(Vec::new());
    ///     *request.uri_mut() = uri;
    ///     Ok(transport.send(request, SendOptions::new()).await?.status().is_success())
    /// }
    /// ```
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        (**self).send(request, options)
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        (**self).send(request, options)
    }
}
