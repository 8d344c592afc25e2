//! Encrypted data, in a token of the service.

use crate::{jwt, oracle};

pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let outcome = jwt::check(data, &oracle::token_with(text), true);
    match oracle::decrypt(text.as_bytes()) {
        // One text for each reason.
        None => {
            let error = outcome.unwrap_err();
            assert_eq!(error, DECRYPTION.as_str());
        }
        Some(list) if oracle::has_items(&list) => assert_eq!(outcome, Ok(())),
        Some(_) => assert!(!outcome.is_err_and(|error| error.starts_with("Decryption"))),
    }
}

static DECRYPTION: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let error = jwt::check(b"", &oracle::token_with(""), true).unwrap_err();
    assert!(error.starts_with("Decryption"));
    error
});
