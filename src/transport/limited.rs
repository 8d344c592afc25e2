//! A transport of the user's own, within its limits.

use std::sync::Arc;
use std::time::Duration;

use super::{BoxFuture, SendOptions, Transport, TransportError};

/// Keeps the limits of a transport that may not keep them itself.
pub(crate) struct Limited(Arc<dyn Transport>);

impl Limited {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self(transport)
    }
}

impl Transport for Limited {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let response =
                timeout(options.timeout(), self.0.send(request, options)).await.unwrap_or_else(
                    || Err(TransportError::Timeout("the transport took longer".into())),
                )?;
            if response.body().len() > options.max_response_bytes() {
                return Err(TransportError::TooLarge("the transport returned more".into()));
            }
            Ok(response)
        })
    }
}

/// Runs `future` for at most `limit`. `None` if the time runs out, which it does only where there is a Tokio runtime.
#[cfg(feature = "client")]
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Some(future.await);
    }
    tokio::time::timeout(limit, future).await.ok()
}

#[cfg(not(feature = "client"))]
pub(crate) async fn timeout<F: Future>(_: Duration, future: F) -> Option<F::Output> {
    Some(future.await)
}
