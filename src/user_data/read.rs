//! Items as they stand in JSON.

use serde::de::{self, Deserialize, Deserializer, MapAccess};
use serde_json::value::RawValue;

use super::UserDataItem;
use super::json_text::{AnyText, compact};
use crate::Error;
use crate::encoding::json::{self, CowStr, Strict, StrictObject};

/// Reads the decrypted list.
pub(crate) fn read_items(text: &[u8]) -> Result<Vec<UserDataItem>, Error> {
    // Values are strings nearly always. Where one is not, the list is read again, keeping the text of every value.
    list::<CowStr<'_>>(text).or_else(|_| list::<RawText<'_>>(text))
}

fn list<'de, V: Deserialize<'de> + Into<String>>(
    text: &'de [u8],
) -> Result<Vec<UserDataItem>, Error> {
    let items: Vec<Strict<Members<'de, V>>> = serde_json::from_slice(text)
        .map_err(|_| Error::data("it is no list of items with label, value and flags"))?;
    items.into_iter().map(|Strict(item)| item.finish().map_err(Error::data)).collect()
}

/// From any format that describes itself.
impl<'de> Deserialize<'de> for UserDataItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Strict(item) = Strict::<Members<'de, AnyText>>::deserialize(deserializer)?;
        item.finish().map_err(de::Error::custom)
    }
}

/// The content of a string, or the compact JSON text of anything else, digit by digit as it came.
struct RawText<'de>(&'de RawValue);

impl<'de> Deserialize<'de> for RawText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(deserializer).map(Self)
    }
}

impl From<RawText<'_>> for String {
    fn from(RawText(value): RawText<'_>) -> Self {
        serde_json::from_str(value.get()).unwrap_or_else(|_| compact(value.get()))
    }
}

impl From<CowStr<'_>> for String {
    fn from(CowStr(text): CowStr<'_>) -> Self {
        text.into_owned()
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
    fn finish(self) -> Result<UserDataItem, &'static str> {
        Ok(UserDataItem {
            label: self.label.ok_or("an item has no label")?.0.into_owned(),
            value: self.value.ok_or("an item has no value")?.into(),
            is_valid: self.is_valid.unwrap_or(false),
            is_owner: self.is_owner.unwrap_or(false),
        })
    }
}
