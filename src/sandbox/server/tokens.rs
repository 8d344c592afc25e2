//! Code tokens for tests in any language.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Body, json_response};
use crate::UserData;
use crate::sandbox::error::ErrorResponse;
use crate::sandbox::people::Person;
use crate::sandbox::scope_request::ScopeRequest;
use crate::sandbox::state::State;

/// The largest body: a document with a picture of 2 MiB in base64, and what stands around it.
pub(super) const MAX_BODY: usize = 4 * 1024 * 1024;

/// The user data of a token: a person's, or what the test gives.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Issue {
    person: Option<String>,
    scope_request: Option<String>,
    user_data: Option<UserData>,
}

pub(super) async fn issue(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ErrorResponse> {
    reject_other_sites(&headers)?;
    let issue: Issue = if body.0.is_empty() { Issue::default() } else { body.json()? };
    let person = Person::find(issue.person.as_deref().unwrap_or("ada"))
        .ok_or_else(|| ErrorResponse::new(400, "`person` is unknown"))?;
    let scope_request =
        ScopeRequest::find(issue.scope_request.as_deref().unwrap_or("BASIC_SIGNUP"))
            .ok_or_else(|| ErrorResponse::new(400, "`scopeRequest` is unknown"))?;
    let user = issue.user_data.unwrap_or_else(|| state.user_data(person, scope_request));
    Ok(json_response(201, &json!({ "token": state.issue_token(user) })))
}

/// Rejects pages of other sites that are open in a browser on this machine.
pub(super) fn reject_other_sites(headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if !headers.contains_key(ORIGIN) {
        return Ok(());
    }
    match text(ORIGIN).and_then(|origin| origin.split_once("://")) {
        Some((_, authority)) if Some(authority) == text(HOST) => Ok(()),
        _ => Err(ErrorResponse::new(403, "pages of other sites may not do this")),
    }
}
