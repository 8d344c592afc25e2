//! Asking for a signed URL, and the person's consent.

use std::sync::Arc;

use axum::Form;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FormRejection};
use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use civic_sip::authsig::Notification;
use civic_sip::authsig::decide::{
    self, Consent, ConsentRequest, DefaultParams, Defaults, Person, Refusal, Signed,
};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use crate::app::App;
use crate::client::Client;
use crate::failure::Failure;
use crate::house::Purpose;
use crate::limits::Action;
use crate::pages::{self, Page};
use crate::wants::Wants;

const REQUEST: &str = "/verify/request";
const CONSENT: &str = "/verify/consent";

/// `GET /verify/request`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    client: Client,
    parts: Parts,
) -> Result<Response, Failure> {
    // Mail scanners, previews and browsers that look ahead must not cause a notification.
    if parts.method == Method::HEAD || is_prefetch(&parts.headers) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let query = query.unwrap_or_default();
    ask(&app, &parts, &client, &query, None).await
}

/// `GET /verify/consent`: shows the question to the person. It is for browsers alone.
pub(crate) async fn show_consent(
    state: State<Arc<App>>,
    RawQuery(query): RawQuery,
    parts: Parts,
) -> Result<Response, Failure> {
    let State(app) = &state;
    let query = query.unwrap_or_default();
    let person = app.people.person(&parts).await?;
    match decide(app, person.as_ref(), &query, None).await? {
        Err(refusal) => refused(app, refusal, person.as_ref(), &query, Wants::Html).await,
        // Nothing is left to be asked.
        Ok(_) => Ok(Redirect::to(&here(app, REQUEST, &query)).into_response()),
    }
}

#[derive(Deserialize)]
pub(crate) struct ConsentForm {
    consent: String,
}

/// `POST /verify/consent`: the person has agreed.
pub(crate) async fn consent(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    client: Client,
    parts: Parts,
    form: Result<Form<ConsentForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(form) = form?;
    let consent = Consent::new(form.consent);
    let query = query.unwrap_or_default();
    ask(&app, &parts, &client, &query, Some(&consent)).await
}

async fn ask(
    app: &App,
    parts: &Parts,
    client: &Client,
    query: &str,
    consent: Option<&Consent>,
) -> Result<Response, Failure> {
    let wants = Wants::of(&parts.headers);
    let person = app.people.person(parts).await?;
    if person.is_some() {
        app.use_limit(Action::Request, client).await?;
    }
    match decide(app, person.as_ref(), query, consent).await? {
        Ok(signed) => granted(app, &signed, person.as_ref(), wants).await,
        Err(refusal) => refused(app, refusal, person.as_ref(), query, wants).await,
    }
}

/// Decides about a request, with the defaults that it names.
async fn decide(
    app: &App,
    person: Option<&Person>,
    query: &str,
    consent: Option<&Consent>,
) -> Result<Result<Signed, Refusal>, Failure> {
    let slugs = match decide::slugs(query) {
        Ok(slugs) => slugs,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let defaults = defaults(app, &slugs).await?;
    Ok(app.keys.authority().decide(query, person, &defaults, consent, app.clock.now()))
}

/// Looks up the defaults that exist.
async fn defaults(app: &App, slugs: &[String]) -> Result<Defaults, Failure> {
    let mut defaults = Defaults::new();
    for slug in slugs {
        if defaults.contains_key(slug) {
            continue;
        }
        if let Some(sealed) = app.store.default_params(slug).await? {
            let params = app.house.open(Purpose::Default, slug, &sealed)?;
            let params = DefaultParams::from_json(&*params).map_err(|_| Failure::unavailable())?;
            defaults.insert(slug.clone(), params);
        }
    }
    Ok(defaults)
}

/// Returns where a path that somebody returns to after a form may redirect. An address that a default stores is told only if
/// it is on the allow list: else strangers would learn what is stored.
pub(crate) async fn redirect_target(app: &App, return_to: &str) -> Option<String> {
    let query = return_to.strip_prefix(&*app.site.path(REQUEST))?.strip_prefix('?')?;
    let slugs = decide::slugs(query).ok()?;
    let defaults = defaults(app, &slugs).await.ok()?;
    let address = decide::redirect_url(query, &defaults).ok().flatten()?;
    let is_own = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "redirect_url");
    (is_own || app.keys.authority().allows(&address)).then_some(address)
}

