//! A whole response: status and body.

use serde_json::Value;

use crate::oracle;
use crate::plain::{Reply, User};

/// The first byte chooses the status.
pub fn run(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let status = match first {
        b'0' => 0,
        b'1' => 429,
        b'2' => 202,
        b'3' => 302,
        b'4' => 400,
        b'5' => 500,
        b'6' => 401,
        b'7' => 404,
        b'8' => 504,
        b'9' => u16::MAX,
        _ => 200,
    };
    match both!(data, response(status, body)) {
        Err(error) => assert_eq!(error.starts_with("Api "), status != 200, "{error}"),
        Ok(Reply::User(user)) => {
            assert_eq!(status, 200);
            let Some(envelope) = oracle::json(body) else { return };
            let encrypted = envelope.get("encrypted").is_none_or(|flag| flag == true);
            assert_eq!(envelope["userId"].as_str(), Some(&*user.id));
            check_user(&user, envelope["data"].as_str().unwrap(), encrypted);
        }
        Ok(Reply::Link(link)) => {
            assert_eq!(status, 200);
            let Some(envelope) = oracle::json(body) else { return };
            assert_eq!(envelope["data"].as_str(), Some(&*link));
            assert_eq!(envelope["processed"], true);
            let url = url::Url::parse(&link).unwrap();
            assert_eq!((url.scheme(), url.port_or_known_default()), ("https", Some(443)));
            assert_eq!((url.username(), url.password()), ("", None));
            let host = url.host_str().unwrap();
            assert!(host.trim_end_matches('.').ends_with(".amazonaws.com"), "{host}");
            // Whatever it leads to is no token.
            for status in [200, 403, 500] {
                let opened = both!(data, payload(body, status, body));
                assert!(opened.is_err());
            }
        }
    }
    if let Ok(text) = str::from_utf8(body)
        && let Ok(request) = both!(data, request(text))
    {
        let request: Value = serde_json::from_slice(&request).unwrap();
        assert_eq!(request["authToken"].as_str(), Some(text));
    }
}

/// What the user data must be, if the token is one of the service.
pub(crate) fn check_user(user: &User, token: &str, encrypted: bool) {
    let Some(text) = oracle::data(token) else { return };
    let text = text.expect("a token of the service");
    let list = if encrypted {
        oracle::decrypt(text.as_bytes()).expect("a ciphertext")
    } else {
        text.into_bytes()
    };
    oracle::check_items(&list, &user.items);
}
