//! What an AuthSig server answers to a request, decided without any I/O.
//!
//! An [`Authority`] is given a request's query, who is logged in, the stored defaults and the time. It says what is
//! to be done, as data: [refused](Outcome::Refused) and why, or a [signed URL](Signed), whether it may be shown,
//! where to send the person and whom to notify with what. There is nothing to redirect to, and nobody to notify,
//! unless the request succeeded.
//!
//! ```
//! use std::time::SystemTime;
//! use civic_sip::authsig::{Signer, Verifier};
//! use civic_sip::authsig::decide::{Authority, Outcome, Person, no_defaults};
//!
//! let authority = Authority::new("https://id.example/verify", Signer::new("at least sixteen bytes"));
//! let query = "login=user_1&provides[]=time";
//! let person = Person::new("user_1");
//! let Outcome::Signed(signed) = authority.decide(query, Some(&person), no_defaults, SystemTime::now()) else {
//!     panic!("refused");
//! };
//! let verified = Verifier::new("at least sixteen bytes").verify_url(&signed.url)?;
//! assert_eq!(verified.login(), Some("user_1"));
//! assert!(verified.time().is_some());
//!
//! let other = Person::new("user_2");
//! let outcome = authority.decide(query, Some(&other), no_defaults, SystemTime::now());
//! assert!(matches!(outcome, Outcome::Refused(_)));
//! # Ok::<(), civic_sip::authsig::Error>(())
//! ```

mod asked;
mod outcome;

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use asked::Asked;
pub use outcome::{Notify, Outcome, Person, Refusal, Signed};

use super::error::Error;
use super::location;
use super::query::{self, Pair};
use super::signer::Signer;
use super::time;
use super::verified::DEFAULT_SERVICE;

/// `time_fudge` where there is none, and the most that a time may be ahead, in seconds: a URL dated far ahead would
/// pass for fresh long after.
const DEFAULT_FUDGE: i64 = 300;

/// Names that say what was decided: version 2 does not sign defaults, so they are written into the URL.
const DECIDED: [&str; 5] = ["login", "service", "time", "time_fudge", "expires_at"];

/// Stored parameters, by name.
pub type Stored = BTreeMap<String, String>;

/// For an [`Authority`] that has no stored parameters.
pub fn no_defaults(_slug: &str) -> Option<Stored> {
    None
}

/// The deciding part of an AuthSig server.
#[derive(Clone, Debug)]
#[must_use]
pub struct Authority {
    base: String,
    signer: Signer,
}

impl Authority {
    /// An authority that signs `{base}/verified` with version 2. A signer bound to a URL has to be bound to that one.
    pub fn new(base: impl Into<String>, signer: Signer) -> Self {
        Self { base: base.into(), signer }
    }

    /// Decides about one request.
    ///
    /// - `query`: the request's query, as received;
    /// - `person`: who is logged in, if anybody is;
    /// - `defaults`: the parameters stored under a slug, if there are any;
    /// - `now`: the time.
    ///
    /// The defaults that the request names stand below its own parameters, later ones above earlier ones. Of a
    /// `time`, at most 300 s ahead of `now` are accepted, whatever `time_fudge` says.
    ///
    /// What is signed are the request's parameters, with those filled in that `provides` names. The defaults stay
    /// out of the URL; the ones that say what was decided (`login`, `service`, `time`, `time_fudge`, `expires_at`) are
    /// written into it.
    pub fn decide(
        &self,
        query: &str,
        person: Option<&Person>,
        defaults: impl Fn(&str) -> Option<Stored>,
        now: SystemTime,
    ) -> Outcome {
        match self.sign(query, person, &defaults, now) {
            Ok(signed) => Outcome::Signed(Box::new(signed)),
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn sign(
        &self,
        query: &str,
        person: Option<&Person>,
        defaults: &dyn Fn(&str) -> Option<Stored>,
        now: SystemTime,
    ) -> Result<Signed, Refusal> {
        let mut asked = Asked::read(query, defaults)?;
        if asked.stored().contains_key("secret") {
            return Err(Refusal::UnusableDefault);
        }
        let instant = time::instant(now)?;
        // Nothing tells a stranger whose account there is.
        let person = person.ok_or(Refusal::NotLoggedIn)?;
        asked.provide(person, instant);
        check_person(&asked, person)?;
        check_time(&asked, instant)?;
        let redirect_to = address(&asked, "redirect_url")?;
        let notify_url = address(&asked, "notify_url")?;
        let is_shown = asked.get("hide").is_none();
        let url = self.signed_url(&asked, now).map_err(Refusal::NotSigned)?;
        let notify = match notify_url {
            Some(notify_url) => Some(Notify { url: notify_url, body: self.notification(&url)? }),
            None => None,
        };
        Ok(Signed { url, is_shown, redirect_to, notify })
    }

    fn signed_url(&self, asked: &Asked<'_>, now: SystemTime) -> Result<String, Error> {
        let mut pairs = asked.pairs().to_vec();
        for name in DECIDED {
            let is_there = pairs.iter().any(|pair| pair.name == name);
            if let Some(value) = asked.get(name).filter(|_| !is_there) {
                pairs.push(Pair::new(name, value.to_owned()));
            }
        }
        let url = format!("{}/verified?{}", self.base.trim_end_matches('/'), query::write(&pairs));
        Signer::clone(&self.signer).clock(move || now).sign_url(&url)
    }

    /// `{"verified": true, "data": {…the signed parameters…}}`.
    fn notification(&self, signed_url: &str) -> Result<String, Error> {
        let pairs = query::parse(location::split(signed_url)?.query)?;
        let data = outcome::flat(&pairs);
        Ok(serde_json::json!({ "verified": true, "data": data }).to_string())
    }
}

fn check_person(asked: &Asked<'_>, person: &Person) -> Result<(), Refusal> {
    if asked.get("login").ok_or(Refusal::NoLogin)? != person.login() {
        return Err(Refusal::WrongLogin);
    }
    if asked.get("service").unwrap_or(DEFAULT_SERVICE) != person.service() {
        return Err(Refusal::WrongService);
    }
    Ok(())
}

fn check_time(asked: &Asked<'_>, now: DateTime<Utc>) -> Result<(), Refusal> {
    let fudge = match asked.get("time_fudge") {
        None => DEFAULT_FUDGE,
        Some(text) => {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let seconds = text.parse().ok().filter(|_| is_number);
            seconds.ok_or(Error::BadTime("time_fudge"))?
        }
    };
    let Some(text) = asked.get("time") else { return Ok(()) };
    let time = time::parse_time(text).ok_or(Error::BadTime("time"))?;
    let behind = TimeDelta::try_seconds(fudge).unwrap_or(TimeDelta::MAX);
    let ahead = TimeDelta::seconds(fudge.min(DEFAULT_FUDGE));
    if time - now > ahead || now - time > behind { Err(Refusal::OutsideTime) } else { Ok(()) }
}

/// An address of the request that somebody is sent to, or something is posted to.
fn address(asked: &Asked<'_>, name: &'static str) -> Result<Option<String>, Refusal> {
    let Some(url) = asked.get(name) else { return Ok(None) };
    let is_web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    let is_clean = !url.contains(|char: char| char.is_control() || char.is_whitespace());
    if is_web && is_clean && location::split(url).is_ok() {
        Ok(Some(url.to_owned()))
    } else {
        Err(Refusal::BadAddress(name))
    }
}
