//! Signing up and logging in with a password.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::session::Fresh;
use crate::app::App;
use crate::client::Client;
use crate::error::DatabaseError;
use crate::failure::Failure;
use crate::limits::Action;
use crate::pages::{Layout, Page};
use crate::passwords::{Busy, Passwords, is_password};
use crate::store::{Account, Store, StoreError};
use crate::wants::Wants;
use crate::web::request::redirect_target;

/// The longest login, in bytes.
const MAX_LOGIN: usize = 64;

/// Returns a login as it is stored: 1 to 64 of `a-z 0-9 . _ -`, upper case folded.
pub(crate) fn fold_login(text: &str) -> Option<String> {
    let login = text.trim_matches(' ').to_ascii_lowercase();
    let is_login = (1..=MAX_LOGIN).contains(&login.len())
        && login.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
        });
    is_login.then_some(login)
}

/// The reason that an account was not created or changed.
///
/// ```no_run
#[doc = include_str!("../docs/admin.md")]
/// match admin.add_account("user_1", "a password of the person").await {
///     Err(AccountError::Taken) => println!("somebody has this login"),
///     other => other?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The login is not 1 to 64 of `a-z 0-9 . _ -`.
    #[error("A login must be 1 to 64 letters, digits, `.`, `_` or `-`.")]
    InvalidLogin,
    /// The password is shorter than 8 or longer than 1,024 bytes.
    #[error("A password must have 8 to 1,024 bytes.")]
    InvalidPassword,
    /// The hash is not one of Argon2 in the PHC string format.
    #[error("The hash must be one of Argon2 in the PHC string format.")]
    InvalidHash,
    /// Somebody has the login, or had it.
    #[error("This login is taken.")]
    Taken,
    /// Nobody has the login.
    #[error("There is no account with this login.")]
    Unknown,
    /// Too many passwords are being hashed.
    #[error("Too many passwords are being hashed. Please try again in a moment.")]
    Busy,
    /// The database failed.
    #[error("The database failed: {0}")]
    Database(#[source] DatabaseError),
}

impl From<Busy> for AccountError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl From<StoreError> for AccountError {
    fn from(StoreError(error): StoreError) -> Self {
        Self::Database(DatabaseError(error))
    }
}

impl AccountError {
    /// Returns the status and the sentence for the form, or a failure that the form can't mend.
    fn into_problem(self) -> Result<(StatusCode, String), Failure> {
        let status = match self {
            Self::Busy => return Err(Busy.into()),
            Self::Database(DatabaseError(error)) => return Err(StoreError(error).into()),
            Self::Taken => StatusCode::CONFLICT,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::InvalidLogin | Self::InvalidPassword | Self::InvalidHash => {
                StatusCode::BAD_REQUEST
            }
        };
        Ok((status, self.to_string()))
    }
}

/// Creates an account.
pub(crate) async fn create_account(
    store: &Store,
    passwords: &Passwords,
    login: &str,
    password: &str,
    now: i64,
) -> Result<Account, AccountError> {
    let login = fold_login(login).ok_or(AccountError::InvalidLogin)?;
    if !is_password(password) {
        return Err(AccountError::InvalidPassword);
    }
    let password_hash = passwords.hash(password).await?;
    let account = Account { login, password_hash };
    if store.create_account(&account, now).await? { Ok(account) } else { Err(AccountError::Taken) }
}

/// Sets the password of an account whatever it was, and ends its sessions.
pub(crate) async fn set_password(
    store: &Store,
    passwords: &Passwords,
    login: &str,
    password: &str,
) -> Result<(), AccountError> {
    let login = fold_login(login).ok_or(AccountError::InvalidLogin)?;
    if !is_password(password) {
        return Err(AccountError::InvalidPassword);
    }
    let password_hash = passwords.hash(password).await?;
    let account = Account { login, password_hash };
    if store.reset_password(&account).await? { Ok(()) } else { Err(AccountError::Unknown) }
}

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage {
    layout: Layout,
    problem: String,
    login: String,
    return_to: String,
    /// The page to log in at with Civic.
    civic: bool,
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    layout: Layout,
    problem: String,
    login: String,
    return_to: String,
}

#[derive(Deserialize)]
pub(super) struct ReturnTo {
    #[serde(default)]
    pub(super) return_to: String,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    login: String,
    password: String,
    #[serde(default)]
    return_to: String,
}

/// `GET /session`
pub(super) async fn show_log_in(
    State(app): State<Arc<App>>,
    query: Result<Query<ReturnTo>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(ReturnTo { return_to }) = query?;
    Ok(log_in_page(&app, String::new(), "", &return_to).await.into_response())
}

