//! The errors of builders.

use std::error::Error as StdError;
use std::fmt;

use super::QueryError;

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
    pub(in crate::authsig) fn check(problems: Vec<ConfigProblem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// Returns what was made, if there is no problem. Without it there is one.
    pub(in crate::authsig) fn finish<T>(
        made: Option<T>,
        problems: Vec<ConfigProblem>,
    ) -> Result<T, Self> {
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
    #[error("the allowed address {address:?} {problem}")]
    AllowedAddress {
        /// The address, without user information, cut to 64 characters.
        address: String,
        /// The rule that it breaks.
        problem: &'static str,
    },
    /// The base URL of a server is not usable.
    #[error("the base URL {0}")]
    Base(&'static str),
    /// An address of an app is not usable.
    #[error("`{name}` {problem}")]
    Address {
        /// The setter or parameter.
        name: &'static str,
        /// The rule that it breaks.
        problem: &'static str,
    },
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
