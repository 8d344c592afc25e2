//! Verifying identities with keys that are at hand.

use std::time::{Duration, SystemTime};

use super::audience::{Audience, AudienceSettings};
use super::identity::Identity;
use super::state::State;
use crate::authsig::address;
use crate::authsig::error::{ConfigError, ConfigProblem, VerifyError};
use crate::authsig::keys::PublicKeys;
use crate::authsig::time;
use crate::authsig::verified::DEFAULT_SERVICE;
use crate::authsig::verifier::{Verifier, VerifierBuilder};
use crate::clock::Clock;

/// The path below the base URL at which a server signs.
const PATH: &str = "/verified";

/// The longest time since a person who is let in was identified.
const LOG_IN_MAX_AGE: Duration = Duration::from_secs(300);

/// Verifies what one AuthSig server signed, offline: with its public keys (version 3), or with the secret that the app
/// stored there (version 2).
///
/// [`Remote`](super::Remote) does the same with keys that it fetches.
///
/// ```
/// use civic_sip::authsig::{IdentityVerifier, PublicKeys};
///
/// let keys = PublicKeys::from_jwks(
///     r#"{"keys": [{"kty": "EC", "crv": "P-256",
///         "x": "_MOlySLBMwsek9AvsiXI7LKe7NGUmcukBnULvuW7yZU",
///         "y": "rE7RWcjNmLEsPkDRJwuQItJRNIh8flYuhYSrsUxcZpA"}]}"#,
/// )?;
/// let verifier = IdentityVerifier::builder("https://id.example/verify")
///     .public_keys(keys)
///     .audience("https://app.example/in")
///     .build()?;
/// let identity = verifier.verify_url(
///     "https://id.example/verify/verified?login=user_1&service=password&time=2026-01-02T03%3A04%3A05Z\
///      &audience=https%3A%2F%2Fapp.example%2Fin&signature=v3.SkMMijs2Po4Fz7EFrA6835SfoiOf1BQcN_AwfG90w2s.\
///      4tBlTIl5hVp0ZwRd9Nt-fdPkj-FxeV2TBvVPcZ6x5_tJF_mOfxXDpR5vvotbN2g_06T0y7L6Dp_jL9piA11lng",
/// )?;
/// assert_eq!((identity.service(), identity.login()), ("password", "user_1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct IdentityVerifier {
    base: String,
    verifier: Verifier,
    audience: Audience,
}

impl IdentityVerifier {
    /// Returns a builder that configures a verifier for the server at this base URL: https, or http on this machine.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let verifier = IdentityVerifier::builder("https://id.example/verify")
    ///     .public_keys(public_keys)
    ///     .audience("https://app.example/in")
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(base: impl Into<String>) -> IdentityVerifierBuilder {
        IdentityVerifierBuilder {
            base: base.into(),
            verifier: Verifier::builder()
                .identities()
                .service(DEFAULT_SERVICE)
                .require("login")
                .require("time"),
            has_secret: false,
            has_public_keys: false,
            audience: AudienceSettings::default(),
        }
    }

    /// Verifies a URL to **log a browser in**, with the state of this attempt from the browser's session.
    ///
    /// It demands that state, a `time` within the last 5 minutes, and an audience. Afterwards the app forgets the
    /// state and changes the id of the browser's session.
    ///
    /// # Errors
    ///
    /// The errors of [`verify_url`](Self::verify_url), [`VerifyError::WrongState`] and [`VerifyError::TooOld`].
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert_eq!(verifier.log_in(signed_url, &state)?.login(), "user_1");
    ///
    /// let other_browser = State::generate()?;
    /// assert_eq!(verifier.log_in(signed_url, &other_browser).unwrap_err(), VerifyError::WrongState);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn log_in(&self, url: &str, state: &State) -> Result<Identity, VerifyError> {
        let identity = self.verify_url(url)?;
        let signed = identity.asked_for("state").ok_or_else(|| VerifyError::missing("state"))?;
        if !state.matches(signed) {
            return Err(VerifyError::WrongState);
        }
        let time = identity.time().ok_or_else(|| VerifyError::missing("time"))?;
        if time::is_longer(time::now(self.clock()) - time, LOG_IN_MAX_AGE) {
            return Err(VerifyError::TooOld);
        }
        // A URL that a person made by hand is for nobody, whatever audience is accepted otherwise.
        if identity.audience().next().is_none() {
            return Err(VerifyError::missing("audience"));
        }
        Ok(identity)
    }

    /// Verifies a URL for other uses than a login. **Never log a browser in** with it: use [`log_in`](Self::log_in).
    /// Anybody can come by a URL, and send a browser with it.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`] that says why the URL is not accepted; [`VerifyError::WrongAudience`] for one that was made for
    /// another app.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert_eq!(verifier.verify_url(signed_url)?.login(), "user_1");
    ///
    /// let forged = signed_url.replace("user_1", "admin");
    /// assert_eq!(verifier.verify_url(&forged).unwrap_err(), VerifyError::Mismatch);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_url(&self, url: &str) -> Result<Identity, VerifyError> {
        let verified = self.verifier.verify_at(url, PATH)?;
        self.audience.check(verified.get("audience"))?;
        Identity::from_verified(&verified)
    }

    /// Returns the base URL of the server, which identifies a person together with service and login.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// assert_eq!(verifier.base(), "https://id.example/verify");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn clock(&self) -> &Clock {
        self.verifier.clock()
    }

    /// Returns the id of the public key that the URL names. Nothing is verified but its form and its address.
    pub(super) fn public_key_id(&self, url: &str) -> Result<String, VerifyError> {
        self.verifier.public_key_id(url, PATH)
    }

    /// Returns the same verifier with other keys.
    pub(super) fn with_public_keys(&self, keys: PublicKeys) -> Self {
        Self { verifier: self.verifier.with_public_keys(keys), ..self.clone() }
    }
}

