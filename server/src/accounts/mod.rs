//! The server's own accounts: who is logged in, and the pages to sign up, to log in and to look after an account.

mod account;
mod civic;
mod login;
mod session;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::routing::{get, post};
use civic_sip::authsig::decide::Person;
use url::form_urlencoded;

use crate::app::App;
use crate::clock::Clock;
use crate::people::{People, Unavailable};
use crate::random::sha256;
use crate::site::Site;
use crate::store::{Session, SessionId, Store, StoreError};

pub use login::AccountError;
pub(crate) use login::{create_account, fold_login, set_password};

/// The service of accounts with a password.
pub(crate) const PASSWORD: &str = "password";

/// The cookie that has the session.
const COOKIE: &str = "authsig";

pub(crate) fn routes(app: &App) -> Router<Arc<App>> {
    let router = Router::new()
        .route("/users", get(login::show_sign_up).post(login::sign_up))
        .route("/session", get(login::show_log_in).post(login::log_in))
        .route("/session/end", post(session::end))
        .route("/account", get(account::show))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions/end", post(account::end_other_sessions))
        .route("/account/delete", post(account::delete));
    match app.civic {
        None => router,
        Some(_) => router.route("/session/civic", get(civic::show).post(civic::log_in)),
    }
}

/// The people who have a session here.
pub(crate) struct Accounts {
    site: Site,
    store: Store,
    clock: Clock,
}

impl Accounts {
    pub(crate) fn new(site: Site, store: Store, clock: Clock) -> Self {
        Self { site, store, clock }
    }
}

impl People for Accounts {
    async fn person(&self, parts: &Parts) -> Result<Option<Person>, Unavailable> {
        let current = current(&self.site, &self.store, &self.clock, &parts.headers).await;
        match current {
            Ok(current) => Ok(current.map(|current| current.person())),
            Err(error) => {
                tracing::error!(%error);
                Err(Unavailable)
            }
        }
    }

    async fn login_url(&self, return_to: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("return_to", return_to)
            .finish();
        self.site.path(&format!("/session?{query}"))
    }
}

/// The session that a request belongs to.
pub(crate) struct Current {
    id: SessionId,
    /// The cookie's value.
    secret: String,
    session: Session,
}

impl Current {
    fn person(&self) -> Person {
        Person::new(&self.session.login, &self.secret).with_service(&self.session.service)
    }
}

async fn current(
    site: &Site,
    store: &Store,
    clock: &Clock,
    headers: &HeaderMap,
) -> Result<Option<Current>, StoreError> {
    let Some(secret) = site.cookie(headers, COOKIE) else { return Ok(None) };
    let id = sha256(secret.as_bytes());
    let session = store.session(&id, clock.seconds()).await?;
    Ok(session.map(|session| Current { id, secret: secret.to_owned(), session }))
}

impl App {
    async fn current(&self, headers: &HeaderMap) -> Result<Option<Current>, StoreError> {
        current(&self.site, &self.store, &self.clock, headers).await
    }
}
