//! The faults that only the legacy signature has.

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
