//! The faults of URLs, queries and times, which several errors have.

/// The fault in the address of a URL.
///
/// ```
/// use civic_sip::authsig::{SignError, Signer, UrlError};
///
/// let error = Signer::new("at least sixteen bytes")?.sign_url("/files/../secret").unwrap_err();
/// assert_eq!(error, SignError::Url(UrlError::DotSegment));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The URL is neither absolute nor begins with a single `/`.
    #[error("the URL must be absolute or begin with a single `/`")]
    NotAbsolute,
    /// An absolute URL is not below the public URL.
    #[error("the URL must begin with the public URL")]
    Mismatch,
    /// The URL to sign has a fragment.
    #[error("the URL to sign must not have a `#`: `link(..).fragment(..)` adds a fragment")]
    Fragment,
    /// A character in the address that parsers disagree on.
    #[error("the address contains {0:?}, which must be percent-encoded")]
    UnencodedCharacter(char),
    /// The path has an empty segment.
    #[error("the path must not have an empty segment (`//`)")]
    EmptySegment,
    /// The path has a segment `.` or `..`, in some spelling.
    #[error("the path must not have dot segments")]
    DotSegment,
}

/// The fault in a query. It repeats names, cut to 64 characters, but no values.
///
/// ```
/// use civic_sip::authsig::{QueryError, SignError, Signer};
///
/// let error = Signer::new("at least sixteen bytes")?.sign_url("/join?login=a&login=b").unwrap_err();
/// assert_eq!(error, SignError::Query(QueryError::Repeated("login")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The query has more than 16 KiB.
    #[error("the query must not be longer than 16 KiB")]
    TooLong,
    /// The query has more than 256 parameters.
    #[error("the query must not have more than 256 parameters")]
    TooManyParameters,
    /// A `%` without two hexadecimal digits after it.
    #[error("the query has a `%` that two hexadecimal digits don't follow")]
    BrokenEscape,
    /// A name or a value is not UTF-8 once decoded.
    #[error("the query must be UTF-8 once decoded")]
    InvalidUtf8,
    /// A raw character that some parser splits at, strips or cuts at.
    #[error("the query contains {0:?}, which must be percent-encoded")]
    UnencodedCharacter(char),
    /// A value has a `]` right before a raw `=`, where some parsers end the name.
    #[error("a `=` after `]` in a value must be percent-encoded")]
    BracketBeforeEquals,
    /// There is a `secret`, which never belongs into a URL.
    #[error("the query must not have a `secret`")]
    Secret,
    /// A reserved parameter is repeated.
    #[error("the parameter `{0}` must not be repeated")]
    Repeated(&'static str),
    /// A reserved parameter is empty.
    #[error("the parameter `{0}` must not be empty")]
    Empty(&'static str),
    /// A name has a control character.
    #[error("the name {0:?} must not contain a control character")]
    ControlInName(String),
    /// A name that some parser reads as a reserved one.
    #[error("the name {0:?} must not look like a reserved one")]
    Lookalike(String),
    /// A name stands both plain and with brackets.
    #[error("the name {0:?} must not stand both plain and with brackets")]
    PlainAndBracketed(String),
    /// Two names that PHP makes one, such as `a.b` and `a_b`.
    #[error("PHP reads the name {0:?} and another one as the same")]
    Indistinct(String),
}

/// The fault in `time` or `expires_at`.
///
/// ```
/// use civic_sip::authsig::{SignError, Signer, TimeError};
///
/// let milliseconds = "/join?expires_at=1750000000000";
/// let error = Signer::new("at least sixteen bytes")?.sign_url(milliseconds).unwrap_err();
/// assert_eq!(error, SignError::Time(TimeError::TooFarAhead));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// A parameter is neither epoch seconds nor an RFC 3339 time.
    #[error("`{0}` must be epoch seconds or an RFC 3339 time")]
    Unreadable(&'static str),
    /// `expires_at` has passed.
    #[error("the URL has expired")]
    Expired,
    /// `time` is more than 60 seconds ahead.
    #[error("`time` is in the future")]
    Ahead,
    /// `expires_at` is more than 100 years ahead, as milliseconds are.
    #[error("`expires_at` is more than 100 years ahead: it must be in seconds")]
    TooFarAhead,
}
