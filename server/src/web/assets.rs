//! Style sheet and scripts.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::failure::Failure;

/// `GET /assets/{name}`
pub(crate) async fn show(name: Result<Path<String>, PathRejection>) -> Result<Response, Failure> {
    let Path(name) = name?;
    let (kind, text) = match &*name {
        "style.css" => ("text/css", include_str!("../../assets/style.css")),
        "home.js" => ("text/javascript", include_str!("../../assets/home.js")),
        "civic.js" => ("text/javascript", include_str!("../../assets/civic.js")),
        "icon.svg" => ("image/svg+xml", include_str!("../../assets/icon.svg")),
        _ => return Err(Failure::not_found()),
    };
    let kind = format!("{kind}; charset=utf-8");
    let headers = [(CONTENT_TYPE, &*kind), (CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, text).into_response())
}
