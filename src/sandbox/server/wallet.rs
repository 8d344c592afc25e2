//! The wallet's page and its endpoints.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, json_response, pages};
use crate::sandbox::error::ErrorResponse;
use crate::sandbox::people::Person;
use crate::sandbox::scope_request::{ScopeRequest, label_title};
use crate::sandbox::state::State;
use crate::{UserData, UserDataItem, labels};

pub(super) async fn page(Shared(state): Shared<Arc<State>>, Path(code): Path<String>) -> Response {
    match state.wallet_requests.read(&code, state.now()) {
        Ok(_) => pages::html(200, include_str!("../assets/wallet.html").to_owned(), "'none'"),
        Err(error) => pages::error("../", error),
    }
}

/// The data of the page: who asks, for what, and the people who can answer.
pub(super) async fn request(
    Shared(state): Shared<Arc<State>>,
    Path(code): Path<String>,
) -> Result<Response, ErrorResponse> {
    let now = state.now();
    let request = state.wallet_requests.read(&code, now)?;
    let scope_request = request.scope_request;
    let people: Vec<Value> =
        Person::ALL.iter().map(|&person| describe(person, scope_request)).collect();
    let body = json!({
        "appId": state.credentials.app_id,
        "origin": request.origin,
        "scopeRequest": scope_request.name(),
        "title": scope_request.title(),
        "expiresIn": request.seconds_left(now),
        "people": people,
    });
    Ok(json_response(200, &body))
}

fn describe(person: Person, scope_request: ScopeRequest) -> Value {
    let items: Vec<Value> = person.items(scope_request).iter().map(describe_item).collect();
    json!({ "id": person.id(), "name": person.name(), "note": person.note(), "items": items })
}

fn describe_item(item: &UserDataItem) -> Value {
    json!({
        "label": item.label(),
        "title": label_title(item.label()),
        "value": item.value(),
        "picture": item.label() == labels::DOCUMENT_IMAGE,
        "isValid": item.is_valid(),
        "isOwner": item.is_owner(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    person: String,
    /// Flags that replace the person's.
    #[serde(default)]
    items: Vec<Flags>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Flags {
    label: String,
    is_valid: bool,
    is_owner: bool,
}

pub(super) async fn grant(
    Shared(state): Shared<Arc<State>>,
    Path(code): Path<String>,
    body: Body,
) -> Result<Response, ErrorResponse> {
    let now = state.now();
    let scope_request = state.wallet_requests.read(&code, now)?.scope_request;
    let grant: Grant = body.json()?;
    let person = Person::find(&grant.person)
        .ok_or_else(|| ErrorResponse::new(400, "`person` is unknown"))?;
    let items = with_flags(person.items(scope_request), &grant.items)?;
    let user = UserData::new(person.user_id(&state.credentials.app_id), items);
    state.wallet_requests.grant(&code, now, || state.issue_token(user))?;
    Ok(json_response(200, &json!({ "status": "granted" })))
}

fn with_flags(
    mut items: Vec<UserDataItem>,
    flags: &[Flags],
) -> Result<Vec<UserDataItem>, ErrorResponse> {
    if flags.len() > items.len() {
        return Err(ErrorResponse::new(400, "there are more items than the scope request has"));
    }
    for Flags { label, is_valid, is_owner } in flags {
        let item = items.iter_mut().find(|item| item.label() == label).ok_or_else(|| {
            ErrorResponse::new(400, "there is an item that the scope request does not have")
        })?;
        *item = UserDataItem::new(label, item.value(), *is_valid, *is_owner);
    }
    Ok(items)
}

pub(super) async fn deny(
    Shared(state): Shared<Arc<State>>,
    Path(code): Path<String>,
) -> Result<Response, ErrorResponse> {
    state.wallet_requests.deny(&code, state.now())?;
    Ok(json_response(200, &json!({ "status": "cancelled" })))
}
