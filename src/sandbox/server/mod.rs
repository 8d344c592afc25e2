//! The HTTP server: routes, bodies and responses.

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
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::error::ErrorResponse;
use super::state::State;

mod exchange;
mod faults;
mod frame;
mod pages;
mod tokens;
mod wallet;

/// The largest body of most requests; a code token has at most 16 KiB.
const MAX_BODY: usize = 64 * 1024;

/// Serves until the other end of `stopped` is dropped, then closes all connections.
pub(super) fn run(
    runtime: &Runtime,
    listener: TcpListener,
    state: Arc<State>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, router(state)).await
    });
    // The error says that the sender was dropped.
    let _ = runtime.block_on(stopped);
}

fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/", get(pages::index))
        .route("/js/civic.sip.js", get(pages::library))
        .route("/js/civic.sip.min.js", get(pages::library))
        .route("/css/civic-modal.css", get(pages::library_style))
        .route("/css/civic-modal.min.css", get(pages::library_style))
        .route("/assets/{name}", get(pages::asset))
        .route("/scopeRequests", post(frame::create).options(frame::preflight))
        .route("/scopeRequests/{id}", get(frame::poll))
        .route("/scopeRequests/{id}/frame", get(frame::page))
        .route("/scopeRequests/{id}/code.svg", get(frame::qr_code))
        .route("/scopeRequests/{id}/cancel", post(frame::cancel))
        .route("/wallet/{code}", get(wallet::page))
        .route("/wallet/{code}/request", get(wallet::request))
        .route("/wallet/{code}/grant", post(wallet::grant))
        .route("/wallet/{code}/deny", post(wallet::deny))
        .route("/payloads/{id}", get(exchange::payload))
        .route("/tokens", post(tokens::issue).layer(DefaultBodyLimit::max(tokens::MAX_BODY)))
        .route("/faults", get(faults::count).post(faults::inject).delete(faults::clear))
        .method_not_allowed_fallback(async || {
            ErrorResponse::new(405, "this address does not accept this method")
        })
        // The exchange is the fallback because clients write its address in many ways.
        .fallback(exchange::exchange)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state)
}

/// The body of a request.
struct Body(Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ErrorResponse> {
        match Bytes::from_request(request, state).await {
            Ok(body) => Ok(Self(body)),
            Err(BytesRejection::FailedToBufferBody(error))
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(ErrorResponse::new(413, "the body is too large"))
            }
            Err(_) => Err(ErrorResponse::new(400, "the body can't be read")),
        }
    }
}

impl Body {
    fn json<T: DeserializeOwned>(&self) -> Result<T, ErrorResponse> {
        serde_json::from_slice(&self.0)
            .map_err(|error| ErrorResponse::new(400, format!("the body is invalid: {error}")))
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        json_response(self.status, &json!({ "message": self.message }))
    }
}

fn json_response(status: u16, body: &Value) -> Response {
    json_text(status, body.to_string())
}

fn json_text(status: u16, body: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status_code(status), headers, body).into_response()
}

/// Converts a status; an impossible one becomes 500.
fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|_| (200..600).contains(&status))
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
