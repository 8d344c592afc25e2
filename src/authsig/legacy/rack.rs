//! Rack's reading of a query, as text: the parameters that the original server saw.

use std::collections::BTreeMap;

use crate::authsig::error::{LegacyError, shown};
use crate::authsig::query::Pair;

/// A value as Rack makes it.
enum Value {
    /// A name with no `=`.
    Nil,
    Text(String),
    Array(Vec<Option<String>>),
}

/// Reads pairs as Rack does, and writes each value as it stands in the signed text.
///
/// The last value of a repeated name counts, `name[]` makes an array, and no `=` is the empty text. Everything else in
/// brackets is rejected: versions of Rack read it, and versions of Ruby write it, differently.
pub(super) fn read(pairs: &[Pair<'_>]) -> Result<BTreeMap<String, String>, LegacyError> {
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    for pair in pairs {
        let reject = |why| LegacyError::Parameter { name: shown(&pair.name), why };
        let text = pair.value.as_ref().map(|value| value.to_string());
        let name = pair.name.strip_suffix("[]").unwrap_or(&pair.name);
        if name.is_empty() {
            return Err(reject("must have a name"));
        }
        if name.contains(['[', ']']) {
            return Err(reject("must not have other brackets than `[]` at its end"));
        }
        let is_array = name.len() < pair.name.len();
        match (values.get_mut(name), is_array) {
            (None, true) => {
                values.insert(name, Value::Array(vec![text]));
            }
            (Some(Value::Array(items)), true) => items.push(text),
            (Some(Value::Array(_)), false) | (Some(_), true) => {
                return Err(reject("must not stand both plain and with brackets"));
            }
            (_, false) => {
                values.insert(name, text.map_or(Value::Nil, Value::Text));
            }
        }
    }
    let write = |(name, value): (&str, Value)| {
        let text = value.into_text().ok_or_else(|| LegacyError::Parameter {
            name: shown(name),
            why: "must not be an array with characters that versions of Ruby write differently",
        })?;
        Ok((name.to_owned(), text))
    };
    values.into_iter().map(write).collect()
}

impl Value {
    /// Returns the text: of an array what Ruby's `inspect` gives, or `None` where that depends on Ruby's version.
    fn into_text(self) -> Option<String> {
        match self {
            Self::Nil => Some(String::new()),
            Self::Text(text) => Some(text),
            Self::Array(items) => {
                let items: Option<Vec<String>> = items
                    .iter()
                    .map(|item| item.as_deref().map_or(Some("nil".to_owned()), inspect))
                    .collect();
                Some(format!("[{}]", items?.join(", ")))
            }
        }
    }
}

/// Returns what `String#inspect` gives for a UTF-8 string, or `None` where that depends on Ruby's version.
fn inspect(text: &str) -> Option<String> {
    let mut out = String::from('"');
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '#' if matches!(chars.peek(), Some('{' | '$' | '@')) => out.push_str("\\#"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\x0b' => out.push_str("\\v"),
            '\x0c' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\x1b' => out.push_str("\\e"),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            ' '..='~' => out.push(char),
            _ if is_printable(char) => out.push(char),
            _ => return None,
        }
    }
    out.push('"');
    Some(out)
}

/// Returns whether every Ruby prints a character beyond ASCII as it is: invisible and unassigned ones it may escape.
fn is_printable(char: char) -> bool {
    char != '\x7f' && format!("x{char}").escape_debug().nth(1) == Some(char)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authsig::query;

    fn texts(query: &str) -> Result<Vec<(String, String)>, LegacyError> {
        Ok(read(&query::parse(query).unwrap())?.into_iter().collect())
    }

    /// Written by hand after what Ruby 3.1 prints.
    #[test]
    fn written_as_ruby_does() {
        for (query, expected) in [
            ("a=1&a=2", "2"),
            ("a=1&a", ""),
            ("a", ""),
            ("a=", ""),
            ("a[]=x&a[]=y", r#"["x", "y"]"#),
            ("a[]=", r#"[""]"#),
            ("a[]", "[nil]"),
            ("a[]=%00%01%07%08%09%0a%0b%0c%0d%1b%1f", r#"["\u0000\u0001\a\b\t\n\v\f\r\e\u001F"]"#),
            ("a[]=%23%7b%23%24%23%40%23%23a%23", r###"["\#{\#$\#@##a#"]"###),
            ("a[]=%22%5c'/", r#"["\"\\'/"]"#),
            ("a[]=%c3%a9%e6%9d%8e%f0%9f%98%80e%cc%81", "[\"é李😀e\u{301}\"]"),
        ] {
            assert_eq!(texts(query).unwrap(), [("a".to_owned(), expected.to_owned())], "{query}");
        }
    }

    #[test]
    fn what_parsers_read_differently_is_rejected() {
        for query in [
            "=1",
            "[]=1",
            "[a]=1",
            "a]=1",
            "a[b=1",
            "a[b]=1",
            "a[b]",
            "a[b][c]=1",
            "a[b]c=1",
            "a[b]]=1",
            "a[[b]]=1",
            "a]b[c]=1",
            "a[][b]=1",
            "a[][]=1",
            "a[b]=1&a[]=2",
            "a=1&a[]=2",
            "a[]=1&a=2",
        ] {
            assert!(texts(query).is_err(), "{query}");
        }
    }

    #[test]
    fn characters_that_rubies_write_differently_have_no_text() {
        for char in ['\x7f', '\u{85}', '\u{a0}', '\u{200b}', '\u{2028}', '\u{e000}', '\u{378}'] {
            assert_eq!(Value::Array(vec![Some(char.to_string())]).into_text(), None, "{char:?}");
        }
    }
}
