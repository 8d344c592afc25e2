//! Signing as the original server does.

use super::parameters::Parameters;
use super::settings::{Settings, SettingsBuilder};
use super::{ambiguity, bcrypt};
use crate::authsig::error::{ConfigError, ConfigProblem, QueryError, SignError};
use crate::authsig::query::{self, MAX_QUERY_LEN};
use crate::authsig::{reserved, url};

/// The cost that the original signs with.
const DEFAULT_COST: u32 = 10;

/// Signs URLs as the original server does. Read [the limits of that](super#limits).
///
/// Everyone who signs with the secret must check first that `login`, `service` and `time` are true.
///
/// ```
/// use civic_sip::authsig::legacy::Signer;
///
/// let signer = Signer::builder().secret("house secret").only_names(["login", "time"]).cost(4).build()?;
/// let url = signer.sign_url("https://id.example/verify/verified?login=user_1")?;
/// assert!(url.starts_with("https://id.example/verify/verified?login=user_1&signature=%242a%2404%24"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    settings: Settings,
    cost: u32,
}

impl Signer {
    /// Returns a builder; it needs a secret.
    ///
    /// ```
    /// use civic_sip::authsig::legacy::Signer;
    ///
    /// let signer = Signer::builder().secret("house secret").only_names(["login", "time"]).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn builder() -> SignerBuilder {
        SignerBuilder { settings: SettingsBuilder::default(), cost: DEFAULT_COST }
    }

    /// Signs the query of an absolute URL, or of one that begins with a single `/`. The rest is returned untouched.
    ///
    /// This takes tens of milliseconds of processor time.
    ///
    /// # Errors
    ///
    /// The errors of [`sign_query`](Self::sign_query), and [`SignError::Url`].
    ///
    /// ```
    /// # let signer = civic_sip::authsig::legacy::Signer::builder().secret("house secret").cost(4).build()?;
    /// let url = signer.sign_url("https://id.example/verify/verified?login=user_1")?;
    /// assert!(url.starts_with("https://id.example/verify/verified?login=user_1&signature="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_url(&self, url: &str) -> Result<String, SignError> {
        let parts = url::split(url)?;
        Ok(parts.with_query(&self.sign_query(parts.query)?))
    }

    /// Signs a bare query, with no `?` before it, and appends `signature`.
    ///
    /// # Errors
    ///
    /// A [`SignError`] that names the cause: the query is not one that a verifier accepts, or has a signature
    /// already, or its digest has a NUL byte, which bcrypt can't sign.
    ///
    /// ```
    /// # let signer = civic_sip::authsig::legacy::Signer::builder().secret("house secret").cost(4).build()?;
    /// assert!(signer.sign_query("login=user_1")?.starts_with("login=user_1&signature="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_query(&self, query: &str) -> Result<String, SignError> {
        let pairs = reserved::read(query)?;
        if pairs.iter().any(|pair| pair.name == "signature") {
            return Err(SignError::AlreadySigned);
        }
        let parameters = Parameters::read(&pairs, self.settings.only_names.as_ref())?;
        let text = parameters.text(&self.settings.secret);
        ambiguity::check_colons(&text)?;
        let mut signed = query.to_owned();
        query::append(&mut signed, "signature", &bcrypt::sign(&text, self.cost)?);
        if signed.len() > MAX_QUERY_LEN { Err(QueryError::TooLong.into()) } else { Ok(signed) }
    }

    /// Calls [`sign_url`](Self::sign_url) on one of Tokio's blocking threads.
    ///
    /// # Errors
    ///
    /// The errors of [`sign_url`](Self::sign_url), and [`LegacyError::NoRuntime`](super::LegacyError::NoRuntime) outside of a Tokio runtime.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let signer = civic_sip::authsig::legacy::Signer::builder().secret("house secret").cost(4).build()?;
    /// let url = signer.sign_url_async("/verified?login=user_1").await?;
    /// assert!(url.starts_with("/verified?login=user_1&signature="));
    /// # Ok(()) }
    /// ```
    #[cfg(any(feature = "client", feature = "redis"))]
    pub async fn sign_url_async(&self, url: impl Into<String>) -> Result<String, SignError> {
        let (signer, url) = (self.clone(), url.into());
        super::spawn_blocking(move || signer.sign_url(&url)).await
    }

    /// Calls [`sign_query`](Self::sign_query) on one of Tokio's blocking threads.
    ///
    /// # Errors
    ///
    /// The errors of [`sign_query`](Self::sign_query), and [`LegacyError::NoRuntime`](super::LegacyError::NoRuntime) outside of a Tokio runtime.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let signer = civic_sip::authsig::legacy::Signer::builder().secret("house secret").cost(4).build()?;
    /// let query = signer.sign_query_async("login=user_1").await?;
    /// assert!(query.starts_with("login=user_1&signature="));
    /// # Ok(()) }
    /// ```
    #[cfg(any(feature = "client", feature = "redis"))]
    pub async fn sign_query_async(&self, query: impl Into<String>) -> Result<String, SignError> {
        let (signer, query) = (self.clone(), query.into());
        super::spawn_blocking(move || signer.sign_query(&query)).await
    }
}

/// Builds a [`Signer`].
///
/// ```
/// use civic_sip::authsig::legacy::Signer;
///
/// let signer = Signer::builder()
///     .secret("house secret")
///     .only_names(["login", "service", "time"])
///     .cost(10)
///     .build()?;
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SignerBuilder {
    settings: SettingsBuilder,
    cost: u32,
}

impl SignerBuilder {
    /// Sets the house secret.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::Signer;
    /// let signer = Signer::builder().secret("house secret").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.settings.set_secret(secret.as_ref());
        self
    }

    /// Signs no other names than these, and no value that contains one of them followed by a colon, so that verifiers
    /// may rely on it.
    ///
    /// Names must not be empty, contain a colon, or be the end of one another or of `secret`.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::Signer;
    /// let signer = Signer::builder().secret("house secret").only_names(["login", "time"]).build()?;
    /// assert!(signer.sign_query("login=user_1&team=blue").is_err());
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn only_names(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.settings.set_only_names(names);
        self
    }

    /// Sets the cost of bcrypt, 4 to 16 (10): the work doubles with each step.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::Signer;
    /// let signer = Signer::builder().secret("house secret").cost(4).build()?;
    /// assert!(signer.sign_query("login=user_1")?.contains("signature=%242a%2404%24"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }

    /// Builds the signer.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with everything that is wrong: no secret or an empty one, names that could not be told
    /// apart, a cost out of range.
    ///
    /// ```
    /// use civic_sip::authsig::{ConfigProblem, legacy::Signer};
    ///
    /// let error = Signer::builder().cost(3).build().unwrap_err();
    /// assert_eq!(error.problems(), [ConfigProblem::NoKey, ConfigProblem::CostOutOfRange("cost")]);
    /// ```
    pub fn build(self) -> Result<Signer, ConfigError> {
        let mut problems = Vec::new();
        let settings = self.settings.build(&mut problems);
        if !(bcrypt::MIN_COST..=bcrypt::MAX_COST).contains(&self.cost) {
            problems.push(ConfigProblem::CostOutOfRange("cost"));
        }
        ConfigError::check(problems)?;
        Ok(Signer { settings, cost: self.cost })
    }
}
