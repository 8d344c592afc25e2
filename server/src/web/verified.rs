//! Verifying. It needs no database and has no effect.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use civic_sip::authsig::{Identity, VerifyError};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::pages::{self, Page};
use crate::wants::Wants;

/// Any page may ask: the response depends on the URL alone.
const ANY_ORIGIN: (HeaderName, &str) = (ACCESS_CONTROL_ALLOW_ORIGIN, "*");

/// `GET /verify/verified`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let identity = app.keys.authority().verify(&query, app.clock.now());
    app.metrics.verification(identity.is_ok());
    let response = match (Wants::of(&headers), identity) {
        (Wants::Json, Ok(identity)) => axum::Json(written(&identity)).into_response(),
        (Wants::Json, Err(error)) => {
            let body = json!({ "verified": false, "error": error.to_string() });
            (StatusCode::FORBIDDEN, axum::Json(body)).into_response()
        }
        (Wants::Html, Ok(identity)) => page(&app, &identity),
        (Wants::Html, Err(error)) => refusal(&app, &error),
    };
    ([ANY_ORIGIN], response).into_response()
}

/// `GET /verify/keys`
pub(crate) async fn keys(State(app): State<Arc<App>>) -> Response {
    let headers = [
        ANY_ORIGIN,
        (CACHE_CONTROL, "public, max-age=300"),
        (CONTENT_TYPE, "application/jwk-set+json"),
    ];
    (headers, app.keys.authority().jwks()).into_response()
}

fn written(identity: &Identity) -> Value {
    json!({
        "verified": true,
        "login": identity.login(),
        "service": identity.service(),
        "audience": identity.audience().collect::<Vec<_>>(),
        "data": data(identity),
    })
}

/// All signed parameters, repeated ones as lists.
fn data(identity: &Identity) -> Map<String, Value> {
    let mut data = Map::new();
    for (name, value) in identity.params() {
        match data.get_mut(name) {
            None => {
                data.insert(name.to_owned(), value.into());
            }
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    data
}

fn page(app: &App, identity: &Identity) -> Response {
    let page = pages::Verified {
        layout: app.layout("Verified"),
        login: pages::shown(identity.login()),
        service: pages::shown(identity.service()),
        audience: identity.audience().map(pages::shown_address).collect(),
        params: identity.params().map(|(name, value)| pages::Param::new(name, value)).collect(),
    };
    Page::new(page).into_response()
}

fn refusal(app: &App, error: &VerifyError) -> Response {
    let page = pages::NotVerified {
        layout: app.layout("Not verified"),
        reason: pages::sentence(&error.to_string()),
    };
    Page::new(page).status(StatusCode::FORBIDDEN).into_response()
}
