//! What is checked of a URL once its signature is known to be right.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::error::Error;
use super::time::{self, Clock};
use super::verified::Verified;

/// What a verifier demands beyond a signature.
#[derive(Clone, Default)]
pub(super) struct Checks {
    pub(super) service: Option<String>,
    pub(super) login: Option<String>,
    pub(super) max_age: Option<Duration>,
    pub(super) required: Vec<String>,
    pub(super) require_expiry: bool,
}

/// Shows nothing of who is expected.
impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checks")
            .field("max_age", &self.max_age)
            .field("required", &self.required)
            .field("require_expiry", &self.require_expiry)
            .finish_non_exhaustive()
    }
}

/// The times a URL carries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl Times {
    /// Reads them: a time that is there and can't be read is an error, never absent.
    pub(super) fn read(time: Option<&str>, expires_at: Option<&str>) -> Result<Self, Error> {
        let read = |text: Option<&str>, parse: fn(&str) -> Option<DateTime<Utc>>, name| {
            text.map(|text| parse(text).ok_or(Error::BadTime(name))).transpose()
        };
        Ok(Self {
            time: read(time, time::parse_time, "time")?,
            expires_at: read(expires_at, time::parse_instant, "expires_at")?,
        })
    }

    /// Refuses what has expired, or is not valid yet.
    pub(super) fn check(&self, clock: &Clock, max_age: Option<Duration>) -> Result<(), Error> {
        if self.time.is_none() && self.expires_at.is_none() && max_age.is_none() {
            return Ok(());
        }
        let now = clock.now()?;
        check_expiry(self.expires_at, now)?;
        match (self.time, max_age) {
            (Some(time), _) if time - now > time::MAX_AHEAD => Err(Error::NotYet),
            (Some(time), Some(max_age)) if time::is_longer(now - time, max_age) => {
                Err(Error::TooOld)
            }
            (None, Some(_)) => Err(Error::missing("time")),
            _ => Ok(()),
        }
    }
}

/// `expires_at` is the last moment at which a URL is valid.
pub(super) fn check_expiry(
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if expires_at.is_some_and(|expires_at| now > expires_at) {
        return Err(Error::Expired);
    }
    Ok(())
}

impl Checks {
    /// Checks the signed parameters, and nothing else.
    pub(super) fn check(&self, verified: &Verified, clock: &Clock) -> Result<(), Error> {
        verified.times().check(clock, self.max_age)?;
        self.check_demands(verified)
    }

    /// The same without the times.
    pub(super) fn check_demands(&self, verified: &Verified) -> Result<(), Error> {
        if self.require_expiry && verified.expires_at().is_none() {
            return Err(Error::missing("expires_at"));
        }
        if self.service.as_ref().is_some_and(|service| service != verified.service()) {
            return Err(Error::WrongService);
        }
        if self.login.as_ref().is_some_and(|login| Some(&**login) != verified.login()) {
            return Err(Error::WrongLogin);
        }
        match self.required.iter().find(|name| verified.get_all(name).next().is_none()) {
            Some(name) => Err(Error::missing(name)),
            None => Ok(()),
        }
    }
}

/// The setters of these demands, documented once.
macro_rules! check_setters {
    () => {
        /// Demands that the person was identified by this service; a URL that names none means `password`.
        pub fn service(mut self, service: impl Into<String>) -> Self {
            self.checks.service = Some(service.into());
            self
        }

        /// Demands that this is who was identified.
        pub fn login(mut self, login: impl Into<String>) -> Self {
            self.checks.login = Some(login.into());
            self
        }

        /// Demands a `time` that is no longer ago than this.
        pub fn max_age(mut self, age: Duration) -> Self {
            self.checks.max_age = Some(age);
            self
        }

        /// Demands that a parameter was signed; may be called for several.
        pub fn require(mut self, name: impl Into<String>) -> Self {
            self.checks.required.push(name.into());
            self
        }

        /// Demands an `expires_at`. One that is there is checked in any case.
        pub fn require_expiry(mut self) -> Self {
            self.checks.require_expiry = true;
            self
        }
    };
}
pub(super) use check_setters;
