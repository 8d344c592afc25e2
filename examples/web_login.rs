//! A login with Civic, whole: a button, the modal, the wallet, the exchange, a session, a page that greets.
//!
//! ```sh
//! cargo run --example web_login -- --port 8080
//! ```
//!
//! With no `CIVIC_…` variables set it starts a sandbox of its own. With them it uses the service that they name; its
//! browser library is `{CIVIC_BASE_URL}/js/civic.sip.js`, or what `CIVIC_SCRIPT_URL` says.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use civic_sip::sandbox::Sandbox;
use civic_sip::{CivicSip, UserData, UserDataItem};
use serde::Deserialize;

const SESSION_COOKIE: &str = "web_login_session";
const SESSION_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// More people than this are not logged in at a time; it keeps the memory bounded.
const MAX_SESSIONS: usize = 1_000;

/// What every handler shares.
pub(crate) struct App {
    civic: CivicSip,
    app_id: String,
    /// The browser library.
    script_url: String,
    sessions: Mutex<HashMap<String, Session>>,
}

struct Session {
    user: UserData,
    expires: Instant,
}

/// The whole app, for `main` and for its test.
pub(crate) fn app(
    civic: CivicSip,
    app_id: impl Into<String>,
    script_url: impl Into<String>,
) -> Router {
    let app = App {
        civic,
        app_id: app_id.into(),
        script_url: script_url.into(),
        sessions: Mutex::default(),
    };
    Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/web_login.js", get(async || asset("text/javascript", SCRIPT)))
        .route("/web_login.css", get(async || asset("text/css", STYLE)))
        .with_state(Arc::new(app))
}

