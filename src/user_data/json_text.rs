//! Values that are not strings, as compact JSON text (RFC 8259).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Leaves out the white space between the tokens of a valid JSON text.
pub(super) fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|&character| {
            let keep = in_string || !matches!(character, ' ' | '\t' | '\n' | '\r');
            if !escaped && character == '"' {
                in_string = !in_string;
            }
            escaped = in_string && !escaped && character == '\\';
            keep
        })
        .collect()
}

/// The content of a string, or the compact JSON text of anything else.
pub(super) struct AnyText(String);

impl From<AnyText> for String {
    fn from(text: AnyText) -> Self {
        text.0
    }
}

impl<'de> Deserialize<'de> for AnyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor { quote: false }).map(Self)
    }
}

/// What serde_json calls a number where its feature `arbitrary_precision` is on: an object with this one member.
const NUMBER: &str = "$serde_json::private::Number";

/// A value inside of an object or array, where strings keep their quotes.
struct Nested(String);

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor { quote: true }).map(Self)
    }
}

struct TextVisitor {
    quote: bool,
}

fn quoted<E: Error>(text: &str) -> Result<String, E> {
    serde_json::to_string(text).map_err(E::custom)
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can hold")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if self.quote { quoted(text) } else { Ok(text.to_owned()) }
    }

    fn visit_bool<E>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        serde_json::to_string(&value).map_err(E::custom)
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok("null".to_owned())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<String, A::Error> {
        let mut text = String::from("[");
        while let Some(Nested(value)) = seq.next_element()? {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&value);
        }
        text.push(']');
        Ok(text)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut text = String::from("{");
        while let Some(name) = map.next_key::<String>()? {
            if name == NUMBER && text.len() == 1 {
                return map.next_value::<String>();
            }
            let Nested(value) = map.next_value()?;
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&quoted::<A::Error>(&name)?);
            text.push(':');
            text.push_str(&value);
        }
        text.push('}');
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_leaves_strings_alone() {
        let json = "{ \"a \\\" b\" : [ 1.10 , -0e5,\n\"\\\\\" , \" \" ] ,\t\"c\": null }";
        assert_eq!(compact(json), r#"{"a \" b":[1.10,-0e5,"\\"," "],"c":null}"#);
    }

    #[test]
    fn any_text_keeps_the_order_of_members() {
        let json = r#"{"z":[1,-2,1.5,true,null],"a":{"é\n":"\"q\""},"e":[],"o":{}}"#;
        let AnyText(text) = serde_json::from_str(json).unwrap();
        assert_eq!(text, json);
    }

    #[test]
    fn any_text_is_the_content_of_a_string() {
        let AnyText(text) = serde_json::from_str(r#""a \"b\"""#).unwrap();
        assert_eq!(text, "a \"b\"");
    }
}
