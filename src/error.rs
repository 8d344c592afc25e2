//! The error of an exchange.

use std::io;

use crate::protocol::error::{ApiError, ErrorSource, ProtocolError, VerificationError};
use crate::transport::{BoxError, TransportError};
use crate::user_data::{IdentityDocument, InvalidImage};

/// An exchange that failed.
///
/// Every error belongs to exactly one class:
///
/// | class | meaning | what to do |
/// |---|---|---|
/// | [`is_config`](Self::is_config) | the client is configured wrongly | fix the configuration |
/// | [`is_transport`](Self::is_transport) | the connection failed | see [`is_retryable`](Self::is_retryable) |
/// | [`is_timeout`](Self::is_timeout) | no response in time | see [`is_retryable`](Self::is_retryable) |
/// | [`is_api`](Self::is_api) | the service returned an error | see [`status`](Self::status) and [`body`](Self::body) |
/// | [`is_verification`](Self::is_verification) | the response can't be trusted | reject the login; alert |
/// | [`is_decryption`](Self::is_decryption) | the data can't be decrypted | check the secret |
/// | [`is_malformed`](Self::is_malformed) | token or response are malformed | ask the person to start again |
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
    /// The client is configured wrongly, or can't work where it is called.
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
    /// The connection failed after the token may have been sent.
    #[error("the connection to the service failed; the token may have been used up")]
    Transport(#[source] BoxError),
    /// The time ran out after the token may have been sent.
    #[error("the service did not respond in time; the token may have been used up")]
    Timeout(#[source] BoxError),
    /// The service, or its payload store, returned an error.
    #[error("{0}")]
    Api(ApiError),
    /// The token in the response is not one that the service signed for this app, now.
    #[error("the response can't be trusted: {0}")]
    Verification(VerificationError),
    /// The signed data can't be decrypted. Nothing tells which part failed.
    #[error("the data can't be decrypted: check that the secret belongs to the app id")]
    Decryption,
    /// The code token can't be sent, or the response is malformed.
    #[error("{0}")]
    Malformed(MalformedError),
}

/// A code token, a response or a picture that is malformed.
///
/// ```
/// use civic_sip::{CivicSip, Error, MalformedError};
///
/// let civic = CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
/// let error = civic.request("").unwrap_err();
/// assert!(matches!(error, Error::Malformed(MalformedError::Token(_))));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedError {
    /// The code token is empty, longer than 16 KiB, or not printable ASCII. It was not sent.
    #[error("the code token is {0}; it was not sent")]
    Token(&'static str),
    /// The response is larger than the limit.
    #[error("the response is larger than `max_response_bytes`")]
    TooLarge,
    /// The response is not the service's envelope.
    #[error("the response is malformed: {0}")]
    Envelope(&'static str),
    /// The signed data is not a list of items.
    #[error("the signed data is malformed: {0}; a wrong secret can be the cause")]
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

    pub(crate) fn from_protocol(error: ProtocolError) -> Self {
        match error {
            ProtocolError::Token(problem) => Self::Malformed(MalformedError::Token(problem)),
            ProtocolError::Api(error) => Self::Api(error),
            ProtocolError::Envelope(problem) => Self::envelope(problem),
            ProtocolError::Verification(error) => Self::Verification(error),
            ProtocolError::Decryption => Self::Decryption,
            ProtocolError::Items(problem) => Self::Malformed(MalformedError::Data(problem)),
            ProtocolError::Internal(problem) => Self::config(problem),
        }
    }

    pub(crate) fn from_transport(error: TransportError) -> Self {
        match error {
            TransportError::NotSent(source) if is_timed_out(&source) => {
                Self::ConnectTimeout(source)
            }
            TransportError::NotSent(source) => Self::NotSent(source),
            TransportError::Timeout(source) => Self::Timeout(source),
            TransportError::TooLarge(_) => Self::Malformed(MalformedError::TooLarge),
            TransportError::BlockedAddress(_) => {
                Self::envelope("the payload's link leads to a private address; see `payload_hosts`")
            }
            TransportError::Unusable(source) => Self::config(source.to_string()),
            TransportError::Failed(source) => Self::Transport(source),
        }
    }

    /// Returns the error for an exchange whose token has been used up, so that nothing may be sent again.
    pub(crate) fn after_exchange(self) -> Self {
        match self {
            Self::NotSent(source) => Self::Transport(source),
            Self::ConnectTimeout(source) => Self::Timeout(source),
            Self::Config(problem) => Self::Transport(problem.into()),
            other => other,
        }
    }

    /// Returns whether the client is configured wrongly, or was called outside of a Tokio runtime.
    ///
    /// ```
    /// let error = civic_sip::CivicSip::builder().build().unwrap_err();
    /// assert!(error.is_config());
    /// ```
    pub fn is_config(&self) -> bool {
        matches!(self, Self::Config(_))
    }

    /// Returns whether the connection failed.
    ///
    /// ```
    /// use civic_sip::Error;
    ///
    /// assert!(Error::NotSent("connection refused".into()).is_transport());
    /// assert!(Error::Transport("connection reset".into()).is_transport());
    /// ```
    pub fn is_transport(&self) -> bool {
        matches!(self, Self::NotSent(_) | Self::Transport(_))
    }

    /// Returns whether there was no connection, or no response, in the time allowed.
    ///
    /// ```
    /// use civic_sip::Error;
    ///
    /// assert!(Error::ConnectTimeout("no answer to SYN".into()).is_timeout());
    /// assert!(Error::Timeout("no response".into()).is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::ConnectTimeout(_) | Self::Timeout(_))
    }

    /// Returns whether the service returned an error. See [`status`](Self::status) and [`body`](Self::body).
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// let error = civic.response(500, Vec::new()).unwrap_err();
    /// assert!(error.is_api());
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn is_api(&self) -> bool {
        matches!(self, Self::Api(_))
    }

    /// Returns whether the token in the response is not one that the service signed for this app, now.
    ///
    /// ```
    /// use civic_sip::{Error, VerificationError};
    ///
    /// assert!(Error::Verification(VerificationError::Signature).is_verification());
    /// ```
    pub fn is_verification(&self) -> bool {
        matches!(self, Self::Verification(_))
    }

    /// Returns whether the signed data can't be decrypted.
    ///
    /// ```
    /// assert!(civic_sip::Error::Decryption.is_decryption());
    /// ```
    pub fn is_decryption(&self) -> bool {
        matches!(self, Self::Decryption)
    }

    /// Returns whether the code token can't be sent, or the response is too large or malformed.
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// assert!(civic.request("two words, no token\n").unwrap_err().is_malformed());
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }

    /// Returns whether the **same token** may be sent again: nothing of it reached the service, or the service returned
    /// status 429.
    ///
    /// In all other cases the service may have used the token up, and the person has to start again.
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// assert!(civic.response(429, Vec::new()).unwrap_err().is_retryable());
    /// assert!(!civic.response(500, Vec::new()).unwrap_err().is_retryable());
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::ConnectTimeout(_) => true,
            Self::Api(error) => error.sender() == ErrorSource::Service && error.status() == 429,
            _ => false,
        }
    }

    /// Returns the HTTP status of an error of the service, the gem's `http_code`.
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// assert_eq!(civic.response(409, Vec::new()).unwrap_err().status(), Some(409));
    /// assert_eq!(civic_sip::Error::Decryption.status(), None);
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => Some(error.status()),
            _ => None,
        }
    }

    /// Returns the first 4 KiB of the body of an error of the service. Nothing vouches for it: don't show it to people.
    ///
    /// ```
    /// # let civic = civic_sip::CivicSip::new("app42", "1".repeat(64), "2".repeat(32))?;
    /// let error = civic.response(400, b"out of order".to_vec()).unwrap_err();
    /// assert_eq!(error.body(), Some("out of order"));
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn body(&self) -> Option<&str> {
        match self {
            Self::Api(error) => Some(error.body()),
            _ => None,
        }
    }
}

