//! Answers that are not the service's envelope, and items that are not what they should be.

use crate::support::*;
use civic_sip::{Error, Reply, UserData};
use serde_json::{Value, json};

fn reply(body: impl Into<Vec<u8>>) -> Result<Reply, Error> {
    client().response(200, body.into())
}

fn good() -> Value {
    json!({"data": token(&claims(&items())), "userId": USER_ID, "encrypted": false, "alg": "aes"})
}

fn with(name: &str, value: Value) -> String {
    let mut body = good();
    body[name] = value;
    body.to_string()
}

fn without(name: &str) -> String {
    let mut body = good();
    body.as_object_mut().unwrap().remove(name).unwrap();
    body.to_string()
}

#[test]
fn bodies_that_are_no_envelope() {
    let good = good().to_string();
    assert!(reply(good.as_str()).is_ok());
    let mut cases = vec![
        Vec::new(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"<html></html>".to_vec(),
        b"\xff\xfe".to_vec(),
        good.as_bytes()[..good.len() - 1].to_vec(),
        format!("{good}{good}").into_bytes(),
        b"[".repeat(100_000),
        b"{\"a\":".repeat(100_000),
    ];
    for name in ["data", "userId"] {
        cases.push(without(name).into());
        for value in [json!(null), json!(1), json!([]), json!({})] {
            cases.push(with(name, value).into());
        }
    }
    cases.push(with("userId", "".into()).into());
    for value in [json!("des"), json!("AES"), json!(""), json!(null), json!(1)] {
        cases.push(with("alg", value).into());
    }
    for name in ["encrypted", "processed"] {
        for value in [json!(null), json!("true"), json!(1)] {
            cases.push(with(name, value).into());
        }
    }
    for name in ["data", "userId", "encrypted", "alg"] {
        let value = &self::good()[name];
        cases.push(format!("{{\"{name}\":{value},{}", &good[1..]).into());
    }
    cases.push(format!("{{\"x\":1,\"x\":1,{}", &good[1..]).into());
    for body in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let error = reply(body).unwrap_err();
        assert!(error.is_malformed(), "{shown}: {error:?}");
        assert_eq!(classes(&error), 1);
    }
}

#[test]
fn more_unknown_members_than_anybody_sends() {
    let mut body = good();
    for number in 0..64 {
        body[format!("x{number}")] = number.into();
    }
    assert!(reply(body.to_string()).is_ok());
    for number in 0..100_000 {
        body[format!("x{number}")] = number.into();
    }
    assert!(reply(body.to_string()).unwrap_err().is_malformed());
}

#[test]
fn absent_means_encrypted() {
    let mut claims = claims(&items());
    claims["data"] = encrypt(items().to_string().as_bytes(), true).into();
    let body = json!({"data": token(&claims), "userId": USER_ID});
    assert!(matches!(reply(body.to_string()), Ok(Reply::UserData(user)) if user.email().is_some()));
    assert!(reply(without("encrypted")).unwrap_err().is_decryption());
}

#[test]
fn every_other_status_is_an_error_of_the_service() {
    for status in (100..=599).filter(|status| *status != 200) {
        let error = client().response(status, b"{\"message\":\"no\"}".to_vec()).unwrap_err();
        assert!(error.is_api());
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.body(), Some("{\"message\":\"no\"}"));
        assert_eq!(error.is_retryable(), status == 429);
        assert!(error.to_string().contains(&status.to_string()));
    }
    // Even with a body that would be right.
    assert!(client().response(201, good().to_string().into()).unwrap_err().is_api());
}

#[test]
fn the_body_of_an_error_is_capped_and_not_displayed() {
    let error = |body: Vec<u8>| client().response(400, body).unwrap_err();
    assert_eq!(error(vec![b'x'; 10_000]).body().unwrap().len(), 4096);
    assert_eq!(error("é".repeat(4_000).into()).body().unwrap(), "é".repeat(2048));
    assert!(error(format!("x{}", "é".repeat(4_000)).into()).body().unwrap().len() <= 4096);
    assert!(error(vec![0xff; 10_000]).body().unwrap().len() <= 4096);
    assert_eq!(error(Vec::new()).body(), Some(""));
    let error = error(b"ada@example.com".to_vec());
    assert!(!format!("{error} {error:?}").contains("ada"));
}

