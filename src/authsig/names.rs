//! Which names a query may have: none that a framework could mistake for a reserved one.

use std::collections::HashSet;

use super::error::Error;
use super::query::Pair;

/// Names with a meaning of their own.
const RESERVED: [&str; 8] =
    ["login", "service", "time", "time_fudge", "expires_at", "nonce", "signature", "secret"];

pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Refuses what no query of AuthSig may have, in either version of the signature.
pub(super) fn check(pairs: &[Pair<'_>]) -> Result<(), Error> {
    let mut seen = 0_u8;
    let mut brackets = false;
    for pair in pairs {
        let (name, bit) = match &*pair.name {
            "login" => ("login", 1),
            "service" => ("service", 2),
            "time" => ("time", 4),
            "expires_at" => ("expires_at", 8),
            "nonce" => ("nonce", 16),
            "signature" => ("signature", 32),
            "secret" => return Err(Error::SecretInQuery),
            name if is_plain(name) => continue,
            name => {
                check_lookalike(name)?;
                brackets |= name.contains(['[', ']']);
                continue;
            }
        };
        if seen & bit != 0 {
            return Err(Error::RepeatedParameter(name));
        }
        seen |= bit;
    }
    if brackets { check_brackets(pairs) } else { Ok(()) }
}

/// Lower-case names of ordinary characters are what they seem; all others are looked at more closely.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

fn check_lookalike(name: &str) -> Result<(), Error> {
    if name.contains(char::is_control) {
        return Err(Error::refused(name, "a name must not contain a control character"));
    }
    match becomes_reserved(name) {
        Some("secret") => Err(Error::SecretInQuery),
        Some(_) => Err(Error::refused(name, "frameworks would read it as a reserved name")),
        None => Ok(()),
    }
}

/// The reserved name that a framework may take this one for without its being that: it cuts at NUL, drops brackets and what
/// is within them, trims, writes `_` for `.` and space, or compares without case.
fn becomes_reserved(name: &str) -> Option<&'static str> {
    if is_reserved(name) {
        return None;
    }
    let cut = name.split('\0').next().unwrap_or_default().trim();
    let inner = cut.trim_start_matches(['[', ']']);
    let forms = [
        // Brackets stripped, and what follows an inner `[`.
        inner.split('[').next().unwrap_or_default().replace(']', ""),
        // Rack ends a name at the first bracket of either kind.
        inner.split(['[', ']']).next().unwrap_or_default().to_owned(),
        // PHP writes `_` for a `[` that is never closed.
        inner.replace('[', "_"),
        // Brackets not understood at all.
        cut.to_owned(),
    ];
    let reserved = |form: &str| RESERVED.into_iter().find(|reserved| *reserved == form);
    forms.iter().find_map(|form| {
        let form = form.trim().replace(['.', ' '], "_");
        // Some comparisons fold by upper case: the long s and the dotless i only become letters there.
        reserved(&form.to_lowercase()).or_else(|| reserved(&form.to_uppercase().to_lowercase()))
    })
}

/// What a framework files the parameter under: the name without brackets and what is within them.
pub(super) fn base(name: &str) -> &str {
    name.trim_start_matches(['[', ']']).split(['[', ']']).next().unwrap_or_default()
}

/// Frameworks disagree on what `x=1&x[]=2` means.
fn check_brackets(pairs: &[Pair<'_>]) -> Result<(), Error> {
    let is_bracketed = |name: &str| name.contains(['[', ']']);
    let bracketed: HashSet<&str> =
        pairs.iter().map(|pair| &*pair.name).filter(|name| is_bracketed(name)).map(base).collect();
    match pairs.iter().find(|pair| !is_bracketed(&pair.name) && bracketed.contains(&*pair.name)) {
        Some(pair) => {
            Err(Error::refused(&pair.name, "the name stands both plain and with brackets"))
        }
        None => Ok(()),
    }
}

/// Names that are neither signed nor returned.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignored(Vec<String>);

impl Ignored {
    pub(super) fn add(&mut self, names: impl IntoIterator<Item = impl AsRef<str>>) {
        self.0.extend(names.into_iter().map(|name| name.as_ref().to_owned()));
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match self.0.iter().find(|name| is_reserved(name) || becomes_reserved(name).is_some()) {
            Some(name) => Err(Error::IgnoredReserved(super::error::shown(name))),
            None => Ok(()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|ignored| ignored == name)
    }
}