async fn granted(
    app: &App,
    signed: &Signed,
    person: Option<&Person>,
    wants: Wants,
) -> Result<Response, Failure> {
    // It is stored before anybody hears of success.
    if let (Some(delivery), Some(person)) = (signed.notification(), person) {
        app.outbox.add(delivery, person).await?;
    }
    app.metrics.request("signed");
    let url = (!signed.is_hidden()).then(|| signed.url());
    Ok(match (wants, signed.redirect()) {
        (Wants::Json, _) => {
            let body = url.map_or_else(|| json!({}), |url| json!({ "url": url }));
            axum::Json(body).into_response()
        }
        (Wants::Html, Some(redirect)) => Redirect::to(redirect).into_response(),
        (Wants::Html, None) => Page::new(pages::Signed {
            layout: app.layout("Signed").with_person(person),
            url,
            is_notified: signed.notification().is_some(),
        })
        .into_response(),
    })
}

async fn refused(
    app: &App,
    refusal: Refusal,
    person: Option<&Person>,
    query: &str,
    wants: Wants,
) -> Result<Response, Failure> {
    let message = refusal.to_string();
    app.metrics.request(match refusal {
        Refusal::NotLoggedIn => "not logged in",
        Refusal::NeedsConsent(_) => "needs consent",
        _ => "refused",
    });
    match (refusal, wants) {
        (Refusal::NotLoggedIn, Wants::Json) => Err(Failure::new(StatusCode::UNAUTHORIZED, message)),
        (Refusal::NotLoggedIn, Wants::Html) => {
            let url = app.people.login_url(&here(app, REQUEST, query)).await;
            Ok(Redirect::to(&url).into_response())
        }
        (Refusal::NeedsConsent(_), Wants::Json) => {
            let page = [app.site.url(), CONSENT, "?", query].concat();
            Ok((StatusCode::CONFLICT, axum::Json(json!({ "consent": page }))).into_response())
        }
        (Refusal::NeedsConsent(request), Wants::Html) => {
            Ok(consent_page(app, &request, person, query))
        }
        (Refusal::WrongLogin | Refusal::WrongService, Wants::Html) if app.has_accounts() => {
            let page = pages::WrongPerson {
                layout: app.layout("Somebody else is logged in").with_person(person),
                login: person.map(|person| pages::shown(person.login())).unwrap_or_default(),
                service: person.map(|person| pages::shown(person.service())).unwrap_or_default(),
                return_to: here(app, REQUEST, query),
            };
            Ok(Page::new(page).status(StatusCode::FORBIDDEN).into_response())
        }
        _ => Err(Failure::new(StatusCode::FORBIDDEN, message)),
    }
}

fn consent_page(
    app: &App,
    request: &ConsentRequest,
    person: Option<&Person>,
    query: &str,
) -> Response {
    let page = pages::Consent {
        layout: app.layout("Do you agree?").with_person(person),
        login: person.map(|person| pages::shown(person.login())).unwrap_or_default(),
        redirect: request.redirect_url().map(pages::Target::new),
        notify: request.notify_url().map(pages::Target::new),
        params: request.params().map(|(name, value)| pages::Param::new(name, value)).collect(),
        action: here(app, CONSENT, query),
        consent: request.consent().as_str(),
    };
    Page::new(page).form_target(request.redirect_url()).into_response()
}

fn here(app: &App, page: &str, query: &str) -> String {
    app.site.path(&[page, "?", query].concat())
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    let purpose = headers.get("sec-purpose").and_then(|purpose| purpose.to_str().ok());
    purpose.is_some_and(|purpose| purpose.trim_start().starts_with("prefetch"))
}

/// `POST /test-notifier`: logs what came, in demonstrations.
pub(crate) async fn test_notifier(
    State(app): State<Arc<App>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Failure> {
    let notification = Notification::parse(body?)
        .map_err(|error| Failure::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let query = notification.url().split_once('?').map_or("", |(_, query)| query);
    match app.keys.authority().verify(query, app.clock.now()) {
        Ok(identity) => tracing::info!(login = identity.login(), "a notification came"),
        Err(error) => tracing::warn!(%error, "a notification came that is not verified"),
    }
    Ok(StatusCode::NO_CONTENT)
}
