//! A whole login with an AuthSig server: state, signed URL, session, log-out.
//!
//! ```sh
//! cargo run -p civic-sip-dev --example authsig_login -- --port 8080
//! ```
//!
//! Without `AUTHSIG_BASE` it starts a server of its own, where a person named ada is always logged in. With it, it uses
//! the server at that base URL, whose people it then asks to confirm.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, State as AppState};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ORIGIN, REFERRER_POLICY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use civic_sip::authsig::{
    ConfigError, Identity, PrivateKey, Remote, RemoteError, Request, State, VerifyError,
};
use serde::{Deserialize, Serialize};
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer};

#[path = "authsig_login/server.rs"]
pub(crate) mod server;

/// The key in the session under which the login is stored.
const LOGIN: &str = "login";
const SESSION_LIFETIME: Duration = Duration::hours(1);

/// The key in the session under which the state of an attempt to log in is stored.
const STATE: &str = "state";
/// The time that a person has to log in at the server.
const ATTEMPT_LIFETIME: Duration = Duration::minutes(10);

/// What every handler shares.
struct App {
    /// The app's own address, without a last slash.
    url: String,
    /// The base URL of the AuthSig server.
    server: String,
    remote: Remote,
}

/// Who is logged in. All three say who that is: another service or server may have the same login.
#[derive(Serialize, Deserialize)]
struct Login {
    server: String,
    service: String,
    login: String,
}

/// The address that the server sends browsers to; it is the audience of the app's identities.
pub(crate) fn redirect_url(url: &str) -> String {
    format!("{url}/in")
}

/// The whole app, for `main` and for its test. The audience of `remote` is [`redirect_url`].
pub(crate) fn app(url: impl Into<String>, server: impl Into<String>, remote: Remote) -> Router {
    let app = App { url: url.into(), server: server.into(), remote };
    // As the app is configured: behind a proxy, requests don't tell.
    let is_https = app.url.starts_with("https://");
    // The sessions are lost on restart, and expired ones stay in memory: use another store in production.
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        // With the prefix `__Host-`, no other host and no page without TLS can set the cookie. Browsers take it on https
        // alone, and Safari no `Secure` cookie on `http://localhost`.
        .with_name(if is_https { "__Host-session" } else { "session" })
        .with_secure(is_https)
        // Sent when the server redirects the browser back, but with no form and no script of another site.
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(SESSION_LIFETIME));
    Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/in", get(come_back))
        .route("/logout", post(logout))
        .layer(sessions)
        .with_state(Arc::new(app))
}

/// Shows who is logged in, or offers the login.
async fn home(session: Session) -> Result<Response, StoreError> {
    Ok(match session.get::<Login>(LOGIN).await? {
        Some(login) => page(
            StatusCode::OK,
            &format!(
                "<p>Hello, {} of {} at {}.</p><form method=\"post\" action=\"/logout\"><button>Log out</button></form>",
                escape(&login.login),
                escape(&login.service),
                escape(&login.server),
            ),
        ),
        None => page(StatusCode::OK, "<p><a href=\"/login\">Log in</a></p>"),
    })
}

/// Sends the browser to the server, with a state that ties its answer to this browser's session.
async fn login(
    AppState(app): AppState<Arc<App>>,
    session: Session,
) -> Result<Response, StoreError> {
    let (state, url) = match app.attempt() {
        Ok(attempt) => attempt,
        Err(error) => {
            eprintln!("no login can be started: {error}");
            return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        }
    };
    session.insert(STATE, state.as_str()).await?;
    if session.get::<Login>(LOGIN).await?.is_none() {
        session.set_expiry(Some(Expiry::OnInactivity(ATTEMPT_LIFETIME)));
    }
    Ok(([(CACHE_CONTROL, "no-store")], Redirect::to(&url)).into_response())
}

#[derive(Deserialize)]
struct SignedUrl {
    authsig: String,
}

