//! The routes, and what all of them share.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::accounts;
use crate::app::App;
use crate::failure::Failure;
use crate::wants::Wants;
use crate::web::{assets, defaults, health, home, request, verified};

/// No form and no JSON text that the server accepts is longer.
const MAX_BODY: usize = 64 * 1024;

/// The longest that a request may take. A database or a service that hangs must not hang the client.
const MAX_TIME: Duration = Duration::from_secs(30);

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The policy of whatever is no page: it shows nothing and sends nothing.
const NO_PAGE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Makes the router.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/", get(home::show))
        .route("/compose", get(home::compose))
        .route("/verify/request", get(request::show))
        .route("/verify/consent", get(request::show_consent).post(request::consent))
        .route("/verify/verified", get(verified::show))
        .route("/verify/keys", get(verified::keys))
        .route("/defaults", post(defaults::create))
        .route("/assets/{name}", get(assets::show))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready));
    if app.has_accounts() {
        router = router.merge(accounts::routes(app));
    }
    if app.test_notifier {
        router = router.route("/test-notifier", post(request::test_notifier));
    }
    router
        .fallback(async || Failure::not_found())
        .method_not_allowed_fallback(async || Failure::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(app), around))
        .with_state(Arc::clone(app))
}

/// Refuses forms of other sites, shows failures as asked for, and sets the headers that every response has.
async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = app.request_ids.next();
    let wants = Wants::of(request.headers());
    let (method, path) = (request.method(), request.uri().path());
    let span = tracing::info_span!("request", %id, %method, path);
    let refusal = match *request.method() {
        Method::GET | Method::HEAD => None,
        _ => app.site.check_origin(request.headers()).err(),
    };
    let mut response = match refusal {
        None => match timeout(MAX_TIME, next.run(request)).instrument(span.clone()).await {
            Ok(response) => response,
            Err(_) => Failure::unavailable().into_response(),
        },
        Some(message) => Failure::new(StatusCode::FORBIDDEN, message).into_response(),
    };
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let allow = response.headers_mut().remove(ALLOW);
        response = failure.render(app.layout("This did not work"), wants, &id);
        response.headers_mut().extend(allow.map(|allow| (ALLOW, allow)));
    }
    let status = response.status().as_u16();
    app.metrics.response(status);
    span.in_scope(|| match status {
        500.. => tracing::warn!(status, "failed"),
        _ => tracing::debug!(status, "answered"),
    });
    finish(response.headers_mut(), &id);
    response
}

fn finish(headers: &mut HeaderMap, id: &str) {
    let fixed = HeaderValue::from_static;
    headers.entry(CACHE_CONTROL).or_insert(fixed("no-store"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(fixed(NO_PAGE));
    headers.insert(VARY, fixed("Accept"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    // With `no-referrer`, browsers send `Origin: null` with a form.
    headers.insert(REFERRER_POLICY, fixed("same-origin"));
    headers.insert(OPENER_POLICY, fixed("same-origin"));
    headers.extend(HeaderValue::from_str(id).ok().map(|id| (X_REQUEST_ID, id)));
}
