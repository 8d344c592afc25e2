//! Bodies that anybody can post to notify_url.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::identities::good;

/// The body is a list of texts, or of texts and how often they stand there.
fn body(text: impl ToString) -> Value {
    json!({"body": [text.to_string()]})
}

fn notification() -> Value {
    json!({"verified": true, "url": good(), "data": {"login": "user_1"}})
}

fn with(name: &str, value: Value) -> Value {
    let mut notification = notification();
    notification[name] = value;
    body(notification)
}

pub(crate) fn cases() -> Vec<Value> {
    let text = notification().to_string();
    let rest = &text[1..];
    let mut cases = vec![
        control("a notification", body(&text)),
        control("data that lies, which nobody believes", with("data", json!({"login": "admin"}))),
        control("an unknown member", with("x", json!([1]))),
    ];
    for (name, bad) in [
        ("empty", String::new()),
        ("null", "null".to_owned()),
        ("a list", format!("[{text}]")),
        ("a form", "verified=true&url=x".to_owned()),
        ("cut", text[..text.len() - 1].to_owned()),
        ("twice", format!("{text}{text}")),
        ("with a byte order mark", format!("\u{feff}{text}")),
        ("with verified twice", format!(r#"{{"verified":true,{rest}"#)),
        ("with verified twice by an escape", format!(r#"{{"v\u0065rified":false,{rest}"#)),
        ("with the url twice", format!(r#"{{"url":"x",{rest}"#)),
        ("with data twice", format!(r#"{{"data":{{}},{rest}"#)),
        ("with an unknown member twice", format!(r#"{{"x":1,"x":2,{rest}"#)),
        ("with a lone surrogate", format!(r#"{{"x":"\ud800",{rest}"#)),
    ] {
        cases.push(attack(name, "Notification", body(bad)));
    }
    for (name, values) in [
        ("verified", [json!(false), json!(null), json!("true"), json!(1)]),
        ("url", [json!(null), json!(1), json!([good()]), json!({"url": good()})]),
        ("data", [json!([]), json!("x"), json!(1), json!(true)]),
    ] {
        for value in values {
            cases.push(attack(format!("{name} {value:.30}"), "Notification", with(name, value)));
        }
    }
    for name in ["verified", "url"] {
        let mut without = notification();
        without.as_object_mut().unwrap().remove(name);
        cases.push(attack(format!("{name} missing"), "Notification", body(without)));
    }
    for (name, parts) in [
        ("longer than 64 KiB", json!([text, [" ", 65_537]])),
        ("of 30,000 open lists", json!([["[", 30_000]])),
        (
            "with data nested 200 deep",
            json!(["{\"verified\":true,\"url\":\"x\",\"data\":", ["[", 200], ["]", 200], "}"]),
        ),
    ] {
        cases.push(attack(name, "Notification", json!({"body": parts})));
    }
    // Of the right form, with a URL that proves nothing.
    for (name, url, error) in [
        ("no signature", good().split_once("&signature").unwrap().0.to_owned(), "MissingSignature"),
        ("another login", good().replacen("user_1", "admin", 1), "Mismatch"),
        ("another server", good().replacen("id.example", "evil.example", 1), "Url.Mismatch"),
        ("an empty URL", String::new(), "Url.NotAbsolute"),
    ] {
        cases.push(attack(name, error, with("url", url.into())));
    }
    cases
}
