//! Beginning and ending sessions.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::COOKIE;
use crate::app::App;
use crate::failure::Failure;
use crate::random::{self, RandomError, sha256};
use crate::store::NewSession;

/// The time that a browser keeps the cookie, in seconds. The server decides how long it counts.
const COOKIE_AGE: u32 = 30 * 24 * 60 * 60;

/// A session id that nobody knows, and the cookie that has it.
pub(super) struct Fresh {
    pub(super) session: NewSession,
    cookie: String,
}

impl Fresh {
    pub(super) fn new(app: &App) -> Result<Self, RandomError> {
        let secret = random::id::<32>()?;
        let session = NewSession { id: sha256(secret.as_bytes()), now: app.clock.seconds() };
        Ok(Self { session, cookie: app.site.set_cookie(COOKIE, &secret, COOKIE_AGE) })
    }

    /// Ends the session that the browser had, and sends it on with the new one.
    pub(super) async fn begin(
        self,
        app: &App,
        headers: &HeaderMap,
        return_to: &str,
    ) -> Result<Response, Failure> {
        if let Some(old) = app.site.cookie(headers, COOKIE) {
            app.store.end_session(&sha256(old.as_bytes())).await?;
        }
        Ok(self.go(app, return_to))
    }

    /// Sends the browser on with the new session. The one that it had is over.
    pub(super) fn go(self, app: &App, return_to: &str) -> Response {
        let location = Redirect::to(&app.site.return_to(return_to));
        ([(SET_COOKIE, self.cookie)], location).into_response()
    }
}

#[derive(Deserialize)]
pub(super) struct EndForm {
    #[serde(default)]
    return_to: String,
}

/// `POST /session/end`: logs out.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Result<Form<EndForm>, FormRejection>,
) -> Result<Response, Failure> {
    // Logging out needs no form; a program posts nothing.
    let return_to = form.map(|Form(form)| form.return_to).unwrap_or_default();
    if let Some(secret) = app.site.cookie(&headers, COOKIE) {
        app.store.end_session(&sha256(secret.as_bytes())).await?;
    }
    Ok(logged_out(&app, &return_to))
}

/// Deletes the cookie and sends the browser on.
pub(super) fn logged_out(app: &App, return_to: &str) -> Response {
    let cookie = app.site.set_cookie(COOKIE, "", 0);
    ([(SET_COOKIE, cookie)], Redirect::to(&app.site.return_to(return_to))).into_response()
}
