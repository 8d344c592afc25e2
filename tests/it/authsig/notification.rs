//! What notify_url receives.

use civic_sip::authsig::{IdentityVerifier, Notification};
use serde_json::json;

use super::server::{APP, BASE, KEY, identity_v2, parameters};
use super::*;

fn identities() -> IdentityVerifier {
    let builder = IdentityVerifier::builder(BASE).public_keys(KEY.public());
    builder.audience(APP).clock(at(NOW)).build().unwrap()
}

fn body(url: &str) -> String {
    json!({"verified": true, "url": url, "data": {"login": "user_1"}}).to_string()
}

/// Why a body is no notification.
fn reason(body: impl AsRef<[u8]>) -> &'static str {
    match Notification::parse(&body) {
        Err(VerifyError::Notification(reason)) => reason,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(body.as_ref())),
    }
}

#[test]
fn the_url_alone_is_verified() {
    let url = KEY.identity(&parameters());
    let notification = Notification::parse(body(&url)).unwrap();
    assert_eq!(notification.verify(&identities()).unwrap().login(), "user_1");
    assert_eq!(notification.url(), url);

    let lying = json!({"verified": true, "url": url, "data": {"login": "admin", "secret": 1}});
    let notification = Notification::parse(lying.to_string()).unwrap();
    assert_eq!(notification.verify(&identities()).unwrap().login(), "user_1");
    assert_eq!(notification.data(), Some(r#"{"login":"admin","secret":1}"#));
}

#[test]
fn the_word_verified_proves_nothing() {
    let url = KEY.identity(&parameters());
    let unsigned = url.split_once("&signature=").unwrap().0;
    for (url, error) in [
        (unsigned.to_owned(), VerifyError::MissingSignature),
        (url.replace("user_1", "admin"), VerifyError::Mismatch),
        (identity_v2(SECRET, &parameters()), VerifyError::UnknownKey),
        (
            KEY.identity(&parameters().with("audience", "https://other.example/in")),
            VerifyError::WrongAudience,
        ),
    ] {
        let notification = Notification::parse(body(&url)).unwrap();
        assert_eq!(notification.verify(&identities()).unwrap_err(), error);
    }
}

#[test]
fn a_notification_without_verified_true_is_refused() {
    for verified in [
        "",
        r#""verified": false,"#,
        r#""verified": null,"#,
        r#""verified": "true","#,
        r#""verified": 1,"#,
    ] {
        reason(format!(r#"{{{verified} "url": "https://id.example/", "data": {{}}}}"#));
    }
}

#[test]
fn a_notification_without_a_url_is_refused() {
    for url in ["", r#""url": null,"#, r#""url": 1,"#, r#""url": ["https://id.example/"],"#] {
        reason(format!(r#"{{"verified": true, {url} "data": {{}}}}"#));
    }
}

#[test]
fn what_is_no_notification_is_refused() {
    for body in [
        "",
        "null",
        "true",
        "[]",
        "{}",
        "not JSON",
        r#"{"verified": true, "url": "x", "data": []}"#,
        r#"{"verified": true, "url": "x", "data": "text"}"#,
        r#"{"verified": true, "url": "x", "data": null}"#,
        r#"{"verified": true, "url": "x", "data": {}"#,
        r#"{"verified": true, "url": "x", "data": {}} x"#,
        r#"{"verified": true, "url": "x", "data": {"a": "\ud800"}}"#,
        r#"{"verified": true, "url": "\ud800", "data": {}}"#,
        "verified=true&url=x",
    ] {
        reason(body);
    }
    reason(b"{\"verified\": true, \"url\": \"\xff\", \"data\": {}}");
    assert!(Notification::parse(r#"{"verified": true, "url": "x"}"#).is_ok());
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    for twice in [
        r#"{"verified": false, "verified": true, "url": "x"}"#,
        r#"{"verified": true, "url": "x", "url": "y"}"#,
        r#"{"verified": true, "url": "x", "\u0075rl": "y"}"#,
        r#"{"verified": true, "url": "x", "data": {}, "data": {}}"#,
        r#"{"verified": true, "url": "x", "more": 1, "more": 1}"#,
    ] {
        reason(twice);
    }
}

#[test]
fn more_than_64_kib_is_refused() {
    let padded = |len: usize| {
        let (start, end) = (r#"{"verified": true, "url": "x", "data": {"a": ""#, r#""}}"#);
        format!("{start}{}{end}", "x".repeat(len - start.len() - end.len()))
    };
    assert!(Notification::parse(padded(64 * 1024)).is_ok());
    assert_eq!(reason(padded(64 * 1024 + 1)), "must not be longer than 64 KiB");
}

#[test]
fn a_notification_shows_nothing_of_itself() {
    let notification = Notification::parse(body(&KEY.identity(&parameters()))).unwrap();
    let shown = format!("{notification:?}");
    assert!(!shown.contains("user_1") && !shown.contains("signature"), "{shown}");
}
