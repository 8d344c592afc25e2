//! Reserved names, and the names that some parser would read as a reserved one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::error::{QueryError, shown};
use super::query::{self, Pair};

/// Names with a meaning of their own.
const RESERVED: [&str; 10] = [
    "login",
    "service",
    "time",
    "time_fudge",
    "expires_at",
    "nonce",
    "audience",
    "state",
    "signature",
    "secret",
];

pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Parses a query and rejects what neither a signer nor a verifier accepts.
pub(super) fn read(query: &str) -> Result<Vec<Pair<'_>>, QueryError> {
    let pairs = query::parse(query)?;
    check(&pairs)?;
    Ok(pairs)
}

/// Rejects names and empty values that no query of AuthSig may have.
pub(super) fn check(pairs: &[Pair<'_>]) -> Result<(), QueryError> {
    let mut seen = 0_u16;
    let mut is_any_compound = false;
    for pair in pairs {
        if let Some(index) = RESERVED.iter().position(|reserved| *reserved == pair.name) {
            let name = RESERVED.get(index).copied().unwrap_or_default();
            let is_repeated = seen & (1 << index) != 0;
            seen |= 1 << index;
            match name {
                "secret" => return Err(QueryError::Secret),
                _ if is_repeated => return Err(QueryError::Repeated(name)),
                // An empty signature is a malformed one.
                "signature" => {}
                _ if pair.value().is_empty() => return Err(QueryError::Empty(name)),
                _ => {}
            }
        } else if !is_plain(&pair.name) {
            check_name(&pair.name)?;
            is_any_compound |= pair.name.contains(['.', ' ', '[', ']']);
        }
    }
    if is_any_compound { check_distinct(pairs) } else { Ok(()) }
}

/// Returns whether a name is of lower-case letters, digits, `_` and `-`, which every parser leaves alone.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

fn check_name(name: &str) -> Result<(), QueryError> {
    if name.contains(char::is_control) {
        return Err(QueryError::ControlInName(shown(name)));
    }
    match looks_like(name) {
        Some("secret") => Err(QueryError::Secret),
        Some(_) => Err(QueryError::Lookalike(shown(name))),
        None => Ok(()),
    }
}

/// Returns the reserved name that some parser reads a name as that is not reserved itself: with or without case, brackets,
/// what is within them, dots, and what it trims.
pub(super) fn looks_like(name: &str) -> Option<&'static str> {
    looks_like_one_of(&RESERVED, name)
}

/// Does the same for other names than the reserved ones.
pub(super) fn looks_like_one_of(names: &[&'static str], name: &str) -> Option<&'static str> {
    if names.contains(&name) {
        return None;
    }
    if name.is_ascii() {
        return find_within(names, name);
    }
    // Simple case mapping, which Go has, makes an `i` of the dotted capital I; Rust's mapping adds a combining dot.
    let name = &name.replace('İ', "i");
    // Some comparisons fold by upper case: the long s and the dotless i become letters only there.
    find_within(names, &name.to_lowercase())
        .or_else(|| find_within(names, &name.to_uppercase().to_lowercase()))
}

/// Finds separators, one of the names in either case of ASCII, and then nothing or a separator.
fn find_within(names: &[&'static str], name: &str) -> Option<&'static str> {
    let name = name.trim_start_matches(is_separator);
    names.iter().copied().find(|reserved| {
        strip_reserved(name, reserved)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(is_separator))
    })
}

/// Strips a reserved name, with `_` or any one separator at the place of `_`.
fn strip_reserved<'n>(name: &'n str, reserved: &str) -> Option<&'n str> {
    let mut chars = name.chars();
    let is_match = reserved.chars().all(|expected| {
        chars.next().is_some_and(|char| {
            char.eq_ignore_ascii_case(&expected) || (expected == '_' && is_separator(char))
        })
    });
    is_match.then_some(chars.as_str())
}

/// Characters that a parser may end a name at, drop, or write as `_`.
fn is_separator(char: char) -> bool {
    matches!(char, '.' | '[' | ']' | '?' | '\u{feff}') || char.is_whitespace()
}

/// Rejects different names that some parser files under one.
fn check_distinct(pairs: &[Pair<'_>]) -> Result<(), QueryError> {
    let is_bracketed = |name: &str| name.contains(['[', ']']);
    let bracketed: HashSet<&str> =
        pairs.iter().map(|pair| &*pair.name).filter(|name| is_bracketed(name)).map(base).collect();
    // What PHP makes of a name, and of the part before its brackets, and what that was.
    let mut names: HashMap<(Cow<'_, str>, &str), &str> = HashMap::new();
    let mut bases: HashMap<Cow<'_, str>, &str> = HashMap::new();
    for pair in pairs {
        let name = &*pair.name;
        if !is_bracketed(name) && bracketed.contains(name) {
            return Err(QueryError::PlainAndBracketed(shown(name)));
        }
        let (base, indices) = php_name(name);
        let written = php_base(base);
        if *bases.entry(written.clone()).or_insert(base) != base
            || *names.entry((written, indices)).or_insert(name) != name
        {
            return Err(QueryError::Indistinct(shown(name)));
        }
    }
    Ok(())
}

/// The part of a name that parsers file it under: without brackets in front, up to the next bracket.
pub(super) fn base(name: &str) -> &str {
    name.trim_start_matches(['[', ']']).split(['[', ']']).next().unwrap_or_default()
}

/// Splits a name as PHP does: before the first `[`, and the indices after it, without what follows them. A `[` that is
/// never closed is part of the name.
fn php_name(name: &str) -> (&str, &str) {
    let (base, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    if !rest.contains(']') {
        return (name, "");
    }
    let mut len = 0;
    while let Some(after) = rest.get(len..).filter(|after| after.starts_with('[')) {
        let Some(end) = after.find(']') else { break };
        len += end + 1;
    }
    (base, rest.get(..len).unwrap_or_default())
}

/// Returns a name as PHP writes it: no spaces in front, and `_` for a dot, a space and an open bracket.
fn php_base(base: &str) -> Cow<'_, str> {
    let base = base.trim_start_matches(' ');
    let is_replaced = ['.', ' ', '['];
    if base.contains(is_replaced) {
        Cow::Owned(base.replace(is_replaced, "_"))
    } else {
        Cow::Borrowed(base)
    }
}

/// Names that are neither signed nor returned.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignored(Vec<String>);

impl Ignored {
    pub(super) fn extend(&mut self, names: impl IntoIterator<Item = impl Into<String>>) {
        self.0.extend(names.into_iter().map(Into::into));
    }

    /// Returns the names that can't be ignored.
    pub(super) fn unusable(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|name| {
            let is_allowed =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
            name.is_empty()
                || !name.bytes().all(is_allowed)
                || is_reserved(name)
                || looks_like(name).is_some()
        })
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|ignored| ignored == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn php_names() {
        for (name, base, indices, written) in [
            ("a", "a", "", "a"),
            ("a.b c", "a.b c", "", "a_b_c"),
            ("  a", "  a", "", "a"),
            ("a.b[c.d][]", "a.b", "[c.d][]", "a_b"),
            ("a[b]c", "a", "[b]", "a"),
            ("a[b]c[d]", "a", "[b]", "a"),
            ("a[b][c", "a", "[b]", "a"),
            ("a[b", "a[b", "", "a_b"),
            ("a]b[", "a]b[", "", "a]b_"),
        ] {
            assert_eq!(php_name(name), (base, indices), "{name}");
            assert_eq!(php_base(base), written, "{name}");
        }
    }
}
