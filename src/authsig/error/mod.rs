//! The errors of links: one type an operation, and what they share.

mod config;
#[cfg(feature = "authsig-legacy")]
mod legacy;
mod shared;

use std::error::Error as StdError;
use std::sync::Arc;

pub use config::{ConfigError, ConfigProblem};
#[cfg(feature = "authsig-legacy")]
pub use legacy::LegacyError;
pub use shared::{QueryError, TimeError, UrlError};

/// Longest piece of a parameter's name that an error repeats.
const MAX_SHOWN: usize = 64;

/// The beginning of a name, so that an error does not grow with the URL.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(MAX_SHOWN).collect()
}

/// The beginning of an address, without user information: that has a password.
pub(super) fn shown_address(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, rest)) => shown(&["…@", rest].concat()),
        None => shown(address),
    }
}

/// The failure to sign a link.
///
/// ```
/// use civic_sip::authsig::{SignError, Signer};
///
/// let signer = Signer::new("at least sixteen bytes")?;
/// let signed = signer.sign_url("/join")?;
/// assert_eq!(signer.sign_url(&signed).unwrap_err(), SignError::AlreadySigned);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The URL is not one that can be signed.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The query is not one that all parsers read alike.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// No verifier would accept `time` or `expires_at`.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The query has a signature already.
    #[error("the query has a `signature` already")]
    AlreadySigned,
    /// The query has a parameter that the signer adds.
    #[error("the query has `{0}` already, which the signer adds")]
    AlreadyPresent(&'static str),
    /// The expiry is beyond the times that can be written: the clock is wrong.
    #[error("the expiry can't be expressed: check the clock")]
    TimeOutOfRange,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
    /// A reason that only the legacy signature has.
    #[cfg(feature = "authsig-legacy")]
    #[error(transparent)]
    Legacy(#[from] LegacyError),
}

/// The reason to reject a link, an identity or a notification.
///
/// ```
/// use civic_sip::authsig::{Verifier, VerifyError};
///
/// let verifier = Verifier::new("at least sixteen bytes")?;
/// let error = verifier.verify_url("/join?login=user_1").unwrap_err();
/// assert_eq!(error, VerifyError::MissingSignature);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The URL is not one that can have been signed.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The query is not one that all parsers read alike.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The URL has expired, or one of its times is not acceptable.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// There is no signature.
    #[error("the signature is missing")]
    MissingSignature,
    /// The signature is neither of version 2 nor of version 3.
    #[error("the signature is malformed")]
    MalformedSignature,
    /// The signature was made with a key that the verifier does not have.
    #[error("the signature was made with an unknown key")]
    UnknownKey,
    /// The signature does not belong to this address and these parameters.
    #[error("the signature does not match")]
    Mismatch,
    /// `time` is longer ago than `max_age`.
    #[error("the URL is too old")]
    TooOld,
    /// A required parameter is missing.
    #[error("the parameter {0:?} is missing")]
    Missing(String),
    /// The login is another one than required, or absent.
    #[error("the URL is for another login")]
    WrongLogin,
    /// The service is another one than required.
    #[error("the URL is for another service")]
    WrongService,
    /// The URL was made for another app as well, or for that one alone.
    #[error("the URL is for another audience")]
    WrongAudience,
    /// The state is not that of this attempt to log in, or can't be read.
    #[error("the `state` is not that of this attempt to log in")]
    WrongState,
    /// A notification is malformed.
    #[error("the notification {0}")]
    Notification(&'static str),
    /// A reason that only the legacy signature has.
    #[cfg(feature = "authsig-legacy")]
    #[error(transparent)]
    Legacy(#[from] LegacyError),
}

impl VerifyError {
    pub(super) fn missing(name: &str) -> Self {
        Self::Missing(shown(name))
    }

    /// Returns whether the URL was good once and is too late now: it has expired, or is older than `max_age`.
    ///
    /// ```
    /// use civic_sip::authsig::{TimeError, VerifyError};
    ///
    /// assert!(VerifyError::Time(TimeError::Expired).is_expired());
    /// assert!(!VerifyError::Mismatch.is_expired());
    /// ```
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Time(TimeError::Expired) | Self::TooOld)
    }
}

/// The failure to use a link up.
///
/// ```
/// use civic_sip::authsig::ReplayError;
///
/// /// Returns whether the same link may be tried again, later.
/// fn is_temporary(error: &ReplayError) -> bool {
///     matches!(error, ReplayError::GuardFull | ReplayError::Guard(_))
/// }
/// assert!(!is_temporary(&ReplayError::Replayed));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The link was used before.
    #[error("the URL has been used already")]
    Replayed,
    /// The link has expired since it was verified.
    #[error("the URL has expired")]
    Expired,
    /// The link was not made by a signer with `single_use`.
    #[error("the URL is not a single-use one: {0}")]
    NotSingleUse(&'static str),
    /// The guard can't remember another link.
    #[error("the replay guard is full")]
    GuardFull,
    /// The guard's store failed or did not answer in time.
    #[error("the replay guard's store failed")]
    Guard(#[source] Arc<dyn StdError + Send + Sync>),
}
