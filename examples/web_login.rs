//! A whole login with Civic: a button, the modal, the wallet, the exchange, a session, a page that greets, log-out.
//!
//! ```sh
//! cargo run -p civic-sip-dev --example web_login -- --port 8080
//! ```
//!
//! Without `CIVIC_…` variables it starts a sandbox of its own. With them it uses the service that they name; the address
//! of its browser library is `{CIVIC_BASE_URL}/js/civic.sip.js`, or `CIVIC_SCRIPT_URL`.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, REFERRER_POLICY,
};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use civic_sip::sandbox::Sandbox;
use civic_sip::{CivicSip, UserData, UserDataItem, labels};
use serde::{Deserialize, Serialize};
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer};

/// The key in the session under which the login is stored.
const SESSION_KEY: &str = "login";
const SESSION_LIFETIME: Duration = Duration::hours(1);

/// What every handler shares.
pub(crate) struct App {
    /// The app's own origin: scheme, host and port.
    origin: String,
    civic: CivicSip,
    /// The address of the browser library.
    script_url: String,
}

/// The person who is logged in. Store no more of the data than your app needs.
#[derive(Serialize, Deserialize)]
struct Login {
    user: UserData,
    until: OffsetDateTime,
}

/// The whole app, for `main` and for its test.
pub(crate) fn app(
    origin: impl Into<String>,
    civic: CivicSip,
    script_url: impl Into<String>,
) -> Router {
    let app = App { origin: origin.into(), civic, script_url: script_url.into() };
    let is_https = app.origin.starts_with("https://");
    // The sessions are lost on restart, and expired ones stay in memory: use another store in production.
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        // With the prefix `__Host-`, no other host and no page without TLS can set the cookie. Browsers take it on https
        // alone.
        .with_name(if is_https { "__Host-session" } else { "session" })
        .with_secure(is_https)
        // Other sites can't send this cookie with a POST, but a link to this site finds the person logged in.
        .with_same_site(SameSite::Lax);
    Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(sessions)
        .route("/web_login.js", get(async || asset("text/javascript", SCRIPT)))
        .route("/web_login.css", get(async || asset("text/css", STYLE)))
        .with_state(Arc::new(app))
}

/// Shows the session, or offers the login.
async fn home(State(app): State<Arc<App>>, session: Session) -> Result<Response, StoreError> {
    Ok(match session.get::<Login>(SESSION_KEY).await? {
        Some(login) => app.page(StatusCode::OK, &welcome(&login)),
        None => app.page(StatusCode::OK, &login_form(&app, "")),
    })
}

#[derive(Deserialize)]
struct LoginForm {
    token: String,
}

/// Exchanges the code token that the browser library handed to the page, and starts a session.
async fn login(
    State(app): State<Arc<App>>,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Result<Response, StoreError> {
    // Login CSRF: a code token says who somebody is, not in whose browser. Without this check, another site could send
    // a form with a token of the attacker from a visitor's browser. The visitor would then use the attacker's account
    // without noticing, and enter private data there.
    if !app.is_own_form(&headers) {
        let message = format!("Please log in at {}.", app.origin);
        return Ok(app.page(StatusCode::FORBIDDEN, &login_form(&app, &message)));
    }
    let user = match app.civic.exchange_code(&form.token).await {
        Ok(user) => user,
        Err(error) => {
            // The log gets the reason; the error shows no secret and no personal value.
            eprintln!("login failed: {error}");
            let status =
                if error.is_api() { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_GATEWAY };
            let message = "The login did not work. Please start again.";
            return Ok(app.page(status, &login_form(&app, message)));
        }
    };
    // Session fixation: a session id from before the login may be known to somebody else, so there is a new one.
    session.cycle_id().await?;
    let until = OffsetDateTime::now_utc() + SESSION_LIFETIME;
    session.set_expiry(Some(Expiry::AtDateTime(until)));
    session.insert(SESSION_KEY, Login { user, until }).await?;
    Ok(Redirect::to("/").into_response())
}

/// Ends the session on the server, so that the cookie is worthless even to somebody who copied it.
async fn logout(
    State(app): State<Arc<App>>,
    session: Session,
    headers: HeaderMap,
) -> Result<Response, StoreError> {
    // Another site must not end sessions either.
    if !app.is_own_form(&headers) {
        return Ok((StatusCode::FORBIDDEN, "Please log out from the page.").into_response());
    }
    session.flush().await?;
    Ok(Redirect::to("/").into_response())
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

impl App {
    /// Returns whether a form comes from a page of this app. Browsers send `Origin` with every POST, and no page can forge
    /// it. The header `Host` would not do for comparison: a proxy may change it.
    fn is_own_form(&self, headers: &HeaderMap) -> bool {
        headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == self.origin.as_bytes())
    }

    fn page(&self, status: StatusCode, main: &str) -> Response {
        // The page allows the origin of the browser library its script, style sheet, requests and frame.
        let civic = origin(&self.script_url);
        let policy = format!(
            "default-src 'none'; script-src 'self' {civic}; style-src 'self' {civic}; img-src data:; \
             connect-src {civic}; frame-src {civic}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let headers = [
            (CONTENT_SECURITY_POLICY, &*policy),
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "same-origin"),
        ];
        (status, headers, Html(PAGE.replace("{main}", main))).into_response()
    }
}

