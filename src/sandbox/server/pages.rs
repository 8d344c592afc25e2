//! Pages, scripts and style sheets.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use super::Refused;
use crate::sandbox::Hosted;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

pub(super) async fn library() -> Response {
    file(JAVASCRIPT, include_str!("../assets/civic.sip.js"))
}

pub(super) async fn library_style() -> Response {
    file(CSS, include_str!("../assets/civic.sip.css"))
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match &*name {
        "frame.js" => file(JAVASCRIPT, include_str!("../assets/frame.js")),
        "wallet.js" => file(JAVASCRIPT, include_str!("../assets/wallet.js")),
        "sandbox.css" => file(CSS, include_str!("../assets/sandbox.css")),
        _ => Refused::new(404, "there is nothing at this address").into_response(),
    }
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Pages may load it with `crossorigin`, as some load every script.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, text).into_response()
}

/// A page that loads nothing from elsewhere, and that only `frame_ancestors` may show in a frame.
pub(super) fn html(status: u16, text: String, frame_ancestors: &str) -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors {frame_ancestors}"
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (status, headers, text).into_response()
}

/// A page with one sentence; `root` leads from it to the root, wherever a proxy puts that.
pub(super) fn message(root: &str, status: u16, title: &str, sentence: &str) -> Response {
    let text = include_str!("../assets/message.html")
        .replace("{root}", root)
        .replace("{title}", &escape(title))
        .replace("{sentence}", &escape(sentence));
    html(status, text, "'none'")
}

/// What this is, for those who open its address.
pub(super) async fn index(State(hosted): State<Arc<Hosted>>) -> Response {
    let text = include_str!("../assets/index.html")
        .replace("{app_id}", &escape(&hosted.exchange.credentials.app_id))
        .replace("{sip_public_key}", &escape(&hosted.exchange.credentials.sip_public_key))
        .replace("{base_url}", &escape(&hosted.base_url));
    html(200, text, "'none'")
}

/// For text in HTML, between tags or in quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
