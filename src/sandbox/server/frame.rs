//! The browser library's endpoints, and the page in its frame.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::pages::{self, escape};
use super::{Body, json_response};
use crate::sandbox::error::ErrorResponse;
use crate::sandbox::qr;
use crate::sandbox::scope_request::ScopeRequest;
use crate::sandbox::state::State;
use crate::sandbox::wallet_requests::{LIFETIME, Progress, WalletError, WalletRequest};

/// Browsers demand this header before a page on a public address may use a private one.
const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Lets the page read the response. Which pages get a scope request is decided by [`new_request`].
fn readable_by(origin: Option<&HeaderValue>, mut response: Response) -> Response {
    response.headers_mut().insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response
}

pub(super) async fn preflight(headers: HeaderMap) -> Response {
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
        (PRIVATE_NETWORK, "true"),
    ];
    readable_by(headers.get(ORIGIN), (StatusCode::NO_CONTENT, allowed).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    app_id: String,
    scope_request: Option<String>,
}

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    body: Result<Body, ErrorResponse>,
) -> Response {
    let origin = headers.get(ORIGIN);
    let response = body.and_then(|body| new_request(&state, origin, &body.json()?));
    readable_by(origin, response.into_response())
}

fn new_request(
    state: &State,
    origin: Option<&HeaderValue>,
    request: &Create,
) -> Result<Response, ErrorResponse> {
    if request.app_id != state.credentials.app_id {
        return Err(ErrorResponse::new(401, "the app id is unknown"));
    }
    let origin = origin.and_then(|origin| origin.to_str().ok()).ok_or_else(|| {
        ErrorResponse::new(401, "the Origin header is missing: only a page in a browser sends it")
    })?;
    if !state.settings.domains.allow(origin) {
        return Err(ErrorResponse::new(401, "the domain of this page is not on the app's list"));
    }
    let name = request.scope_request.as_deref().unwrap_or("BASIC_SIGNUP");
    let scope_request = ScopeRequest::find(name)
        .ok_or_else(|| ErrorResponse::new(400, "the scope request is unknown"))?;
    if scope_request == ScopeRequest::ProofOfIdentity && !state.settings.proof_of_identity {
        return Err(ErrorResponse::new(401, "the app is not approved for PROOF_OF_IDENTITY"));
    }
    let id = state.wallet_requests.create(scope_request, origin, state.now())?;
    Ok(json_response(201, &json!({ "id": id, "expiresIn": LIFETIME })))
}

pub(super) async fn poll(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Response, ErrorResponse> {
    Ok(progress(&state.wallet_requests.get(&id)?, state.now()))
}

pub(super) async fn cancel(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Response, ErrorResponse> {
    let now = state.now();
    Ok(progress(&state.wallet_requests.cancel(&id, now)?, now))
}

fn progress(request: &WalletRequest, now: f64) -> Response {
    let (status, token) = match request.progress(now) {
        Progress::Pending => ("pending", None),
        Progress::Granted(token) => ("granted", Some(token)),
        Progress::Cancelled => ("cancelled", None),
        Progress::Expired => ("expired", None),
    };
    let expires_in = request.seconds_left(now);
    let body = json!({
        "status": status,
        "read": request.read,
        "expiresIn": expires_in,
        "response": token,
    });
    json_response(200, &body)
}

/// The page in the frame; only the page that asked may show it.
pub(super) async fn page(Shared(state): Shared<Arc<State>>, Path(id): Path<String>) -> Response {
    let now = state.now();
    let request = match state.wallet_requests.get(&id) {
        Ok(request) => request,
        Err(error) => return pages::error("../../", error),
    };
    let html = include_str!("../assets/frame.html")
        .replace("{origin}", &escape(&request.origin))
        .replace("{scope}", request.scope_request.title())
        .replace("{wallet}", &escape(&state.wallet_url(&request.code)))
        .replace("{seconds}", &request.seconds_left(now).to_string());
    pages::html(200, html, &request.origin)
}

/// The QR code with the wallet's address.
pub(super) async fn qr_code(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Response, ErrorResponse> {
    let request = state.wallet_requests.get(&id)?;
    let svg = qr::svg(&state.wallet_url(&request.code)).ok_or(WalletError::Unknown)?;
    Ok(([(CONTENT_TYPE, "image/svg+xml")], svg).into_response())
}
