//! Readings where the names are known.
//!
//! No name of the list is a proper suffix of another, and none contains a colon. So each colon ends at most one of
//! them, and wherever a name stands before a colon, it is the name of a pair: it can't be within a value, and to
//! reach over the border of two pairs it would have to end with the second one's name. Only the word `secret`, if
//! it is not of the list, may be part of a value; hence one reading for each place where the secret may be.

use super::{Candidates, Text};
use crate::authsig::error::{LegacyError, shown};

const SECRET: &[u8] = b"secret";

/// The only names that the signing side signs.
#[derive(Clone, Debug)]
pub(in crate::authsig::legacy) struct Names(Vec<String>);

impl Names {
    /// Rejects names that could not be told apart in a text, with all the reasons.
    pub(in crate::authsig::legacy) fn new(names: Vec<String>) -> Result<Self, Vec<&'static str>> {
        let with_secret = || names.iter().map(String::as_str).chain(["secret"]);
        let is_suffix = |name: &str| {
            with_secret().any(|other| other.len() > name.len() && other.ends_with(name))
        };
        let mut problems = Vec::new();
        if names.iter().any(String::is_empty) {
            problems.push("must not be empty");
        }
        if names.iter().any(|name| name.contains(':')) {
            problems.push("must not contain a colon");
        }
        if with_secret().any(|name| !name.is_empty() && is_suffix(name)) {
            problems.push("must not be the end of one another, nor of `secret`");
        }
        if problems.is_empty() { Ok(Self(names)) } else { Err(problems) }
    }

    /// Rejects a parameter that the signing side does not sign.
    pub(in crate::authsig::legacy) fn check(
        &self,
        name: &str,
        value: &str,
    ) -> Result<(), LegacyError> {
        if !self.0.iter().any(|listed| listed == name) {
            return Err(LegacyError::UnlistedName(shown(name)));
        }
        if colons(value.as_bytes()).any(|colon| self.ending_at(value.as_bytes(), colon).is_some()) {
            return Err(LegacyError::NameInValue(shown(name)));
        }
        Ok(())
    }

    /// The name of the list that ends at a colon.
    fn ending_at<'t>(&self, text: &'t [u8], colon: usize) -> Option<&'t [u8]> {
        let before = text.get(..colon)?;
        let name = self.0.iter().find(|name| before.ends_with(name.as_bytes()))?;
        before.get(colon - name.len()..)
    }
}

fn colons(text: &[u8]) -> impl Iterator<Item = usize> {
    text.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at)
}

/// A place in the text where a name stands.
#[derive(Clone, Copy)]
struct Place<'t> {
    name: &'t [u8],
    colon: usize,
}

impl Place<'_> {
    fn start(&self) -> usize {
        self.colon - self.name.len()
    }
}

pub(super) fn check_unambiguous<'t>(
    text: &Text<'t>,
    names: &Names,
    candidates: &mut Candidates<'t, '_>,
) -> Result<(), LegacyError> {
    let bytes = text.bytes;
    let places: Vec<Place<'_>> = colons(bytes)
        .filter_map(|colon| Some(Place { name: names.ending_at(bytes, colon)?, colon }))
        .collect();
    let secrets = colons(bytes)
        .filter(|colon| bytes.get(..*colon).is_some_and(|before| before.ends_with(SECRET)))
        .map(|colon| Place { name: SECRET, colon });
    let mut own_reading_seen = false;
    for secret in secrets {
        let Some(pairs) = reading(text, &places, secret) else { continue };
        let value = |name: &[u8]| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
        let Some(login) = value(b"login") else { continue };
        if !candidates.is_possible(login)? {
            continue;
        }
        if login != text.login {
            return Err(LegacyError::Ambiguous("login"));
        }
        if let Some((name, _)) =
            text.others.iter().find(|(name, own)| value(name.as_bytes()) != *own)
        {
            return Err(LegacyError::Ambiguous(name));
        }
        own_reading_seen = true;
    }
    // The URL's parameters are a reading, or the signing side would not have signed them.
    if own_reading_seen { Ok(()) } else { Err(LegacyError::Ambiguous("login")) }
}

type Pairs<'t> = Vec<(&'t [u8], &'t [u8])>;

/// The one reading with the secret at this place, if there is any.
fn reading<'t>(text: &Text<'t>, places: &[Place<'t>], secret: Place<'t>) -> Option<Pairs<'t>> {
    let value_start = secret.colon + 1;
    let value_end = value_start + text.secret.len();
    if text.bytes.get(value_start..value_end)? != text.secret {
        return None;
    }
    // Names within the secret are none.
    let mut all: Vec<_> = places
        .iter()
        .copied()
        .filter(|place| place.colon < secret.colon || place.colon >= value_end)
        .chain([secret])
        .collect();
    all.sort_by_key(|place| place.colon);
    let ends = all.iter().skip(1).map(Place::start).chain([text.bytes.len()]);
    let mut next = 0;
    let mut pairs: Pairs<'t> = Vec::with_capacity(all.len());
    for (place, end) in all.iter().zip(ends) {
        let is_ascending = pairs.last().is_none_or(|last| last.0 < place.name);
        let is_whole = place.colon != secret.colon || end == value_end;
        if place.start() != next || !is_ascending || !is_whole {
            return None;
        }
        pairs.push((place.name, text.bytes.get(place.colon + 1..end)?));
        next = end;
    }
    Some(pairs)
}
