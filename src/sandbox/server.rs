//! The exchange over HTTP.

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::exchange::{Answer, Exchange, refuse};

/// A code token has at most 16 KiB.
const MAX_BODY: usize = 64 * 1024;

/// Serves until the other end of `stopped` is dropped; then everything that is open is dropped as well.
pub(super) fn run(
    runtime: &Runtime,
    listener: TcpListener,
    exchange: Arc<Exchange>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, router(exchange)).await
    });
    // The error is the message.
    let _ = runtime.block_on(stopped);
}

fn router(exchange: Arc<Exchange>) -> Router {
    let exchange_code =
        post(exchange_code).fallback(async || to_response(refuse(405, "only POST")));
    Router::new()
        .route("/scopeRequest/authCode", exchange_code.clone())
        .route("/prod/scopeRequest/authCode", exchange_code.clone())
        .route("/dev/scopeRequest/authCode", exchange_code)
        .fallback(async || to_response(refuse(404, "there is nothing at this address")))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(exchange)
}

async fn exchange_code(
    State(exchange): State<Arc<Exchange>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    to_response(exchange.answer(authorization, &body))
}

fn to_response((status, body): Answer) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