/// Lets the browser in that comes back from the server.
///
/// Without the state, a visitor could be sent here with the signed URL of an attacker, and use the attacker's account
/// without noticing; and an attacker with that of a visitor, seen in a log or caused by a notification.
async fn come_back(
    AppState(app): AppState<Arc<App>>,
    session: Session,
    Form(SignedUrl { authsig }): Form<SignedUrl>,
) -> Result<Response, StoreError> {
    let state = session.get::<String>(STATE).await?;
    let identity = match app.log_in(&authsig, state).await {
        Ok(identity) => identity,
        Err(error) => {
            // The log gets the reason; the error shows no personal value.
            eprintln!("login failed: {error}");
            let status = match error {
                RemoteError::Verify(_) => StatusCode::FORBIDDEN,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            let text = "<p>The login did not work. <a href=\"/login\">Please start again.</a></p>";
            return Ok(page(status, text));
        }
    };
    // Session fixation: a session id from before the login may be known to somebody else, so there is a new one.
    session.cycle_id().await?;
    let login = Login {
        server: app.server.clone(),
        service: identity.service().to_owned(),
        login: identity.login().to_owned(),
    };
    session.insert(LOGIN, login).await?;
    // The attempt is over: without its state, the same URL lets nobody in again.
    session.remove_value(STATE).await?;
    let headers = [
        (CACHE_CONTROL, "no-store"),
        // The signed URL stays out of the Referer, and with the redirect out of the address bar.
        (REFERRER_POLICY, "same-origin"),
    ];
    Ok((headers, Redirect::to("/")).into_response())
}

/// Ends the session on the server, so that the cookie is worthless even to somebody who copied it.
async fn logout(
    AppState(app): AppState<Arc<App>>,
    session: Session,
    headers: HeaderMap,
) -> Result<Response, StoreError> {
    // Another site must not end sessions. Browsers send `Origin` with every POST, and no page can forge it.
    if headers.get(ORIGIN).is_none_or(|origin| origin.as_bytes() != app.url.as_bytes()) {
        return Ok((StatusCode::FORBIDDEN, "Please log out from the page.").into_response());
    }
    session.flush().await?;
    Ok(Redirect::to("/").into_response())
}

impl App {
    /// Returns the state of a new attempt to log in, and the URL to send the browser to.
    fn attempt(&self) -> Result<(State, String), ConfigError> {
        let state = State::generate()?;
        let request = Request::new(&self.server)
            .provides(["login", "service"])
            .redirect_url(redirect_url(&self.url))
            .state(&state);
        Ok((state, request.url()?))
    }

    async fn log_in(&self, url: &str, state: Option<String>) -> Result<Identity, RemoteError> {
        let state: State = state.ok_or(VerifyError::WrongState)?.parse()?;
        self.remote.log_in(url, &state).await
    }
}

/// The session store failed. That is not the same as "not logged in".
struct StoreError(tower_sessions::session::Error);

impl From<tower_sessions::session::Error> for StoreError {
    fn from(error: tower_sessions::session::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for StoreError {
    fn into_response(self) -> Response {
        eprintln!("session store: {}", self.0);
        (StatusCode::SERVICE_UNAVAILABLE, "Please try again later.").into_response()
    }
}

fn page(status: StatusCode, main: &str) -> Response {
    let headers = [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "same-origin"),
    ];
    let html = format!(
        "<!doctype html><html lang=\"en\"><title>AuthSig login</title><main>{main}</main></html>"
    );
    (status, headers, Html(html)).into_response()
}

/// Escapes text for HTML, between tags or in quotes: people choose their logins.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn port() -> Result<u16, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => Ok(8080),
        ["--port", port] => port.parse().map_err(|_| format!("`{port}` is not a port")),
        _ => Err("usage: authsig_login [--port N]".to_owned()),
    }
}

#[tokio::main]
#[allow(dead_code, reason = "the test of this example has a main of its own")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port()?)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = match std::env::var("AUTHSIG_BASE") {
        Ok(base) if !base.is_empty() => base,
        _ => {
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let base = format!("http://{}/verify", listener.local_addr()?);
            println!("No AUTHSIG_BASE is set, so there is a server at {base}");
            let authority =
                server::authority(&base, PrivateKey::generate()?, &[&redirect_url(&url)])?;
            let router = server::router(authority, std::time::SystemTime::now);
            tokio::spawn(axum::serve(listener, router).into_future());
            base
        }
    };
    let remote = Remote::builder(&server).audience(redirect_url(&url)).build()?;
    println!("Open {url}");
    axum::serve(listener, app(url, server, remote)).await?;
    Ok(())
}
