//! Pages, scripts and style sheets.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use super::status_code;
use crate::sandbox::error::ErrorResponse;
use crate::sandbox::state::State;
use crate::sandbox::wallet_requests::WalletError;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

pub(super) async fn library(Shared(state): Shared<Arc<State>>) -> Response {
    let script = include_str!("../assets/civic.sip.js");
    file(JAVASCRIPT, script.replace("{base_url}", &state.settings.base_url))
}

pub(super) async fn library_style() -> Response {
    file(CSS, include_str!("../assets/civic-modal.css"))
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match &*name {
        "frame.js" => file(JAVASCRIPT, include_str!("../assets/frame.js")),
        "wallet.js" => file(JAVASCRIPT, include_str!("../assets/wallet.js")),
        "sandbox.css" => file(CSS, include_str!("../assets/sandbox.css")),
        _ => ErrorResponse::new(404, "there is nothing at this address").into_response(),
    }
}

fn file(content_type: &'static str, text: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Some pages load every script with `crossorigin`.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, text).into_response()
}

/// A page that loads nothing from other origins, and that only `frame_ancestors` may show in a frame.
pub(super) fn html(status: u16, text: String, frame_ancestors: &str) -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors {frame_ancestors}"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (status_code(status), headers, text).into_response()
}

/// A page with an error message; `root` is the relative address of the root, so that a proxy may put it anywhere.
pub(super) fn error(root: &str, error: WalletError) -> Response {
    let text = include_str!("../assets/error.html")
        .replace("{root}", root)
        .replace("{message}", &escape(error.message()));
    html(error.status(), text, "'none'")
}

pub(super) async fn index(Shared(state): Shared<Arc<State>>) -> Response {
    let text = include_str!("../assets/index.html")
        .replace("{app_id}", &escape(&state.credentials.app_id))
        .replace("{sip_public_key}", &escape(&state.credentials.sip_public_key))
        .replace("{base_url}", &escape(&state.settings.base_url));
    html(200, text, "'none'")
}

/// Escapes text for HTML, between tags or in quotes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
