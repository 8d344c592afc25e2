//! The root page, and its form.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use url::form_urlencoded;

use super::{Failure, Page, pages};
use crate::app::App;

/// `GET /`: explains the service.
pub(super) async fn show(State(app): State<Arc<App>>, parts: Parts) -> Result<Response, Failure> {
    // Without the name, the page would say that nobody is logged in.
    let person = app.people.person(&parts).await?;
    let page = pages::Home {
        layout: app.layout("AuthSig").with_person(person.as_ref()),
        url: app.site.url().to_owned(),
        test_notifier: app.test_notifier.then(|| [app.site.url(), "/test-notifier"].concat()),
    };
    Ok(Page::new(page).into_response())
}

/// `GET /compose`: leads to `/verify/request` with the fields that are filled in. A browser without script sends the empty
/// ones, too.
pub(super) async fn compose(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Redirect {
    let query = query.unwrap_or_default();
    let mut filled = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !value.is_empty() {
            filled.append_pair(&name, &value);
        }
    }
    Redirect::to(&app.site.path(&format!("/verify/request?{}", filled.finish())))
}