/// Configures an [`IdentityVerifier`].
///
/// ```
#[doc = include_str!("../../docs/setup/identity.md")]
/// let verifier = IdentityVerifier::builder("https://id.example/verify")
///     .public_keys(public_keys)
///     .audience("https://app.example/in")
///     .also_for(["https://app.example/notify"])
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "`build` makes the verifier"]
pub struct IdentityVerifierBuilder {
    pub(super) base: String,
    verifier: VerifierBuilder,
    has_secret: bool,
    has_public_keys: bool,
    audience: AudienceSettings,
}

impl IdentityVerifierBuilder {
    /// Verifies version 3 with these keys of the server, for as long as the verifier lives: whoever revokes one has to
    /// replace the verifier.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let verifier = IdentityVerifier::builder("https://id.example/verify").public_keys(public_keys);
    /// assert!(verifier.any_audience().build()?.verify_url(signed_url).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn public_keys(mut self, keys: PublicKeys) -> Self {
        self.verifier = self.verifier.public_keys(keys);
        self.has_public_keys = true;
        self
    }

    /// Verifies version 2 with the secret that the app stored at the server. Version 3 is rejected.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let verifier = IdentityVerifier::builder("https://id.example/verify").secret("at least sixteen bytes");
    /// assert!(verifier.any_audience().build()?.verify_url(signed_url).is_err()); // of version 3
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.verifier = self.verifier.secret(secret);
        self.has_secret = true;
        self
    }

    /// Accepts URLs that were made for the app at this address: its redirect_url, or its notify_url.
    ///
    /// A URL for others as well is rejected, unless they are in [`also_for`](Self::also_for): otherwise the app behind
    /// such an address could come with it, and be taken for the person.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let other_app = builder.audience("https://other.example/in").build()?;
    /// assert_eq!(other_app.verify_url(signed_url).unwrap_err(), VerifyError::WrongAudience);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audience(mut self, address: impl Into<String>) -> Self {
        self.audience.address = Some(address.into());
        self
    }

    /// Accepts URLs whatever app they were made for, and those made for none.
    ///
    /// Use it in programs that only look at URLs, such as an archive. An app that lets anybody in, or does anything for
    /// them, must not use it: every other app has URLs of the same people.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let archive = builder.any_audience().build()?;
    /// assert!(archive.verify_url(signed_url).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn any_audience(mut self) -> Self {
        self.audience.any = true;
        self
    }

    /// Accepts URLs that were made for these addresses as well as for [`audience`](Self::audience), such as the
    /// notify_url of the same app.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let builder = builder.audience("https://app.example/in");
    /// let verifier = builder.also_for(["https://app.example/notify"]).build()?;
    /// assert!(verifier.verify_url(signed_url).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn also_for(mut self, addresses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.audience.also_for.extend(addresses.into_iter().map(Into::into));
        self
    }

    /// Demands this service, instead of `password`.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let verifier = builder.audience("https://app.example/in").service("civic").build()?;
    /// assert_eq!(verifier.verify_url(signed_url).unwrap_err(), VerifyError::WrongService);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.verifier = self.verifier.service(service);
        self
    }

    /// Demands this login.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let verifier = builder.audience("https://app.example/in").login("user_2").build()?;
    /// assert_eq!(verifier.verify_url(signed_url).unwrap_err(), VerifyError::WrongLogin);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.verifier = self.verifier.login(login);
        self
    }

    /// Demands a `time` that is no longer ago than this, at most 100 years.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let builder = builder.audience("https://app.example/in");
    /// let verifier = builder.max_age(Duration::from_secs(3600)).build()?;
    /// assert!(verifier.verify_url(signed_url).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_age(mut self, age: Duration) -> Self {
        self.verifier = self.verifier.max_age(age);
        self
    }

    /// Sets the source of the time. The default is the system's clock.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// let builder = builder.audience("https://app.example/in").clock(|| SystemTime::UNIX_EPOCH);
    /// assert!(builder.build()?.verify_url(signed_url).is_err()); // signed in the future
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.verifier = self.verifier.clock(clock);
        self
    }

    /// Makes the verifier.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with everything that is wrong.
    ///
    /// ```
    /// use civic_sip::authsig::{ConfigProblem, IdentityVerifier};
    ///
    /// let builder = IdentityVerifier::builder("https://id.example").secret("at least sixteen bytes");
    /// assert_eq!(builder.build().unwrap_err().problems(), [ConfigProblem::NoAudience]);
    /// ```
    pub fn build(self) -> Result<IdentityVerifier, ConfigError> {
        let mut problems = Vec::new();
        let verifier = self.read(&mut problems);
        ConfigError::finish(verifier, problems)
    }

    /// Makes the verifier, or adds what is wrong.
    pub(super) fn read(self, problems: &mut Vec<ConfigProblem>) -> Option<IdentityVerifier> {
        if self.has_secret && self.has_public_keys {
            problems.push(ConfigProblem::SeveralKeySources);
        }
        let base = address::parse_base(&self.base).map_err(|problem| problems.push(problem)).ok();
        let audience = self.audience.read(problems);
        let verifier = match &base {
            Some(base) => self.verifier.public_url(base),
            None => self.verifier,
        };
        let verifier =
            verifier.build().map_err(|error| problems.extend_from_slice(error.problems()));
        Some(IdentityVerifier { base: base?, verifier: verifier.ok()?, audience: audience? })
    }
}
