//! The health checks `/healthz` and `/readyz`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;

/// `GET /healthz`: the process answers.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers, and the keys are current.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    if let Err(error) = app.store.ping().await {
        tracing::error!(%error);
        return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n");
    }
    if !app.keys.are_current() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the keys can't be read: see the log\n");
    }
    (StatusCode::OK, "ready\n")
}
