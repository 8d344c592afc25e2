//! The decrypted list of items.

use serde::de::{Deserialize, Deserializer, Error, MapAccess};
use serde_json::value::RawValue;

use super::UserDataItem;
use crate::encoding::json::{self, CowStr, Strict, StrictObject};

/// The decrypted text is not a list of items.
#[derive(Debug)]
pub(crate) struct InvalidItems(pub(crate) &'static str);

/// Reads the decrypted list.
pub(crate) fn read_items(text: &[u8]) -> Result<Vec<UserDataItem>, InvalidItems> {
    // Nearly all lists have strings alone, and pictures among them: the text of each value is kept only where needed.
    read_list::<CowStr<'_>>(text).or_else(|_| read_list::<JsonText>(text))
}

fn read_list<'de, V: Deserialize<'de> + Into<String>>(
    text: &'de [u8],
) -> Result<Vec<UserDataItem>, InvalidItems> {
    let items: Vec<Strict<Members<'de, V>>> = serde_json::from_slice(text)
        .map_err(|_| InvalidItems("it is not a list of items with label, value and flags"))?;
    items.into_iter().map(|Strict(item)| item.finish()).collect()
}

/// The content of a string, nothing for `null`, and the compact JSON text of any other value.
struct JsonText(String);

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let text = match json {
            "null" => Some(String::new()),
            string if string.starts_with('"') => serde_json::from_str(string).ok(),
            other => json::compact(other),
        };
        text.map(Self).ok_or_else(|| D::Error::custom("a value is not valid JSON"))
    }
}

impl From<JsonText> for String {
    fn from(text: JsonText) -> Self {
        text.0
    }
}

impl From<CowStr<'_>> for String {
    fn from(text: CowStr<'_>) -> Self {
        text.0.into_owned()
    }
}

struct Members<'de, V> {
    label: Option<CowStr<'de>>,
    value: Option<V>,
    is_valid: Option<bool>,
    is_owner: Option<bool>,
}

impl<V> Default for Members<'_, V> {
    fn default() -> Self {
        Self { label: None, value: None, is_valid: None, is_owner: None }
    }
}

impl<'de, V: Deserialize<'de>> StrictObject<'de> for Members<'de, V> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "label" => json::set(&mut self.label, map),
            "value" => json::set(&mut self.value, map),
            "isValid" => json::set(&mut self.is_valid, map),
            "isOwner" => json::set(&mut self.is_owner, map),
            _ => Ok(false),
        }
    }
}

impl<V: Into<String>> Members<'_, V> {
    fn finish(self) -> Result<UserDataItem, InvalidItems> {
        Ok(UserDataItem::new(
            self.label.ok_or(InvalidItems("an item has no label"))?,
            self.value.ok_or(InvalidItems("an item has no value"))?,
            self.is_valid.unwrap_or(false),
            self.is_owner.unwrap_or(false),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Option<String> {
        let list = format!(r#"[{{"label":"l","value":{json}}}]"#);
        Some(read_items(list.as_bytes()).ok()?.first()?.value().to_owned())
    }

    #[test]
    fn values_keep_their_text() {
        for (json, text) in [
            (r#""a \"b\" \ud83d\ude00""#, "a \"b\" \u{1f600}"),
            ("1.10", "1.10"),
            ("-0e5", "-0e5"),
            ("1e400", "1e400"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("true", "true"),
            ("null", ""),
            (
                r#"{ "a \" b" : [ 1.10 , "\\" , " " ] ,	"c": null }"#,
                r#"{"a \" b":[1.10,"\\"," "],"c":null}"#,
            ),
        ] {
            assert_eq!(value(json).as_deref(), Some(text), "{json}");
        }
    }

    #[test]
    fn values_that_are_not_json_are_rejected() {
        for json in [
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#"["\ud800"]"#,
            r#"{"\ud800":1}"#,
            r#"{"a":{"b":"\ud83dx"}}"#,
            r#""\x""#,
            "\"\n\"",
            "[1,]",
            "01",
            "NaN",
            "",
        ] {
            assert_eq!(value(json), None, "{json}");
        }
        let invalid_utf8 = b"[{\"label\":\"l\",\"value\":[\"\xff\"]}]";
        assert!(read_items(invalid_utf8).is_err());
    }
}
