//! A request that did not succeed.

use std::borrow::Cow;

use axum::extract::rejection::{BytesRejection, FormRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::house::OpenError;
use crate::pages::{self, Layout, Page};
use crate::passwords::Busy;
use crate::people::Unavailable;
use crate::random::RandomError;
use crate::store::StoreError;
use crate::wants::Wants;

/// A status, and a sentence that a person understands.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    message: Cow<'static, str>,
    retry_after: Option<u64>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such page.")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "This page can't be asked for in this way.")
    }

    pub(crate) fn unavailable() -> Self {
        let message = "The server can't do this now. Please try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(5)
    }

    /// Makes the response: the middleware calls it, which knows what was asked for.
    pub(crate) fn render(self, layout: Layout, wants: Wants, request_id: &str) -> Response {
        let mut response = match wants {
            Wants::Json => {
                (self.status, axum::Json(json!({ "error": self.message }))).into_response()
            }
            Wants::Html => {
                let page = pages::Error {
                    layout,
                    message: pages::sentence(&self.message),
                    request_id: self.status.is_server_error().then_some(request_id),
                };
                Page::new(page).status(self.status).into_response()
            }
        };
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Leaves the body to the middleware.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error);
        Self::unavailable()
    }
}

impl From<Unavailable> for Failure {
    fn from(_: Unavailable) -> Self {
        Self::unavailable()
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        tracing::error!(%error);
        Self::unavailable()
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        tracing::error!(%error);
        Self::unavailable()
    }
}

impl From<Busy> for Failure {
    fn from(error: Busy) -> Self {
        tracing::warn!(%error);
        let message = "Too many people are logging in. Please try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(5)
    }
}

/// The body could not be taken.
impl From<BytesRejection> for Failure {
    fn from(rejection: BytesRejection) -> Self {
        let status = rejection.status();
        let message = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "This is too long: at most 64 KiB are accepted.",
            _ => "The body of the request can't be read.",
        };
        Self::new(status, message)
    }
}

impl From<FormRejection> for Failure {
    fn from(rejection: FormRejection) -> Self {
        let message = match rejection {
            FormRejection::BytesRejection(rejection) => return rejection.into(),
            FormRejection::InvalidFormContentType(_) => {
                "A form must be sent as application/x-www-form-urlencoded."
            }
            _ => "The form can't be read: a field is missing or repeated.",
        };
        Self::new(rejection.status(), message)
    }
}

impl From<PathRejection> for Failure {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), "The address can't be read.")
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "The address can't be read.")
    }
}
