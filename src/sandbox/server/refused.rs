//! Why a request gets nothing, as an answer over HTTP.

use axum::response::{IntoResponse, Response};

use super::to_response;
use crate::sandbox::exchange::{Answer, refuse};
use crate::sandbox::scope_requests::Refusal;

/// An answer with a 4xx and one sentence.
pub(super) struct Refused(Answer);

impl Refused {
    pub(super) fn new(status: u16, sentence: &str) -> Self {
        Self(refuse(status, sentence))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        to_response(self.0)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(status(refusal), sentence(refusal))
    }
}

pub(super) fn status(refusal: Refusal) -> u16 {
    match refusal {
        Refusal::Unknown => 404,
        Refusal::Used | Refusal::Cancelled | Refusal::Expired => 410,
        Refusal::Full => 429,
        Refusal::NoRandomness => 503,
    }
}

pub(super) fn sentence(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unknown => "There is no such request, or it ended long ago.",
        Refusal::Used => "This code was used before: each serves once.",
        Refusal::Cancelled => "This request was cancelled.",
        Refusal::Expired => "This code has expired.",
        Refusal::Full => "Too many requests are waiting.",
        Refusal::NoRandomness => "The system has no random numbers.",
    }
}
