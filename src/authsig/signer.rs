//! Signing links.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::error::{ConfigError, ConfigProblem, QueryError, SignError, UrlError};
use super::keys::{PrivateKey, SigningKey};
use super::link::Link;
use super::query::{MAX_PARAMETERS, MAX_QUERY_LEN, Pair};
use super::reserved;
use super::scope::{Scope, Settings};
use super::time::{self, MAX_SPAN, Times};
use super::url::{self, Address};
use crate::clock::Clock;
use crate::crypto;

/// The most bytes that the signer's own parameters take.
const ADDITIONS_LEN: usize = 230;

/// Signs links, with a secret (version 2) or a private key (version 3).
///
/// ```
/// use std::time::Duration;
/// use civic_sip::authsig::Signer;
///
/// let invitations = Signer::builder()
///     .secret("at least sixteen bytes")
///     .purpose("invitation")
///     .public_url("https://app.example")
///     .expires_in(Duration::from_secs(3600))
///     .single_use()
///     .build()?;
/// let url = invitations.link("/join").param("team", "blue").sign()?;
/// assert!(url.starts_with("https://app.example/join?team=blue&expires_at="));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    scope: Scope,
    expiry: Option<Expiry>,
    single_use: bool,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    In(Duration),
    At(SystemTime),
}

impl Signer {
    /// Makes a signer with one secret, of at least 16 bytes.
    ///
    /// # Errors
    ///
    /// The errors of [`SignerBuilder::build`].
    ///
    /// ```
    /// use civic_sip::authsig::Signer;
    ///
    /// let url = Signer::new("at least sixteen bytes")?.sign_url("/join?team=blue")?;
    /// assert!(url.starts_with("/join?team=blue&signature=v2."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::builder().secret(secret).build()
    }

    /// Returns a builder that configures a signer.
    ///
    /// ```
    /// use civic_sip::authsig::Signer;
    ///
    /// let signer = Signer::builder().secret("at least sixteen bytes").purpose("download").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn builder() -> SignerBuilder {
        SignerBuilder::default()
    }

    /// Starts a link, so that nobody has to format a URL by hand. The URL is what [`sign_url`](Self::sign_url) takes.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
    /// let url = signer.link("/teams").segment("blue").param("name", "Ada").sign()?;
    /// assert!(url.starts_with("/teams/blue?name=Ada&signature=v2."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link(&self, url: impl Into<String>) -> Link<'_> {
        Link::new(self, url.into())
    }

    /// Signs an absolute URL, or one that begins with a single `/`. What the signer adds is appended to the query.
    ///
    /// The signature covers path and query, and with a [`public_url`](SignerBuilder::public_url) scheme, host and port
    /// as well. The method of the request is not signed: a link that may be followed by one method alone needs a
    /// [purpose](SignerBuilder::purpose) of its own.
    ///
    /// # Errors
    ///
    /// A [`SignError`] for what a verifier would reject, what parsers read differently, and a query that already has
    /// what the signer adds.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
    /// let url = signer.sign_url("https://app.example/join?team=blue")?;
    /// assert!(url.starts_with("https://app.example/join?team=blue&signature=v2."));
    ///
    /// assert_eq!(signer.sign_url("join").unwrap_err(), SignError::Url(UrlError::NotAbsolute));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_url(&self, url: &str) -> Result<String, SignError> {
        let parts = url::split(url)?;
        if parts.fragment.is_some() {
            return Err(UrlError::Fragment.into());
        }
        let address = Address::new(parts.before_query, self.scope.public_url.as_ref())?;
        url::check_is_uri(parts.before_query)?;
        let before = [address.base, address.before_query, "?"];
        self.sign(before, parts.query, address.signed())
    }

    /// Signs a bare query, with no `?` before it, that is bound to no address: it never verifies as a URL.
    ///
    /// # Errors
    ///
    /// The errors of [`sign_url`](Self::sign_url).
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
    /// assert!(signer.sign_query("login=user_1")?.starts_with("login=user_1&signature=v2."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_query(&self, query: &str) -> Result<String, SignError> {
        self.sign([""; 3], query, [""; 2])
    }

    /// Returns a signer with another clock.
    pub(super) fn with_clock(&self, clock: Clock) -> Self {
        Self { scope: self.scope.with_clock(clock), ..self.clone() }
    }

    fn sign(
        &self,
        before: [&str; 3],
        query: &str,
        address: [&str; 2],
    ) -> Result<String, SignError> {
        let mut pairs = reserved::read(query)?;
        let value = |name: &str| pairs.iter().find(|pair| pair.name == name).map(Pair::value);
        if value("signature").is_some() {
            return Err(SignError::AlreadySigned);
        }
        if self.expiry.is_some() && value("expires_at").is_some() {
            return Err(SignError::AlreadyPresent("expires_at"));
        }
        if self.single_use && value("nonce").is_some() {
            return Err(SignError::AlreadyPresent("nonce"));
        }
        Times::read(value("time"), value("expires_at"))?.check(&self.scope.clock)?;

        let before_len: usize = before.iter().map(|part| part.len()).sum();
        let mut signed = String::with_capacity(before_len + query.len() + ADDITIONS_LEN);
        signed.extend(before);
        signed.push_str(query);
        // What stands before the query is no part of it.
        let mut is_first = query.is_empty() || query.ends_with('&');
        for (name, value) in [("expires_at", self.expires_at()?), ("nonce", self.nonce()?)] {
            let Some(value) = value else { continue };
            append_raw(&mut signed, &mut is_first, name, &value);
            pairs.push(Pair::new(name, value));
        }
        if pairs.len() > MAX_PARAMETERS {
            return Err(QueryError::TooManyParameters.into());
        }
        let text = self.scope.text(self.key.domain(), address, &pairs);
        append_raw(&mut signed, &mut is_first, "signature", "");
        self.key.sign_into(&mut signed, &text).ok_or(SignError::NoRandomness)?;
        if signed.len() - before_len > MAX_QUERY_LEN {
            return Err(QueryError::TooLong.into());
        }
        Ok(signed)
    }

    /// The `expires_at` that the signer adds, in epoch seconds.
    fn expires_at(&self) -> Result<Option<String>, SignError> {
        let Some(expiry) = self.expiry else { return Ok(None) };
        let now = time::now(&self.scope.clock);
        let expires_at = expiry.at(now).ok_or(SignError::TimeOutOfRange)?;
        time::check_expiry(Some(expires_at), now)?;
        Ok(Some(expires_at.timestamp().to_string()))
    }

    /// The `nonce` that the signer adds.
    fn nonce(&self) -> Result<Option<String>, SignError> {
        if !self.single_use {
            return Ok(None);
        }
        let nonce: [u8; 16] = crypto::random().ok_or(SignError::NoRandomness)?;
        Ok(Some(URL_SAFE_NO_PAD.encode(nonce)))
    }
}

