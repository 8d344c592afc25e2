//! Configuring a signer.

use std::time::{Duration, SystemTime};

use super::{Expiry, Signer};
use crate::authsig::error::{ConfigError, ConfigProblem};
use crate::authsig::keys::{PrivateKey, SigningKey};
use crate::authsig::scope::Settings;
use crate::authsig::time;
use crate::clock::Clock;

/// Configures a [`Signer`].
///
/// ```
/// use std::time::Duration;
/// use civic_sip::authsig::Signer;
///
/// let signer = Signer::builder()
///     .secrets([("2027", "the new secret, random"), ("2026", "the old secret, random")])
///     .purpose("invitation")
///     .public_url("https://app.example")
///     .expires_in(Duration::from_secs(3600))
///     .build()?;
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SignerBuilder {
    settings: Settings,
    private_key: Option<PrivateKey>,
    expiry: Option<Expiry>,
    single_use: bool,
}

impl SignerBuilder {
    /// Signs version 2 with this secret, of at least 16 bytes: [`Secret::generate`](crate::authsig::Secret::generate) makes one.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let secret = Secret::generate()?; // once, for the configuration
    /// let signer = Signer::builder().secret(&secret).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.settings.secrets.add_one(secret.as_ref());
        self
    }

    /// Signs version 2 with the first of these secrets, which have ids of 1 to 32 of `A-Z a-z 0-9 - _`.
    ///
    /// It takes the same list as the verifier: to replace a secret, put a new one in front, and remove the old one once
    /// the last link signed with it has expired.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let secrets = [("2027", "the new secret, random"), ("2026", "the old secret, random")];
    /// let url = Signer::builder().secrets(secrets).build()?.sign_url("/join")?;
    /// assert!(url.starts_with("/join?signature=v2.2027."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn secrets(
        mut self,
        secrets: impl IntoIterator<Item = (impl Into<String>, impl AsRef<[u8]>)>,
    ) -> Self {
        self.settings.secrets.add_all(secrets);
        self
    }

    /// Signs version 3 with this key: anyone who has its public key verifies, and nobody else signs.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let signer = Signer::builder().private_key(PrivateKey::generate()?).build()?;
    /// assert!(signer.sign_url("/receipt")?.starts_with("/receipt?signature=v3."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn private_key(mut self, key: PrivateKey) -> Self {
        self.private_key = Some(key);
        self.settings.secrets.calls += 1;
        self
    }

    /// Signs for one purpose: a link signed for one never verifies for another, nor without.
    ///
    /// Each kind of link needs its own, so that a link of one kind is not accepted for another.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let signer = Signer::builder().secret("at least sixteen bytes").purpose("invitation").build()?;
    /// let verifier = Verifier::builder().secret("at least sixteen bytes").purpose("reset").build()?;
    /// let url = signer.sign_url("/join")?;
    /// assert_eq!(verifier.verify_url(&url).unwrap_err(), VerifyError::Mismatch);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.settings.purpose = Some(purpose.into());
        self
    }

    /// Signs scheme, host and port as well: `https://app.example`, or with the path under which a proxy serves the app.
    ///
    /// A URL that begins with `/` is the path as the app sees it, without the path of the public URL, and comes back
    /// absolute. An absolute URL has to begin with the public URL.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let signer = builder.public_url("https://app.example/shop").build()?;
    /// assert!(signer.sign_url("/cart")?.starts_with("https://app.example/shop/cart?signature=v2."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.settings.public_url = Some(url.into());
        self
    }

    /// Leaves parameters out of the signature, such as those that mailers append.
    ///
    /// Names are made of `A-Z a-z 0-9 _ . -`, and none is reserved or looks like it.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let signer = Signer::builder().secret("at least sixteen bytes").ignore(["utm_source"]).build()?;
    /// let url = signer.sign_url("/join?utm_source=mail")?.replace("mail", "chat");
    ///
    /// let verifier = Verifier::builder().secret("at least sixteen bytes").ignore(["utm_source"]).build()?;
    /// assert!(verifier.verify_url(&url).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ignore(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.ignored.extend(names);
        self
    }

    /// Sets the source of the time. The default is the system's clock.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000);
    /// let signer = builder.clock(clock).expires_in(Duration::from_secs(60)).build()?;
    /// assert!(signer.sign_url("/join")?.starts_with("/join?expires_at=1750000060&"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.settings.clock = Clock::new(clock);
        self
    }

    /// Adds `expires_at`, this long after signing, 1 second to 100 years. It is rounded down to whole seconds.
    ///
    /// The last call of this and [`expires_at`](Self::expires_at) counts.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let signer = builder.expires_in(Duration::from_secs(3600)).build()?;
    /// assert!(signer.sign_url("/join")?.starts_with("/join?expires_at="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expires_in(mut self, duration: Duration) -> Self {
        self.expiry = Some(Expiry::In(duration));
        self
    }

    /// Adds `expires_at` with this time, which is ahead. It is rounded down to whole seconds.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// # let end_of_sale = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_799);
    /// let signer = builder.expires_at(end_of_sale).build()?;
    /// assert!(signer.sign_url("/sale")?.starts_with("/sale?expires_at=4102444799&"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expiry = Some(Expiry::At(time));
        self
    }

    /// Adds a random `nonce` of 128 bits, so that the link can be used up by
    /// [`Verified::consume`](crate::authsig::Verified::consume). Needs an expiry.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
    /// let signer = builder.single_use().expires_in(Duration::from_secs(3600)).build()?;
    /// assert!(signer.sign_url("/join")?.contains("&nonce="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn single_use(mut self) -> Self {
        self.single_use = true;
        self
    }

    /// Signs as an AuthSig server does, what no verifier of links accepts.
    pub(in crate::authsig) fn identities(mut self) -> Self {
        self.settings.is_identity = true;
        self
    }

    /// Makes the signer.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with everything that is wrong.
    ///
    /// ```
    /// use civic_sip::authsig::{ConfigProblem, Signer};
    ///
    /// let error = Signer::builder().single_use().build().unwrap_err();
    /// assert_eq!(error.problems(), [ConfigProblem::NoKey, ConfigProblem::SingleUseWithoutExpiry]);
    /// ```
    pub fn build(self) -> Result<Signer, ConfigError> {
        let mut problems = Vec::new();
        self.settings.secrets.check(self.private_key.is_some(), &mut problems);
        let scope = self.settings.scope(&mut problems);
        if self.single_use && self.expiry.is_none() {
            problems.push(ConfigProblem::SingleUseWithoutExpiry);
        }
        if let Some(Err(problem)) = self.expiry.map(|expiry| expiry.check(time::now(&scope.clock)))
        {
            problems.push(problem);
        }
        ConfigError::check(problems)?;
        let secret = self.settings.secrets.keys.into_iter().next().map(SigningKey::V2);
        let key = self.private_key.map(SigningKey::V3).or(secret).ok_or(ConfigProblem::NoKey)?;
        Ok(Signer { key, scope, expiry: self.expiry, single_use: self.single_use })
    }
}
