//! Brings an app's requests to a server without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use civic_sip::{BoxFuture, SendOptions, Transport, TransportError};
use tower::ServiceExt as _;

pub(crate) struct ToServer(pub(crate) Router);

impl Transport for ToServer {
    fn send<'a>(
        &'a self,
        request: Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<Response<Vec<u8>>, TransportError>> {
        let router = self.0.clone();
        Box::pin(async {
            let response = router.oneshot(request.map(Body::from)).await.unwrap();
            let (parts, body) = response.into_parts();
            Ok(Response::from_parts(parts, to_bytes(body, usize::MAX).await.unwrap().to_vec()))
        })
    }
}
