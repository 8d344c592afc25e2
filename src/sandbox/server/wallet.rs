//! The wallet's page, and what it talks to.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refused::{Refused, sentence, status};
use super::{Body, json, pages};
use crate::sandbox::Hosted;
use crate::sandbox::people::{PEOPLE, Person};
use crate::sandbox::scope::{self, Scope, label_title};
use crate::{UserData, UserDataItem};

pub(super) async fn page(State(hosted): State<Arc<Hosted>>, Path(code): Path<String>) -> Response {
    match hosted.requests.by_code(&code, hosted.exchange.now()) {
        Ok(_) => pages::html(200, include_str!("../assets/wallet.html").to_owned(), "'none'"),
        Err(refusal) => {
            pages::message("../", status(refusal), "Nothing to answer", sentence(refusal))
        }
    }
}

/// Who asks, for what, and who could answer.
pub(super) async fn request(
    State(hosted): State<Arc<Hosted>>,
    Path(code): Path<String>,
) -> Result<Response, Refused> {
    let now = hosted.exchange.now();
    let request = hosted.requests.by_code(&code, now)?;
    let people: Vec<Value> = PEOPLE.iter().map(|person| shown(person, request.scope)).collect();
    Ok(json(
        200,
        &json!({
            "appId": hosted.exchange.credentials.app_id,
            "origin": request.origin,
            "scopeRequest": request.scope.name(),
            "title": request.scope.title(),
            "expiresIn": request.seconds_left(now),
            "people": people,
        }),
    ))
}

fn shown(person: &Person, scope: Scope) -> Value {
    let item = |item: &UserDataItem| {
        json!({
            "label": item.label(),
            "title": label_title(item.label()),
            "value": item.value(),
            "picture": item.label() == scope::IMAGE,
            "isValid": item.is_valid(),
            "isOwner": item.is_owner(),
        })
    };
    let items: Vec<Value> = person.items(scope).iter().map(item).collect();
    json!({ "id": person.id, "name": person.name, "note": person.note, "items": items })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    person: String,
    /// Flags other than those that the person has.
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
    State(hosted): State<Arc<Hosted>>,
    Path(code): Path<String>,
    body: Body,
) -> Result<Response, Refused> {
    let now = hosted.exchange.now();
    let scope = hosted.requests.by_code(&code, now)?.scope;
    let grant: Grant = body.json()?;
    let person = Person::by_id(&grant.person)
        .ok_or_else(|| Refused::new(400, "there is nobody of this name in the sandbox"))?;
    let items = with_flags(person.items(scope), &grant.items)
        .map_err(|problem| Refused::new(400, problem))?;
    let user = UserData::new(person.user_id(&hosted.exchange.credentials.app_id), items);
    hosted.requests.grant(&code, now, || hosted.exchange.issue_token(&user))?;
    Ok(json(200, &json!({ "status": "granted" })))
}

fn with_flags(
    mut items: Vec<UserDataItem>,
    flags: &[Flags],
) -> Result<Vec<UserDataItem>, &'static str> {
    if flags.len() > items.len() {
        return Err("there are more items than were asked for");
    }
    for Flags { label, is_valid, is_owner } in flags {
        let item = items
            .iter_mut()
            .find(|item| item.label() == label)
            .ok_or("there is an item that was not asked for")?;
        *item = UserDataItem::new(label, item.value(), *is_valid, *is_owner);
    }
    Ok(items)
}

pub(super) async fn deny(
    State(hosted): State<Arc<Hosted>>,
    Path(code): Path<String>,
) -> Result<Response, Refused> {
    hosted.requests.deny(&code, hosted.exchange.now())?;
    Ok(json(200, &json!({ "status": "cancelled" })))
}
