//! Configuring a verifier.

use std::time::{Duration, SystemTime};

use super::{Demands, Verifier};
use crate::authsig::error::{ConfigError, ConfigProblem};
use crate::authsig::keys::{PublicKeys, VerifyingKeys};
use crate::authsig::scope::Settings;
use crate::authsig::time;
use crate::clock::Clock;

/// Configures a [`Verifier`].
///
/// ```
/// use std::time::Duration;
/// use civic_sip::authsig::Verifier;
///
/// let verifier = Verifier::builder()
///     .secrets([("2027", "the new secret, random"), ("2026", "the old secret, random")])
///     .purpose("invitation")
///     .public_url("https://app.example")
///     .ignore(["utm_source", "fbclid"])
///     .require("team")
///     .require_expiry()
///     .build()?;
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct VerifierBuilder {
    settings: Settings,
    public_keys: Option<PublicKeys>,
    demands: Demands,
}

impl VerifierBuilder {
    /// Verifies version 2 with this secret, of at least 16 bytes.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = Verifier::builder().secret("at least sixteen bytes").build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.settings.secrets.add_one(secret.as_ref());
        self
    }

    /// Verifies version 2 with these secrets, which have ids.
    ///
    /// A signature that names an id is tried with that secret alone, one without an id with every secret.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let secrets = [("2027", "the new secret, random"), ("2026", "the old secret, random")];
    /// let verifier = Verifier::builder().secrets(secrets).build()?;
    /// let url = Signer::builder().secrets([secrets[1]]).build()?.sign_url("/join")?;
    /// assert_eq!(verifier.verify_url(&url)?.key_id(), Some("2026"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn secrets(
        mut self,
        secrets: impl IntoIterator<Item = (impl Into<String>, impl AsRef<[u8]>)>,
    ) -> Self {
        self.settings.secrets.add_all(secrets);
        self
    }

    /// Verifies version 3 with these keys, in place of those of an earlier call.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// # let key = PrivateKey::generate()?;
    /// let verifier = Verifier::builder().public_keys(key.public_key()).build()?;
    /// let signer = Signer::builder().private_key(key).build()?;
    /// assert!(verifier.verify_url(&signer.sign_url("/receipt")?).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn public_keys(mut self, keys: PublicKeys) -> Self {
        self.public_keys = Some(keys);
        self
    }

    /// Verifies links of this purpose, and no others; see [`SignerBuilder::purpose`](crate::authsig::SignerBuilder::purpose).
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = Verifier::builder().secret("at least sixteen bytes").purpose("invitation").build()?;
    /// let url = signer.sign_url("/join")?; // for no purpose
    /// assert_eq!(verifier.verify_url(&url).unwrap_err(), VerifyError::Mismatch);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.settings.purpose = Some(purpose.into());
        self
    }

    /// Verifies links below this URL, with its scheme, host and port; see
    /// [`SignerBuilder::public_url`](crate::authsig::SignerBuilder::public_url).
    ///
    /// It comes from the configuration, never from the request, so that it holds behind any proxy. A URL that begins
    /// with `/` is the path as the app sees it, without the path of the public URL.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// # let signer = Signer::builder().secret("at least sixteen bytes").public_url("https://app.example").build()?;
    /// let verifier = builder.public_url("https://app.example").build()?;
    /// let url = signer.sign_url("https://app.example/join")?;
    /// assert!(verifier.verify_url(&url).is_ok());
    /// assert!(verifier.verify_url(&url.replace("app", "evil")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.settings.public_url = Some(url.into());
        self
    }

    /// Leaves parameters out, such as those that mailers append: they are neither verified nor returned.
    ///
    /// Names are made of `A-Z a-z 0-9 _ . -`, and none is reserved or looks like it.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = builder.ignore(["utm_source", "fbclid"]).build()?;
    /// let url = signer.sign_url("/join")? + "&fbclid=17";
    /// assert_eq!(verifier.verify_url(&url)?.get("fbclid"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ignore(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.ignored.extend(names);
        self
    }

    /// Sets the source of the time. The default is the system's clock.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// # let signer = Signer::builder().secret("at least sixteen bytes").expires_in(Duration::from_secs(60)).build()?;
    /// let verifier = builder.clock(|| SystemTime::now() + Duration::from_secs(60)).build()?;
    /// assert!(verifier.verify_url(&signer.sign_url("/join")?).unwrap_err().is_expired());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.settings.clock = Clock::new(clock);
        self
    }

    /// Demands this `service`; a URL that has none means `password`.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = builder.service("civic").build()?;
    /// let url = signer.sign_url("/join?login=user_1")?;
    /// assert_eq!(verifier.verify_url(&url).unwrap_err(), VerifyError::WrongService);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.demands.service = Some(service.into());
        self
    }

    /// Demands this `login`.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = builder.login("user_1").build()?;
    /// let url = signer.sign_url("/join?login=user_2")?;
    /// assert_eq!(verifier.verify_url(&url).unwrap_err(), VerifyError::WrongLogin);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.demands.login = Some(login.into());
        self
    }

    /// Demands a `time` that is no longer ago than this, at most 100 years.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = builder.max_age(Duration::from_secs(3600)).build()?;
    /// let url = signer.sign_url("/join?time=2026-01-02T03:04:05Z")?;
    /// assert_eq!(verifier.verify_url(&url).unwrap_err(), VerifyError::TooOld);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_age(mut self, age: Duration) -> Self {
        self.demands.max_age = Some(age);
        self
    }

    /// Demands a parameter. May be called for several.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = builder.require("team").build()?;
    /// let url = signer.sign_url("/join")?;
    /// assert_eq!(verifier.verify_url(&url).unwrap_err(), VerifyError::Missing("team".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require(mut self, name: impl Into<String>) -> Self {
        self.demands.required.push(name.into());
        self
    }

    /// Demands an `expires_at`. One that is there is checked in any case.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = builder.require_expiry().build()?;
    /// let url = signer.sign_url("/join")?;
    /// assert_eq!(verifier.verify_url(&url).unwrap_err(), VerifyError::Missing("expires_at".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require_expiry(mut self) -> Self {
        self.demands.require_expiry = true;
        self
    }

    /// Verifies what AuthSig servers sign, which no link is taken for.
    pub(in crate::authsig) fn identities(mut self) -> Self {
        self.settings.is_identity = true;
        self
    }

    /// Makes the verifier.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with everything that is wrong.
    ///
    /// ```
    /// use civic_sip::authsig::{ConfigProblem, Verifier};
    ///
    /// let error = Verifier::builder().build().unwrap_err();
    /// assert_eq!(error.problems(), [ConfigProblem::NoKey]);
    /// ```
    pub fn build(self) -> Result<Verifier, ConfigError> {
        let mut problems = Vec::new();
        self.settings.secrets.check(self.public_keys.is_some(), &mut problems);
        let scope = self.settings.scope(&mut problems);
        if self.demands.max_age.is_some_and(|age| age > time::MAX_SPAN) {
            problems.push(ConfigProblem::TimeOutOfRange("max_age"));
        }
        ConfigError::check(problems)?;
        let keys =
            VerifyingKeys { secrets: self.settings.secrets.keys.into(), public: self.public_keys };
        Ok(Verifier { keys, scope, demands: self.demands })
    }
}
