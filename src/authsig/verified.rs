//! What a verified URL says.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::checks::{Times, check_expiry};
use super::error::Error;
use super::guard::{Claim, ReplayGuard};
use super::query::Pair;
use super::time::{self, Clock};
use crate::crypto;

/// The service that a URL without `service` means.
pub(super) const DEFAULT_SERVICE: &str = "password";

/// How long after its expiry a used URL is remembered: the clocks of several machines may differ.
const KEPT_AFTER_EXPIRY: TimeDelta = TimeDelta::seconds(60 + 600);

/// What was signed, and nothing else: only verifying makes one.
///
/// Handlers read this, never their framework's own query: that also has what was ignored, and may read names
/// differently.
#[derive(Clone)]
pub struct Verified {
    /// All names and values, one after the other.
    text: String,
    pairs: Vec<Span>,
    proof: Proof,
    times: Times,
    clock: Clock,
}

/// Where the name and the value of a pair are in the text.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    name_end: usize,
    value_end: usize,
}

/// What proved it.
#[derive(Clone)]
pub(super) enum Proof {
    /// A signature of version 2 over this text.
    V2 { text: String, key_id: Option<String> },
    /// The word of the server that was asked.
    Asked,
}

impl Verified {
    pub(super) fn new(signed: &[Pair<'_>], proof: Proof, clock: Clock) -> Result<Self, Error> {
        let len = signed.iter().map(|pair| pair.name.len() + pair.value().len()).sum();
        let mut text = String::with_capacity(len);
        let mut pairs = Vec::with_capacity(signed.len());
        for pair in signed {
            let start = text.len();
            text.push_str(&pair.name);
            let name_end = text.len();
            text.push_str(pair.value());
            pairs.push(Span { start, name_end, value_end: text.len() });
        }
        // Neither is there twice: that was refused.
        let value = |name: &str| signed.iter().find(|pair| pair.name == name).map(Pair::value);
        let times = Times::read(value("time"), value("expires_at"))?;
        Ok(Self { text, pairs, proof, times, clock })
    }

    /// Who was identified; `None` if nobody was.
    pub fn login(&self) -> Option<&str> {
        self.get("login")
    }

    /// The service that identified the person: `password` if the URL names none.
    pub fn service(&self) -> &str {
        self.get("service").unwrap_or(DEFAULT_SERVICE)
    }

    /// The `time`, when the person was identified.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.times.time
    }

    /// The last moment at which the URL is valid.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.times.expires_at
    }

    /// The value of a parameter; `None` if it is absent or repeated.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.get_all(name);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// All values of a parameter, in the order given.
    pub fn get_all<'v>(&'v self, name: &str) -> impl Iterator<Item = &'v str> {
        self.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value)
    }

    /// All names and values, in the order of the URL. Of that order only the one among equal names is signed.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |from, to| self.text.get(from..to).unwrap_or_default();
        self.pairs
            .iter()
            .map(move |span| (text(span.start, span.name_end), text(span.name_end, span.value_end)))
    }

    /// The id of the key that made the signature; `None` if that key has none.
    pub fn key_id(&self) -> Option<&str> {
        match &self.proof {
            Proof::V2 { key_id, .. } => key_id.as_deref(),
            Proof::Asked => None,
        }
    }

    /// Uses the URL up: of all calls for one URL and one guard a single one succeeds. Act only after it did.
    ///
    /// The guard remembers the SHA-256 of the signed text until 11 minutes after the expiry, which is checked again.
    ///
    /// # Errors
    ///
    /// [`Error::NotSingleUse`] for a URL that was not signed with [`Signer::single_use`](super::Signer::single_use)
    /// or that has no expiry, [`Error::Expired`], [`Error::Replayed`] if it was used before, [`Error::GuardFull`]
    /// and [`Error::Guard`] if the guard could not remember it.
    pub async fn consume<G: ReplayGuard + ?Sized>(&self, guard: &G) -> Result<(), Error> {
        guard.claim(self.claim()?).await
    }

    fn claim(&self) -> Result<Claim, Error> {
        let Proof::V2 { text, .. } = &self.proof else {
            return Err(Error::NotSingleUse("only version 2, verified here, can be used up"));
        };
        if self.get("nonce").is_none_or(str::is_empty) {
            return Err(Error::NotSingleUse("it has no nonce"));
        }
        let expires_at = self.expires_at().ok_or(Error::NotSingleUse("it has no expiry"))?;
        let now = self.clock.system_time();
        check_expiry(Some(expires_at), time::instant(now)?)?;
        let keep_until = expires_at
            .checked_add_signed(KEPT_AFTER_EXPIRY)
            .and_then(time::system_time)
            .ok_or(Error::TimeOutOfRange)?;
        Ok(Claim { key: crypto::sha256(text.as_bytes()), now, keep_until })
    }

    pub(super) fn times(&self) -> &Times {
        &self.times
    }
}

/// Shows names only: values are personal data.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("names", &self.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}
