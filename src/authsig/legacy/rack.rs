//! Parameters as the original server saw them: Rack's nested parameters, written as Ruby writes them.

use crate::authsig::error::Error;
use crate::authsig::query::Pair;

/// Deepest nesting; Rack stops there, too.
const MAX_DEPTH: usize = 32;

const NESTED_TWICE: &str = "its brackets contradict those of another parameter";

/// A value as Rack makes it.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A name with no `=`.
    Nil,
    Text(String),
    Array(Vec<Self>),
    Hash(Hash),
}

/// A Ruby hash: keys keep the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Hash(Vec<(String, Value)>);

impl Hash {
    /// Reads pairs; of a repeated name without brackets the last one counts.
    ///
    /// Brackets that are not `name[key]…` or `name[]`, and what Rack's versions read differently, are refused.
    pub(super) fn read(pairs: &[Pair<'_>]) -> Result<Self, Error> {
        let mut hash = Self::default();
        for pair in pairs {
            let refuse = |why| Error::refused(&pair.name, why);
            let (base, keys) = take_apart(&pair.name).map_err(refuse)?;
            let value =
                pair.value.as_ref().map_or(Value::Nil, |text| Value::Text(text.to_string()));
            hash.insert(base, &keys, value).map_err(refuse)?;
        }
        Ok(hash)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    fn insert(&mut self, key: &str, keys: &[&str], value: Value) -> Result<(), &'static str> {
        let index = self.0.iter().position(|(other, _)| other == key);
        let is_new = index.is_none();
        let at = index.unwrap_or_else(|| {
            self.0.push((key.to_owned(), Value::Nil));
            self.0.len() - 1
        });
        let Some((_, there)) = self.0.get_mut(at) else { return Err(NESTED_TWICE) };
        match keys.split_first() {
            None if matches!(there, Value::Array(_) | Value::Hash(_)) => return Err(NESTED_TWICE),
            None => *there = value,
            Some((&"", [])) => {
                if is_new {
                    *there = Value::Array(Vec::new());
                }
                let Value::Array(array) = there else { return Err(NESTED_TWICE) };
                array.push(value);
            }
            Some((&"", _)) => {
                return Err("hashes within arrays are read differently by Rack's versions");
            }
            Some((key, keys)) => {
                if is_new {
                    *there = Value::Hash(Self::default());
                }
                let Value::Hash(hash) = there else { return Err(NESTED_TWICE) };
                hash.insert(key, keys, value)?;
            }
        }
        Ok(())
    }
}

/// `a[b][]` is `a` with the keys `b` and nothing.
fn take_apart(name: &str) -> Result<(&str, Vec<&str>), &'static str> {
    const MALFORMED: &str = "parsers read its brackets differently";
    let (base, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    if base.is_empty() {
        return Err("a parameter has to have a name");
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let (key, after) =
            rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or(MALFORMED)?;
        keys.push(key);
        rest = after;
    }
    if base.contains(']') || keys.iter().any(|key| key.contains('[')) {
        return Err(MALFORMED);
    }
    if keys.len() > MAX_DEPTH { Err("it is nested too deeply") } else { Ok((base, keys)) }
}

impl Value {
    /// As it stands in the signed text: text as it is, nothing for nothing, `inspect` of the rest.
    ///
    /// `None` if it holds a character that Ruby's versions write differently.
    pub(super) fn to_text(&self) -> Option<String> {
        match self {
            Self::Nil => Some(String::new()),
            Self::Text(text) => Some(text.clone()),
            nested => {
                let mut out = String::new();
                nested.inspect(&mut out).then_some(out)
            }
        }
    }

    fn inspect(&self, out: &mut String) -> bool {
        match self {
            Self::Nil => {
                out.push_str("nil");
                true
            }
            Self::Text(text) => inspect_text(text, out),
            Self::Array(array) => joined(out, ('[', ']'), array, |value, out| value.inspect(out)),
            // As before Ruby 3.4, which added spaces around the arrow.
            Self::Hash(hash) => joined(out, ('{', '}'), &hash.0, |(key, value), out| {
                inspect_text(key, out) && {
                    out.push_str("=>");
                    value.inspect(out)
                }
            }),
        }
    }
}

fn joined<T>(
    out: &mut String,
    (open, close): (char, char),
    items: &[T],
    inspect: impl Fn(&T, &mut String) -> bool,
) -> bool {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        if !inspect(item, out) {
            return false;
        }
    }
    out.push(close);
    true
}

/// `String#inspect` of a UTF-8 string.
fn inspect_text(text: &str, out: &mut String) -> bool {
    out.push('"');
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
            _ => return false,
        }
    }
    out.push('"');
    true
}

/// Whether every Ruby prints a character beyond ASCII as it is: not what is invisible or not assigned.
fn is_printable(char: char) -> bool {
    char != '\x7f' && format!("x{char}").escape_debug().nth(1) == Some(char)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authsig::query;

    fn texts(query: &str) -> Result<Vec<(String, String)>, Error> {
        let hash = Hash::read(&query::parse(query)?)?;
        Ok(hash.iter().map(|(key, value)| (key.to_owned(), value.to_text().unwrap())).collect())
    }

    /// Written by hand after what Ruby 3.1 prints.
    #[test]
    fn written_as_ruby_does() {
        for (query, expected) in [
            ("a=1&a=2", "2"),
            ("a", ""),
            ("a=", ""),
            ("a[]=x&a[]=y", r#"["x", "y"]"#),
            ("a[]=", r#"[""]"#),
            ("a[]", "[nil]"),
            ("a[b]", r#"{"b"=>nil}"#),
            ("a[b]=1&a[c]=2&a[b]=3", r#"{"b"=>"3", "c"=>"2"}"#),
            ("a[b][]=1&a[b][]=2&a[c][d]=x", r#"{"b"=>["1", "2"], "c"=>{"d"=>"x"}}"#),
            ("a[]=%00%01%07%08%09%0a%0b%0c%0d%1b%1f", r#"["\u0000\u0001\a\b\t\n\v\f\r\e\u001F"]"#),
            ("a[]=%23%7b%23%24%23%40%23%23a%23", r###"["\#{\#$\#@##a#"]"###),
            ("a[]=%22%5c'/", r#"["\"\\'/"]"#),
            ("a[]=%c3%a9%e6%9d%8e%f0%9f%98%80e%cc%81", "[\"é李😀e\u{301}\"]"),
        ] {
            assert_eq!(texts(query).unwrap(), [("a".to_owned(), expected.to_owned())], "{query}");
        }
    }

    #[test]
    fn what_parsers_read_differently_is_refused() {
        let deep = format!("a{}=1", "[b]".repeat(33));
        for query in [
            "=1",
            "",
            "[a]=1",
            "a]=1",
            "a[b=1",
            "a[b]c=1",
            "a[b]]=1",
            "a[[b]]=1",
            "a]b[c]=1",
            "a[][b]=1",
            "a[][]=1",
            "a[b]=1&a[]=2",
            "a[]=1&a[b]=2",
            "a[b]=1&a[b][c]=2",
            "a[b][c]=1&a[b]=2",
            "a[b][]=1&a[b]=2",
            &deep,
        ] {
            assert!(query.is_empty() || texts(query).is_err(), "{query}");
        }
    }

    #[test]
    fn characters_that_rubies_write_differently_have_no_text() {
        for char in ['\x7f', '\u{85}', '\u{a0}', '\u{200b}', '\u{2028}', '\u{e000}', '\u{378}'] {
            let value = Value::Array(vec![Value::Text(char.to_string())]);
            assert_eq!(value.to_text(), None, "{char:?}");
        }
    }
}
