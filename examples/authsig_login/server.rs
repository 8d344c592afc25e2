//! As much of an AuthSig server as a login needs. A person named ada is always logged in; a real server has accounts,
//! sessions, and a page that asks for consent.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use civic_sip::authsig::decide::{Authority, Defaults, Person};
use civic_sip::authsig::{ConfigError, PrivateKey};

struct Server {
    authority: Authority,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

/// An authority that sends people to these addresses without asking them.
pub(crate) fn authority(
    base: &str,
    key: PrivateKey,
    apps: &[&str],
) -> Result<Authority, ConfigError> {
    let builder = Authority::builder(base).private_key(key).loopback_http();
    apps.iter().fold(builder, |builder, app| builder.allow(*app)).build()
}

pub(crate) fn router(
    authority: Authority,
    clock: impl Fn() -> SystemTime + Send + Sync + 'static,
) -> Router {
    Router::new()
        .route("/verify/request", get(request))
        .route("/verify/verified", get(verified))
        .route("/verify/keys", get(keys))
        .with_state(Arc::new(Server { authority, clock: Box::new(clock) }))
}

/// The person who is logged in.
pub(crate) fn ada() -> Person {
    Person::new("ada", "the id of ada's session")
}

async fn request(State(server): State<Arc<Server>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let now = (server.clock)();
    match server.authority.decide(&query, Some(&ada()), &Defaults::new(), None, now) {
        Ok(signed) => match signed.redirect() {
            Some(url) => Redirect::to(url).into_response(),
            None => signed.url().to_owned().into_response(),
        },
        Err(refusal) => (StatusCode::FORBIDDEN, refusal.to_string()).into_response(),
    }
}

async fn verified(State(server): State<Arc<Server>>, RawQuery(query): RawQuery) -> StatusCode {
    match server.authority.verify(&query.unwrap_or_default(), (server.clock)()) {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::FORBIDDEN,
    }
}

/// Apps keep the keys for 5 minutes: so long a revoked one lives.
async fn keys(State(server): State<Arc<Server>>) -> Response {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "max-age=300")];
    (headers, server.authority.jwks()).into_response()
}
