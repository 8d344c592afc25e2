//! The routes, and what holds for all of them.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use civic_sip::CivicSip;
use civic_sip::authsig::{Signer, Verifier};
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, MemoryStore, SessionManagerLayer};

use super::error::AppError;
use super::store::Store;
use super::{invitations, login, teams};

const SESSION_LIFETIME: Duration = Duration::hours(12);

/// What every handler shares.
pub(crate) struct App {
    pub(crate) civic: CivicSip,
    /// The origin of the service's browser library.
    pub(crate) library_url: String,
    pub(crate) store: Store,
    /// Signs invitations.
    pub(crate) signer: Signer,
    pub(crate) verifier: Verifier,
    /// The app's own origin: scheme, host and port, without a last slash.
    pub(crate) public_url: String,
}

pub(crate) type AppState = State<Arc<App>>;

pub(crate) fn router(app: App) -> Router {
    let app = Arc::new(app);
    Router::new()
        .route("/", get(teams::home))
        .route("/login", get(login::page).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/teams", post(teams::create))
        .route("/teams/{id}/invitations", post(invitations::create))
        .route("/join", get(invitations::open))
        .route("/invitation", get(invitations::show).post(invitations::accept))
        .layer(sessions(&app.public_url))
        .route("/app.css", get(async || asset("text/css", include_str!("assets/app.css"))))
        .route("/login.js", get(async || asset("text/javascript", include_str!("assets/login.js"))))
        .fallback(async || AppError::NotFound)
        .layer(from_fn_with_state(Arc::clone(&app), refuse_other_sites))
        .layer(map_response(add_security_headers))
        .with_state(app)
}

fn sessions(public_url: &str) -> SessionManagerLayer<MemoryStore> {
    // With the prefix `__Host-`, no other host and no page without TLS can set the cookie. Browsers take it on https alone.
    let is_https = public_url.starts_with("https://");
    // All sessions end on restart, and expired ones stay in memory: use another store in production.
    SessionManagerLayer::new(MemoryStore::default())
        .with_name(if is_https { "__Host-session" } else { "session" })
        .with_secure(is_https)
        // Other sites can't send the cookie with a POST, but people who open an invitation in a mail are logged in.
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(SESSION_LIFETIME))
}

/// Refuses everything that may change something, unless a page of this app sent it.
///
/// This stops login CSRF, too: a token says who somebody is, not in whose browser. Another site could send a form with the
/// attacker's token from a visitor's browser; the visitor would use the attacker's account without noticing.
///
/// Browsers send `Origin` with every POST, and no page can forge it. It is compared with the configuration, and not with
/// the header `Host`, which a proxy may change.
async fn refuse_other_sites(
    State(app): AppState,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    let origin = request.headers().get(ORIGIN);
    let is_own = origin.is_some_and(|origin| origin.as_bytes() == app.public_url.as_bytes());
    if request.method().is_safe() || is_own {
        Ok(next.run(request).await)
    } else {
        Err(AppError::OtherSite)
    }
}

/// Adds the headers that a handler did not set itself.
async fn add_security_headers(mut response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
                  frame-ancestors 'none'";
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy),
        // Pages show personal data, and must not be seen with the back button after the log-out.
        (CACHE_CONTROL, "no-store"),
        // An invitation is a key: its URL must not reach other sites.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Renders a page. The templates escape all values for HTML.
pub(crate) fn page(template: impl Template) -> Result<Html<String>, AppError> {
    Ok(Html(template.render()?))
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache")], text).into_response()
}
