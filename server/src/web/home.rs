//! The root page, and its form.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use url::form_urlencoded;

use crate::app::App;
use crate::failure::Failure;
use crate::pages::{self, Page};
use crate::web::request::redirect_target;

/// `GET /`: explains the service.
pub(crate) async fn show(State(app): State<Arc<App>>, parts: Parts) -> Result<Response, Failure> {
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
pub(crate) async fn compose(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    parts: Parts,
) -> Result<Response, Failure> {
    let request = format!("/verify/request?{}", filled_in(&query.unwrap_or_default()));
    let path = app.site.path(&request);
    // Chromium would apply the `form-action` of the page with the form to a redirect that leads on to an app.
    match redirect_target(&app, &path).await {
        Some(target) if !app.site.is_own(&target) => {
            let person = app.people.person(&parts).await?;
            let layout = app.layout("Your request").with_person(person.as_ref());
            let url = [app.site.url(), &request].concat();
            Ok(Page::new(pages::Compose { layout, url }).into_response())
        }
        _ => Ok(Redirect::to(&path).into_response()),
    }
}

/// Returns the query without empty values.
fn filled_in(query: &str) -> String {
    let mut filled = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !value.is_empty() {
            filled.append_pair(&name, &value);
        }
    }
    filled.finish()
}
