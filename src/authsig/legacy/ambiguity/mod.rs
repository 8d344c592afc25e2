//! Checks that all readings of a legacy signed text agree.
//!
//! The text is `name:value` of every parameter, sorted by name, with nothing between pairs. A *reading* cuts it into
//! such pairs again: names strictly ascending by bytes (they were the keys of a hash); any names, also empty ones or
//! ones with colons; values ending at any byte; a `login` among the names; and `secret` with the secret itself as
//! its value. The URL's own parameters are one reading. The text proves a login, service, time or expiry only if
//! it is the same, or absent, in **every** reading that the signing side could have signed:
//!
//! - With `only_names` the names are of that list (or `secret`), and no value contains one of them followed by a
//!   colon; the secret's own value, which nobody chose, aside. See [`listed`].
//! - With `logins` only readings count whose login could have existed.
//!
//! Without `only_names` there are exponentially many readings: see [`strict`].

mod listed;
mod reachability;
mod strict;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub(super) use listed::Names;

use crate::authsig::error::LegacyError;

/// Most colons in a text that is checked.
const MAX_COLONS: usize = 256;

/// Most distinct logins that are asked about.
const MAX_LOGINS: usize = 1024;

/// Tells whether a login could ever have existed.
pub(super) type Logins<'l> = &'l dyn Fn(&str) -> bool;

/// A signed text, and what the URL's own reading says.
pub(super) struct Text<'t> {
    pub(super) bytes: &'t [u8],
    pub(super) secret: &'t [u8],
    pub(super) login: &'t [u8],
    /// Other parameters on which all readings have to agree.
    pub(super) others: Vec<(&'static str, Option<&'t [u8]>)>,
}

/// Rejects a text, or a part of one, that is too much to check.
pub(super) fn check_colons(text: &[u8]) -> Result<(), LegacyError> {
    if text.iter().filter(|byte| **byte == b':').count() > MAX_COLONS {
        return Err(LegacyError::TooComplex("more than 256 colons"));
    }
    Ok(())
}

impl Text<'_> {
    /// Rejects the text unless every reading agrees with the URL.
    pub(super) fn check_unambiguous(
        &self,
        only_names: Option<&Names>,
        logins: Option<Logins<'_>>,
    ) -> Result<(), LegacyError> {
        check_colons(self.bytes)?;
        let mut candidates = Candidates::new(self.login, logins);
        match only_names {
            Some(names) => listed::check_unambiguous(self, names, &mut candidates),
            None => strict::check_unambiguous(self, &mut candidates),
        }
    }
}

/// The logins of readings: each is asked about once.
struct Candidates<'t, 'l> {
    own: &'t [u8],
    logins: Option<Logins<'l>>,
    impossible: HashSet<&'t [u8]>,
}

impl<'t, 'l> Candidates<'t, 'l> {
    fn new(own: &'t [u8], logins: Option<Logins<'l>>) -> Self {
        Self { own, logins, impossible: HashSet::new() }
    }

    /// Returns whether a reading with this login counts.
    fn is_possible(&mut self, login: &'t [u8]) -> Result<bool, LegacyError> {
        let Some(logins) = self.logins.filter(|_| login != self.own) else { return Ok(true) };
        if self.impossible.contains(login) {
            return Ok(false);
        }
        // The URL's own login is one of them.
        if self.impossible.len() + 1 >= MAX_LOGINS {
            return Err(LegacyError::TooComplex("more than 1,024 distinct logins"));
        }
        if logins(&String::from_utf8_lossy(login)) {
            return Ok(true);
        }
        self.impossible.insert(login);
        Ok(false)
    }
}
