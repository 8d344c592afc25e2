//! Verifying what the original server signed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::parameters::Parameters;
use super::settings::{Settings, SettingsBuilder};
use super::{ambiguity, bcrypt, times};
use crate::authsig::error::{ConfigError, ConfigProblem, LegacyError, VerifyError};
use crate::authsig::identity::Identity;
use crate::authsig::query::Pair;
use crate::authsig::time::{self, MAX_SPAN};
use crate::authsig::{reserved, url};
use crate::clock::Clock;

/// The cost that the original signs with.
const DEFAULT_MAX_COST: u32 = 10;

/// Returns whether a login could ever have existed.
type Logins = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Verifies URLs that were signed as the original server does, if their text can be read in one way only.
///
/// Read [the limits of that](super#limits).
///
/// ```
/// use civic_sip::authsig::legacy::Verifier;
///
/// let verifier = Verifier::builder().secret("Test house secret.").build()?;
/// let query = "login=user_1&signature=$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
/// let identity = verifier.verify_query(query)?;
/// assert_eq!((identity.login(), identity.service()), ("user_1", "password"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    settings: Settings,
    logins: Option<Logins>,
    max_cost: u32,
    max_age: Option<Duration>,
    clock: Clock,
}

impl Verifier {
    /// Returns a builder; it needs a secret.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::Verifier;
    /// let verifier = Verifier::builder().secret("Test house secret.").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder {
            settings: SettingsBuilder::default(),
            logins: None,
            max_cost: DEFAULT_MAX_COST,
            max_age: None,
            clock: Clock::default(),
        }
    }

    /// Verifies an absolute URL, or one that begins with a single `/`. The address is not signed.
    ///
    /// This takes tens of milliseconds of processor time: in async code call `verify_url_async`, or use a thread that
    /// may block.
    ///
    /// # Errors
    ///
    /// The errors of [`verify_query`](Self::verify_query), and [`VerifyError::Url`].
    ///
    /// ```
    /// # let verifier = civic_sip::authsig::legacy::Verifier::builder().secret("Test house secret.").build()?;
    /// let url = "https://id.example/verify/verified?login=user_1\
    ///            &signature=$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
    /// assert_eq!(verifier.verify_url(url)?.login(), "user_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_url(&self, url: &str) -> Result<Identity, VerifyError> {
        self.verify_query(url::split(url)?.query)
    }

    /// Verifies a bare query, with no `?` before it.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`] that names the cause; [`LegacyError::Ambiguous`] if the signature is right, but its text can
    /// also be read otherwise.
    ///
    /// ```
    /// # use civic_sip::authsig::VerifyError;
    /// # let verifier = civic_sip::authsig::legacy::Verifier::builder().secret("Test house secret.").build()?;
    /// let query = "login=user_2&signature=$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
    /// assert_eq!(verifier.verify_query(query).unwrap_err(), VerifyError::Mismatch);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_query(&self, query: &str) -> Result<Identity, VerifyError> {
        let pairs = reserved::read(query)?;
        let parameters = Parameters::read(&pairs, self.settings.only_names.as_ref())?;
        let signature = pairs.iter().find(|pair| pair.name == "signature");
        let signature = signature.map(Pair::value).ok_or(VerifyError::MissingSignature)?;
        let signature = bcrypt::Signature::parse(signature)?;
        if signature.cost() > self.max_cost {
            let (cost, limit) = (signature.cost(), self.max_cost);
            return Err(LegacyError::CostTooHigh { cost, limit }.into());
        }
        // Nothing above this line depends on the secret, and nobody learns anything below it without a signature.
        let text = parameters.text(&self.settings.secret);
        signature.verify(&text)?;
        let times = times::check(&parameters, time::now(&self.clock), self.max_age)?;
        self.check_unambiguous(&parameters, &text)?;
        // Nobody vouches for an audience: who asks may sign any.
        Ok(Identity::new(parameters.login(), parameters.service(), times, None, parameters.iter()))
    }

    fn check_unambiguous(&self, parameters: &Parameters, text: &[u8]) -> Result<(), LegacyError> {
        let logins = self.logins.as_deref();
        if logins.is_some_and(|logins| !logins(parameters.login())) {
            return Err(LegacyError::UnknownLogin);
        }
        let claims = parameters.claims(text, &self.settings.secret, self.max_age.is_some());
        claims.check_unambiguous(
            self.settings.only_names.as_ref(),
            logins.map(|logins| logins as ambiguity::Logins<'_>),
        )
    }

    /// Calls [`verify_url`](Self::verify_url) on one of Tokio's blocking threads.
    ///
    /// # Errors
    ///
    /// The errors of [`verify_url`](Self::verify_url), and [`LegacyError::NoRuntime`] outside of a Tokio runtime.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let verifier = civic_sip::authsig::legacy::Verifier::builder().secret("Test house secret.").build()?;
    /// let url = "/verified?login=user_1&signature=$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
    /// assert_eq!(verifier.verify_url_async(url).await?.login(), "user_1");
    /// # Ok(()) }
    /// ```
    #[cfg(any(feature = "client", feature = "redis"))]
    pub async fn verify_url_async(&self, url: impl Into<String>) -> Result<Identity, VerifyError> {
        let (verifier, url) = (self.clone(), url.into());
        super::spawn_blocking(move || verifier.verify_url(&url)).await
    }

    /// Calls [`verify_query`](Self::verify_query) on one of Tokio's blocking threads.
    ///
    /// # Errors
    ///
    /// The errors of [`verify_query`](Self::verify_query), and [`LegacyError::NoRuntime`] outside of a Tokio runtime.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let verifier = civic_sip::authsig::legacy::Verifier::builder().secret("Test house secret.").build()?;
    /// let query = "login=user_1&signature=$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
    /// assert_eq!(verifier.verify_query_async(query).await?.login(), "user_1");
    /// # Ok(()) }
    /// ```
    #[cfg(any(feature = "client", feature = "redis"))]
    pub async fn verify_query_async(
        &self,
        query: impl Into<String>,
    ) -> Result<Identity, VerifyError> {
        let (verifier, query) = (self.clone(), query.into());
        super::spawn_blocking(move || verifier.verify_query(&query)).await
    }
}

