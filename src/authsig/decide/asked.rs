//! What a request asks for.

use chrono::{DateTime, Utc};

use super::{Person, Refusal, Stored};
use crate::authsig::error::{Error, shown};
use crate::authsig::names;
use crate::authsig::query::{self, Pair};
use crate::authsig::time;

/// Most slugs in one request.
const MAX_SLUGS: usize = 16;

/// A request's parameters, with the defaults below them.
pub(super) struct Asked<'q> {
    pairs: Vec<Pair<'q>>,
    stored: Stored,
    provides: Vec<&'static str>,
}

impl<'q> Asked<'q> {
    pub(super) fn read(
        query: &'q str,
        defaults: &dyn Fn(&str) -> Option<Stored>,
    ) -> Result<Self, Refusal> {
        let pairs = query::parse(query)?;
        names::check(&pairs)?;
        if pairs.iter().any(|pair| pair.name == "signature") {
            return Err(Error::AlreadySigned.into());
        }
        let mut stored = Stored::new();
        let slugs = list(&pairs, "default")?;
        if slugs.len() > MAX_SLUGS {
            return Err(Error::refused("default", "there are more than 16 slugs").into());
        }
        for slug in slugs {
            stored.extend(defaults(&slug).ok_or_else(|| Refusal::UnknownDefault(shown(&slug)))?);
        }
        check_stored(&stored)?;
        let mut asked = Self { pairs, stored, provides: Vec::new() };
        let mut provides = list(&asked.pairs, "provides")?;
        if provides.is_empty() {
            provides.extend(asked.stored.get("provides").cloned());
        }
        for name in provides {
            let known = ["login", "service", "time"].into_iter().find(|known| *known == name);
            asked.provides.push(known.ok_or_else(|| {
                Error::refused("provides", "only login, service and time can be provided")
            })?);
        }
        for name in ["login", "service"] {
            if asked.get(name) == Some("") {
                return Err(Error::EmptyParameter(name).into());
            }
        }
        if asked.get("login").is_none() && !asked.provides.contains(&"login") {
            return Err(Refusal::NoLogin);
        }
        Ok(asked)
    }

    pub(super) fn pairs(&self) -> &[Pair<'q>] {
        &self.pairs
    }

    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// The parameter of the request, or else of the defaults. Of a repeated one the last counts.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let own = self.pairs.iter().rev().find(|pair| pair.name == name).map(Pair::value);
        own.or_else(|| self.stored.get(name).map(String::as_str))
    }

    /// Fills in what is to be provided, over any value given.
    pub(super) fn provide(&mut self, person: &Person, now: DateTime<Utc>) {
        for name in std::mem::take(&mut self.provides) {
            let value = match name {
                "login" => person.login().to_owned(),
                "service" => person.service().to_owned(),
                _ => time::write(now),
            };
            let pair = Pair::new(name, value);
            match self.pairs.iter_mut().find(|own| own.name == name) {
                Some(own) => *own = pair,
                None => self.pairs.push(pair),
            }
        }
    }
}

/// A parameter that is a text, an array of texts, or a hash of which the keys count.
fn list(pairs: &[Pair<'_>], name: &str) -> Result<Vec<String>, Error> {
    let malformed = || Error::refused(name, "it has to be a text, or a list of texts");
    let mut form = None;
    let mut list = Vec::new();
    for pair in pairs.iter().filter(|pair| names::base(&pair.name) == name) {
        let rest = pair.name.strip_prefix(name).ok_or_else(malformed)?;
        let item = match rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(key) if key.contains(['[', ']']) => return Err(malformed()),
            Some("") => pair.value.as_deref().ok_or_else(malformed)?,
            Some(key) => key,
            None if !rest.is_empty() => return Err(malformed()),
            None => pair.value(),
        };
        let own = match rest {
            "" => Form::Text,
            "[]" => Form::Array,
            _ => Form::Hash,
        };
        if form.replace(own).is_some_and(|form| form != own) {
            return Err(malformed());
        }
        match own {
            Form::Text => list = Vec::from_iter((!item.is_empty()).then(|| item.to_owned())),
            Form::Hash if list.iter().any(|other| other == item) => {}
            Form::Array | Form::Hash => list.push(item.to_owned()),
        }
    }
    Ok(list)
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Text,
    Array,
    Hash,
}

/// Stored parameters are somebody's, too.
fn check_stored(stored: &Stored) -> Result<(), Refusal> {
    let is_usable = |name: &str| {
        let pair = Pair::new(name, "");
        let is_odd = name.is_empty() || name.contains(['[', ']']) || name == "signature";
        name == "secret" || (!is_odd && names::check(&[pair]).is_ok())
    };
    if stored.keys().all(|name| is_usable(name)) { Ok(()) } else { Err(Refusal::UnusableDefault) }
}
