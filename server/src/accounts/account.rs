//! A person's own account: password, sessions, deletion.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::session::{Fresh, logged_out};
use super::{Current, PASSWORD};
use crate::app::App;
use crate::client::Client;
use crate::failure::Failure;
use crate::pages::{Layout, Page};
use crate::passwords::is_password;
use crate::store::Account;
use crate::wants::Wants;

const WRONG: &str = "The password is wrong.";

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    layout: Layout,
    problem: &'static str,
    has_password: bool,
    sessions: Vec<SessionRow>,
}

/// A session as the page shows it.
struct SessionRow {
    began: String,
    seen: String,
    is_this: bool,
}

/// `GET /account`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    match app.current(&headers).await? {
        Some(current) => Ok(page(&app, &current, "").await?.into_response()),
        None => Ok(to_log_in(&app).await),
    }
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    password: String,
    new_password: String,
}

/// `POST /account/password`: ends all sessions, and begins a new one.
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    form: Result<Form<PasswordForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let Some(current) = app.current(&headers).await? else { return Ok(to_log_in(&app).await) };
    if !is_password(&form.new_password) {
        let problem = "A password must have 8 to 1,024 bytes.";
        return refused(&app, &current, &headers, StatusCode::BAD_REQUEST, problem).await;
    }
    let passwords = app.passwords.as_ref().ok_or_else(Failure::not_found)?;
    if let Some(account) = checked(&app, &current, &client, &form.password).await? {
        let hash = passwords.hash(&form.new_password).await?;
        let fresh = Fresh::new(&app)?;
        if app.store.change_password(&account, &hash, &fresh.session).await? {
            tracing::info!("changed a password");
            return Ok(fresh.go(&app, &app.site.path("/account")));
        }
    }
    refused(&app, &current, &headers, StatusCode::FORBIDDEN, WRONG).await
}

/// `POST /account/sessions/end`
pub(super) async fn end_other_sessions(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Some(current) = app.current(&headers).await? else { return Ok(to_log_in(&app).await) };
    let (service, login) = (&current.session.service, &current.session.login);
    app.store.end_sessions(service, login, Some(&current.id)).await?;
    Ok(Redirect::to(&app.site.path("/account")).into_response())
}

#[derive(Deserialize)]
pub(super) struct DeleteForm {
    password: String,
}

/// `POST /account/delete`
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    form: Result<Form<DeleteForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let Some(current) = app.current(&headers).await? else { return Ok(to_log_in(&app).await) };
    match checked(&app, &current, &client, &form.password).await? {
        Some(account) => {
            app.store.delete_account(&account.login, app.clock.seconds()).await?;
            tracing::info!("deleted an account");
            Ok(logged_out(&app, ""))
        }
        None => refused(&app, &current, &headers, StatusCode::FORBIDDEN, WRONG).await,
    }
}

/// Returns the account of a session if the password is the right one.
async fn checked(
    app: &App,
    current: &Current,
    client: &Client,
    password: &str,
) -> Result<Option<Account>, Failure> {
    if current.session.service != PASSWORD {
        return Ok(None);
    }
    let used = app.use_password_limits(&current.session.login, client).await?;
    let account = app.store.account(&current.session.login).await?;
    let hash = account.as_ref().map(|account| &*account.password_hash);
    let is_right = app.verify_password(password, hash, &used).await?;
    if is_right {
        app.release_limits(&used).await?;
    }
    Ok(account.filter(|_| is_right))
}

/// Shows the page again with what is wrong.
async fn refused(
    app: &App,
    current: &Current,
    headers: &HeaderMap,
    status: StatusCode,
    problem: &'static str,
) -> Result<Response, Failure> {
    if Wants::of(headers) == Wants::Json {
        return Err(Failure::new(status, problem));
    }
    Ok(page(app, current, problem).await?.status(status).into_response())
}

async fn to_log_in(app: &App) -> Response {
    let url = app.people.login_url(&app.site.path("/account")).await;
    Redirect::to(&url).into_response()
}

async fn page(
    app: &App,
    current: &Current,
    problem: &'static str,
) -> Result<Page<AccountPage>, Failure> {
    let (service, login) = (&current.session.service, &current.session.login);
    let sessions = app.store.sessions(service, login, app.clock.seconds()).await?;
    let sessions = sessions.iter().map(|session| SessionRow {
        began: written(session.created_at),
        seen: written(session.seen_at),
        is_this: session.id == current.id,
    });
    Ok(Page::new(AccountPage {
        layout: app.layout("Your account").with_person(Some(&current.person())),
        problem,
        has_password: service == PASSWORD,
        sessions: sessions.collect(),
    }))
}

/// Writes a time for people, in UTC.
fn written(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .map(|time| time.format("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}