fn is_timed_out(source: &BoxError) -> bool {
    source.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

// Here rather than in `user_data`, which stands below this module and knows no `Error`.
impl IdentityDocument<'_> {
    /// Returns the bytes of the picture, checked against the MD5 that the service gives for them.
    ///
    /// `None` if there is no picture that can be [trusted](crate::UserData::trusted).
    ///
    /// # Errors
    ///
    /// `is_malformed` if the picture is not base64, or its MD5 is missing or does not match.
    ///
    /// ```
    /// use civic_sip::{UserData, UserDataItem, labels};
    ///
    /// let user = UserData::new("36a59d10", vec![
    ///     UserDataItem::new(labels::DOCUMENT_IMAGE, "aGVsbG8=", true, true),
    ///     UserDataItem::new(labels::DOCUMENT_IMAGE_MD5, "5d41402abc4b2a76b9719d911017c592", true, true),
    /// ]);
    /// let document = user.identity_document().expect("there are such items");
    /// assert_eq!(document.image().transpose()?, Some(b"hello".to_vec()));
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn image(&self) -> Option<Result<Vec<u8>, Error>> {
        let image = self.checked_image()?;
        Some(
            image.map_err(|InvalidImage(problem)| Error::Malformed(MalformedError::Image(problem))),
        )
    }
}
