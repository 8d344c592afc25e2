//! The reasons to sign nothing, and to store no default.

use super::consent::ConsentRequest;
use crate::authsig::error::{QueryError, SignError, TimeError, VerifyError};

/// The reason to sign nothing. Nobody is redirected and nobody is notified.
///
/// ```
#[doc = include_str!("../../docs/setup/authority.md")]
/// match decide("login=user_2") {
///     Ok(_) => panic!("somebody else is logged in"),
///     Err(Refusal::NotLoggedIn) => {}      // show the form to log in
///     Err(Refusal::NeedsConsent(_)) => {}  // show the question
///     Err(refusal) => assert!(matches!(refusal, Refusal::WrongLogin)),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The query is not one that all parsers read alike.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The request sets a parameter that only the server sets.
    #[error("a request must not have `{0}`, which the server sets")]
    Forbidden(&'static str),
    /// A slug is not 1 to 64 of `A-Z a-z 0-9 _ -`.
    #[error("the default {0:?} must be 1 to 64 letters, digits, `_` or `-`")]
    BadSlug(String),
    /// The request names more than 16 defaults.
    #[error("a request must not name more than 16 defaults")]
    TooManyDefaults,
    /// Nobody is logged in: log in, then decide again.
    #[error("nobody is logged in")]
    NotLoggedIn,
    /// Nothing is stored under a slug.
    #[error("there is no default {0:?}")]
    UnknownDefault(String),
    /// The stored parameters can't be used.
    #[error(transparent)]
    Default(#[from] DefaultError),
    /// `provides` names another parameter than `login`, `service` and `time`.
    #[error("`provides` must be `login`, `service` or `time`")]
    BadProvides,
    /// The request does not say who is to be identified.
    #[error("the request must have a `login`, or `provides[]=login`")]
    NoLogin,
    /// The login that is to be identified is not the one that is logged in.
    #[error("the person who is logged in is not the one to be identified")]
    WrongLogin,
    /// The service that is asked for is not the one that the person is logged in by.
    #[error("the person is logged in by another service than asked for")]
    WrongService,
    /// `time_fudge` is not a number of seconds.
    #[error("`time_fudge` must be a whole number of seconds")]
    BadTimeFudge,
    /// `time` is longer ago than `time_fudge`, or than 300 seconds.
    #[error("`time` is too long ago")]
    TooOld,
    /// `time` or `expires_at` can't be read, `time` is ahead, or `expires_at` is not.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// `redirect_url` or `notify_url` is not an address that all parsers read alike, or not an allowed one.
    #[error("`{name}` {problem}")]
    BadAddress {
        /// The parameter: `redirect_url` or `notify_url`.
        name: &'static str,
        /// The fault in its value.
        problem: &'static str,
    },
    /// The person has to be asked first, since the addresses are not all on the allow list.
    #[error("the person has to agree first")]
    NeedsConsent(Box<ConsentRequest>),
    /// The URL can't be signed.
    #[error("the URL can't be signed: {0}")]
    Unsigned(#[source] SignError),
    /// A verifier would reject the signed URL.
    #[error("the signed URL would not be accepted: {0}")]
    Unverified(#[source] VerifyError),
}

/// The reason to reject the parameters of a default. It repeats names, cut to 64 characters, but no values.
///
/// ```
/// use civic_sip::authsig::decide::{DefaultError, DefaultParams};
///
/// let error = DefaultParams::from_json(r#"{"secret": "swordfish"}"#).unwrap_err();
/// assert_eq!(error, DefaultError::WeakSecret);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefaultError {
    /// The text is longer than 16 KiB.
    #[error("the parameters of a default must not be longer than 16 KiB")]
    TooLong,
    /// The text is not a JSON object of strings and lists of strings, or has a member twice.
    #[error("the parameters of a default must be a JSON object of strings and lists of strings")]
    Malformed,
    /// A parameter that no default may set.
    #[error("a default must not have the parameter {0:?}")]
    Forbidden(String),
    /// A name that some parser reads as another.
    #[error("the name {0:?} must not look like a reserved one, nor have control characters")]
    BadName(String),
    /// A parameter that takes one text is empty, or a list of several or none.
    #[error("the parameter {0:?} of a default must be one text that is not empty")]
    BadValue(String),
    /// The `secret` has fewer than 16 bytes.
    #[error(
        "the `secret` of a default must have at least 16 bytes: `Secret::generate()` makes one"
    )]
    WeakSecret,
}
