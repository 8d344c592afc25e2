//! URLs of the original AuthSig server.

use std::time::Duration;

use civic_sip::authsig::legacy::Verifier;

use crate::case::{at, name, run, text};
use crate::links::SECRET;

#[test]
fn queries() {
    run(include_str!("legacy.jsonl"), |case| {
        let secret = case["secret"].as_str().unwrap_or(SECRET);
        let mut builder = Verifier::builder().secret(secret).clock(at(1_369_156_639));
        if let Some(names) = case["only_names"].as_array() {
            builder = builder.only_names(names.iter().map(|name| name.as_str().unwrap()));
        }
        if let Some(seconds) = case["max_age"].as_u64() {
            builder = builder.max_age(Duration::from_secs(seconds));
        }
        let verifier = builder.build().unwrap();
        verifier.verify_query(text(case, "query")).map_err(|error| name(&error))
    });
}
