//! JSON objects that are read strictly: no member twice (RFC 8259, section 4, leaves its meaning open), and no invalid
//! JSON in members that are not known.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Bounds the search for repeated members. No object of the service has as many.
const MAX_UNKNOWN: usize = 64;

/// An object that is read member by member.
pub(crate) trait StrictObject<'de>: Default {
    /// Reads the value of a known member with [`set`], and returns whether the member is known.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;
}

/// Reads the value of a known member.
pub(crate) fn set<'de, A, T>(slot: &mut Option<T>, map: &mut A) -> Result<bool, A::Error>
where
    A: MapAccess<'de>,
    T: Deserialize<'de>,
{
    if slot.is_some() {
        return Err(A::Error::custom("a member stands twice"));
    }
    *slot = Some(map.next_value()?);
    Ok(true)
}

/// Reads the whole text as one object.
pub(crate) fn object<'de, T: StrictObject<'de>>(text: &'de [u8]) -> Option<T> {
    serde_json::from_slice(text).ok().map(|Strict(object)| object)
}

/// Deserializes a [`StrictObject`], and rejects repeated members, known or not.
pub(crate) struct Strict<T>(pub(crate) T);

impl<'de, T: StrictObject<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StrictVisitor(PhantomData)).map(Self)
    }
}

struct StrictVisitor<T>(PhantomData<T>);

impl<'de, T: StrictObject<'de>> Visitor<'de> for StrictVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut object = T::default();
        let mut unknown = Vec::<CowStr<'de>>::new();
        while let Some(name) = map.next_key::<CowStr<'de>>()? {
            if object.member(&name.0, &mut map)? {
                continue;
            }
            if unknown.contains(&name) {
                return Err(A::Error::custom("a member stands twice"));
            }
            if unknown.len() == MAX_UNKNOWN {
                return Err(A::Error::custom("too many unknown members"));
            }
            if visit_parts(map.next_value::<&RawValue>()?.get(), |_| ()).is_none() {
                return Err(A::Error::custom("an unknown member is not valid JSON"));
            }
            unknown.push(name);
        }
        Ok(object)
    }
}

/// Returns the text of a [`RawValue`] without white space between its tokens; `None` if a string in it is invalid.
pub(crate) fn compact(json: &str) -> Option<String> {
    let mut text = String::with_capacity(json.len());
    visit_parts(json, |part| text.push_str(part))?;
    Some(text)
}

/// Calls `visit` with each part of the text that is not white space between tokens.
///
/// serde_json checks the structure of a raw value, but not the escapes in its strings: `None` if one is invalid.
fn visit_parts(json: &str, mut visit: impl FnMut(&str)) -> Option<()> {
    let mut rest = json;
    while let Some((before, from_quote)) = rest.find('"').and_then(|at| rest.split_at_checked(at)) {
        before.split_ascii_whitespace().for_each(&mut visit);
        let mut strings = serde_json::Deserializer::from_str(from_quote).into_iter::<CowStr<'_>>();
        strings.next()?.ok()?;
        let (string, after) = from_quote.split_at_checked(strings.byte_offset())?;
        visit(string);
        rest = after;
    }
    rest.split_ascii_whitespace().for_each(visit);
    Some(())
}

/// A string, borrowed from the input where it has no escapes.
#[derive(PartialEq, Eq)]
pub(crate) struct CowStr<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for CowStr<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(CowStrVisitor)
    }
}

impl CowStr<'_> {
    /// Ends the borrow of the input that the string was read from, so that the input can be decoded in place.
    pub(crate) fn span(self, input: &[u8]) -> Span {
        match self.0 {
            // `<[u8]>::subslice_range`, once that is stable. A copy instead doubles the memory for a large picture.
            Cow::Borrowed(text) => {
                let start = text.as_ptr().addr().wrapping_sub(input.as_ptr().addr());
                Span::Borrowed(start..start.wrapping_add(text.len()))
            }
            Cow::Owned(text) => Span::Owned(text.into_bytes()),
        }
    }
}

/// The bytes of a string: a range of the input, or a copy where the string had escapes.
pub(crate) enum Span {
    Borrowed(Range<usize>),
    Owned(Vec<u8>),
}

impl Span {
    pub(crate) fn bytes<'a>(&'a mut self, input: &'a mut [u8]) -> &'a mut [u8] {
        match self {
            Self::Borrowed(range) => input.get_mut(range.clone()).unwrap_or_default(),
            Self::Owned(bytes) => bytes,
        }
    }
}

struct CowStrVisitor;

impl<'de> Visitor<'de> for CowStrVisitor {
    type Value = CowStr<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<CowStr<'de>, E> {
        Ok(CowStr(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<CowStr<'de>, E> {
        Ok(CowStr(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<CowStr<'de>, E> {
        Ok(CowStr(Cow::Owned(text)))
    }
}

/// One string or a list of strings (`aud`: RFC 7519, section 4.1.3).
pub(crate) struct OneOrMany<'de>(pub(crate) Vec<CowStr<'de>>);

impl<'de> Deserialize<'de> for OneOrMany<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;

        impl<'de> Visitor<'de> for OneOrManyVisitor {
            type Value = OneOrMany<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<OneOrMany<'de>, E> {
                Ok(OneOrMany(vec![CowStr(Cow::Borrowed(text))]))
            }

            fn visit_str<E>(self, text: &str) -> Result<OneOrMany<'de>, E> {
                Ok(OneOrMany(vec![CowStr(Cow::Owned(text.to_owned()))]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany<'de>, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany(texts))
            }
        }

        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

/// Seconds since 1970, whole or not (`NumericDate`: RFC 7519, section 2).
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct NumericDate(pub(crate) f64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E>(self, number: f64) -> Result<NumericDate, E> {
                Ok(NumericDate(number))
            }

            // Past 2^53 seconds the rounding is of no interest.
            fn visit_i64<E>(self, number: i64) -> Result<NumericDate, E> {
                Ok(NumericDate(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<NumericDate, E> {
                Ok(NumericDate(number as f64))
            }
        }

        // Not `deserialize_any`: with serde_json's `arbitrary_precision`, which any crate in the build may turn on, that
        // brings numbers as maps.
        deserializer.deserialize_f64(NumberVisitor)
    }
}
