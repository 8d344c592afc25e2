//! The error responses of the sandbox.

use std::borrow::Cow;

/// A 4xx or 5xx status and the `message` in its JSON body.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    pub(super) status: u16,
    pub(super) message: Cow<'static, str>,
}

impl ErrorResponse {
    pub(super) fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into() }
    }

    /// The system has no random numbers, or no memory for the cryptography.
    pub(super) fn internal() -> Self {
        Self::new(500, "the response could not be created")
    }
}
