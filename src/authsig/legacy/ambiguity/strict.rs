//! Readings where any name and any value is possible.
//!
//! Only a few names matter: `login`, `secret`, and those on which readings have to agree. Call these *special*, all
//! others *generic*. Two things keep the work small:
//!
//! - Between two special pairs one generic pair is enough: let the first one's value take in all that follow it.
//!   Names still ascend, and no special pair is touched.
//! - A generic name that begins at a given byte and has to be greater than a special name is best cut at the first
//!   colon that makes it so: that leaves most room after it, and its value can take in the rest. The names that
//!   begin there ascend with their length, so it is also the one most likely to be less than the next special name.
//!
//! So whether a reading exists is decided over pairs of a special name and a place where it stands (at most one per
//! colon and special name): *backward*, from where on a reading can be completed, and *forward*, which can be
//! reached from the beginning. For *n* bytes, 256 colons and *s* special names that is O(n·s + 256·s²) steps.

use super::reachability::{Reachability, Rule, Special};
use super::{Candidates, Text};
use crate::authsig::error::LegacyError;

const LOGIN: &[u8] = b"login";
const SECRET: &[u8] = b"secret";

pub(super) fn check_unambiguous<'t>(
    text: &Text<'t>,
    candidates: &mut Candidates<'t, '_>,
) -> Result<(), LegacyError> {
    let next_colon = next_colons(text.bytes);
    let readings = |login: Rule<'t>, absent: Option<&[u8]>| {
        Reachability::new(text.bytes, &next_colon, specials(text, login, absent))
    };
    // Which logins are there? Those that could never have existed are no reading.
    let with_any = readings(Rule::Any, None);
    for login in with_any.values(LOGIN, text.login, candidates.logins.is_none()) {
        if login != text.login && candidates.is_possible(login)? {
            return Err(LegacyError::Ambiguous("login"));
        }
    }
    // All that is left have the URL's login. What else do they say?
    let with_own = readings(Rule::Exactly(text.login), None);
    for &(name, own) in &text.others {
        let is_other = match own {
            Some(own) => {
                with_own.has_other_value(name.as_bytes(), own)
                    || readings(Rule::Exactly(text.login), Some(name.as_bytes())).exists()
            }
            None => with_own.is_reached(name.as_bytes()),
        };
        if is_other {
            return Err(LegacyError::Ambiguous(name));
        }
    }
    Ok(())
}

/// For each byte the next colon at or after it.
pub(super) fn next_colons(text: &[u8]) -> Vec<Option<usize>> {
    let mut next = None;
    let mut colons: Vec<_> = text
        .iter()
        .enumerate()
        .rev()
        .map(|(at, byte)| {
            if *byte == b':' {
                next = Some(at);
            }
            next
        })
        .collect();
    colons.reverse();
    colons
}

/// The special names in ascending order, each once.
fn specials<'t>(text: &Text<'t>, login: Rule<'t>, absent: Option<&[u8]>) -> Vec<Special<'t>> {
    let mut specials: Vec<Special<'t>> = vec![
        Special { name: LOGIN, rule: login, is_required: true },
        Special { name: SECRET, rule: Rule::Exactly(text.secret), is_required: true },
    ];
    for (name, _) in &text.others {
        let name = name.as_bytes();
        let rule = if absent == Some(name) { Rule::Absent } else { Rule::Any };
        specials.push(Special { name, rule, is_required: false });
    }
    specials.sort_by_key(|special| special.name);
    specials
}
