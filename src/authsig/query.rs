//! Reading and writing query strings (`application/x-www-form-urlencoded`).

use std::borrow::Cow;

use super::error::QueryError;

/// Longest query that is read or written, in bytes.
pub(super) const MAX_QUERY_LEN: usize = 16 * 1024;

/// Most parameters that a query may have, the signature not counted.
pub(super) const MAX_PARAMETERS: usize = 256;

/// One decoded parameter.
#[derive(Clone, Debug)]
pub(super) struct Pair<'q> {
    pub(super) name: Cow<'q, str>,
    /// `None` where the query has no `=`: Ruby tells that apart from an empty value.
    pub(super) value: Option<Cow<'q, str>>,
    /// Name and value as they stand in the query, where that is how they would be written.
    canonical: [Option<&'q str>; 2],
}

impl<'q> Pair<'q> {
    pub(super) fn new(name: impl Into<Cow<'q, str>>, value: impl Into<Cow<'q, str>>) -> Self {
        Self::with_optional_value(name, Some(value.into()))
    }

    pub(super) fn with_optional_value(
        name: impl Into<Cow<'q, str>>,
        value: Option<Cow<'q, str>>,
    ) -> Self {
        Self { name: name.into(), value, canonical: [None; 2] }
    }

    /// The value; empty where there is none.
    pub(super) fn value(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// Writes `name=value`.
    pub(super) fn write_into(&self, out: &mut String) {
        let [name, value] = self.canonical;
        match name {
            Some(name) => out.push_str(name),
            None => encode_into(out, &self.name),
        }
        out.push('=');
        match value {
            Some(value) => out.push_str(value),
            None => encode_into(out, self.value()),
        }
    }
}

/// Parses a query: parameters in order, empty parts left out, repeated names kept.
pub(super) fn parse(query: &str) -> Result<Vec<Pair<'_>>, QueryError> {
    if query.len() > MAX_QUERY_LEN {
        return Err(QueryError::TooLong);
    }
    check_characters(query)?;
    let mut pairs = Vec::with_capacity(8);
    let mut counted = 0;
    let mut part = Part::default();
    // One pass over the bytes, most of which mean nothing.
    for (at, byte) in query.bytes().enumerate() {
        if is_unreserved(byte) {
            continue;
        }
        match byte {
            b'&' => {
                part.read(query, at, &mut pairs, &mut counted)?;
                part = Part { start: at + 1, ..Part::default() };
            }
            b'=' if part.equals.is_none() => part.equals = Some(at),
            b'=' if part.ends_with_bracket(query, at) => {
                return Err(QueryError::BracketBeforeEquals);
            }
            _ if part.equals.is_none() => part.is_odd.0 = true,
            _ => part.is_odd.1 = true,
        }
    }
    part.read(query, query.len(), &mut pairs, &mut counted)?;
    Ok(pairs)
}

/// The text between two `&`.
#[derive(Default)]
struct Part {
    start: usize,
    equals: Option<usize>,
    /// Set if the name, or the value, has other than unreserved characters.
    is_odd: (bool, bool),
}

impl Part {
    /// Set if the value so far ends with `]`, escaped or not: some parsers end the name at the last `]=`.
    fn ends_with_bracket(&self, query: &str, end: usize) -> bool {
        let value = self.equals.and_then(|equals| query.get(equals + 1..end)).unwrap_or_default();
        value.ends_with(']') || value.ends_with("%5D") || value.ends_with("%5d")
    }

    fn read<'q>(
        &self,
        query: &'q str,
        end: usize,
        pairs: &mut Vec<Pair<'q>>,
        counted: &mut usize,
    ) -> Result<(), QueryError> {
        if self.start == end {
            return Ok(());
        }
        let read = |from, to, is_odd| {
            let text = query.get(from..to).unwrap_or_default();
            if is_odd { decode(text) } else { Ok((Cow::Borrowed(text), Some(text))) }
        };
        let (name, canonical_name) = read(self.start, self.equals.unwrap_or(end), self.is_odd.0)?;
        let (value, canonical_value) = match self.equals {
            Some(equals) => {
                let (value, canonical) = read(equals + 1, end, self.is_odd.1)?;
                (Some(value), canonical)
            }
            None => (None, Some("")),
        };
        *counted += usize::from(name != "signature");
        if *counted > MAX_PARAMETERS {
            return Err(QueryError::TooManyParameters);
        }
        pairs.push(Pair { name, value, canonical: [canonical_name, canonical_value] });
        Ok(())
    }
}

/// Rejects what parsers split at, strip or cut at where it stands as it is.
fn check_characters(query: &str) -> Result<(), QueryError> {
    let is_refused_ascii = |byte: u8| byte <= b' ' || byte == 0x7f || matches!(byte, b';' | b'#');
    // Over all bytes, without stopping: that is what processors do fastest.
    let is_suspect = query
        .bytes()
        .fold(false, |is_suspect, byte| is_suspect | is_refused_ascii(byte) | !byte.is_ascii());
    let found = if is_suspect { query.chars().find(|char| is_refused(*char)) } else { None };
    // Some parsers strip these where a query begins.
    let first = query.chars().next().filter(|char| matches!(char, '?' | '\u{feff}'));
    match found.or(first) {
        Some(char) => Err(QueryError::UnencodedCharacter(char)),
        None => Ok(()),
    }
}

fn is_refused(char: char) -> bool {
    match char {
        ';' | '#' | '\0'..=' ' | '\x7f' => true,
        '!'..='~' => false,
        _ => char.is_whitespace() || char.is_control(),
    }
}

/// The decoded text; and the text as it was, if it would be written the same.
fn decode(text: &str) -> Result<(Cow<'_, str>, Option<&str>), QueryError> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok((Cow::Borrowed(text), None));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut is_canonical = true;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let (high, low) = (bytes.next(), bytes.next());
                let digit =
                    |byte: Option<u8>| byte.and_then(hex_digit).ok_or(QueryError::BrokenEscape);
                let byte = digit(high)? << 4 | digit(low)?;
                let is_lower = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_lowercase());
                is_canonical &= !is_unreserved(byte) && !is_lower(high) && !is_lower(low);
                byte
            }
            byte => {
                is_canonical &= is_unreserved(byte);
                if byte == b'+' { b' ' } else { byte }
            }
        });
    }
    let decoded = String::from_utf8(decoded).map_err(|_| QueryError::InvalidUtf8)?;
    Ok((Cow::Owned(decoded), is_canonical.then_some(text)))
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Writes `text` with every byte outside the unreserved characters of RFC 3986, section 2.3, percent-encoded.
pub(super) fn encode_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !is_unreserved(byte)) {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        let char_len = escaped.chars().next().map_or(0, char::len_utf8);
        let (char, after) = escaped.split_at(char_len);
        for byte in char.bytes() {
            out.push('%');
            out.push(hex_char(byte >> 4));
            out.push(hex_char(byte & 0xf));
        }
        rest = after;
    }
    out.push_str(rest);
}

/// The text, encoded by [`encode_into`].
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encode_into(&mut encoded, text);
    encoded
}

/// RFC 3986, section 2.3, looked up: this is asked of every byte.
#[allow(clippy::indexing_slicing, reason = "the compiler evaluates it")]
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

fn is_unreserved(byte: u8) -> bool {
    UNRESERVED.get(usize::from(byte)).copied().unwrap_or_default()
}

fn hex_char(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 })
}

/// Appends one parameter to a query as it stands.
pub(super) fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() && !query.ends_with('&') {
        query.push('&');
    }
    encode_into(query, name);
    query.push('=');
    encode_into(query, value);
}
