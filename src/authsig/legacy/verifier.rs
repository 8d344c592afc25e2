//! Verifying what the original signed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Read, Settings, Verified, bcrypt, shared_setters};
use crate::authsig::error::Error;
use crate::authsig::location;
use crate::authsig::original::{self, Assumptions, SharedLogins};
use crate::authsig::query;
use crate::authsig::time::Clock;

/// The highest cost that a signature may ask for: four times the work of the original's.
const DEFAULT_MAX_COST: u32 = 12;

/// Verifies URLs that were signed as the original server does, if their text can be read in one way only.
///
/// Read [what that cannot promise](super).
#[derive(Clone)]
#[must_use]
pub struct Verifier {
    settings: Settings,
    logins: Option<SharedLogins>,
    max_cost: u32,
    max_age: Option<Duration>,
    clock: Clock,
}

impl Verifier {
    /// A verifier with the house secret. If it is empty, verifying fails.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self {
            settings: Settings::new(secret.as_ref()),
            logins: None,
            max_cost: DEFAULT_MAX_COST,
            max_age: None,
            clock: Clock::default(),
        }
    }

    shared_setters!(
        "Relies on it that the signing side signs no other names than these, and no value that contains one of them followed by a colon.\n\nThat is **not true of the original server**, which signs anything; it is of a [`Signer`](super::Signer) that was given the same names. Names that could not be told apart (empty, with a colon, or one that is the end of another or of `secret`) make every verifying fail."
    );

    /// Says of a login whether it could ever have existed under this secret, deleted accounts included.
    ///
    /// Readings with other logins are left out. It is asked about at most 1,024 logins for one URL, and only after
    /// the signature has been found right.
    pub fn logins(mut self, logins: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.logins = Some(Arc::new(logins));
        self
    }

    /// The highest bcrypt cost that a signature may have (12). It is checked before any hashing.
    pub fn max_cost(mut self, cost: u32) -> Self {
        self.max_cost = cost;
        self
    }

    /// Demands a `time` that is no longer ago than this, counted from `time` less `time_fudge` (300 s if there is
    /// none): the URL may have been signed as long before. All readings then have to agree on `time_fudge`, too.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Takes the time from elsewhere than the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// Verifies an absolute URL, or one that begins with a single `/`.
    ///
    /// This takes tens of milliseconds of processor time: in async code use
    /// [`verify_url_async`](Self::verify_url_async), or a thread that may block.
    ///
    /// # Errors
    ///
    /// Those of [`verify_query`](Self::verify_query), and [`Error::BadUrl`].
    pub fn verify_url(&self, url: &str) -> Result<Verified, Error> {
        self.verify_query(location::split(url)?.query)
    }

    /// Verifies a bare query, with no `?` before it.
    ///
    /// # Errors
    ///
    /// An [`Error`] that names the cause; [`Error::Ambiguous`] if the signature is right, but its text can also be
    /// read otherwise.
    pub fn verify_query(&self, query: &str) -> Result<Verified, Error> {
        self.settings.check()?;
        let pairs = query::parse(query)?;
        let Read { parameters, secret, text } = self.settings.read(&pairs)?;
        let signature =
            pairs.iter().find(|pair| pair.name == "signature").ok_or(Error::MissingSignature)?;
        let cost = original::bcrypt_cost(signature.value())?;
        if cost > self.max_cost {
            return Err(Error::CostTooHigh { cost, limit: self.max_cost });
        }
        bcrypt::verify(&bcrypt::digest(&text)?, signature.value())?;
        let times = parameters.times(self.clock.now(), self.max_age)?;
        let logins = self.logins.as_deref().map(|logins| |login: &str| logins(login));
        let assumptions = Assumptions {
            only_names: self.settings.only_names()?,
            logins: logins.as_ref().map(|logins| logins as &dyn Fn(&str) -> bool),
            with_fudge: self.max_age.is_some(),
        };
        parameters.weigh(&text, secret, &assumptions)?;
        Ok(Verified::new(parameters, times))
    }

    /// [`verify_url`](Self::verify_url) on one of Tokio's blocking threads.
    ///
    /// # Errors
    ///
    /// Those of [`verify_url`](Self::verify_url), and [`Error::NoRuntime`] outside of a Tokio runtime.
    #[cfg(any(feature = "client", feature = "redis"))]
    pub async fn verify_url_async(&self, url: impl Into<String>) -> Result<Verified, Error> {
        let (verifier, url) = (self.clone(), url.into());
        super::off_thread(move || verifier.verify_url(&url)).await
    }

    /// [`verify_query`](Self::verify_query) on one of Tokio's blocking threads.
    ///
    /// # Errors
    ///
    /// Those of [`verify_query`](Self::verify_query), and [`Error::NoRuntime`] outside of a Tokio runtime.
    #[cfg(any(feature = "client", feature = "redis"))]
    pub async fn verify_query_async(&self, query: impl Into<String>) -> Result<Verified, Error> {
        let (verifier, query) = (self.clone(), query.into());
        super::off_thread(move || verifier.verify_query(&query)).await
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
