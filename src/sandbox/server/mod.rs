//! The sandbox over HTTP: which address does what.

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::Hosted;
use super::exchange::Answer;

mod delivery;
mod exchange;
mod frame;
mod pages;
mod refused;
mod wallet;

use refused::Refused;

/// The largest body that is read; a code token has at most 16 KiB.
const MAX_BODY: usize = 64 * 1024;

/// Serves until the other end of `stopped` is dropped; then everything that is open is dropped as well.
pub(super) fn run(
    runtime: &Runtime,
    listener: TcpListener,
    hosted: Arc<Hosted>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, router(hosted)).await
    });
    // The error is the message.
    let _ = runtime.block_on(stopped);
}

fn router(hosted: Arc<Hosted>) -> Router {
    Router::new()
        .route("/", get(pages::index))
        .route("/js/civic.sip.js", get(pages::library))
        .route("/js/civic.sip.min.js", get(pages::library))
        .route("/css/civic.sip.css", get(pages::library_style))
        .route("/assets/{name}", get(pages::asset))
        .route("/scopeRequests", post(frame::create).options(frame::preflight))
        .route("/scopeRequests/{id}", get(frame::poll))
        .route("/scopeRequests/{id}/frame", get(frame::page))
        .route("/scopeRequests/{id}/code.svg", get(frame::code))
        .route("/scopeRequests/{id}/cancel", post(frame::cancel))
        .route("/wallet/{code}", get(wallet::page))
        .route("/wallet/{code}/request", get(wallet::request))
        .route("/wallet/{code}/grant", post(wallet::grant))
        .route("/wallet/{code}/deny", post(wallet::deny))
        .route("/payloads/{name}", get(exchange::payload))
        .route("/tokens", post(exchange::issue))
        .route(
            "/faults",
            get(exchange::faults).post(exchange::inject).delete(exchange::clear_faults),
        )
        .method_not_allowed_fallback(async || {
            Refused::new(405, "this address does not take this method")
        })
        // The exchange stands here because clients write its address in many ways.
        .fallback(exchange::exchange_code)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(hosted)
}

/// The body, or why it can't be read.
struct Body(Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        match Bytes::from_request(request, state).await {
            Ok(body) => Ok(Self(body)),
            Err(BytesRejection::FailedToBufferBody(fault))
                if fault.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(Refused::new(413, "the body is larger than 64 KiB"))
            }
            Err(_) => Err(Refused::new(400, "the body can't be read")),
        }
    }
}

impl Body {
    /// Reads it as JSON of a form.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.0)
            .map_err(|error| Refused::new(400, &format!("the body is not right: {error}")))
    }
}

/// An answer in JSON that nobody keeps.
fn to_response((status, body): Answer) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, body).into_response()
}

fn json(status: u16, value: &serde_json::Value) -> Response {
    to_response((status, value.to_string()))
}
