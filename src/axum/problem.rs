//! Problem details (RFC 9457).

use ::axum::body::Body;
use ::axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use ::axum::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

/// The body of a problem document (RFC 9457).
#[derive(Serialize)]
pub(super) struct Problem<'a> {
    /// The status's own phrase: there is no page that describes these problems.
    pub(super) title: &'a str,
    pub(super) status: u16,
    pub(super) detail: &'a str,
    /// A word for programs.
    pub(super) cause: &'a str,
    /// Tells whether the same token may be sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retryable: Option<bool>,
}

impl<'a> Problem<'a> {
    pub(super) fn new(status: StatusCode, cause: &'a str, detail: &'a str) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self { title, status: status.as_u16(), detail, cause, retryable: None }
    }

    pub(super) fn response(&self) -> Response<Body> {
        // Strings and numbers alone can always be written.
        let body = serde_json::to_vec(self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
