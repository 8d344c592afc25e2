//! What the app's own server and its tests talk to: the exchange, payload links, code tokens, faults.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, LOCATION, ORIGIN, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::{Body, Refused, delivery, json, to_response};
use crate::UserData;
use crate::protocol::PATH;
use crate::sandbox::Hosted;
use crate::sandbox::fault::Fault;
use crate::sandbox::people::Person;
use crate::sandbox::scope::Scope;

/// Whether the path is that of the exchange: with or without `sip` and a stage in front, and however many slashes.
fn is_exchange(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let parts = parts.strip_prefix(&["sip"]).unwrap_or(&parts);
    let parts = match parts {
        ["prod" | "dev", rest @ ..] => rest,
        all => all,
    };
    parts.join("/") == PATH
}

pub(super) async fn exchange_code(
    State(hosted): State<Arc<Hosted>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Body, Refused>,
) -> Response {
    if !is_exchange(uri.path()) {
        return Refused::new(404, "there is nothing at this address").into_response();
    }
    if method != Method::POST {
        return Refused::new(405, "the exchange takes POST only").into_response();
    }
    let body = match body {
        Ok(Body(body)) => body,
        Err(refused) => return refused.into_response(),
    };
    let exchange = &hosted.exchange;
    let fault = exchange.faults.take();
    if let Some(response) = fault.as_ref().and_then(instead) {
        return response;
    }
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let answer = exchange.answer(authorization, &body, fault.as_ref());
    match fault {
        Some(Fault::CutOff { after }) => {
            let body = answer.1.clone();
            delivery::cut_off(to_response(answer), &body, after)
        }
        fault => {
            if let Some(delay) = fault.and_then(|fault| fault.delay()) {
                tokio::time::sleep(delay).await;
            }
            to_response(answer)
        }
    }
}

/// The answer of a fault that replaces it.
fn instead(fault: &Fault) -> Option<Response> {
    let plain = |status: u16, body: String| {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|_| (200..600).contains(&status))
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
    };
    match fault {
        Fault::Status { status, body } => Some(plain(*status, body.clone())),
        Fault::Throttled { retry_after } => {
            let mut response = Refused::new(429, "too many requests").into_response();
            if let Some(retry_after) = retry_after.as_ref().map(Duration::as_secs) {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
            }
            Some(response)
        }
        Fault::Redirect { location } => {
            let mut response = plain(307, String::new());
            if let Ok(location) = HeaderValue::from_str(location) {
                response.headers_mut().insert(LOCATION, location);
            }
            Some(response)
        }
        Fault::Huge { bytes } => {
            let headers = [(CONTENT_TYPE, "application/json")];
            Some((headers, delivery::huge(*bytes)).into_response())
        }
        _ => None,
    }
}

pub(super) async fn payload(
    State(hosted): State<Arc<Hosted>>,
    Path(name): Path<String>,
) -> Response {
    match hosted.exchange.payload(&name) {
        Some(token) => {
            let headers = [(CONTENT_TYPE, "application/jwt"), (CACHE_CONTROL, "no-store")];
            (headers, token).into_response()
        }
        None => Refused::new(404, "there is no such payload, or its 60 seconds are over")
            .into_response(),
    }
}

/// Whose data a token stands for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Issue {
    person: Option<String>,
    scope_request: Option<String>,
    user_data: Option<UserData>,
}

pub(super) async fn issue(
    State(hosted): State<Arc<Hosted>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    refuse_other_sites(&headers)?;
    let wanted = match &*body.0 {
        [] => Issue { person: None, scope_request: None, user_data: None },
        _ => body.json()?,
    };
    let unknown = |what: &str| Refused::new(400, what);
    let person = Person::by_id(wanted.person.as_deref().unwrap_or("ada"))
        .ok_or_else(|| unknown("there is nobody of this name in the sandbox"))?;
    let scope = Scope::from_name(wanted.scope_request.as_deref().unwrap_or("BASIC_SIGNUP"))
        .ok_or_else(|| unknown("there is no scope request of this name"))?;
    let user = wanted
        .user_data
        .unwrap_or_else(|| person.user_data(scope, &hosted.exchange.credentials.app_id));
    Ok(json(201, &json!({ "token": hosted.exchange.issue_token(&user) })))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<serde_json::Value>),
    One(serde_json::Value),
}

pub(super) async fn inject(
    State(hosted): State<Arc<Hosted>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    refuse_other_sites(&headers)?;
    let faults = match body.json()? {
        OneOrMany::Many(many) => many,
        OneOrMany::One(one) => vec![one],
    };
    let faults: Vec<Fault> = faults
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(|error| Refused::new(400, &format!("this is no fault: {error}")))?;
    let impossible = |fault: &Fault| matches!(fault, Fault::Status { status, .. } if !(200..600).contains(status));
    if faults.iter().any(impossible) {
        return Err(Refused::new(400, "`status` has to be from 200 to 599"));
    }
    match hosted.exchange.faults.push(faults) {
        Ok(waiting) => Ok(json(201, &json!({ "waiting": waiting }))),
        Err(problem) => Err(Refused::new(429, problem)),
    }
}

pub(super) async fn faults(State(hosted): State<Arc<Hosted>>) -> Response {
    json(200, &json!({ "waiting": hosted.exchange.faults.len() }))
}

pub(super) async fn clear_faults(
    State(hosted): State<Arc<Hosted>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    refuse_other_sites(&headers)?;
    hosted.exchange.faults.clear();
    Ok(json(200, &json!({ "waiting": 0 })))
}

/// These addresses are for tests; a page that happens to be open in the same browser has no business here.
fn refuse_other_sites(headers: &HeaderMap) -> Result<(), Refused> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let host = headers.get(HOST).map(text).unwrap_or_default();
    match text(origin).split_once("://") {
        Some((_, authority)) if authority == host => Ok(()),
        _ => Err(Refused::new(403, "pages of other sites may not do this")),
    }
}
