//! What can go wrong in an exchange.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::transport::{BoxError, TransportError};

/// How much of the body of a service's error is kept.
const BODY_LIMIT: usize = 4 * 1024;

/// Why there is no [`UserData`](crate::UserData).
///
/// Every error belongs to exactly one class, which a method tells:
///
/// | class | meaning | what to do |
/// |---|---|---|
/// | [`is_config`](Self::is_config) | the client is set up wrongly | mend the configuration |
/// | [`is_transport`](Self::is_transport) | the connection failed | see [`is_retryable`](Self::is_retryable) |
/// | [`is_timeout`](Self::is_timeout) | no answer in time | see [`is_retryable`](Self::is_retryable) |
/// | [`is_api`](Self::is_api) | the service refused | look at [`status`](Self::status) and [`body`](Self::body) |
/// | [`is_verification`](Self::is_verification) | the answer is not to be trusted | let nobody in; alert |
/// | [`is_decryption`](Self::is_decryption) | the data can't be decrypted | check the secret |
/// | [`is_malformed`](Self::is_malformed) | token or answer have a wrong form | ask the person to start again |
///
/// Neither `Display` nor `Debug`, nor those of the sources, show a key, a secret, a token or a personal value.
///
/// ```
/// use civic_sip::CivicSip;
///
/// let error = CivicSip::new("app id", "no key", "no secret").unwrap_err();
/// assert!(error.is_config());
/// assert!(error.to_string().contains("private_signing_key"));
/// assert!(error.to_string().contains("secret"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration, or the place that the client is used in, is wrong.
    #[error("configuration: {0}")]
    Config(String),
    /// No connection was made. The same token may be sent again.
    #[error("the service can't be reached; nothing was sent, so the same token may be sent again")]
    NotSent(#[source] BoxError),
    /// No connection was made in the time allowed. The same token may be sent again.
    #[error(
        "no connection to the service in time; nothing was sent, so the same token may be sent again"
    )]
    ConnectTimeout(#[source] BoxError),
    /// The connection failed when the service may have had the token already.
    #[error("the connection to the service failed; the token may have been used up")]
    Transport(#[source] BoxError),
    /// No answer in the time allowed. The service may have had the token already.
    #[error("the service did not answer in time; the token may have been used up")]
    Timeout(#[source] BoxError),
    /// The service, or the store of a payload, answered with an error.
    #[error("{0}")]
    Api(ApiError),
    /// The token in the answer is not what the service signs for this app, now.
    #[error("the answer is not to be trusted: {0}")]
    Verification(VerificationError),
    /// The signed data can't be decrypted. Nothing says which part failed.
    #[error("the data can't be decrypted: check that the secret belongs to the app id")]
    Decryption,
    /// The code token can't be sent, or the answer has another form than the service's.
    #[error("{0}")]
    Malformed(MalformedError),
}

/// An error that the service answered with, or the store that it keeps large payloads in.
#[derive(thiserror::Error)]
#[error("{} answered {status}{}", .by.name(), .by.hint(*.status))]
pub struct ApiError {
    by: ErrorSource,
    status: u16,
    body: String,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorSource {
    Service,
    /// The store of large payloads; the code token has been exchanged by then.
    Store,
}

impl ApiError {
    pub(crate) fn new(by: ErrorSource, status: u16, body: &[u8]) -> Self {
        let kept = match body.get(..BODY_LIMIT) {
            // Rather short than with half a character at its end.
            Some(cut) => String::from_utf8_lossy(without_half_a_character(cut)),
            None => String::from_utf8_lossy(body),
        };
        let mut body = String::with_capacity(kept.len().min(BODY_LIMIT));
        // Bytes that are not UTF-8 grow when they are replaced.
        for character in kept.chars() {
            if body.len() + character.len_utf8() > BODY_LIMIT {
                break;
            }
            body.push(character);
        }
        Self { by, status, body }
    }
}

#[cfg(feature = "axum")]
impl ApiError {
    pub(crate) fn is_of_service(&self) -> bool {
        self.by == ErrorSource::Service
    }
}

/// The body may say something about a person.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("status", &self.status).finish_non_exhaustive()
    }
}

impl ErrorSource {
    fn name(self) -> &'static str {
        match self {
            Self::Service => "the service",
            Self::Store => "the store of the payload",
        }
    }

    fn hint(self, status: u16) -> &'static str {
        match (self, status) {
            (Self::Service, status) => hint(status),
            (Self::Store, 403) => ": the link has expired; the person has to start again",
            (Self::Store, _) => "; the token was used up",
        }
    }
}

fn without_half_a_character(cut: &[u8]) -> &[u8] {
    match std::str::from_utf8(cut) {
        Err(error) if error.error_len().is_none() => {
            cut.get(..error.valid_up_to()).unwrap_or_default()
        }
        _ => cut,
    }
}

/// The meaning that the service's documentation gives to its statuses.
fn hint(status: u16) -> &'static str {
    match status {
        202 => ": the data is not there yet",
        300..=399 => ": a redirect, which is not followed; check the base URL",
        400 => ": bad request",
        401 => ": authentication failed; check app id, private signing key and secret",
        404 | 405 => ": no exchange at this address; check the base URL",
        409 => ": insufficient funds",
        429 => ": too many requests; the same token may be sent again, later",
        500 => ": the service failed",
        504 => ": the service ran out of time",
        _ => "",
    }
}

