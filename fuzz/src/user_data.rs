//! User data: as an app stored it, and as a list of items behind the signature and the cipher.

use serde_json::json;

use crate::{jwt, oracle};

pub fn run(data: &[u8]) {
    if let Some(user) = both!(data, stored(data)) {
        let Some(read) = oracle::json(data) else { return };
        // From a list, members are read by their order.
        if read.is_object() {
            assert_eq!(read["userId"].as_str(), Some(&*user.id));
            let items = read["data"].as_array().unwrap();
            if items.iter().all(serde_json::Value::is_object) {
                oracle::check_items(read["data"].to_string().as_bytes(), &user.items);
            }
        }
    }
    let encrypted = oracle::encrypt(data, [data.len() as u8; 16]);
    let outcome = jwt::check(data, &oracle::token_with(&encrypted), true);
    if oracle::has_items(data) {
        assert_eq!(outcome, Ok(()));
    }
    let Ok(text) = str::from_utf8(data) else { return };
    assert_eq!(jwt::check(data, &oracle::token_with(text), false).is_ok(), outcome.is_ok());
    // Any text comes through as a value.
    let list = json!([{"label": text, "value": text, "isValid": true, "isOwner": data.len().is_multiple_of(2)}]);
    let encrypted = oracle::encrypt(list.to_string().as_bytes(), [0; 16]);
    assert_eq!(jwt::check(data, &oracle::token_with(&encrypted), true), Ok(()));
}
