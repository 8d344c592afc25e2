//! A request, with the defaults below it.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::consent::Person;
use super::defaults::{DefaultParams, Defaults, is_slug};
use super::error::Refusal;
use crate::authsig::error::shown;
use crate::authsig::query::{self, Pair};
use crate::authsig::request_names;
use crate::authsig::reserved;
use crate::authsig::time::{self, Times};
use crate::authsig::verified::DEFAULT_SERVICE;
use crate::clock::Clock;

/// Names that say what was decided: those of a default are written into the URL, since defaults are not signed.
const DECIDED: [&str; 6] = ["login", "service", "time", "time_fudge", "expires_at", "state"];

/// Most defaults of one request.
const MAX_SLUGS: usize = 16;

/// The longest that a `time` may be ago, in seconds, and `time_fudge` where there is none.
const MAX_FUDGE: i64 = 300;

/// Returns the slugs of the defaults that a query names, in its order, to be looked up before
/// [`Authority::decide`](super::Authority::decide).
///
/// ```
/// let slugs = civic_sip::authsig::decide::slugs("login=user_1&default[]=app&default[]=short")?;
/// assert_eq!(slugs, ["app", "short"]);
/// # Ok::<(), civic_sip::authsig::decide::Refusal>(())
/// ```
///
/// # Errors
///
/// The [`Refusal`] that deciding would end with.
pub fn slugs(query: &str) -> Result<Vec<String>, Refusal> {
    Request::parse(query)?.slugs()
}

/// Returns the `redirect_url` of a request, or else that of its defaults, before anything is decided.
///
/// A log-in page needs it: browsers apply its Content-Security-Policy `form-action` to the redirects after the form, so the
/// page has to list the origin of this address. [`Authority::decide`](super::Authority::decide) checks the address.
///
/// ```
/// use civic_sip::authsig::decide::{Defaults, redirect_url};
///
/// let address = redirect_url("login=user_1&redirect_url=https://app.example/in", &Defaults::new())?;
/// assert_eq!(address.as_deref(), Some("https://app.example/in"));
/// # Ok::<(), civic_sip::authsig::decide::Refusal>(())
/// ```
///
/// # Errors
///
/// The [`Refusal`] that deciding would end with, for a query or a default that can't be read.
pub fn redirect_url(query: &str, defaults: &Defaults) -> Result<Option<String>, Refusal> {
    let mut request = Request::parse(query)?;
    request.add_defaults(defaults)?;
    Ok(request.get("redirect_url").map(str::to_owned))
}

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pairs: Vec<Pair<'r>>,
    /// The one that counts most comes first.
    defaults: Vec<&'r DefaultParams>,
}

impl<'r> Request<'r> {
    /// Parses a query, and rejects what no request may have.
    pub(super) fn parse(query: &'r str) -> Result<Self, Refusal> {
        let pairs = reserved::read(query)?;
        if let Some(name) = request_names::set_by_server(&pairs) {
            return Err(Refusal::Forbidden(name));
        }
        request_names::check_deciding(&pairs)?;
        Ok(Self { pairs, defaults: Vec::new() })
    }

    fn slugs(&self) -> Result<Vec<String>, Refusal> {
        let slugs: Vec<&str> = self.own_values(["default", "default[]"]).collect();
        if slugs.len() > MAX_SLUGS {
            return Err(Refusal::TooManyDefaults);
        }
        match slugs.iter().find(|slug| !is_slug(slug)) {
            Some(slug) => Err(Refusal::BadSlug(shown(slug))),
            None => Ok(slugs.into_iter().map(str::to_owned).collect()),
        }
    }

    /// Puts the defaults that the request names below it; later ones count more.
    pub(super) fn add_defaults(&mut self, defaults: &'r Defaults) -> Result<(), Refusal> {
        for slug in self.slugs()?.iter().rev() {
            let params = defaults.get(slug);
            self.defaults.push(params.ok_or_else(|| Refusal::UnknownDefault(slug.clone()))?);
        }
        Ok(())
    }

