//! Signing links.

mod builder;

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::error::{ConfigError, ConfigProblem, QueryError, SignError, UrlError};
use super::keys::SigningKey;
use super::link::Link;
use super::query::{MAX_PARAMETERS, MAX_QUERY_LEN, Pair};
use super::reserved;
use super::scope::Scope;
use super::time::{self, MAX_SPAN, Times};
use super::url::{self, Address};
use crate::clock::Clock;
use crate::crypto;

pub use builder::SignerBuilder;

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
    #[doc = include_str!("../../docs/setup/signer.md")]
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
    /// The path is compared byte for byte. Browsers percent-encode raw `"`, `<`, `>`, `^`, `` ` ``, `{` and `}` in it, so that the
    /// link is rejected: encode them first, as [`segment`](Link::segment) does.
    ///
    /// # Errors
    ///
    /// A [`SignError`] for what a verifier would reject, what parsers read differently, and a query that already has
    /// what the signer adds.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/signer.md")]
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
    #[doc = include_str!("../../docs/setup/signer.md")]
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
