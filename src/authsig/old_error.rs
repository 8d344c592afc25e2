//! Why a URL was not signed, or not believed.

use std::error::Error as StdError;
use std::sync::Arc;

use super::error::{QueryError, TimeError, UrlError, shown};

/// Why a URL was not signed, or not believed: one variant a cause.
///
/// Nothing in it is secret: no secret, no expected signature, no value of a parameter. Names of parameters are
/// repeated, cut to 64 characters.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // What the program itself has set up wrongly: nothing is signed or verified until it is put right.
    /// A secret of version 2 has fewer than 16 bytes.
    #[error("a secret has fewer than 16 bytes: use at least 16, better 32 random ones")]
    WeakSecret,
    /// There is no key at all.
    #[error("there is no key to sign or verify with")]
    NoKey,
    /// A key id is not of 1 to 32 of the characters `A-Z a-z 0-9 - _`.
    #[error("a key id is not made of 1 to 32 letters, digits, `-` or `_`")]
    BadKeyId,
    /// Two keys have one id.
    #[error("the key id `{0}` is given twice")]
    RepeatedKeyId(String),
    /// Two keys have one secret.
    #[error("two keys have the same secret")]
    RepeatedSecret,
    /// The URL to bind to, or the base of a server, is not usable.
    #[error("the configured URL {0}")]
    BadTarget(&'static str),
    /// A name that has a meaning of its own was to be ignored.
    #[error("the parameter {0:?} has a meaning of its own and can't be ignored")]
    IgnoredReserved(String),
    /// An expiry or another time can't be expressed.
    #[error("the time is out of the range that can be expressed")]
    TimeOutOfRange,
    /// A single-use URL needs an expiry.
    #[error("a single-use URL needs an expiry: set `expires_in` or `expires_at`")]
    SingleUseWithoutExpiry,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,

    // What is wrong with the URL before any signature is looked at.
    /// Neither an absolute URL nor one that begins with a single `/`.
    #[error("the URL is neither absolute nor begins with a single `/`")]
    BadUrl,
    /// The URL is not the one that signatures are bound to.
    #[error("the URL is not at the address that it has to be at")]
    Elsewhere,
    /// The query is too long.
    #[error("the query is longer than 16 KiB")]
    QueryTooLong,
    /// There are too many parameters.
    #[error("the query has more than 256 parameters")]
    TooManyParameters,
    /// A `%` without two hexadecimal digits after it.
    #[error("the query has a `%` that is not followed by two hexadecimal digits")]
    BrokenEscape,
    /// A name or a value is not UTF-8 once decoded.
    #[error("the query is not UTF-8 once decoded")]
    InvalidUtf8,
    /// A raw `;`, `#`, white space or control character.
    #[error("the query contains {0:?}, which has to be percent-encoded")]
    RefusedCharacter(char),
    /// A parameter that must not be there, or not under this name.
    #[error("the parameter {name:?} is refused: {why}")]
    RefusedParameter {
        /// Its name, cut to 64 characters.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// A `secret`, in any form that a framework could take for one.
    #[error("the query has a `secret`, which never stands in a URL")]
    SecretInQuery,
    /// A parameter that may be there only once is there again.
    #[error("the parameter `{0}` is repeated")]
    RepeatedParameter(&'static str),
    /// A parameter that has a meaning in the legacy signature is there, but empty.
    #[error("the parameter `{0}` is empty")]
    EmptyParameter(&'static str),
    /// The query that was to be signed has a signature already.
    #[error("the query has a signature already")]
    AlreadySigned,
    /// The query that was to be signed has a parameter that the signer adds.
    #[error("the query has `{0}` already, which the signer would add")]
    AlreadyPresent(&'static str),

    // What is wrong with the signature.
    /// There is no signature.
    #[error("the signature is missing")]
    MissingSignature,
    /// The signature is not in a form that is understood.
    #[error("the signature is malformed")]
    MalformedSignature,
    /// The signature names a key that is not known.
    #[error("the signature was made with a key that is not known here")]
    UnknownKeyId,
    /// The signature does not belong to these parameters.
    #[error("the signature does not match")]
    Mismatch,

    // What is wrong with what was signed.
    /// `expires_at` has passed.
    #[error("the URL has expired")]
    Expired,
    /// `time` is longer ago than allowed.
    #[error("the URL is too old")]
    TooOld,
    /// `time` is in the future.
    #[error("the URL is not valid yet: its time is in the future")]
    NotYet,
    /// A time that can't be read.
    #[error("`{0}` is not a time that can be read")]
    BadTime(&'static str),
    /// A parameter that has to be there is not.
    #[error("the parameter {0:?} is missing")]
    MissingParameter(String),
    /// The login is another one than asked for, or absent.
    #[error("the URL identifies somebody else than was asked for")]
    WrongLogin,
    /// The service is another one than asked for.
    #[error("the URL identifies somebody by another service than was asked for")]
    WrongService,

    // Using a URL up.
    /// The URL can't be used up: it has no nonce or no expiry, or its signature does not allow it.
    #[error("the URL is not a single-use one: {0}")]
    NotSingleUse(&'static str),
    /// The URL was used before.
    #[error("the URL has been used already")]
    Replayed,
    /// The guard can't remember another URL.
    #[error("the replay guard is full")]
    GuardFull,
    /// The guard's store failed or did not answer in time.
    #[error("the replay guard's store failed")]
    Guard(#[source] Arc<dyn StdError + Send + Sync>),

    // The legacy signature.
    /// The signed text has another reading, with another value of the named parameter.
    #[error("the signed text can also be read with another `{0}`")]
    Ambiguous(&'static str),
    /// Weighing all readings of the text would take too long.
    #[error("the signed text has too many readings to weigh: {0}")]
    TooComplex(&'static str),
    /// The digest contains a NUL byte, at which bcrypt would stop.
    #[error("the digest contains a NUL byte, which bcrypt can't sign: change any parameter")]
    NulInDigest,
    /// The secret is empty.
    #[error("the secret is empty")]
    EmptySecret,
    /// The signature asks for more work than allowed.
    #[error("the signature's bcrypt cost of {cost} is above the limit of {limit}")]
    CostTooHigh {
        /// What the signature asks for.
        cost: u32,
        /// What is allowed.
        limit: u32,
    },
    /// The cost to sign with is not one that bcrypt has, or would take minutes.
    #[error("the bcrypt cost to sign with is not within 4 to 16")]
    BadCost,
    /// The names given to `only_names` can't be told apart in a text.
    #[error("the list of names is refused: {0}")]
    BadNames(&'static str),
    /// A parameter that `only_names` does not list.
    #[error("the parameter {0:?} is not one of the names that are signed")]
    UnlistedName(String),
    /// A value that contains one of the names of `only_names`, followed by a colon.
    #[error("the value of {0:?} contains one of the names that are signed, followed by a colon")]
    NameInValue(String),
    /// This login never existed, says `logins`.
    #[error("the login has never existed")]
    UnknownLogin,
    /// There is no Tokio runtime to move the work to.
    #[error("there is no Tokio runtime here: use the blocking variant")]
    NoRuntime,

    // Asking a server.
    /// The server could not be reached, or its answer not read.
    #[error("the server could not be asked")]
    Transport(#[source] Arc<dyn StdError + Send + Sync>),
    /// There is nothing to send a request with.
    #[error("there is no HTTP stack: turn on the feature `client`, or give a transport")]
    NoTransport,
    /// The server answered something else than 200 or 403.
    #[error("the server answered with status {0}")]
    UnexpectedStatus(u16),
    /// What notify_url received is not a notification of success.
    #[error("the notification is malformed: {0}")]
    BadNotification(&'static str),
}

impl Error {
    pub(super) fn refused(name: &str, why: &'static str) -> Self {
        Self::RefusedParameter { name: shown(name), why }
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::MissingParameter(shown(name))
    }
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::TooLong => Self::QueryTooLong,
            QueryError::TooManyParameters => Self::TooManyParameters,
            QueryError::BrokenEscape => Self::BrokenEscape,
            QueryError::InvalidUtf8 => Self::InvalidUtf8,
            QueryError::UnencodedCharacter(char) => Self::RefusedCharacter(char),
            QueryError::BracketBeforeEquals => Self::RefusedCharacter('='),
            QueryError::Secret => Self::SecretInQuery,
            QueryError::Repeated(name) => Self::RepeatedParameter(name),
            QueryError::Empty(name) => Self::EmptyParameter(name),
            QueryError::ControlInName(name)
            | QueryError::Lookalike(name)
            | QueryError::PlainAndBracketed(name)
            | QueryError::Indistinct(name) => Self::refused(&name, "parsers read it differently"),
        }
    }
}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        match error {
            UrlError::Mismatch => Self::Elsewhere,
            _ => Self::BadUrl,
        }
    }
}

impl From<TimeError> for Error {
    fn from(error: TimeError) -> Self {
        match error {
            TimeError::Unreadable(name) => Self::BadTime(name),
            TimeError::Expired => Self::Expired,
            TimeError::Ahead => Self::NotYet,
            TimeError::TooFarAhead => Self::BadTime("expires_at"),
        }
    }
}
