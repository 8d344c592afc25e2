//! A token: any text, or a header and claims that the service signs.

use crate::answer::check_user;
use crate::oracle;
use crate::plain::Reply;

pub fn run(data: &[u8]) {
    // What it comes to is compared inside.
    let _ = match (data.iter().position(|byte| *byte == crate::SEPARATOR), str::from_utf8(data)) {
        (Some(at), _) => check(data, &oracle::token(&data[..at], &data[at + 1..]), false),
        (None, Ok(token)) => {
            let envelope = oracle::envelope(token, false, false);
            let _ = both!(envelope, response(200, &envelope));
            check(data, token, false)
        }
        _ => return,
    };
}

/// Opens a token from an envelope and behind a link, which must come to the same.
pub(crate) fn check(data: &[u8], token: &str, encrypted: bool) -> Result<(), String> {
    let envelope = oracle::envelope(token, encrypted, false);
    let link = oracle::envelope("https://bucket.s3.amazonaws.com/x", encrypted, true);
    let outcome = mostly_one!(data, envelope.len(), response(200, &envelope));
    let by_link = mostly_one!(data, envelope.len(), payload(&link, 200, token.as_bytes()));
    match outcome {
        Ok(Reply::User(user)) => {
            check_user(&user, token, encrypted);
            assert_eq!(Ok(user), by_link);
            Ok(())
        }
        Ok(other) => panic!("{other:?}"),
        Err(error) => {
            // White space at the end is no part of a payload.
            assert!(token.trim_ascii_end() != token || by_link.as_ref() == Err(&error));
            Err(error)
        }
    }
}
