//! The client's errors as responses.

use ::axum::body::Body;
use ::axum::http::{Response, StatusCode};
use ::axum::response::IntoResponse;

use super::problem::Problem;
use crate::protocol::error::ErrorSource;
use crate::{Error, MalformedError};

/// A problem document (RFC 9457, `application/problem+json`) that a page can act on. It says nothing about the app's
/// inside and nothing about the person; log the error itself where that is wanted.
///
/// | status | `cause` | what the page can do |
/// |---|---|---|
/// | 400 | `token` | ask the person to start again: the token is no token, unknown, used up or expired |
/// | 500 | `configuration` | nothing: keys or addresses are wrong, or the service refuses the app |
/// | 502 | `service` | ask the person to start again: the answer failed, or was not to be trusted |
/// | 503 | `unreachable`, `busy` | send the same token again, later: `retryable` is true |
/// | 504 | `timeout` | ask the person to start again: the token may have been used up |
impl IntoResponse for Error {
    fn into_response(self) -> Response<Body> {
        let (status, cause, detail) = describe(&self);
        let mut problem = Problem::new(status, cause, detail);
        problem.retryable = Some(self.is_retryable());
        problem.response()
    }
}

fn describe(error: &Error) -> (StatusCode, &'static str, &'static str) {
    let start_again = (
        StatusCode::BAD_REQUEST,
        "token",
        "The token is not valid, or not any more. Please start again.",
    );
    let misconfigured = (
        StatusCode::INTERNAL_SERVER_ERROR,
        "configuration",
        "Identification is not available at the moment.",
    );
    let failed = (
        StatusCode::BAD_GATEWAY,
        "service",
        "The identification service gave no usable answer. Please start again.",
    );
    let late = (
        StatusCode::GATEWAY_TIMEOUT,
        "timeout",
        "The identification service did not answer in time. Please start again.",
    );
    match error {
        Error::Config(_) => misconfigured,
        Error::NotSent(_) | Error::ConnectTimeout(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unreachable",
            "The identification service can't be reached. Please try again in a moment.",
        ),
        Error::Timeout(_) => late,
        Error::Malformed(MalformedError::Token(_)) => start_again,
        Error::Api(_) if error.is_retryable() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "The identification service is busy. Please try again in a moment.",
        ),
        Error::Api(api) if api.sender() == ErrorSource::Service => match error.status() {
            Some(400) => start_again,
            // The app itself is refused, or can't pay.
            Some(401 | 403 | 409) => misconfigured,
            Some(504) => late,
            _ => failed,
        },
        Error::Api(_)
        | Error::Transport(_)
        | Error::Verification(_)
        | Error::Decryption
        | Error::Malformed(_) => failed,
    }
}