/// Builds a [`Verifier`].
///
/// ```
/// use civic_sip::authsig::legacy::Verifier;
///
/// let verifier = Verifier::builder()
///     .secret("house secret")
///     .logins(|login| login.starts_with("user_"))
///     .max_cost(12)
///     .build()?;
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct VerifierBuilder {
    settings: SettingsBuilder,
    logins: Option<Logins>,
    max_cost: u32,
    max_age: Option<Duration>,
    clock: Clock,
}

impl VerifierBuilder {
    /// Sets the house secret.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::Verifier;
    /// let verifier = Verifier::builder().secret("house secret").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.settings.set_secret(secret.as_ref());
        self
    }

    /// Assumes that the signing side signs no other names than these, and no value that contains one of them followed
    /// by a colon. URLs with other names or such values are rejected.
    ///
    /// **This is false of the original server**, which signs anything. It is true of a [`Signer`](super::Signer) that
    /// was given the same names. Names must not be empty, contain a colon, or be the end of one another or of
    /// `secret`.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::Verifier;
    /// # let builder = Verifier::builder().secret("house secret");
    /// let verifier = builder.only_names(["login", "service", "time"]).build()?;
    /// assert!(verifier.verify_query("login=user_1&team=blue&signature=x").is_err());
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn only_names(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.settings.set_only_names(names);
        self
    }

    /// Sets a function that returns whether a login could ever have existed under this secret, deleted accounts included.
    ///
    /// Readings with other logins are left out. It is called for at most 1,024 logins for one URL, and only after
    /// the signature was verified.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::Verifier;
    /// # let builder = Verifier::builder().secret("house secret");
    /// # let accounts = std::collections::HashSet::from(["user_1".to_owned()]);
    /// let verifier = builder.logins(move |login| accounts.contains(login)).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn logins(mut self, logins: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.logins = Some(Arc::new(logins));
        self
    }

    /// Sets the highest bcrypt cost that a signature may have, 4 to 16 (10): the work doubles with each step. It is
    /// checked before any hashing.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::{LegacyError, Verifier};
    /// # let builder = Verifier::builder().secret("house secret");
    /// let verifier = builder.max_cost(9).build()?;
    /// let query = "login=user_1&signature=$2a$10$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
    /// let error = verifier.verify_query(query).unwrap_err();
    /// assert_eq!(error, LegacyError::CostTooHigh { cost: 10, limit: 9 }.into());
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn max_cost(mut self, cost: u32) -> Self {
        self.max_cost = cost;
        self
    }

    /// Requires a `time` that is at most this long ago.
    ///
    /// The age counts from `time` less `time_fudge` (300 s if there is none), since the URL may have been signed as
    /// long before. All readings have to agree on `time_fudge`, too.
    ///
    /// ```
    /// # use civic_sip::authsig::legacy::Verifier;
    /// # let builder = Verifier::builder().secret("house secret");
    /// let verifier = builder.max_age(std::time::Duration::from_secs(3600)).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sets the source of the time. The default is the system's clock.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use civic_sip::authsig::legacy::Verifier;
    /// # let builder = Verifier::builder().secret("house secret");
    /// let verifier = builder.clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// Builds the verifier.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with everything that is wrong: no secret or an empty one, names that could not be told
    /// apart, a cost or an age out of range.
    ///
    /// ```
    /// use civic_sip::authsig::{ConfigProblem, legacy::Verifier};
    ///
    /// let error = Verifier::builder().secret("").build().unwrap_err();
    /// assert_eq!(error.problems(), [ConfigProblem::EmptySecret]);
    /// ```
    pub fn build(self) -> Result<Verifier, ConfigError> {
        let mut problems = Vec::new();
        let settings = self.settings.build(&mut problems);
        if !(bcrypt::MIN_COST..=bcrypt::MAX_COST).contains(&self.max_cost) {
            problems.push(ConfigProblem::CostOutOfRange("max_cost"));
        }
        if self.max_age.is_some_and(|age| age > MAX_SPAN) {
            problems.push(ConfigProblem::TimeOutOfRange("max_age"));
        }
        ConfigError::check(problems)?;
        let Self { logins, max_cost, max_age, clock, .. } = self;
        Ok(Verifier { settings, logins, max_cost, max_age, clock })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("settings", &self.settings)
            .field("logins", &self.logins.is_some())
            .field("max_cost", &self.max_cost)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder")
            .field("settings", &self.settings)
            .field("logins", &self.logins.is_some())
            .field("max_cost", &self.max_cost)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}
