//! The contents of a verified URL of a server.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::authsig::error::VerifyError;
use crate::authsig::time::Times;
use crate::authsig::verified::Verified;

/// A person whom an AuthSig server identified. Only a verifier creates one.
///
/// Base URL of the server, [`service`](Self::service) and [`login`](Self::login) together say who somebody is; the login
/// alone does not.
///
/// ```
#[doc = include_str!("../../docs/setup/identity.md")]
/// let identity = verifier.verify_url(signed_url)?;
/// assert_eq!((verifier.base(), identity.service()), ("https://id.example/verify", "password"));
/// assert_eq!(identity.login(), "user_1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Identity {
    login: String,
    service: String,
    times: Times,
    /// Joined by spaces.
    audience: Option<String>,
    parameters: Vec<(String, String)>,
}

impl Identity {
    /// Takes what is proven: login, service, times and audience; and all parameters of the URL.
    pub(in crate::authsig) fn new<'p>(
        login: &str,
        service: &str,
        times: Times,
        audience: Option<&str>,
        parameters: impl Iterator<Item = (&'p str, &'p str)>,
    ) -> Self {
        Self {
            login: login.to_owned(),
            service: service.to_owned(),
            times,
            audience: audience.map(ToOwned::to_owned),
            parameters: parameters.map(|(name, value)| (name.into(), value.into())).collect(),
        }
    }

    /// Takes a URL that was verified as an identity, with a login.
    pub(in crate::authsig) fn from_verified(verified: &Verified) -> Result<Self, VerifyError> {
        Ok(Self::new(
            verified.login().ok_or_else(|| VerifyError::missing("login"))?,
            verified.service(),
            *verified.times(),
            verified.get("audience"),
            verified.iter(),
        ))
    }

    /// Returns the login, which means somebody only together with the [`service`](Self::service) and the server.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert_eq!(identity.login(), "user_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Returns the service that the login belongs to. `password` is the server's own accounts.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert_eq!(identity.service(), "password");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the time at which the person was identified. Only a [legacy](crate::authsig) signature may have none.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert!(identity.time().is_some_and(|time| time <= SystemTime::now().into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.times.time
    }

    /// Returns the expiry, if the URL has one. It is refused from this second on.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert_eq!(identity.expires_at(), None); // nobody asked for one
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.times.expires_at
    }

    /// Returns the addresses of the apps that the URL was made for.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert!(identity.audience().eq(["https://app.example/in"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.audience.iter().flat_map(|addresses| addresses.split(' '))
    }

    /// Returns a parameter whose value is **not proven**: the asker of the identity chose it. `None` if it is
    /// absent or repeated.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert_eq!(identity.asked_for("team"), Some("blue"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn asked_for(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(other, _)| other == name);
        values.next().filter(|_| values.next().is_none()).map(|(_, value)| &**value)
    }

    /// Returns all names and values, proven or not, in the order of the URL.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert!(identity.params().any(|(name, value)| (name, value) == ("team", "blue")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// Shows names only: values are personal data.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("names", &self.parameters.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
