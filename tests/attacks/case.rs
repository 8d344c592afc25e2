//! Reading cases, and comparing what they get with what they must get.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use civic_sip::Error;
use serde_json::Value;

/// A clock that stands still.
pub(crate) fn at(seconds: u64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    move || UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A member of the keys that the cases were made with.
pub(crate) fn key(name: &str) -> String {
    let keys: Value = serde_json::from_str(include_str!("keys.json")).unwrap();
    keys[name].as_str().unwrap().to_owned()
}

pub(crate) fn text<'c>(case: &'c Value, name: &str) -> &'c str {
    case[name].as_str().unwrap_or_else(|| panic!("no {name}: {case}"))
}

/// Joins a list of texts, and of texts with how often they stand there.
pub(crate) fn joined(parts: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts.as_array().unwrap() {
        match part {
            Value::String(text) => bytes.extend_from_slice(text.as_bytes()),
            part => {
                let count = usize::try_from(part[1].as_u64().unwrap()).unwrap();
                bytes.extend(part[0].as_str().unwrap().repeat(count).into_bytes());
            }
        }
    }
    bytes
}

/// Tries each case, and tells all that do not get what they must get. The names of errors are those of [`name`].
pub(crate) fn run<T: Debug>(file: &str, attempt: impl Fn(&Value) -> Result<T, String>) {
    let (mut attacks, mut controls, mut wrong) = (0, 0, Vec::new());
    for line in file.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let outcome = attempt(&case);
        let is_right = match (&outcome, case["error"].as_str()) {
            (Ok(_), None) => true,
            // A name without its argument stands for all of them.
            (Err(name), Some(expected)) => {
                let rest = name.strip_prefix(expected);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('('))
            }
            _ => false,
        };
        if case["error"].is_null() {
            controls += 1
        } else {
            attacks += 1
        }
        if !is_right {
            wrong.push(format!("{}: {:.200?}, not {}", case["name"], outcome, case["error"]));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(attacks >= 10 && controls > 0, "{attacks} attacks, {controls} controls");
}

/// The variants of an error, and the argument of the last one, if it is a word: `Query.Repeated(login)`.
///
/// Sentences are left out, so that they can be reworded.
pub(crate) fn name(error: &impl Debug) -> String {
    let debug = format!("{error:?}");
    let mut rest = debug.as_str();
    let mut variants = Vec::new();
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    while rest.starts_with(|char: char| char.is_ascii_uppercase()) {
        let (variant, after) =
            rest.split_at(rest.find(|char| !is_name(char)).unwrap_or(rest.len()));
        variants.push(variant);
        rest = after.strip_prefix('(').unwrap_or_default();
    }
    let argument = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    match argument.filter(|(argument, _)| !argument.is_empty() && argument.chars().all(is_name)) {
        Some((argument, _)) => format!("{}({argument})", variants.join(".")),
        None => variants.join("."),
    }
}

/// The name of an exchange's error, with the status of one of the service's.
pub(crate) fn exchange_name(error: &Error) -> String {
    assert!(!error.is_config(), "{error:?}");
    match error.status() {
        Some(status) => format!("Api({status})"),
        None => name(error),
    }
}
