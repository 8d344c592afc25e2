//! The one reader and the one writer of query strings (`application/x-www-form-urlencoded`).

use std::borrow::Cow;

use super::error::Error;

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
}

impl<'q> Pair<'q> {
    pub(super) fn new(name: impl Into<Cow<'q, str>>, value: impl Into<Cow<'q, str>>) -> Self {
        Self { name: name.into(), value: Some(value.into()) }
    }

    /// The value; empty where there is none.
    pub(super) fn value(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }
}

/// Reads a query: parameters in order, empty parts left out, repeated names kept.
pub(super) fn parse(query: &str) -> Result<Vec<Pair<'_>>, Error> {
    if query.len() > MAX_QUERY_LEN {
        return Err(Error::QueryTooLong);
    }
    if let Some(refused) = query.chars().find(|&char| is_refused(char)) {
        return Err(Error::RefusedCharacter(refused));
    }
    let mut pairs = Vec::with_capacity(8);
    let mut counted = 0;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let pair = match part.split_once('=') {
            Some((name, value)) => Pair { name: decode(name)?, value: Some(decode(value)?) },
            None => Pair { name: decode(part)?, value: None },
        };
        counted += usize::from(pair.name != "signature");
        if counted > MAX_PARAMETERS {
            return Err(Error::TooManyParameters);
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

/// What must not stand in a query as it is: parsers split at `;`, strip white space, or cut at `#` and control characters.
fn is_refused(char: char) -> bool {
    match char {
        ';' | '#' | '\0'..=' ' | '\x7f' => true,
        '!'..='~' => false,
        _ => char.is_whitespace() || char.is_control(),
    }
}

fn decode(text: &str) -> Result<Cow<'_, str>, Error> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = bytes.next().and_then(hex_digit).ok_or(Error::BrokenEscape)?;
                let low = bytes.next().and_then(hex_digit).ok_or(Error::BrokenEscape)?;
                high << 4 | low
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| Error::InvalidUtf8)
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

fn is_unreserved(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~')
}

fn hex_char(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 })
}

/// Writes pairs as a query, each as `name=value` (a name alone where there is no value), joined by `&`.
pub(super) fn write<'p, 'q: 'p>(pairs: impl IntoIterator<Item = &'p Pair<'q>>) -> String {
    let mut query = String::new();
    for pair in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        encode_into(&mut query, &pair.name);
        if let Some(value) = &pair.value {
            query.push('=');
            encode_into(&mut query, value);
        }
    }
    query
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
