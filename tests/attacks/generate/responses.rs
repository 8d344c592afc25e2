//! Status and body of a response, as any HTTP stack would pass them on.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::jwt::{ITEMS, claims, signed};

pub(crate) const USER_ID: &str = "c6d5795f8a059ef5ad29a33a60f8b402a172c3e0bbe50fd230ae8e0303609b42";

fn token() -> Value {
    signed(claims().to_string())["token"].clone()
}

pub(crate) fn good() -> Value {
    json!({"data": token(), "userId": USER_ID, "encrypted": false, "alg": "aes"})
}

fn with(name: &str, value: Value) -> Value {
    let mut body = good();
    body[name] = value;
    body
}

/// The body is a list of texts, or of texts and how often they stand there.
fn body(text: impl ToString) -> Value {
    json!({"status": 200, "body": [text.to_string()]})
}

fn items(text: &str) -> Value {
    let mut claims = claims();
    claims["data"] = text.into();
    body(with("data", signed(claims.to_string())["token"].clone()))
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases = vec![control("a response", body(good()))];
    statuses(&mut cases);
    envelopes(&mut cases);
    members(&mut cases);
    lists(&mut cases);
    cases
}

fn statuses(cases: &mut Vec<Value>) {
    for status in [
        0, 99, 100, 101, 199, 201, 202, 203, 204, 205, 206, 208, 226, 300, 301, 302, 303, 304, 307,
        308, 400, 401, 403, 404, 405, 409, 418, 429, 499, 500, 502, 503, 504, 599, 600, 999,
        20_000, 65_535,
    ] {
        let input = json!({"status": status, "body": [good().to_string()]});
        cases.push(attack(
            format!("status {status} with the body of a response"),
            &format!("Api({status})"),
            input,
        ));
    }
}

