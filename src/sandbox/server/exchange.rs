//! The exchange, and the links to large payloads.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};

use super::{Body, faults, json_text};
use crate::protocol::PATH;
use crate::sandbox::authorization::ExchangeRequest;
use crate::sandbox::error::ErrorResponse;
use crate::sandbox::exchange;
use crate::sandbox::state::State;

pub(super) async fn exchange(
    Shared(state): Shared<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Body, ErrorResponse>,
) -> Response {
    if !is_exchange(uri.path()) {
        return ErrorResponse::new(404, "there is nothing at this address").into_response();
    }
    if method != Method::POST {
        return ErrorResponse::new(405, "the exchange accepts POST only").into_response();
    }
    let body = match body {
        Ok(Body(body)) => body,
        Err(error) => return error.into_response(),
    };
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let request =
        ExchangeRequest { authorization: text(AUTHORIZATION), host: text(HOST), body: &body };
    match state.faults.take() {
        None => match exchange::exchange(&state, &request) {
            Ok(body) => json_text(200, body),
            Err(error) => error.into_response(),
        },
        Some(fault) => faults::respond(&state, &request, fault).await,
    }
}

/// Returns `true` for the path of the exchange, with or without `sip` and a stage, and with any number of slashes.
fn is_exchange(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let segments = segments.strip_prefix(&["sip"]).unwrap_or(&segments);
    let segments = match segments {
        ["prod" | "dev", rest @ ..] => rest,
        all => all,
    };
    segments.join("/") == PATH
}

pub(super) async fn payload(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Response, ErrorResponse> {
    let token = state
        .payloads
        .get(&id, state.now())
        .ok_or_else(|| ErrorResponse::new(404, "there is no such payload, or its link expired"))?;
    let headers = [(CONTENT_TYPE, "application/jwt"), (CACHE_CONTROL, "no-store")];
    Ok((headers, token).into_response())
}