/// `GET /users`
pub(super) async fn show_sign_up(
    State(app): State<Arc<App>>,
    query: Result<Query<ReturnTo>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(ReturnTo { return_to }) = query?;
    check_sign_up(&app)?;
    Ok(sign_up_page(&app, String::new(), "", &return_to).await.into_response())
}

/// `POST /session`
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    form: Result<Form<Credentials>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let used = app.use_password_limits(&form.login, &client).await?;
    let account = match fold_login(&form.login) {
        Some(login) => app.store.account(&login).await?,
        None => None,
    };
    // An unknown login takes as long as a known one.
    let hash = account.as_ref().map(|account| &*account.password_hash);
    let is_right = app.verify_password(&form.password, hash, &used).await?;
    let fresh = Fresh::new(&app)?;
    if let Some(account) = account.filter(|_| is_right)
        && app.store.log_in(&account, &fresh.session).await?
    {
        app.release_limits(&used).await?;
        app.metrics.log_in(true);
        tracing::info!("logged in");
        return fresh.begin(&app, &headers, &form.return_to).await;
    }
    app.metrics.log_in(false);
    tracing::info!("a log-in failed");
    let problem = "The login or the password is wrong.";
    if Wants::of(&headers) == Wants::Json {
        return Err(Failure::new(StatusCode::UNAUTHORIZED, problem));
    }
    let page = log_in_page(&app, problem.to_owned(), &form.login, &form.return_to).await;
    Ok(page.status(StatusCode::UNAUTHORIZED).into_response())
}

/// `POST /users`
pub(super) async fn sign_up(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    form: Result<Form<Credentials>, FormRejection>,
) -> Result<Response, Failure> {
    check_sign_up(&app)?;
    let Form(form) = form?;
    let passwords = app.passwords.as_ref().ok_or_else(Failure::not_found)?;
    app.use_limit(Action::SignUp, &client).await?;
    let now = app.clock.seconds();
    let created = create_account(&app.store, passwords, &form.login, &form.password, now).await;
    let account = match created {
        Ok(account) => account,
        Err(error) => {
            let (status, problem) = error.into_problem()?;
            if Wants::of(&headers) == Wants::Json {
                return Err(Failure::new(status, problem));
            }
            let page = sign_up_page(&app, problem, &form.login, &form.return_to).await;
            return Ok(page.status(status).into_response());
        }
    };
    tracing::info!("signed up");
    let fresh = Fresh::new(&app)?;
    app.store.log_in(&account, &fresh.session).await?;
    fresh.begin(&app, &headers, &form.return_to).await
}

fn check_sign_up(app: &App) -> Result<(), Failure> {
    if app.sign_up {
        return Ok(());
    }
    let message = "Nobody can sign up here: ask the operator for an account.";
    Err(Failure::new(StatusCode::FORBIDDEN, message))
}

async fn log_in_page(app: &App, problem: String, login: &str, return_to: &str) -> Page<LogInPage> {
    let return_to = app.site.return_to(return_to);
    let target = redirect_target(app, &return_to).await;
    let page = LogInPage {
        layout: app.layout("Log in"),
        problem,
        login: login.to_owned(),
        return_to,
        civic: app.civic.is_some(),
    };
    Page::new(page).form_target(target.as_deref())
}

async fn sign_up_page(
    app: &App,
    problem: String,
    login: &str,
    return_to: &str,
) -> Page<SignUpPage> {
    let return_to = app.site.return_to(return_to);
    let target = redirect_target(app, &return_to).await;
    let layout = app.layout("Sign up");
    let page = SignUpPage { layout, problem, login: login.to_owned(), return_to };
    Page::new(page).form_target(target.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_folded() {
        assert_eq!(fold_login("User_1").as_deref(), Some("user_1"));
        assert_eq!(fold_login(" a.b-c ").as_deref(), Some("a.b-c"));
        assert_eq!(fold_login(&"a".repeat(64)).as_deref(), Some(&*"a".repeat(64)));
    }

    #[test]
    fn what_looks_like_an_address_or_an_id_is_no_login() {
        for text in
            ["", " ", "ada@example.com", "+1 555 0100", "a b", "ä", "a/b", "a:b", "\u{212a}", "a\n"]
        {
            assert_eq!(fold_login(text), None, "{text:?}");
        }
        assert_eq!(fold_login(&"a".repeat(65)), None);
    }
}
