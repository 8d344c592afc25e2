//! One line of a file: an input, what is wrong with it, and the error that it must get.

use serde_json::{Value, json};

/// Makes a case that must be refused with this error.
pub(crate) fn attack(wrong: impl Into<String>, error: &str, input: Value) -> Value {
    case(&wrong.into(), json!(error), input)
}

/// Makes a case that must pass, so that the attacks beside it fail for their own reason.
pub(crate) fn control(name: impl Into<String>, input: Value) -> Value {
    case(&name.into(), Value::Null, input)
}

fn case(name: &str, error: Value, mut input: Value) -> Value {
    input["name"] = name.into();
    input["error"] = error;
    input
}
