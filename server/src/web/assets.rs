//! Style sheet and scripts.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::Failure;

/// `GET /assets/{name}`
pub(super) async fn show(Path(name): Path<String>) -> Response {
    let (kind, text) = match &*name {
        "style.css" => ("text/css", include_str!("../../assets/style.css")),
        "home.js" => ("text/javascript", include_str!("../../assets/home.js")),
        "civic.js" => ("text/javascript", include_str!("../../assets/civic.js")),
        "icon.svg" => ("image/svg+xml", include_str!("../../assets/icon.svg")),
        _ => return Failure::not_found().into_response(),
    };
    let kind = format!("{kind}; charset=utf-8");
    ([(CONTENT_TYPE, &*kind), (CACHE_CONTROL, "public, max-age=300")], text).into_response()
}
