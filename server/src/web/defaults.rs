//! Creating defaults.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use civic_sip::authsig::decide::{DefaultParams, is_slug};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::App;
use crate::client::Client;
use crate::config::DefaultCreators;
use crate::failure::Failure;
use crate::house::Purpose;
use crate::limits::Action;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDefault<'a> {
    slug: String,
    #[serde(borrow)]
    params: &'a RawValue,
}

/// `POST /defaults`
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    client: Client,
    parts: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let body = body?;
    let person = app.people.person(&parts).await?;
    let login = person.filter(|person| person.service() == "password");
    let login = login.as_ref().map(|person| person.login());
    let may_create = match &app.default_creators {
        DefaultCreators::Everybody => true,
        DefaultCreators::Logins(logins) => {
            login.is_some_and(|login| logins.iter().any(|listed| listed == login))
        }
    };
    if !may_create {
        let message = "Only accounts that the operator lists may create defaults.";
        return Err(Failure::new(StatusCode::FORBIDDEN, message));
    }
    let bad = |message: String| Failure::new(StatusCode::BAD_REQUEST, message);
    let new: NewDefault<'_> = serde_json::from_slice(&body)
        .map_err(|_| bad(r#"The body must be JSON, {"slug": "…", "params": {…}}."#.to_owned()))?;
    if !is_slug(&new.slug) {
        return Err(bad("A slug must be 1 to 64 letters, digits, `_` or `-`.".to_owned()));
    }
    let params = new.params.get();
    DefaultParams::from_json(params).map_err(|error| bad(error.to_string()))?;
    let sealed = app.house.seal(Purpose::Default, &new.slug, params.as_bytes())?;
    app.use_limit(Action::CreateDefault, &client).await?;
    let now = app.clock.seconds();
    if !app.store.create_default(&new.slug, &sealed, login, now).await? {
        return Err(Failure::new(StatusCode::CONFLICT, "This slug is taken."));
    }
    tracing::info!(slug = new.slug, "created a default");
    Ok((StatusCode::CREATED, axum::Json(json!({ "slug": new.slug }))).into_response())
}
