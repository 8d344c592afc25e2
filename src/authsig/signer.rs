//! Signing URLs, version 2.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::error::Error;
use super::keys::Keys;
use super::location;
use super::query::{self, MAX_QUERY_LEN, Pair};
use super::settings::{Settings, shared_setters};
use super::time::{self, Clock};
use crate::crypto;

/// Signs URLs with the signature of version 2 (HMAC-SHA256).
///
/// ```
/// use std::time::Duration;
/// use civic_sip::authsig::Signer;
///
/// let invitations = Signer::new("at least sixteen bytes")
///     .purpose("invitation")
///     .bind_to("https://app.example/join")
///     .expires_in(Duration::from_secs(3600))
///     .single_use();
/// let url = invitations.sign_url("https://app.example/join?login=user_1")?;
/// assert!(url.starts_with("https://app.example/join?login=user_1&expires_at="));
/// # Ok::<(), civic_sip::authsig::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Signer {
    settings: Settings,
    expiry: Option<Expiry>,
    single_use: bool,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    In(Duration),
    At(SystemTime),
}

impl Signer {
    /// A signer with one secret, of at least 16 bytes: with fewer, signing fails.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self::with(Keys::single(secret.as_ref()))
    }

    /// A signer with keys that have ids, of `A-Z a-z 0-9 - _`, at most 32. The first one signs.
    ///
    /// It takes the same list as [`Verifier::with_keys`](super::Verifier::with_keys): to rotate, put a new key in
    /// front, and take the old one off once the last URL signed with it has expired.
    pub fn with_keys(
        keys: impl IntoIterator<Item = (impl Into<String>, impl AsRef<[u8]>)>,
    ) -> Self {
        Self::with(Keys::with_ids(keys))
    }

    fn with(keys: Keys) -> Self {
        Self { settings: Settings::new(keys), expiry: None, single_use: false }
    }

    shared_setters!();

    /// Adds `expires_at`, so much after the time of signing (to whole seconds, rounded down).
    pub fn expires_in(mut self, duration: Duration) -> Self {
        self.expiry = Some(Expiry::In(duration));
        self
    }

    /// Adds `expires_at` with this time (to whole seconds, rounded down).
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expiry = Some(Expiry::At(time));
        self
    }

    /// Adds a random `nonce` of 128 bits, so that the URL can be used up by
    /// [`Verified::consume`](super::Verified::consume). Needs an expiry.
    pub fn single_use(mut self) -> Self {
        self.single_use = true;
        self
    }

    /// Signs the query of an absolute URL, or of one that begins with a single `/`. The rest comes back untouched.
    ///
    /// # Errors
    ///
    /// Those of [`sign_query`](Self::sign_query), [`Error::BadUrl`], and [`Error::Elsewhere`] for an absolute URL
    /// that is not the one bound to.
    pub fn sign_url(&self, url: &str) -> Result<String, Error> {
        self.settings.check()?;
        let parts = location::split(url)?;
        self.settings.check_location(&parts)?;
        Ok(parts.with_query(&self.sign_query(parts.query)?))
    }

    /// Signs a bare query, with no `?` before it: what the signer adds is appended to it.
    ///
    /// # Errors
    ///
    /// An [`Error`] that names the cause if the signer is set up wrongly (secret, key ids, names to ignore, URL to
    /// bind to), if the query has something that can be read in two ways, or if it has already what is to be added.
    /// A `time` or `expires_at` of the query's own is signed as it is, also if no verifier could read it.
    pub fn sign_query(&self, query: &str) -> Result<String, Error> {
        let mut pairs = self.settings.read(query)?;
        if pairs.iter().any(|pair| pair.name == "signature") {
            return Err(Error::AlreadySigned);
        }
        let mut signed_query = String::with_capacity(query.len() + 160);
        signed_query.push_str(query);
        for (name, value) in self.additions(&pairs)? {
            query::append(&mut signed_query, name, &value);
            pairs.push(Pair::new(name, value));
        }
        // Otherwise no verifier would take it.
        if pairs.len() > query::MAX_PARAMETERS {
            return Err(Error::TooManyParameters);
        }
        self.settings.retain_signed(&mut pairs);
        let text = self.settings.text(&pairs)?;
        query::append(&mut signed_query, "signature", "");
        self.settings.keys.sign_into(&mut signed_query, &text)?;
        if signed_query.len() > MAX_QUERY_LEN {
            return Err(Error::QueryTooLong);
        }
        Ok(signed_query)
    }

    /// The parameters that the signer adds.
    fn additions(&self, pairs: &[Pair<'_>]) -> Result<Vec<(&'static str, String)>, Error> {
        let given = |name| pairs.iter().find(|pair| pair.name == name);
        let mut additions = Vec::new();
        if let Some(expires_at) = self.expiry()? {
            if given("expires_at").is_some() {
                return Err(Error::AlreadyPresent("expires_at"));
            }
            additions.push(("expires_at", expires_at.timestamp().to_string()));
        }
        if self.single_use {
            if given("nonce").is_some() {
                return Err(Error::AlreadyPresent("nonce"));
            }
            let own = given("expires_at").and_then(|pair| time::parse_instant(pair.value()));
            if additions.is_empty() && own.is_none() {
                return Err(Error::SingleUseWithoutExpiry);
            }
            let nonce: [u8; 16] = crypto::random().ok_or(Error::NoRandomness)?;
            additions.push(("nonce", URL_SAFE_NO_PAD.encode(nonce)));
        }
        Ok(additions)
    }

    fn expiry(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let expiry = match self.expiry {
            None => return Ok(None),
            Some(Expiry::At(time)) => time::instant(time)?,
            Some(Expiry::In(duration)) => TimeDelta::from_std(duration)
                .ok()
                .and_then(|duration| self.settings.clock.now().ok()?.checked_add_signed(duration))
                .ok_or(Error::TimeOutOfRange)?,
        };
        // `expires_at` is written as digits alone.
        if expiry < DateTime::UNIX_EPOCH { Err(Error::TimeOutOfRange) } else { Ok(Some(expiry)) }
    }
}
