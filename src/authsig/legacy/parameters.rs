//! The text that the original server signed, and what it proves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::ambiguity::{Logins, Names, Text};
use super::rack::Hash;
use crate::authsig::checks::{Times, check_expiry};
use crate::authsig::error::Error;
use crate::authsig::names;
use crate::authsig::query::Pair;
use crate::authsig::time::{self, MAX_AHEAD};

/// What has to agree in all readings, apart from the login.
const AGREE: [&str; 3] = ["service", "time", "expires_at"];

/// `time_fudge` where there is none, and the most of it that a time may be ahead, in seconds.
const DEFAULT_FUDGE: i64 = 300;

/// The parameters of a URL, with the defaults below them, as the original server reads them.
#[derive(Clone)]
pub(super) struct Parameters {
    /// Without `signature` and `secret`.
    values: BTreeMap<String, String>,
    default_names: BTreeSet<String>,
}

impl Parameters {
    /// Reads the pairs of a query that `names::check` has passed.
    pub(super) fn read(
        pairs: &[Pair<'_>],
        defaults: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        names::check(pairs)?;
        let unsigned: Vec<_> =
            pairs.iter().filter(|pair| pair.name != "signature").cloned().collect();
        let mut values = defaults.clone();
        for (name, value) in Hash::read(&unsigned)?.iter() {
            let text = value.to_text().ok_or_else(|| {
                Error::refused(name, "it has a character that versions of Ruby write differently")
            })?;
            values.insert(name.to_owned(), text);
        }
        values.remove("secret");
        let parameters = Self { values, default_names: defaults.keys().cloned().collect() };
        let is_empty = |name: &&&str| parameters.get(name) == Some("");
        if let Some(name) = ["login"].iter().chain(&AGREE).find(is_empty) {
            return Err(Error::EmptyParameter(name));
        }
        if parameters.get("login").is_none() {
            return Err(Error::missing("login"));
        }
        Ok(parameters)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(super) fn login(&self) -> &str {
        self.get("login").unwrap_or_default()
    }

    /// Refuses what a signing side that keeps to the names would not have signed.
    pub(super) fn check_names(&self, names: &Names) -> Result<(), Error> {
        self.values.iter().try_for_each(|(name, value)| names.check(name, value))
    }

    /// `name:value` of all, the secret among them, in the order of the names.
    pub(super) fn text(&self, secret: &[u8]) -> Vec<u8> {
        let mut values: BTreeMap<&str, &[u8]> =
            self.values.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
        values.insert("secret", secret);
        values
            .into_iter()
            .flat_map(|(name, value)| [name.as_bytes(), b":", value])
            .flatten()
            .copied()
            .collect()
    }

    /// The text with what its own reading says.
    pub(super) fn text_to_check<'t>(
        &'t self,
        bytes: &'t [u8],
        secret: &'t [u8],
        with_fudge: bool,
    ) -> Text<'t> {
        let value = |name| self.get(name).map(str::as_bytes);
        let fudge = with_fudge.then_some("time_fudge");
        Text {
            bytes,
            secret,
            login: self.login().as_bytes(),
            others: AGREE.into_iter().chain(fudge).map(|name| (name, value(name))).collect(),
            default: value("default"),
            // A list or hash of slugs has the text of one odd slug, under which nothing was stored: no reading with it
            // can be said to owe the defaults anything.
            default_names: match value("default") {
                Some([b'[' | b'{', ..]) | None => Vec::new(),
                Some(_) => self.default_names.iter().map(String::as_bytes).collect(),
            },
        }
    }

    /// Refuses the parameters unless all readings of their text agree with them.
    pub(super) fn check_unambiguous(
        &self,
        bytes: &[u8],
        secret: &[u8],
        assumptions: &Assumptions<'_>,
    ) -> Result<(), Error> {
        if assumptions.logins.is_some_and(|logins| !logins(self.login())) {
            return Err(Error::UnknownLogin);
        }
        self.text_to_check(bytes, secret, assumptions.with_fudge)
            .check_unambiguous(assumptions.only_names, assumptions.logins)
    }

    /// Reads and checks the times.
    pub(super) fn times(
        &self,
        now: DateTime<Utc>,
        max_age: Option<Duration>,
    ) -> Result<Times, Error> {
        let read = |name: &'static str| {
            self.get(name).map(|text| parse_time(text).ok_or(Error::BadTime(name))).transpose()
        };
        let times = Times { time: read("time")?, expires_at: read("expires_at")? };
        check_expiry(times.expires_at, now)?;
        let fudge = self.get("time_fudge").map_or(Some(DEFAULT_FUDGE), parse_fudge);
        if let Some(time) = times.time {
            // How far ahead of its clock the server let it be, of which only so much is believed.
            let believed = TimeDelta::seconds(fudge.unwrap_or(0).min(DEFAULT_FUDGE));
            if time - now > MAX_AHEAD + believed {
                return Err(Error::NotYet);
            }
        }
        if let Some(max_age) = max_age {
            let time = times.time.ok_or_else(|| Error::missing("time"))?;
            // The URL may have been signed as long before `time` as the server allowed.
            let fudge =
                fudge.and_then(TimeDelta::try_seconds).ok_or(Error::BadTime("time_fudge"))?;
            let age = (now - time).checked_add(&fudge).ok_or(Error::TooOld)?;
            if time::is_longer(age, max_age) {
                return Err(Error::TooOld);
            }
        }
        Ok(times)
    }

    pub(super) fn check_size(&self, bytes: &[u8]) -> Result<(), Error> {
        self.text_to_check(bytes, &[], false).check_size()
    }
}

/// Whether a login could ever have existed, as verifiers hold it.
pub(super) type SharedLogins = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What is known of the signing side.
#[derive(Clone, Copy)]
pub(super) struct Assumptions<'a> {
    pub(super) only_names: Option<&'a Names>,
    pub(super) logins: Option<Logins<'a>>,
    /// Whether an age was asked for: then `time_fudge` matters, too.
    pub(super) with_fudge: bool,
}

fn parse_fudge(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// RFC 3339 with its offset, the full form, or epoch digits that Ruby would not take for a date.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    time::parse_time(text).filter(|_| !time::reads_as_hours(text))
}

/// What a signature has to look like, and the work that it asks for.
pub(super) fn bcrypt_cost(signature: &str) -> Result<u32, Error> {
    let is_encoded = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'))
    };
    let (cost, rest) = signature
        .strip_prefix("$2a$")
        .and_then(|rest| rest.split_once('$'))
        .ok_or(Error::MalformedSignature)?;
    let is_cost = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
    if !is_cost || rest.len() != 53 || !is_encoded(rest) {
        return Err(Error::MalformedSignature);
    }
    match cost.parse() {
        Ok(cost @ 4..=31) => Ok(cost),
        _ => Err(Error::MalformedSignature),
    }
}

/// Reads the names of `only_names`.
pub(super) fn listed(names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Names, Error> {
    Names::new(names.into_iter().map(|name| name.as_ref().to_owned()).collect())
}
