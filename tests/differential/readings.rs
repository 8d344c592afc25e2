//! What parsers of Rust read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use super::{Reading, Readings};

/// What a handler asks serde for.
#[derive(Deserialize, Serialize)]
struct Reserved {
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_fudge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

/// The reading of each parser.
pub fn all(query: &str) -> Readings {
    let url = Url::parse(&format!("https://app.example/join?{query}")).unwrap();
    let readings = [
        ("form_urlencoded", lists(form_urlencoded::parse(query.as_bytes()))),
        ("url", lists(url.query_pairs())),
        (
            "serde_urlencoded, pairs",
            serde_urlencoded::from_str::<Vec<(String, String)>>(query)
                .map_or_else(refused, |pairs| lists(pairs.into_iter())),
        ),
        (
            "serde_urlencoded, struct",
            serde_urlencoded::from_str::<Reserved>(query).map_or_else(refused, |read| json!(read)),
        ),
        (
            "serde_qs, map",
            serde_qs::from_str::<BTreeMap<String, Value>>(query)
                .map_or_else(refused, |read| json!(read)),
        ),
        (
            "serde_qs, struct",
            serde_qs::from_str::<Reserved>(query).map_or_else(refused, |read| json!(read)),
        ),
        (
            "serde_qs for forms, struct",
            serde_qs::Config::new()
                .use_form_encoding(true)
                .deserialize_str::<Reserved>(query)
                .map_or_else(refused, |read| json!(read)),
        ),
    ];
    readings.map(|(way, reading)| (way.to_owned(), reading)).into()
}

fn refused(error: impl ToString) -> Reading {
    Value::String(error.to_string())
}

/// Values that are not repeated stand for themselves.
fn lists(pairs: impl Iterator<Item = (impl Into<String>, impl Into<String>)>) -> Reading {
    let mut read: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        read.entry(name.into()).or_default().push(value.into());
    }
    let single = |values: Vec<String>| match <[String; 1]>::try_from(values) {
        Ok([value]) => Value::String(value),
        Err(values) => json!(values),
    };
    Value::Object(
        read.into_iter().map(|(name, values)| (name, single(values))).collect::<Map<_, _>>(),
    )
}