    /// Returns the values of a parameter in the query itself; it has one of the names.
    fn own_values(&self, names: [&'static str; 2]) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |pair| names.contains(&&*pair.name)).map(Pair::value)
    }

    /// Returns the value of the request, or else of a default.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let own = self.pairs.iter().find(|pair| pair.name == name).map(Pair::value);
        own.or_else(|| self.defaults.iter().find_map(|params| params.get(name)))
    }

    /// Returns whether the parameter is there, with any value or none.
    pub(super) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|pair| pair.name == name)
            || self.defaults.iter().any(|params| params.get_all(name).is_some())
    }

    /// Returns the secret that signs in place of the server's key.
    pub(super) fn secret(&self) -> Option<&'r str> {
        self.defaults.iter().find_map(|params| params.secret())
    }

    /// Fills in what `provides` names, over any value given.
    pub(super) fn provide(&mut self, person: &Person, now: DateTime<Utc>) -> Result<(), Refusal> {
        let mut names: Vec<&str> = self.own_values(["provides", "provides[]"]).collect();
        if names.is_empty() {
            let stored = self.defaults.iter().find_map(|params| params.get_all("provides"));
            names.extend(stored.into_iter().flatten().map(String::as_str));
        }
        let mut provided = Vec::with_capacity(names.len());
        for name in names {
            provided.push(match name {
                "login" => ("login", person.login().to_owned()),
                "service" => ("service", person.service().to_owned()),
                "time" => ("time", written(now)),
                _ => return Err(Refusal::BadProvides),
            });
        }
        for (name, value) in provided {
            self.set(name, value);
        }
        // A proof without a time would be good for ever.
        if self.get("time").is_none() {
            self.set("time", written(now));
        }
        Ok(())
    }

    pub(super) fn set(&mut self, name: &'static str, value: String) {
        let pair = Pair::new(name, value);
        match self.pairs.iter_mut().find(|pair| pair.name == name) {
            Some(old) => *old = pair,
            None => self.pairs.push(pair),
        }
    }

    pub(super) fn check_person(&self, person: &Person) -> Result<(), Refusal> {
        if self.get("login").ok_or(Refusal::NoLogin)? != person.login() {
            return Err(Refusal::WrongLogin);
        }
        if self.get("service").unwrap_or(DEFAULT_SERVICE) != person.service() {
            return Err(Refusal::WrongService);
        }
        Ok(())
    }

    pub(super) fn check_times(&self, clock: &Clock) -> Result<(), Refusal> {
        let times = Times::read(self.get("time"), self.get("expires_at"))?;
        times.check(clock)?;
        let fudge = match self.get("time_fudge") {
            None => MAX_FUDGE,
            Some(text) => seconds(text).ok_or(Refusal::BadTimeFudge)?.min(MAX_FUDGE),
        };
        let oldest = TimeDelta::seconds(fudge);
        if times.time.is_some_and(|time| time::now(clock) - time > oldest) {
            return Err(Refusal::TooOld);
        }
        Ok(())
    }

    /// Returns the parameters that are signed: the request's own, and what defaults decided.
    pub(super) fn into_signed(mut self) -> Vec<(String, String)> {
        for name in DECIDED {
            if let Some(value) = self.get(name).map(str::to_owned) {
                self.set(name, value);
            }
        }
        let own = |text: Cow<'_, str>| text.into_owned();
        self.pairs
            .into_iter()
            .map(|pair| (own(pair.name), pair.value.map(own).unwrap_or_default()))
            .collect()
    }
}

/// Writes parameters as a query.
pub(super) fn write(params: &[(String, String)]) -> String {
    let mut query = String::new();
    for (name, value) in params {
        query::append(&mut query, name, value);
    }
    query
}

/// RFC 3339, in whole seconds.
fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Any number that is too large is as good as the largest.
fn seconds(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(i64::MAX))
}
