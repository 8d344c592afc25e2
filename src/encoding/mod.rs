//! Base64 and JSON, read more strictly than their libraries do.

pub(crate) mod base64;
pub(crate) mod json;
