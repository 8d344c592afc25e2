//! The failures of the protocol.

use std::fmt;
use std::time::Duration;

use crate::user_data::InvalidItems;

/// Kept bytes of the body of an error.
const MAX_BODY: usize = 4 * 1024;

/// A request that can't be made, or a response that is rejected.
#[derive(Debug)]
pub(crate) enum ProtocolError {
    /// The code token can't be sent.
    Token(&'static str),
    Api(ApiError),
    /// The response is not the service's envelope.
    Envelope(&'static str),
    Verification(VerificationError),
    Decryption,
    /// The verified data is not a list of items.
    Items(&'static str),
    /// A key or the system does not do its work.
    Internal(&'static str),
}

impl From<ApiError> for ProtocolError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<VerificationError> for ProtocolError {
    fn from(error: VerificationError) -> Self {
        Self::Verification(error)
    }
}

impl From<InvalidItems> for ProtocolError {
    fn from(error: InvalidItems) -> Self {
        Self::Items(error.0)
    }
}

/// An error response of the service, or of the store that it keeps large payloads in.
///
/// ```
/// use civic_sip::{CivicSip, Error};
///
/// let civic = CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
/// let Err(Error::Api(error)) = civic.response(409, Vec::new()) else { panic!("409 is an error") };
/// assert_eq!(error.to_string(), "the service returned status 409: insufficient funds");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} returned status {status}{}", .sender.name(), .sender.hint(*.status))]
pub struct ApiError {
    sender: ErrorSource,
    status: u16,
    body: String,
}

/// The sender of an error response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorSource {
    Service,
    /// The store of large payloads. The code token has been exchanged by then.
    PayloadStore,
}

impl ApiError {
    pub(super) fn new(source: ErrorSource, status: u16, body: &[u8]) -> Self {
        // The last kept character may be cut in two.
        let kept = body.get(..MAX_BODY).map_or(body, |kept| match std::str::from_utf8(kept) {
            Err(error) if error.error_len().is_none() => {
                kept.get(..error.valid_up_to()).unwrap_or_default()
            }
            _ => kept,
        });
        let mut body = String::from_utf8_lossy(kept).into_owned();
        // Bytes that are not UTF-8 grow when they are replaced.
        let mut end = body.len().min(MAX_BODY);
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        body.truncate(end);
        Self { sender: source, status, body }
    }

    /// Returns the HTTP status, the gem's `http_code`.
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// if let Err(civic_sip::Error::Api(error)) = civic.response(504, Vec::new()) {
    ///     assert_eq!(error.status(), 504);
    /// }
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the first 4 KiB of the body. Nothing vouches for it, and it may contain personal data: don't show it to
    /// people.
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// if let Err(civic_sip::Error::Api(error)) = civic.response(500, b"out of order".to_vec()) {
    ///     assert_eq!(error.body(), "out of order");
    /// }
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn body(&self) -> &str {
        &self.body
    }

    pub(crate) fn sender(&self) -> ErrorSource {
        self.sender
    }
}

/// Shows the status, but not the body, which may contain personal data.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("status", &self.status).finish_non_exhaustive()
    }
}

impl ErrorSource {
    fn name(self) -> &'static str {
        match self {
            Self::Service => "the service",
            Self::PayloadStore => "the payload store",
        }
    }

    /// The meaning that the service's documentation gives to its statuses.
    fn hint(self, status: u16) -> &'static str {
        match (self, status) {
            (Self::PayloadStore, 403) => ": the link has expired; the person has to start again",
            (Self::PayloadStore, _) => "; the token was used up",
            (Self::Service, 202) => ": the data is not available yet",
            (Self::Service, 300..=399) => ": a redirect, which is not followed; check the base URL",
            (Self::Service, 400) => ": bad request",
            (Self::Service, 401) => {
                ": authentication failed; check app id, private signing key and secret"
            }
            (Self::Service, 404 | 405) => ": no exchange at this address; check the base URL",
            (Self::Service, 409) => ": insufficient funds",
            (Self::Service, 429) => ": too many requests; retry the same token later",
            (Self::Service, 500) => ": the service failed",
            (Self::Service, 504) => ": the service timed out",
            (Self::Service, _) => "",
        }
    }
}

/// A rule of RFC 7515 or RFC 7519 that the service's token breaks.
///
/// ```
/// use civic_sip::{Error, VerificationError};
///
/// /// Returns whether this machine's clock may be the cause.
/// fn is_clock_suspect(error: &Error) -> bool {
///     matches!(error, Error::Verification(VerificationError::Expired(_) | VerificationError::NotYet(_)))
/// }
/// assert!(!is_clock_suspect(&Error::Verification(VerificationError::Signature)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerificationError {
    /// The token does not have three parts of base64url, the first a JSON object.
    #[error("the token is not a JWT in three parts")]
    Shape,
    /// The header names another algorithm than ES256.
    #[error("the algorithm in the token's header is not ES256")]
    Algorithm,
    /// The header has `crit`, extensions that must be understood. None is known.
    #[error("the token's header has critical extensions")]
    Critical,
    /// The signature does not verify with a key of the service.
    #[error("the signature does not verify")]
    Signature,
    /// The signed claims are not a JSON object with members of the right types, each once.
    #[error("the claims are malformed")]
    Claims,
    /// A required claim is missing.
    #[error("the claim `{0}` is missing")]
    Missing(&'static str),
    /// `iss` is not the hosted service.
    #[error("the token has another issuer")]
    Issuer,
    /// `aud` does not contain the expected audience.
    #[error("the token is for another audience")]
    Audience,
    /// `sub` is not this app.
    #[error("the token is for another app")]
    Subject,
    /// `exp` is not after `iat`.
    #[error("the token expires before it was issued")]
    Lifetime,
    /// `exp` passed this long ago, not counting the leeway.
    #[error("the token expired {} s ago", .0.as_secs())]
    Expired(Duration),
    /// `iat` or `nbf` is this far in the future, not counting the leeway.
    #[error("the token is not valid for another {} s: check the clock", .0.as_secs())]
    NotYet(Duration),
}