impl Expiry {
    /// In whole seconds, as it is written. `None` for what can't be written as digits alone.
    fn at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let expiry = match self {
            Self::At(time) => time::instant(time),
            Self::In(duration) => now.checked_add_signed(TimeDelta::from_std(duration).ok()?)?,
        };
        DateTime::from_timestamp(expiry.timestamp(), 0)
            .filter(|expiry| *expiry >= DateTime::UNIX_EPOCH)
    }

    /// Returns the setter that is at fault if the expiry lies behind, or too far ahead.
    fn check(self, now: DateTime<Utc>) -> Result<(), ConfigProblem> {
        let is_usable = |expires_at: DateTime<Utc>| {
            expires_at > now && !time::is_longer(expires_at - now, MAX_SPAN)
        };
        match self {
            Self::In(duration) if duration < Duration::from_secs(1) || duration > MAX_SPAN => {
                Err(ConfigProblem::TimeOutOfRange("expires_in"))
            }
            Self::In(_) => Ok(()),
            Self::At(_) if self.at(now).is_some_and(is_usable) => Ok(()),
            Self::At(_) => Err(ConfigProblem::TimeOutOfRange("expires_at")),
        }
    }
}

/// Appends a parameter that needs no encoding.
fn append_raw(out: &mut String, is_first: &mut bool, name: &str, value: &str) {
    if !std::mem::take(is_first) {
        out.push('&');
    }
    out.extend([name, "=", value]);
}

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
    /// Signs version 2 with this secret, of at least 16 bytes: [`Secret::generate`](super::Secret::generate) makes one.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
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
    #[doc = include_str!("../docs/setup/signer.md")]
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
    #[doc = include_str!("../docs/setup/signer.md")]
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
    #[doc = include_str!("../docs/setup/signer.md")]
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
    #[doc = include_str!("../docs/setup/signer.md")]
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
    #[doc = include_str!("../docs/setup/signer.md")]
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
    #[doc = include_str!("../docs/setup/signer.md")]
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
    /// Of this and [`expires_at`](Self::expires_at) the last call counts.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
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
    #[doc = include_str!("../docs/setup/signer.md")]
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
    /// [`Verified::consume`](super::Verified::consume). Needs an expiry.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
    /// let signer = builder.single_use().expires_in(Duration::from_secs(3600)).build()?;
    /// assert!(signer.sign_url("/join")?.contains("&nonce="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn single_use(mut self) -> Self {
        self.single_use = true;
        self
    }

    /// Signs as an AuthSig server does, what no verifier of links accepts.
    pub(super) fn identities(mut self) -> Self {
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
