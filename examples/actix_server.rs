//! A login on actix-web: one client in the app's data, a session, and a log-out.
//!
//! ```text
//! cargo run --example sandbox        # in another terminal; paste the CIVIC_* lines that it prints
//! cargo run -p civic-sip-dev --example actix_server
//! curl -c cookies -H 'origin: http://127.0.0.1:3000' --json '{"token": "…"}' http://127.0.0.1:3000/login
//! curl -b cookies http://127.0.0.1:3000
//! ```

use std::time::{Duration, SystemTime};

use actix_session::storage::CookieSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::body::MessageBody;
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorForbidden;
use actix_web::http::StatusCode;
use actix_web::http::header::ORIGIN;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, Json, ServiceConfig, get, post, scope};
use actix_web::{App, HttpResponse, HttpServer, ResponseError, rt};
use civic_sip::{CivicSip, Error};
use serde::{Deserialize, Serialize};

/// The key in the session under which the login is stored.
const LOGIN: &str = "login";
const SESSION_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The person who is logged in.
#[derive(Serialize, Deserialize)]
struct Login {
    user_id: String,
    until: SystemTime,
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
}

/// actix-web asks for a type of one's own.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Refused(#[from] Error);

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            // The same token may be sent again, later.
            error if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            error if error.status() == Some(400) => StatusCode::BAD_REQUEST,
            error if error.is_timeout() => StatusCode::GATEWAY_TIMEOUT,
            error if error.is_config() => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    /// What went wrong is for the log; the page gets to know what to do.
    fn error_response(&self) -> HttpResponse {
        eprintln!("login failed: {self}");
        let hint =
            if self.0.is_retryable() { "please wait a moment" } else { "please start again" };
        HttpResponse::build(self.status_code()).body(hint)
    }
}

/// The page sends the token that civic.sip.js gave it.
async fn log_in(
    civic: Data<CivicSip>,
    session: Session,
    credentials: Json<Credentials>,
) -> actix_web::Result<String> {
    let user = civic.exchange_code(&credentials.token).await.map_err(Refused)?;
    // Nothing that was in the session before the login stays in it.
    session.clear();
    session.renew();
    let until = SystemTime::now() + SESSION_LIFETIME;
    session.insert(LOGIN, Login { user_id: user.user_id().to_owned(), until })?;
    Ok(format!("hello {}", user.email().unwrap_or("you")))
}

async fn home(session: Session) -> actix_web::Result<HttpResponse> {
    // A copied cookie outlives the browser's: so the time is in the session, too.
    let login = session.get::<Login>(LOGIN)?.filter(|login| SystemTime::now() < login.until);
    Ok(match login {
        Some(login) => HttpResponse::Ok().body(format!("you are {}", login.user_id)),
        None => HttpResponse::Unauthorized().body("please log in"),
    })
}

async fn log_out(session: Session) -> &'static str {
    session.purge();
    "bye"
}

/// The app's own origin, such as `https://app.example`.
#[derive(Clone)]
struct Origin(String);

/// Refuses everything that may change something, unless a page of this app sent it. Otherwise another site could log a
/// visitor in with the attacker's token (login CSRF).
async fn refuse_other_sites(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> actix_web::Result<ServiceResponse<impl MessageBody>> {
    let own = request.app_data::<Origin>().map(|Origin(origin)| origin.as_bytes());
    let origin = request.headers().get(ORIGIN).map(|origin| origin.as_bytes());
    if !request.method().is_safe() && (own.is_none() || origin != own) {
        return Err(ErrorForbidden("please use this site's own page"));
    }
    next.call(request).await
}

/// The clones of the client share one connection pool, also across actix's threads.
pub(crate) fn configure(
    civic: CivicSip,
    origin: String,
    key: Key,
) -> impl Fn(&mut ServiceConfig) + Clone {
    let civic = Data::new(civic);
    move |config| {
        let is_https = origin.starts_with("https://");
        // The whole session is in the cookie, encrypted: a copy lives on after the log-out until its time is up. Where that
        // is too long, use a store on the server.
        let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
            // With the prefix `__Host-`, no other host and no page without TLS can set the cookie.
            .cookie_name(if is_https { "__Host-session" } else { "session" }.to_owned())
            .cookie_secure(is_https)
            .cookie_same_site(SameSite::Lax);
        config.service(
            scope("")
                .app_data(civic.clone())
                .app_data(Origin(origin.clone()))
                .wrap(sessions.build())
                .wrap(from_fn(refuse_other_sites))
                .route("/", get().to(home))
                .route("/login", post().to(log_in))
                .route("/logout", post().to(log_out)),
        );
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A key that is kept, instead of a new one at each start, lets sessions survive it.
    let origin = "http://127.0.0.1:3000".to_owned();
    let configure = configure(CivicSip::from_env()?, origin, Key::generate());
    let server = HttpServer::new(move || App::new().configure(configure.clone()));
    Ok(rt::System::new().block_on(server.bind("127.0.0.1:3000")?.run())?)
}