#[test]
fn a_payload_is_a_link_and_verified_when_opened() {
    let link = |url: &str| {
        let body = json!({"data": url, "userId": USER_ID, "encrypted": false, "alg": "aes", "processed": true});
        reply(body.to_string())
    };
    for bad in
        ["", "x", "/a", "http://example.com/", "ftp://127.0.0.1/", "https://a:b@s3.amazonaws.com/"]
    {
        assert!(link(bad).unwrap_err().is_malformed(), "{bad}");
    }
    let url = "https://bucket.s3.amazonaws.com/x?X-Amz-Signature=abc";
    let Ok(Reply::Payload(link)) = link(url) else { panic!("no link") };
    assert_eq!(link.url(), url);
    assert!(!format!("{link:?}").contains("amazonaws"));
    let good = token(&claims(&items()));
    assert_eq!(link.open(200, good.clone().into()).unwrap().email(), Some("ada@example.com"));
    assert_eq!(link.open(200, format!("{good}\n").into()).unwrap().user_id(), USER_ID);
    assert!(link.open(200, good[..good.len() - 1].into()).unwrap_err().is_verification());
    assert!(link.open(200, vec![0xff]).unwrap_err().is_verification());
    assert_eq!(link.open(403, good.into()).unwrap_err().status(), Some(403));
}

fn read(items: &str) -> Result<UserData, Error> {
    let mut claims = claims(&json!([]));
    claims["data"] = items.into();
    open(&claims)
}

#[test]
fn data_that_is_no_list_of_items() {
    for bad in [
        "",
        "{}",
        "null",
        "[null]",
        "[[]]",
        "[{}]",
        r#"[{"value":"x"}]"#,
        r#"[{"label":"x"}]"#,
        r#"[{"label":1,"value":"x"}]"#,
        r#"[{"label":"x","value":"x","isValid":"true"}]"#,
        r#"[{"label":"x","value":"x","isValid":null}]"#,
        r#"[{"label":"x","value":"x","isOwner":1}]"#,
        r#"[{"label":"x","label":"x","value":"x"}]"#,
        r#"[{"label":"x","value":"x","value":"x"}]"#,
        r#"[{"label":"x","value":"x","v\u0061lue":"x"}]"#,
        r#"[{"label":"x","value":"x","isValid":false,"isValid":true}]"#,
        r#"[{"label":"x","value":"x","y":1,"y":1}]"#,
        r#"[{"label":"x","value":"x"}] x"#,
        r#"[{"label":"x","value":"x"},]"#,
        r#"[{"label":"x","value":1,"value":2}]"#,
    ] {
        assert!(read(bad).unwrap_err().is_malformed(), "{bad}");
    }
    let mut claims = claims(&items());
    claims.as_object_mut().unwrap().remove("data");
    assert!(open(&claims).unwrap_err().is_malformed());
}

#[test]
fn values_that_are_no_strings_keep_their_text() {
    for (json, expected) in [
        ("\"a\\u00e9\\n\"", "aé\n"),
        ("\"\"", ""),
        ("42", "42"),
        ("1.10", "1.10"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("true", "true"),
        ("null", ""),
        ("[ 1 , \"a b\" ]", "[1,\"a b\"]"),
        ("{ \"z\" : 1, \"a\": { } }", "{\"z\":1,\"a\":{}}"),
    ] {
        let user = read(&format!(r#"[{{"label":"x","value":{json}}}]"#)).unwrap();
        let item = user.get("x").unwrap();
        assert_eq!(item.value(), expected);
        assert!(!item.is_valid() && !item.is_owner());
    }
}

#[test]
fn null_is_an_item_without_a_value() {
    let user = read(r#"[{"label":"x","value":null,"isValid":true,"isOwner":true}]"#).unwrap();
    assert_eq!(user.get("x").unwrap().value(), "");
    assert_eq!(user.trusted("x"), None);
}

#[test]
fn invalid_strings_are_rejected_wherever_they_stand() {
    for items in [
        r#"[{"label":"x","value":"\ud800"}]"#,
        r#"[{"label":"x","value":["\ud800"]}]"#,
        r#"[{"label":"x","value":"y","unknown":"\ud800"}]"#,
        r#"[{"label":"x","value":"y","unknown":{"\udc00":1}}]"#,
    ] {
        assert!(read(items).unwrap_err().is_malformed(), "{items}");
    }
}
