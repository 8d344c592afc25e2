//! Log-in with Civic: a code token from the wallet, exchanged for a user id.

use std::sync::Arc;

use askama::Template;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use url::Url;

use super::login::ReturnTo;
use super::session::Fresh;
use crate::app::App;
use crate::client::Client;
use crate::config::CivicLogin;
use crate::failure::Failure;
use crate::pages::{Layout, Page};
use crate::random;
use crate::web::request::redirect_target;

/// The service of people who log in with Civic. No login of it is one of an account with a password.
const SERVICE: &str = "civic";

/// The cookie that ties the form to the browser that asked for it.
const ATTEMPT: &str = "authsig-civic";

/// The time that a person has to approve, in seconds.
const ATTEMPT_AGE: u32 = 30 * 60;

#[derive(Template)]
#[template(path = "civic.html")]
struct CivicPage {
    layout: Layout,
    app_id: String,
    script_url: String,
    attempt: String,
    return_to: String,
}

#[derive(Deserialize)]
pub(super) struct TokenForm {
    token: String,
    attempt: String,
    #[serde(default)]
    return_to: String,
}

/// `GET /session/civic`: a page of its own, since it loads a script of another host.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    query: Result<Query<ReturnTo>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(ReturnTo { return_to }) = query?;
    let civic = app.civic.as_ref().ok_or_else(Failure::not_found)?;
    let return_to = app.site.return_to(&return_to);
    let target = redirect_target(&app, &return_to).await;
    let attempt = random::id::<16>()?;
    let cookie = app.site.set_cookie(ATTEMPT, &attempt, ATTEMPT_AGE);
    let page = CivicPage {
        layout: app.layout("Log in with Civic"),
        app_id: civic.client.app_id().to_owned(),
        script_url: civic.script_url.clone(),
        attempt,
        return_to,
    };
    let page = Page::new(page).form_target(target.as_deref()).civic_sources(sources(civic));
    Ok(([(SET_COOKIE, cookie)], page).into_response())
}

/// `POST /session/civic`
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let civic = app.civic.as_ref().ok_or_else(Failure::not_found)?;
    // A code token says who somebody is, not in whose browser: without this, a form with a token of the attacker would log
    // a visitor in to the attacker's account.
    let attempt = app.site.cookie(&headers, ATTEMPT).unwrap_or_default();
    let is_ours = verify_slices_are_equal(attempt.as_bytes(), form.attempt.as_bytes()).is_ok();
    if attempt.is_empty() || !is_ours {
        let message = "This log-in did not begin in this browser. Please start again.";
        return Err(Failure::new(StatusCode::FORBIDDEN, message));
    }
    let failed =
        |status| Failure::new(status, "The log-in with Civic did not work. Please start again.");
    // A token that can't be sent is no fault of the service.
    civic.client.request(&form.token).map_err(|_| failed(StatusCode::BAD_REQUEST))?;
    let used = app.use_log_in_limit(&client).await?;
    let user = match civic.client.exchange_code(&form.token).await {
        Ok(user) => user,
        Err(error) => {
            tracing::warn!(%error, "an exchange with Civic failed");
            app.metrics.log_in(false);
            if matches!(error.status(), Some(400..=499)) {
                return Err(failed(StatusCode::UNAUTHORIZED));
            }
            app.release_limits(&used).await?;
            return Err(failed(StatusCode::BAD_GATEWAY));
        }
    };
    app.release_limits(&used).await?;
    let login = user.user_id();
    if !is_user_id(login) {
        tracing::warn!("Civic gave a user id that can't be a login");
        let message = "The log-in with Civic gave no usable user id.";
        return Err(Failure::new(StatusCode::BAD_GATEWAY, message));
    }
    let fresh = Fresh::new(&app)?;
    let (id, now) = (&fresh.session.id, fresh.session.now);
    app.store.create_session(id, SERVICE, login, now).await?;
    app.metrics.log_in(true);
    tracing::info!("logged in with Civic");
    let mut response = fresh.begin(&app, &headers, &form.return_to).await?;
    let cookie = app.site.set_cookie(ATTEMPT, "", 0);
    response
        .headers_mut()
        .extend(HeaderValue::from_str(&cookie).ok().map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

/// Civic's user ids are UUIDs or digests in hexadecimal.
fn is_user_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The origins of the browser library, and of the addresses that it loads and asks.
fn sources(civic: &CivicLogin) -> String {
    let Ok(url) = Url::parse(&civic.script_url) else { return String::new() };
    let origin = url.origin().ascii_serialization();
    // The hosted library talks to other hosts of the service.
    match url.host_str() {
        Some(host) if host.ends_with(".civic.com") => format!("{origin} https://*.civic.com"),
        _ => origin,
    }
}
