//! JWK sets that a verifier must not take, or take anything from.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::keys::{ATTACKER, SERVICE, base64url};

fn jwks(text: impl ToString) -> Value {
    json!({"jwks": text.to_string()})
}

fn set(keys: &[Value]) -> Value {
    jwks(json!({ "keys": keys }))
}

fn with(name: &str, value: Value) -> Value {
    let mut key = SERVICE.jwk();
    key[name] = value;
    set(&[key])
}

pub(crate) fn cases() -> Vec<Value> {
    let key = SERVICE.jwk();
    let text = json!({"keys": [key]}).to_string();
    let mut full = key.clone();
    for (name, value) in [("alg", "ES256"), ("use", "sig"), ("kid", &SERVICE.thumbprint())] {
        full[name] = value.into();
    }
    let other_curve = json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"});
    let mut cases = vec![
        control("a key", set(std::slice::from_ref(&key))),
        control("a key with all members", set(&[full])),
        control("two keys", set(&[key.clone(), ATTACKER.jwk()])),
        control(
            "a key beside those of other types",
            set(&[
                json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
                other_curve.clone(),
                key.clone(),
            ]),
        ),
    ];
    for (name, bad) in [
        ("empty", String::new()),
        ("null", "null".to_owned()),
        ("a list", format!("[{key}]")),
        ("a key without its set", key.to_string()),
        ("an empty object", "{}".to_owned()),
        ("no key", r#"{"keys":[]}"#.to_owned()),
        ("keys null", r#"{"keys":null}"#.to_owned()),
        ("keys an object", r#"{"keys":{}}"#.to_owned()),
        ("a key that is a text", r#"{"keys":["x"]}"#.to_owned()),
        ("a key that is null", r#"{"keys":[null]}"#.to_owned()),
        ("keys twice", format!(r#"{{"keys":[],{}"#, &text[1..])),
        ("keys twice by an escape", format!(r#"{{"k\u0065ys":[],{}"#, &text[1..])),
        ("cut", text[..text.len() - 1].to_owned()),
        ("with something after it", format!("{text}x")),
        ("a page", "<html></html>".to_owned()),
        ("nested 200 deep", format!("{{\"keys\":{}{}}}", "[".repeat(200), "]".repeat(200))),
        ("x twice", text.replacen("\"x\":", "\"x\":\"AA\",\"x\":", 1)),
        ("x twice by an escape", text.replacen("\"x\":", "\"\\u0078\":\"AA\",\"x\":", 1)),
    ] {
        cases.push(attack(name, "PublicKeys", jwks(bad)));
    }
    let point = SERVICE.point();
    let coordinate = |bytes: &[u8]| Value::from(base64url(bytes));
    for (name, input) in [
        ("a private part", with("d", coordinate(&SERVICE.0))),
        ("an empty private part", with("d", "".into())),
        ("the kid of another key", with("kid", ATTACKER.thumbprint().into())),
        ("a kid that is no thumbprint", with("kid", "1".into())),
        ("an empty kid", with("kid", "".into())),
        ("a kid that is a number", with("kid", json!(1))),
        ("a point off the curve", with("x", coordinate(&point[33..]))),
        (
            "the point at infinity, or nearly",
            set(&[
                json!({"kty": "EC", "crv": "P-256", "x": coordinate(&[0; 32]), "y": coordinate(&[0; 32])}),
            ]),
        ),
        ("a coordinate beyond the field", with("x", coordinate(&[0xff; 32]))),
        ("a coordinate of 31 bytes", with("x", coordinate(&point[2..33]))),
        ("a coordinate of 33 bytes", with("x", coordinate(&[&[0], &point[1..33]].concat()))),
        ("a coordinate with padding", with("x", (base64url(&point[1..33]) + "=").into())),
        ("a coordinate missing", with("y", Value::Null)),
        ("a coordinate that is a number", with("x", json!(1))),
        ("the same key twice", set(&[key.clone(), key.clone()])),
        ("a good key beside a private one", {
            let mut other = ATTACKER.jwk();
            other["d"] = coordinate(&ATTACKER.0);
            set(&[key.clone(), other])
        }),
        (
            "a private key of another type beside it",
            set(&[key.clone(), json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"})]),
        ),
        ("another type", with("kty", "RSA".into())),
        ("a symmetric key", set(&[json!({"kty": "oct", "k": "AAAA"})])),
        ("another curve", set(&[other_curve])),
        ("another curve of the same size", with("crv", "secp256k1".into())),
        ("another algorithm", with("alg", "ES384".into())),
        ("an algorithm without a signature", with("alg", "none".into())),
        ("for encryption", with("use", "enc".into())),
        ("for signing alone", with("key_ops", json!(["sign"]))),
        ("for no operation", with("key_ops", json!([]))),
    ] {
        cases.push(attack(name, "PublicKeys", input));
    }
    cases
}
