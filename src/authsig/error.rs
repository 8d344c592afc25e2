//! The errors of links: one type an operation, and what they share.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Longest piece of a parameter's name that an error repeats.
const MAX_SHOWN: usize = 64;

/// The beginning of a name, so that an error does not grow with the URL.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(MAX_SHOWN).collect()
}

/// Everything that is wrong with a configuration, so that all of it can be fixed at once.
///
/// ```
/// use civic_sip::authsig::{ConfigProblem, Signer};
///
/// let error = Signer::builder().secret("too short").purpose("").build().unwrap_err();
/// assert_eq!(error.problems(), [ConfigProblem::WeakSecret, ConfigProblem::EmptyPurpose]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    problems: Vec<ConfigProblem>,
}

impl ConfigError {
    /// Returns the problems; there is at least one.
    ///
    /// ```
    /// use civic_sip::authsig::{ConfigProblem, Verifier};
    ///
    /// let error = Verifier::new("too short").unwrap_err();
    /// assert_eq!(error.problems(), [ConfigProblem::WeakSecret]);
    /// ```
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }

    /// Fails if there is any problem.
    pub(super) fn check(problems: Vec<ConfigProblem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// Returns what was made, if there is no problem. Without it there is one.
    pub(super) fn finish<T>(made: Option<T>, problems: Vec<ConfigProblem>) -> Result<T, Self> {
        match made {
            Some(made) if problems.is_empty() => Ok(made),
            _ => Err(Self { problems }),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl StdError for ConfigError {}

impl From<ConfigProblem> for ConfigError {
    fn from(problem: ConfigProblem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// One thing that is wrong with a configuration. It shows no key.
///
/// ```
/// use civic_sip::authsig::{ConfigProblem, Signer};
///
/// let error = Signer::new("too short").unwrap_err();
/// if error.problems().contains(&ConfigProblem::WeakSecret) {
///     eprintln!("set AUTHSIG_SECRET to at least sixteen bytes");
/// }
/// # assert_eq!(error.problems().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigProblem {
    /// There is no key.
    #[error("no key is configured: use `secret`, `secrets`, `private_key` or `public_keys`")]
    NoKey,
    /// More than one of `secret`, `secrets` and `private_key` was called, or one of them twice.
    #[error("keys are configured more than once: call one of the setters, once")]
    SeveralKeySources,
    /// A secret has fewer than 16 bytes.
    #[error("a secret must have at least 16 bytes: `Secret::generate()` makes one")]
    WeakSecret,
    /// Two keys have the same secret.
    #[error("two keys must not have the same secret")]
    RepeatedSecret,
    /// A key id is not 1 to 32 of `A-Z a-z 0-9 - _`.
    #[error("the key id {0:?} must be 1 to 32 letters, digits, `-` or `_`")]
    BadKeyId(String),
    /// Two keys have the same id.
    #[error("the key id {0:?} must not be given twice")]
    RepeatedKeyId(String),
    /// A private key can't be read.
    #[error("the private key {0}")]
    PrivateKey(&'static str),
    /// A set of public keys can't be read.
    #[error("the public keys {0}")]
    PublicKeys(&'static str),
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
    /// The purpose is empty.
    #[error("`purpose` must not be empty: leave it out for links without a purpose")]
    EmptyPurpose,
    /// There is no purpose, which each kind of link in an axum app needs.
    #[error("a kind of link needs a purpose: set `purpose`")]
    MissingPurpose,
    /// The purpose is `authsig`, which identities have.
    #[error("`purpose` must not be `authsig`, which identities are signed for")]
    ReservedPurpose,
    /// The public URL is not usable.
    #[error("`public_url` {0}")]
    PublicUrl(&'static str),
    /// An allowed address or origin is not usable.
    #[error("the allowed address {0:?} {1}")]
    AllowedAddress(String, &'static str),
    /// The base URL of a server is not usable.
    #[error("the base URL {0}")]
    Base(&'static str),
    /// An address of an app is not usable.
    #[error("`{0}` {1}")]
    Address(&'static str, &'static str),
    /// No audience is configured.
    #[error("no audience is configured: call `audience` with the app's own address")]
    NoAudience,
    /// `any_audience` was called beside `audience` or `also_for`.
    #[error("`any_audience` must not be called beside `audience` or `also_for`")]
    SeveralAudiences,
    /// There is no HTTP stack to fetch keys with.
    #[error(
        "there is no HTTP stack: turn on the features `client` and `rustls`, or set `transport`"
    )]
    NoTransport,
    /// A request has a parameter that the server alone sets.
    #[error("a request must not have the parameter `{0}`, which the server sets")]
    SetByServer(&'static str),
    /// A request has a query that all servers reject.
    #[error(transparent)]
    Query(QueryError),
    /// An ignored name is not made of `A-Z a-z 0-9 _ . -`, or is a reserved one to some parser.
    #[error("the ignored name {0:?} must be letters, digits, `_`, `.` or `-`, and not be reserved")]
    IgnoredName(String),
    /// `single_use` needs an expiry.
    #[error("`single_use` needs an expiry: set `expires_in` or `expires_at`")]
    SingleUseWithoutExpiry,
    /// A time is out of range.
    #[error(
        "`{0}` is out of range: expiries are 1 second to 100 years ahead, ages at most 100 years"
    )]
    TimeOutOfRange(&'static str),
    /// The secret of the legacy signature is empty.
    #[cfg(feature = "authsig-legacy")]
    #[error("`secret` must not be empty")]
    EmptySecret,
    /// The names given to `only_names` could not be told apart in a text.
    #[cfg(feature = "authsig-legacy")]
    #[error("`only_names` {0}")]
    OnlyNames(&'static str),
    /// A bcrypt cost is out of range.
    #[cfg(feature = "authsig-legacy")]
    #[error("`{0}` must be 4 to 16")]
    CostOutOfRange(&'static str),
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
    /// The state is not that of this attempt to log in, or its cookie can't be read.
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
    /// A character in the address that parsers disagree on; in one to sign, also one that no URI has.
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
    #[error("the name {0:?} is the same as another one to PHP")]
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

/// A reason to reject a URL that only the legacy signature has. It repeats names, cut to 64 characters, but no values.
///
/// ```
/// use civic_sip::authsig::SignError;
/// use civic_sip::authsig::legacy::{LegacyError, Signer};
///
/// let signer = Signer::builder().secret("house secret").build()?;
/// let error = signer.sign_query("service=password").unwrap_err();
/// assert_eq!(error, SignError::Legacy(LegacyError::MissingLogin));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "authsig-legacy")]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// The query has a `default`, in some form.
    #[error("the query must not have a `default`: what was stored under it can't be known")]
    Default,
    /// Versions of Rack or Ruby read or write a parameter differently.
    #[error("the parameter {name:?} {why}")]
    Parameter {
        /// The name, cut to 64 characters.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// The query has no `login`.
    #[error("the query must have a `login`")]
    MissingLogin,
    /// A parameter is not one of `only_names`.
    #[error("the parameter {0:?} is not one of `only_names`")]
    UnlistedName(String),
    /// A value contains one of `only_names`, followed by a colon.
    #[error("the value of {0:?} must not contain one of `only_names` followed by a colon")]
    NameInValue(String),
    /// The signature matches, but the signed text can also be read with another value of this parameter.
    #[error("the signed text can also be read with another `{0}`")]
    Ambiguous(&'static str),
    /// The signed text is too complex to check.
    #[error("the signed text is too complex to check: it has {0}")]
    TooComplex(&'static str),
    /// The login has never existed, says `logins`.
    #[error("the login has never existed")]
    UnknownLogin,
    /// The signature asks for more work than `max_cost` allows.
    #[error("the bcrypt cost {cost} is above the limit of {limit}")]
    CostTooHigh {
        /// The cost in the signature.
        cost: u32,
        /// The limit.
        limit: u32,
    },
    /// The text can't be signed: its digest has a NUL byte, where bcrypt stops.
    ///
    /// Don't tell an asker, since it depends on the secret.
    #[error("the digest has a NUL byte, which bcrypt can't sign: change any parameter")]
    NulInDigest,
    /// There is no Tokio runtime here, or it is shutting down.
    #[error("there is no Tokio runtime here: call the blocking method")]
    NoRuntime,
}
