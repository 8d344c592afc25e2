//! What the browser library talks to, and the page that it shows in its frame.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::pages::{self, escape};
use super::refused::{Refused, sentence};
use super::{Body, json};
use crate::sandbox::Hosted;
use crate::sandbox::qr;
use crate::sandbox::scope::Scope;
use crate::sandbox::scope_requests::{LIFETIME, Refusal, ScopeRequest, State as Standing};

/// What browsers ask before they let a page on a public address talk to this machine.
const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Any page may ask and read the answer; whether it gets a scope request is decided by [`create`].
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
    scope_request: String,
}

pub(super) async fn create(
    State(hosted): State<Arc<Hosted>>,
    headers: HeaderMap,
    body: Result<Body, Refused>,
) -> Response {
    let origin = headers.get(ORIGIN);
    let response = body
        .and_then(|body| body.json::<Create>())
        .and_then(|wanted| created(&hosted, origin, &wanted));
    readable_by(origin, response.into_response())
}

fn created(
    hosted: &Hosted,
    origin: Option<&HeaderValue>,
    wanted: &Create,
) -> Result<Response, Refused> {
    if wanted.app_id != hosted.exchange.credentials.app_id {
        return Err(Refused::new(401, "the app id is unknown"));
    }
    let origin = origin.and_then(|origin| origin.to_str().ok()).ok_or_else(|| {
        Refused::new(401, "the Origin header is missing: only a page in a browser can ask")
    })?;
    if !hosted.domains.allow(origin) {
        return Err(Refused::new(401, "the domain of this page is not on the app's list"));
    }
    let scope = Scope::from_name(&wanted.scope_request)
        .ok_or_else(|| Refused::new(400, "there is no scope request of this name"))?;
    if scope == Scope::ProofOfIdentity && !hosted.proof_of_identity {
        return Err(Refused::new(401, "the app is not approved for PROOF_OF_IDENTITY"));
    }
    let id = hosted.requests.create(scope, origin, hosted.exchange.now())?;
    Ok(json(201, &json!({ "id": id, "expiresIn": LIFETIME })))
}

pub(super) async fn poll(State(hosted): State<Arc<Hosted>>, Path(id): Path<String>) -> Response {
    let now = hosted.exchange.now();
    match hosted.requests.get(&id) {
        Some(request) => standing(&request, &request.state(now), now),
        None => Refused::from(Refusal::Unknown).into_response(),
    }
}

pub(super) async fn cancel(State(hosted): State<Arc<Hosted>>, Path(id): Path<String>) -> Response {
    let now = hosted.exchange.now();
    match (hosted.requests.cancel(&id, now), hosted.requests.get(&id)) {
        (Ok(state), Some(request)) => standing(&request, &state, now),
        _ => Refused::from(Refusal::Unknown).into_response(),
    }
}

fn standing(request: &ScopeRequest, state: &Standing, now: f64) -> Response {
    let (status, token) = match state {
        Standing::Pending => ("pending", None),
        Standing::Granted(token) => ("granted", Some(token)),
        Standing::Cancelled => ("cancelled", None),
        Standing::Expired => ("expired", None),
    };
    let expires_in = request.seconds_left(now);
    json(200, &json!({ "status": status, "expiresIn": expires_in, "response": token }))
}

/// The page in the frame: only the page that asked may show it.
pub(super) async fn page(State(hosted): State<Arc<Hosted>>, Path(id): Path<String>) -> Response {
    let now = hosted.exchange.now();
    let Some(request) = hosted.requests.get(&id) else {
        return pages::message(
            "../../",
            404,
            "There is no such request",
            sentence(Refusal::Unknown),
        );
    };
    let html = include_str!("../assets/frame.html")
        .replace("{origin}", &escape(&request.origin))
        .replace("{scope}", request.scope.title())
        .replace("{wallet}", &escape(&hosted.wallet_url(&request.code)))
        .replace("{seconds}", &request.seconds_left(now).to_string());
    pages::html(200, html, &request.origin)
}

/// The QR code with the wallet's address.
pub(super) async fn code(State(hosted): State<Arc<Hosted>>, Path(id): Path<String>) -> Response {
    let code = hosted.requests.get(&id).map(|request| hosted.wallet_url(&request.code));
    match code.and_then(|url| qr::svg(&url)) {
        Some(svg) => ([(CONTENT_TYPE, "image/svg+xml")], svg).into_response(),
        None => Refused::from(Refusal::Unknown).into_response(),
    }
}