/// What in the answer's token is not as it has to be (RFC 7515, RFC 7519).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerificationError {
    /// Not three parts of base64url with a JSON header in front.
    #[error("the token is not a JWT in three parts")]
    Shape,
    /// The header asks for another algorithm.
    #[error("the token's header does not say ES256")]
    Algorithm,
    /// The header has `crit`: extensions that must be understood, and there are none here.
    #[error("the token's header has critical extensions")]
    Critical,
    /// The signature is not that of the service over these bytes.
    #[error("the signature is wrong")]
    Signature,
    /// The signed claims are not a JSON object with members of the right types, each once.
    #[error("the claims have a wrong form")]
    Claims,
    /// A required claim is absent.
    #[error("the claim `{0}` is missing")]
    Missing(&'static str),
    /// `iss` is not the hosted service.
    #[error("the token was issued by somebody else")]
    Issuer,
    /// `aud` is not the expected audience.
    #[error("the token is for another audience")]
    Audience,
    /// `sub` is not this app.
    #[error("the token is for another app")]
    Subject,
    /// `exp` is not after `iat`.
    #[error("the token expires before it was issued")]
    Lifetime,
    /// `exp` lies this long ago, the leeway not counted.
    #[error("the token expired {} s ago", .0.as_secs())]
    Expired(Duration),
    /// `iat` or `nbf` lies this far in the future, the leeway not counted.
    #[error("the token becomes valid only in {} s: check the clock", .0.as_secs())]
    NotYet(Duration),
}

/// What has a wrong form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedError {
    /// The code token is empty, longer than 16 KiB, or has other bytes than printable ASCII. It was not sent.
    #[error("the code token is {0}; it was not sent")]
    Token(&'static str),
    /// The answer is longer than the limit.
    #[error("the answer is larger than the limit")]
    TooLarge,
    /// The answer is not the service's envelope.
    #[error("the answer is not the service's envelope: {0}")]
    Envelope(&'static str),
    /// The signed data is not a list of items.
    #[error("the signed data has a wrong form: {0}; with a wrong secret it may look so, too")]
    Data(&'static str),
    /// The picture of the identity document is not base64, or does not match its MD5.
    #[error("the picture of the identity document is damaged: {0}")]
    Image(&'static str),
}

impl Error {
    pub(crate) fn config(problem: impl Into<String>) -> Self {
        Self::Config(problem.into())
    }

    pub(crate) fn envelope(problem: &'static str) -> Self {
        Self::Malformed(MalformedError::Envelope(problem))
    }

    /// What is left of an error once the token has been exchanged: it can't be sent again.
    pub(crate) fn after_exchange(self) -> Self {
        match self {
            Self::NotSent(source) => Self::Transport(source),
            Self::ConnectTimeout(source) => Self::Timeout(source),
            other => other,
        }
    }

    pub(crate) fn data(problem: &'static str) -> Self {
        Self::Malformed(MalformedError::Data(problem))
    }

    /// The client is set up wrongly, or used outside of a Tokio runtime with I/O and time.
    pub fn is_config(&self) -> bool {
        matches!(self, Self::Config(_))
    }

    /// The connection failed.
    pub fn is_transport(&self) -> bool {
        matches!(self, Self::NotSent(_) | Self::Transport(_))
    }

    /// There was no connection, or no answer, in the time allowed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::ConnectTimeout(_) | Self::Timeout(_))
    }

    /// The service answered with an error: [`status`](Self::status) and [`body`](Self::body) say which.
    pub fn is_api(&self) -> bool {
        matches!(self, Self::Api(_))
    }

    /// The token in the answer is not what the service signs for this app, now.
    pub fn is_verification(&self) -> bool {
        matches!(self, Self::Verification(_))
    }

    /// The signed data can't be decrypted.
    pub fn is_decryption(&self) -> bool {
        matches!(self, Self::Decryption)
    }

    /// The code token can't be sent, or the answer is too large or has a wrong form.
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }

    /// Whether the **same token** may be sent again: nothing of it reached the service, or the service said 429.
    ///
    /// In all other cases the service may have used the token up, and the person has to start again.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::ConnectTimeout(_) => true,
            Self::Api(error) => error.by == ErrorSource::Service && error.status == 429,
            _ => false,
        }
    }

    /// The HTTP status of an error of the service, the gem's `http_code`.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => Some(error.status),
            _ => None,
        }
    }

    /// The first 4 KiB of what the service said about its error. Nothing vouches for it: don't show it to people.
    pub fn body(&self) -> Option<&str> {
        match self {
            Self::Api(error) => Some(&error.body),
            _ => None,
        }
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSent(source) if is_timed_out(&source) => {
                Self::ConnectTimeout(source)
            }
            TransportError::NotSent(source) => Self::NotSent(source),
            TransportError::Timeout(source) => Self::Timeout(source),
            TransportError::TooLarge(_) => Self::Malformed(MalformedError::TooLarge),
            TransportError::Failed(source) => Self::Transport(source),
        }
    }
}

fn is_timed_out(source: &BoxError) -> bool {
    source.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

impl From<VerificationError> for Error {
    fn from(error: VerificationError) -> Self {
        Self::Verification(error)
    }
}
