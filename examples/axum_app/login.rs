//! Log-in with Civic, and log-out.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, FromRequestParts, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::app::{App, AppState, page as render};
use super::error::AppError;
use super::invitations;
use super::store::User;

/// The key in the session under which the id of the person who is logged in is stored.
const USER_ID: &str = "user_id";

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    app_id: &'a str,
    library_url: &'a str,
}

/// The only page that loads the service's script, so that all others can be stricter.
pub(crate) async fn page(State(app): AppState) -> Result<Response, AppError> {
    let library_url = &app.library_url;
    let policy = format!(
        "default-src 'none'; script-src 'self' {library_url}; style-src 'self' {library_url}; \
         connect-src {library_url}; frame-src {library_url}; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let page = render(LoginPage { app_id: app.civic.app_id(), library_url })?;
    Ok(([(CONTENT_SECURITY_POLICY, policy)], page).into_response())
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    token: String,
}

/// Exchanges the token that the browser library gave to the page, and starts a session.
pub(crate) async fn log_in(
    State(app): AppState,
    session: Session,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, AppError> {
    let data = app.civic.exchange_code(form.token).await?;
    // `email()` gives an address only if the service verified it (`is_valid`) for this very person (`is_owner`).
    app.store.save_user(data.user_id(), data.email()).await?;
    // Nothing passes on from the person before; an invitation that a stranger opened does.
    if session.get::<String>(USER_ID).await?.is_some() {
        session.clear().await;
    }
    // Session fixation: somebody else may know a session id from before the log-in, so there is a new one.
    session.cycle_id().await?;
    session.insert(USER_ID, data.user_id()).await?;
    let is_invited = invitations::pending(&app, &session).await.is_ok();
    Ok(Redirect::to(if is_invited { "/invitation" } else { "/" }))
}

/// Ends the session on the server, so that the cookie is worthless even to somebody who copied it.
pub(crate) async fn log_out(session: Session) -> Result<Redirect, AppError> {
    session.flush().await?;
    Ok(Redirect::to("/login"))
}

/// Returns who is logged in. The session has the id alone: what the database says is true now.
pub(crate) async fn current_user(app: &App, session: &Session) -> Result<Option<User>, AppError> {
    match session.get::<String>(USER_ID).await? {
        Some(id) => Ok(app.store.user(&id).await?),
        None => Ok(None),
    }
}

/// As an argument of a handler: the person who is logged in. Everybody else is sent to the log-in.
impl FromRequestParts<Arc<App>> for User {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        let session = parts.extensions.get::<Session>().ok_or(AppError::NotLoggedIn)?.clone();
        current_user(app, &session).await?.ok_or(AppError::NotLoggedIn)
    }
}