/// Greets who is logged in, offers the login to everybody else.
async fn home(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match app.user(&headers) {
        Some(user) => app.page(StatusCode::OK, &welcome(&user)),
        None => app.page(StatusCode::OK, &login_form(&app, "")),
    }
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// What the browser library handed to the page comes here, and is exchanged for who the person is.
async fn login(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(login): Form<Login>,
) -> Response {
    // Otherwise another site could log people in as somebody else, with a token of its own.
    if !from_this_site(&headers) {
        return app.page(StatusCode::FORBIDDEN, &login_form(&app, "Please log in from this page."));
    }
    let user = match app.civic.exchange_code(&login.token).await {
        Ok(user) => user,
        Err(error) => {
            // The person learns that it failed, the log why: the error shows no secret and no personal value.
            eprintln!("login failed: {error}");
            let status =
                if error.is_api() { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_GATEWAY };
            let message = "The login did not work. Please start again.";
            return app.page(status, &login_form(&app, message));
        }
    };
    // A new id at every login: one that was known before is worth nothing.
    app.end_session(&headers);
    match app.start_session(user) {
        Some(id) => {
            ([(SET_COOKIE, cookie(&id, SESSION_LIFETIME))], Redirect::to("/")).into_response()
        }
        None => app.page(
            StatusCode::SERVICE_UNAVAILABLE,
            &login_form(&app, "Too many people are logged in. Please try again later."),
        ),
    }
}

async fn logout(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if !from_this_site(&headers) {
        return (StatusCode::FORBIDDEN, "log out from the page itself").into_response();
    }
    app.end_session(&headers);
    ([(SET_COOKIE, cookie("", Duration::ZERO))], Redirect::to("/")).into_response()
}

/// Whether the browser says that a page of this very site sent the request.
fn from_this_site(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        // Older browsers send the origin alone.
        None => {
            let host =
                text(ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
            host.is_some() && host == text(HOST)
        }
    }
}

/// Behind https, add `Secure`.
fn cookie(id: &str, lifetime: Duration) -> String {
    let seconds = lifetime.as_secs();
    format!("{SESSION_COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, id)| id)
}

impl App {
    fn user(&self, headers: &HeaderMap) -> Option<UserData> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(session_id(headers)?)?;
        (session.expires > Instant::now()).then(|| session.user.clone())
    }

    /// The id of the session. `None` if there is no room, or the system has no random numbers.
    fn start_session(&self, user: UserData) -> Option<String> {
        let mut id = [0; 32];
        getrandom::fill(&mut id).ok()?;
        let id = hex::encode(id);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.expires > Instant::now());
        if sessions.len() >= MAX_SESSIONS {
            return None;
        }
        sessions.insert(id.clone(), Session { user, expires: Instant::now() + SESSION_LIFETIME });
        Some(id)
    }

    fn end_session(&self, headers: &HeaderMap) {
        if let Some(id) = session_id(headers) {
            self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        }
    }

    fn page(&self, status: StatusCode, main: &str) -> Response {
        // The library's origin has to be allowed for its script, its style sheet, its requests and its frame.
        let civic = origin(&self.script_url);
        let policy = format!(
            "default-src 'none'; script-src 'self' {civic}; style-src 'self' {civic}; img-src data:; \
             connect-src {civic}; frame-src {civic}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let headers = [(CONTENT_SECURITY_POLICY, policy), (CACHE_CONTROL, "no-store".to_owned())];
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
        .replace("{app_id}", &escape(&app.app_id))
        .replace("{script}", &escape(&app.script_url))
        .replace("{problem}", &escape(problem))
}

fn welcome(user: &UserData) -> String {
    let document = user.identity_document();
    // What was verified, and nothing else, may be said to be so.
    let name = document
        .as_ref()
        .and_then(|document| document.name())
        .or_else(|| user.email())
        .unwrap_or("you whose name was not verified");
    let picture = document.and_then(|document| document.image()).and_then(Result::ok).is_some();
    let rows: String = user.items().iter().map(|item| row(item, picture)).collect();
    let data = if rows.is_empty() {
        "<p class=\"quiet\">No data was shared.</p>".to_owned()
    } else {
        format!(
            "<div class=\"table\"><table><thead><tr><th scope=\"col\">Data</th><th scope=\"col\">Value</th><th scope=\"col\">Valid</th><th scope=\"col\">Owned</th></tr></thead><tbody>{rows}</tbody></table></div>"
        )
    };
    WELCOME
        .replace("{name}", &escape(name))
        .replace("{user_id}", &escape(user.user_id()))
        .replace("{data}", &data)
}

fn row(item: &UserDataItem, picture: bool) -> String {
    let yes_or_no = |flag| match flag {
        true => "<td><span class=\"yes\">yes</span></td>",
        false => "<td><span class=\"no\">no</span></td>",
    };
    let value = if picture && item.label() == "documents.genericId.image" {
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

/// For text between tags and in quotes: what people release is theirs to choose.
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
        ["--port", port] => port.parse().map_err(|_| format!("`{port}` is no port")),
        _ => Err("usage: web_login [--port N]".to_owned()),
    }
}

#[tokio::main]
#[allow(dead_code, reason = "the test of this example has a main of its own")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = port()?;
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let sandbox;
    let (civic, app_id, script_url) = match variable("CIVIC_APP_ID") {
        Some(app_id) => {
            let script_url = variable("CIVIC_SCRIPT_URL")
                .or_else(|| {
                    variable("CIVIC_BASE_URL").map(|base| format!("{base}/js/civic.sip.js"))
                })
                .unwrap_or_else(|| "https://hosted-sip.civic.com/js/civic.sip.min.js".to_owned());
            (CivicSip::from_env()?, app_id, script_url)
        }
        None => {
            sandbox = Sandbox::start().await?;
            println!("No CIVIC_APP_ID is set, so there is a sandbox at {}", sandbox.base_url());
            (sandbox.client_builder().build()?, sandbox.app_id().to_owned(), sandbox.script_url())
        }
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("Open http://{}", listener.local_addr()?);
    axum::serve(listener, app(civic, app_id, script_url)).await?;
    Ok(())
}