fn envelopes(cases: &mut Vec<Value>) {
    let text = good().to_string();
    let rest = &text[1..];
    for (name, bad) in [
        ("empty", String::new()),
        ("white space", " \n".to_owned()),
        ("null", "null".to_owned()),
        ("a list", format!("[{text}]")),
        ("an empty object", "{}".to_owned()),
        ("a page", "<html><body>Bad gateway</body></html>".to_owned()),
        ("the token alone", token().as_str().unwrap().to_owned()),
        ("the token as a text", token().to_string()),
        ("cut before its end", text[..text.len() - 1].to_owned()),
        ("cut in the middle", text[..text.len() / 2].to_owned()),
        ("twice", format!("{text}{text}")),
        ("with something after it", format!("{text}x")),
        ("with a NUL after it", format!("{text}\u{0}")),
        ("with a byte order mark", format!("\u{feff}{text}")),
        ("with a comment", format!("{{/* */{rest}")),
        ("with a comma too many", format!("{},}}", &text[..text.len() - 1])),
        ("with an unknown member twice", format!(r#"{{"x":1,"x":1,{rest}"#)),
        ("with an unknown member twice by an escape", format!(r#"{{"x":1,"\u0078":1,{rest}"#)),
        ("with a lone surrogate in an unknown member", format!(r#"{{"x":["\ud800"],{rest}"#)),
        ("with a number that is none", format!(r#"{{"x":01,{rest}"#)),
        ("of JSONP", format!("callback({text})")),
        ("behind a prefix against inclusion", format!(")]}}',\n{text}")),
    ] {
        cases.push(attack(format!("envelope {name}"), "Malformed.Envelope", body(bad)));
    }
    for (name, parts) in [
        ("of 100,000 open lists", json!([["[", 100_000]])),
        ("of 100,000 open objects", json!([["{\"a\":", 100_000]])),
        ("with 100,000 unknown members of one name", json!(["{", ["\"x\":0,", 100_000], rest])),
        ("with a name of 1 MB and no value", json!(["{\"", ["x", 1_000_000], "\"}"])),
        ("of a million spaces", json!([[" ", 1_000_000]])),
    ] {
        cases.push(attack(
            format!("envelope {name}"),
            "Malformed.Envelope",
            json!({"status": 200, "body": parts}),
        ));
    }
    let nested = json!(["{\"x\":", ["[", 1_000_000], ["]", 1_000_000], ",", rest]);
    cases.push(control(
        "an unknown member nested a million deep",
        json!({"status": 200, "body": nested}),
    ));
    let many: String = (0..65).map(|n| format!("\"x{n}\":0,")).collect();
    cases.push(attack(
        "envelope with 65 unknown members",
        "Malformed.Envelope",
        body(format!("{{{many}{rest}")),
    ));
    cases.push(attack(
        "envelope that is not UTF-8",
        "Malformed.Envelope",
        json!({"status": 200, "body": ["{\"x\":\""], "then_bytes": [0xff, 0x22, 0x7d]}),
    ));
    cases.push(attack(
        "envelope in UTF-16",
        "Malformed.Envelope",
        json!({"status": 200, "body": [], "then_bytes": [0xff, 0xfe, 0x7b, 0, 0x7d, 0]}),
    ));
    cases.push(control(
        "an envelope with white space and unknown members",
        body(format!(" {{ \"x\" : {{}} , {rest}\n")),
    ));
}

fn members(cases: &mut Vec<Value>) {
    let text = good().to_string();
    for name in ["data", "userId"] {
        let mut without = good();
        without.as_object_mut().unwrap().remove(name);
        cases.push(attack(format!("{name} missing"), "Malformed.Envelope", body(without)));
        for value in [json!(null), json!(1), json!(true), json!([good()[name]]), json!({})] {
            cases.push(attack(
                format!("{name} {value:.20}"),
                "Malformed.Envelope",
                body(with(name, value)),
            ));
        }
    }
    cases.push(attack("userId empty", "Malformed.Envelope", body(with("userId", "".into()))));
    for value in [json!("des"), json!("AES"), json!("none"), json!(""), json!(null), json!(["aes"])]
    {
        cases.push(attack(format!("alg {value}"), "Malformed.Envelope", body(with("alg", value))));
    }
    for name in ["encrypted", "processed"] {
        for value in [json!(null), json!("true"), json!("false"), json!(0), json!(1), json!([])] {
            cases.push(attack(
                format!("{name} {value}"),
                "Malformed.Envelope",
                body(with(name, value)),
            ));
        }
    }
    for name in ["data", "userId", "encrypted", "alg"] {
        let value = &good()[name];
        let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
        for spelling in [name, &escaped] {
            let twice = format!("{{\"{spelling}\":{value},{}", &text[1..]);
            cases.push(attack(
                format!("{name} twice, as {spelling}"),
                "Malformed.Envelope",
                body(twice),
            ));
        }
    }
    cases.push(attack(
        "not encrypted, and said to be",
        "Decryption",
        body(with("encrypted", true.into())),
    ));
    cases.push(attack("data empty", "Verification.Shape", body(with("data", "".into()))));
    for url in [
        "",
        "x",
        "/a",
        "http://example.com/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://a:b@s3.amazonaws.com/",
        "https://evil.example/?s3.amazonaws.com",
        "https://s3.amazonaws.com.evil.example/",
        "https://evils3.amazonaws.com/",
        "https://s3.amazonaws.com:444/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://localhost/",
        "javascript:alert(1)",
        "//s3.amazonaws.com/",
        "https:\\\\s3.amazonaws.com\\",
        "https://s3.amazonaws.com\n/",
        "https://s3.amazonaws.com@evil.example/",
        "https://bucket.s3.amazonaws.com\u{0}.evil.example/",
    ] {
        let mut link = with("processed", true.into());
        link["data"] = url.into();
        cases.push(attack(format!("a payload at {url:?}"), "Malformed.Envelope", body(link)));
    }
    cases.push(attack(
        "a token where a link should be",
        "Malformed.Envelope",
        body(with("processed", true.into())),
    ));
}

fn lists(cases: &mut Vec<Value>) {
    for (name, bad) in [
        ("empty", ""),
        ("an object", "{}"),
        ("null", "null"),
        ("a list of null", "[null]"),
        ("a list of lists", "[[]]"),
        ("an item without members", "[{}]"),
        ("an item without a label", r#"[{"value":"x"}]"#),
        ("an item without a value", r#"[{"label":"x"}]"#),
        ("a label that is a number", r#"[{"label":1,"value":"x"}]"#),
        ("isValid as a text", r#"[{"label":"x","value":"x","isValid":"true"}]"#),
        ("isValid as a number", r#"[{"label":"x","value":"x","isValid":1}]"#),
        ("isOwner null", r#"[{"label":"x","value":"x","isOwner":null}]"#),
        ("a label twice", r#"[{"label":"x","label":"y","value":"x"}]"#),
        ("a value twice", r#"[{"label":"x","value":"x","value":"y"}]"#),
        ("a value twice, once by an escape", r#"[{"label":"x","value":"x","v\u0061lue":"y"}]"#),
        ("isValid twice", r#"[{"label":"x","value":"x","isValid":false,"isValid":true}]"#),
        ("an unknown member twice", r#"[{"label":"x","value":"x","y":1,"y":1}]"#),
        ("something after the list", r#"[{"label":"x","value":"x"}] x"#),
        ("a comma too many", r#"[{"label":"x","value":"x"},]"#),
        ("a list not closed", r#"[{"label":"x","value":"x"}"#),
        ("a value with a lone surrogate", r#"[{"label":"x","value":"\ud800"}]"#),
        ("a value with a wrong escape", r#"[{"label":"x","value":"\x41"}]"#),
        ("a value in a value with a lone surrogate", r#"[{"label":"x","value":["\ud800"]}]"#),
        ("a number that is none", r#"[{"label":"x","value":01}]"#),
        ("NaN", r#"[{"label":"x","value":NaN}]"#),
    ] {
        cases.push(attack(format!("items: {name}"), "Malformed.Data", items(bad)));
    }
    let nested = format!(r#"[{{"label":"x","value":{}{}}}]"#, "[".repeat(200), "]".repeat(200));
    cases.push(control("items: a value nested 200 deep, which is kept as text", items(&nested)));
    cases.push(control("items: none", items("[]")));
    cases.push(control(
        "items: with white space",
        items(&format!(" {} ", ITEMS.replace(',', " ,\n"))),
    ));
}