fn origin(url: &str) -> String {
    match url.parse::<Uri>() {
        Ok(uri) => format!(
            "{}://{}",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map(ToString::to_string).unwrap_or_default()
        ),
        Err(_) => String::new(),
    }
}

fn login_form(app: &App, problem: &str) -> String {
    LOGIN
        .replace("{app_id}", &escape(app.civic.app_id()))
        .replace("{script}", &escape(&app.script_url))
        .replace("{problem}", &escape(problem))
}

fn welcome(Login { user, until }: &Login) -> String {
    // Greet by nothing that was not verified.
    let name = user
        .trusted(labels::DOCUMENT_NAME)
        .or_else(|| user.email())
        .unwrap_or("you whose name was not verified");
    let picture = user.identity_document().and_then(|document| document.image());
    let picture = picture.is_some_and(|picture| picture.is_ok());
    let rows: String = user.items().iter().map(|item| row(item, picture)).collect();
    let data = if rows.is_empty() {
        "<p class=\"quiet\">No data was shared.</p>".to_owned()
    } else {
        format!(
            "<div class=\"table\"><table><thead><tr><th scope=\"col\">Data</th><th scope=\"col\">Value</th>\
             <th scope=\"col\">Valid</th><th scope=\"col\">Owned</th></tr></thead><tbody>{rows}</tbody></table></div>"
        )
    };
    WELCOME
        .replace("{name}", &escape(name))
        .replace("{user_id}", &escape(user.user_id()))
        .replace("{until}", &format!("{:02}:{:02}", until.hour(), until.minute()))
        .replace("{data}", &data)
}

fn row(item: &UserDataItem, picture: bool) -> String {
    let value = if picture && item.label() == labels::DOCUMENT_IMAGE {
        format!("<img src=\"data:image/png;base64,{}\" alt=\"Picture\">", escape(item.value()))
    } else {
        escape(item.value())
    };
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"value\">{value}</td>{}{}</tr>",
        escape(item.label()),
        yes_or_no(item.is_valid()),
        yes_or_no(item.is_owner()),
    )
}

fn yes_or_no(flag: bool) -> &'static str {
    if flag {
        "<td><span class=\"yes\">yes</span></td>"
    } else {
        "<td><span class=\"no\">no</span></td>"
    }
}

/// Escapes text for HTML, between tags or in quotes: people choose what they release.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    let content_type = format!("{content_type}; charset=utf-8");
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache".to_owned())], text).into_response()
}

const PAGE: &str = include_str!("web_login/page.html");
const LOGIN: &str = include_str!("web_login/login.html");
const WELCOME: &str = include_str!("web_login/welcome.html");
const SCRIPT: &str = include_str!("web_login/web_login.js");
const STYLE: &str = include_str!("web_login/web_login.css");

fn port() -> Result<u16, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => Ok(8080),
        ["--port", port] => port.parse().map_err(|_| format!("`{port}` is not a port")),
        _ => Err("usage: web_login [--port N]".to_owned()),
    }
}

#[tokio::main]
#[allow(dead_code, reason = "the test of this example has a main of its own")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = port()?;
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let sandbox;
    let (civic, script_url) = match variable("CIVIC_APP_ID") {
        Some(_) => {
            let script_url = variable("CIVIC_SCRIPT_URL")
                .or_else(|| {
                    variable("CIVIC_BASE_URL").map(|base| format!("{base}/js/civic.sip.js"))
                })
                .unwrap_or_else(|| "https://hosted-sip.civic.com/js/civic.sip.min.js".to_owned());
            (CivicSip::from_env()?, script_url)
        }
        None => {
            sandbox = Sandbox::start().await?;
            println!("No CIVIC_APP_ID is set, so there is a sandbox at {}", sandbox.base_url());
            (sandbox.client_builder().build()?, sandbox.script_url())
        }
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    println!("Open {origin}");
    axum::serve(listener, app(origin, civic, script_url)).await?;
    Ok(())
}
