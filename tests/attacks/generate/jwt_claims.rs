//! Tokens of the service: claims. All are signed by the service, so that only the claims are wrong.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::jwt::{APP_ID, NOW, claims, signed};

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    signed(claims.to_string())
}

/// The claims with the text of one value replaced: what `json!` can't write.
fn with_text(name: &str, text: &str) -> Value {
    let mut claims = claims();
    claims[name] = "PLACEHOLDER".into();
    signed(claims.to_string().replace(r#""PLACEHOLDER""#, text))
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases = Vec::new();
    objects(&mut cases);
    types(&mut cases);
    parties(&mut cases);
    times(&mut cases);
    cases
}

fn objects(cases: &mut Vec<Value>) {
    let text = claims().to_string();
    let rest = &text[1..];
    for (name, claims) in [
        ("claims empty", String::new()),
        ("claims null", "null".to_owned()),
        ("claims a list", format!("[{text}]")),
        ("claims not closed", text[..text.len() - 1].to_owned()),
        ("claims twice", format!("{text}{text}")),
        ("claims with something after them", format!("{text} x")),
        ("claims with a NUL after them", format!("{text}\u{0}")),
        ("claims with a byte order mark", format!("\u{feff}{text}")),
        ("claims with a comment", format!("{{/**/{rest}")),
        ("claims with a comma too many", format!("{},}}", &text[..text.len() - 1])),
        ("an unknown claim twice", format!(r#"{{"x":1,"y":2,"x":1,{rest}"#)),
        ("an unknown claim twice, once by an escape", format!(r#"{{"x":1,"\u0078":1,{rest}"#)),
        ("an unknown claim with a lone surrogate", format!(r#"{{"x":"\ud800",{rest}"#)),
        ("a name with a lone surrogate", format!(r#"{{"\udc00":1,{rest}"#)),
        ("a control character in a text", format!("{{\"x\":\"\n\",{rest}")),
        (
            "iss nested 200 deep",
            text.replacen(
                "\"civic-sip-hosted-service\"",
                &format!("{}{}", "[".repeat(200), "]".repeat(200)),
                1,
            ),
        ),
        (
            "65 unknown claims",
            format!("{{{}{rest}", (0..65).map(|n| format!("\"x{n}\":0,")).collect::<String>()),
        ),
    ] {
        cases.push(attack(name, "Verification.Claims", signed(claims)));
    }
    for name in ["iss", "aud", "sub", "exp", "iat", "data", "jti"] {
        let value = &claims()[name];
        let (first, others) = name.split_at(1);
        let escaped = format!("\\u{:04x}{others}", first.as_bytes()[0]);
        for spelling in [name.to_owned(), escaped] {
            let twice = format!(r#"{{"{spelling}":{value},{rest}"#);
            cases.push(attack(
                format!("{name} twice, as {spelling}"),
                "Verification.Claims",
                signed(twice),
            ));
        }
        // Duplicates by another case are other claims, and change nothing.
        let upper = format!(r#"{{"{}":0,{rest}"#, name.to_uppercase());
        cases.push(control(format!("{name} once more in capitals"), signed(upper)));
        if name != "jti" {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(name);
            let error = if name == "data" {
                "Malformed.Data".to_owned()
            } else {
                format!("Verification.Missing({name})")
            };
            cases.push(attack(format!("{name} missing"), &error, signed(without.to_string())));
        }
    }
    let invalid = [&text.as_bytes()[..text.len() - 1], b",\"x\":\"\xff\"}"].concat();
    cases.push(attack("claims that are not UTF-8", "Verification.Claims", signed(invalid)));
    let nested = format!(r#"{{"x":{}{},{rest}"#, "[".repeat(5000), "]".repeat(5000));
    cases.push(control(
        "an unknown claim nested 5,000 deep, which nothing walks by recursion",
        signed(nested),
    ));
    cases.push(control("unknown claims", signed(format!(r#"{{"x":{{"a":[1]}},"y":null,{rest}"#))));
}

fn types(cases: &mut Vec<Value>) {
    for name in ["iss", "sub", "data"] {
        for bad in [json!(null), json!(1), json!(true), json!({}), json!([claims()[name]])] {
            cases.push(attack(format!("{name} {bad}"), "Verification.Claims", with(name, bad)));
        }
    }
    for bad in [
        json!(null),
        json!(1),
        json!({}),
        json!([["https://api.civic.com/sip/"]]),
        json!(["https://api.civic.com/sip/", 1]),
    ] {
        cases.push(attack(format!("aud {bad}"), "Verification.Claims", with("aud", bad)));
    }
    for name in ["exp", "iat", "nbf"] {
        for bad in [
            json!(null),
            json!(""),
            json!(NOW.to_string()),
            json!(true),
            json!([NOW]),
            json!({"$date": NOW}),
        ] {
            cases.push(attack(format!("{name} {bad}"), "Verification.Claims", with(name, bad)));
        }
        for bad in [
            "1e999",
            "-1e999",
            "NaN",
            "Infinity",
            "-Infinity",
            "0x10",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "1_0",
            "1,0",
        ] {
            cases.push(attack(
                format!("{name} {bad}"),
                "Verification.Claims",
                with_text(name, bad),
            ));
        }
    }
    cases.push(control("whole numbers", {
        let mut claims = claims();
        claims["iat"] = json!(NOW - 10);
        claims["exp"] = json!(NOW + 1790);
        signed(claims.to_string())
    }));
    cases.push(control("numbers with exponents", {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = ("IAT".into(), "EXP".into());
        signed(
            claims
                .to_string()
                .replace("\"IAT\"", "17952165900E-1")
                .replace("\"EXP\"", "1.79521839e9"),
        )
    }));
}

fn parties(cases: &mut Vec<Value>) {
    for iss in [
        "",
        "civic",
        "civic-sip-hosted-service ",
        "Civic-sip-hosted-service",
        "civic-sip-hosted-service\u{0}",
        "https://civic-sip-hosted-service",
        APP_ID,
    ] {
        cases.push(attack(format!("iss {iss:?}"), "Verification.Issuer", with("iss", iss.into())));
    }
    for aud in [
        json!(""),
        json!("/"),
        json!([]),
        json!([""]),
        json!("https://api.civic.com/sip//"),
        json!("https://api.civic.com/si"),
        json!("https://api.civic.com/sip/x"),
        json!("https://api.civic.com/sip?"),
        json!("HTTPS://api.civic.com/sip/"),
        json!("http://api.civic.com/sip/"),
        json!("https://api.civic.com/%73ip/"),
        json!(" https://api.civic.com/sip/"),
        json!("https://api.civic.com/sip/ https://evil.example/"),
        json!(["https://api.civic.com", "/sip/"]),
        json!(APP_ID),
    ] {
        cases.push(attack(format!("aud {aud}"), "Verification.Audience", with("aud", aud)));
    }
    for sub in
        ["", "app4", "app420", "app42 ", "APP42", "app42\u{0}", "аpp42", "civic-sip-hosted-service"]
    {
        cases.push(attack(format!("sub {sub:?}"), "Verification.Subject", with("sub", sub.into())));
    }
    for aud in [json!("https://api.civic.com/sip"), json!(["x", "https://api.civic.com/sip/"])] {
        cases.push(control(format!("aud {aud}"), with("aud", aud)));
    }
    // What the app itself sends to the service, back to it.
    let request = json!({
        "jti": "45a59d10-0000-4000-8000-000000000000", "iat": NOW, "exp": NOW + 180, "iss": APP_ID,
        "aud": "https://api.civic.com/sip/", "sub": APP_ID, "data": {"method": "POST", "path": "scopeRequest/authCode"},
    });
    cases.push(attack(
        "a request in place of a response",
        "Verification.Claims",
        signed(request.to_string()),
    ));
}

fn times(cases: &mut Vec<Value>) {
    let now = NOW as f64;
    let between = |iat: f64, exp: f64| {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = (json!(iat), json!(exp));
        signed(claims.to_string())
    };
    for (name, iat, exp, error) in [
        ("expired by the leeway", now - 1800.0, now - 60.0, "Verification.Expired"),
        ("expired for an hour", now - 5400.0, now - 3600.0, "Verification.Expired"),
        ("expired in 1970", 0.0, 1.0, "Verification.Expired"),
        ("expired before 1970", -2e9, -1e9, "Verification.Expired"),
        ("exp as iat", now, now, "Verification.Lifetime"),
        ("exp before iat", now + 10.0, now, "Verification.Lifetime"),
        ("exp at minus infinity, nearly", now, -1e308, "Verification.Lifetime"),
        ("iat ahead by more than the leeway", now + 60.5, now + 1800.0, "Verification.NotYet"),
        ("iat in milliseconds", now * 1000.0, now * 1000.0 + 1.0, "Verification.NotYet"),
        ("iat at infinity, nearly", 1e307, 1e308, "Verification.NotYet"),
    ] {
        cases.push(attack(name, error, between(iat, exp)));
    }
    for nbf in [now + 60.5, now + 3600.0, 1e308] {
        cases.push(attack(format!("nbf {nbf}"), "Verification.NotYet", with("nbf", json!(nbf))));
    }
    for (name, iat, exp) in [
        ("expired, within the leeway", now - 1800.0, now - 59.5),
        ("iat ahead, within the leeway", now + 59.5, now + 1800.0),
    ] {
        cases.push(control(name, between(iat, exp)));
    }
    cases.push(control("nbf past", with("nbf", json!(now - 10.0))));
}
