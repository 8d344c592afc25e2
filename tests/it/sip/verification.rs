//! Each rule of verification, with only that rule broken.

use std::time::Duration;

use crate::support::*;
use civic_sip::{Error, VerificationError as Fault};
use serde_json::{Value, json};

fn fault(outcome: Result<civic_sip::UserData, Error>) -> Fault {
    match outcome {
        Err(Error::Verification(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims(&items());
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims(&items());
    claims.as_object_mut().unwrap().remove(name).unwrap();
    claims
}

fn open_token(token: &str) -> Result<civic_sip::UserData, Error> {
    open_with(&client(), envelope(token, false))
}

#[test]
fn what_is_right_opens() {
    let user = open(&claims(&items())).unwrap();
    assert_eq!(user.user_id(), USER_ID);
    assert_eq!(user.email(), Some("ada@example.com"));
}

#[test]
fn three_parts_of_base64url() {
    let good = token(&claims(&items()));
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        header.into(),
        format!("{header}.{payload}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!("{header}..{payload}.{signature}"),
        format!(".{good}"),
        format!("{header}=.{payload}.{signature}"),
        format!(" {good}"),
    ] {
        assert_eq!(fault(open_token(&bad)), Fault::Shape, "{bad}");
    }
}

#[test]
fn the_header_is_es256_and_nothing_else() {
    let claims = claims(&items()).to_string();
    for (header, expected) in [
        (r#"{"alg":"none"}"#, Fault::Algorithm),
        (r#"{"alg":"HS256"}"#, Fault::Algorithm),
        (r#"{"alg":"es256"}"#, Fault::Algorithm),
        (r#"{"alg":"ES256K"}"#, Fault::Algorithm),
        (r#"{"alg":"ES256 "}"#, Fault::Algorithm),
        (r#"{"alg":""}"#, Fault::Algorithm),
        (r#"{"typ":"JWT"}"#, Fault::Algorithm),
        (r#"{}"#, Fault::Algorithm),
        (r#"{"alg":"ES256","crit":["exp"]}"#, Fault::Critical),
        (r#"{"alg":"ES256","crit":[]}"#, Fault::Critical),
        (r#"{"alg":"ES256","crit":null}"#, Fault::Critical),
        (r#"{"alg":"ES256","\u0063rit":["b64"],"b64":false}"#, Fault::Critical),
        (r#"{"alg":["ES256"]}"#, Fault::Shape),
        (r#"{"alg":null}"#, Fault::Shape),
        (r#"{"alg":"none","alg":"ES256"}"#, Fault::Shape),
        (r#"{"alg":"ES256","alg":"ES256"}"#, Fault::Shape),
        (r#"{"alg":"ES256","kid":"1","kid":"1"}"#, Fault::Shape),
        (r#"{"alg":"ES256","k\u0069d":"1","kid":"1"}"#, Fault::Shape),
        (r#"["ES256"]"#, Fault::Shape),
        (r#""ES256""#, Fault::Shape),
        (r#"{"alg":"ES256"}{}"#, Fault::Shape),
        (r#"{"alg":"ES256""#, Fault::Shape),
        ("", Fault::Shape),
    ] {
        assert_eq!(fault(open_token(&sign(header, &claims))), expected, "{header}");
    }
    for good in [r#"{"alg":"ES256"}"#, r#" { "typ" : "JWT" , "alg" : "ES256" , "kid" : "1" } "#] {
        open_token(&sign(good, &claims)).unwrap();
    }
}

#[test]
fn a_long_header_is_not_read() {
    let header = format!(r#"{{"alg":"ES256","x":"{}"}}"#, "x".repeat(8_000));
    assert_eq!(fault(open_token(&sign(&header, &claims(&items()).to_string()))), Fault::Shape);
}

#[test]
fn the_signature_is_over_the_received_bytes() {
    let good = token(&claims(&items()));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    for at in [0, signed.len() / 2, signed.len() - 1] {
        let mut bad = good.clone().into_bytes();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        assert!(open_token(std::str::from_utf8(&bad).unwrap()).unwrap_err().is_verification());
    }
    let with_signature = |signature: &str| fault(open_token(&format!("{signed}.{signature}")));
    for length in [0, 1, 85] {
        assert_eq!(with_signature(&signature[..length]), Fault::Signature);
    }
    assert_eq!(with_signature(&"A".repeat(86)), Fault::Signature);
    assert_eq!(with_signature(&format!("{signature}A")), Fault::Signature);
    assert_eq!(with_signature(&format!("{signature}==")), Fault::Signature);
    assert_eq!(with_signature(&base64url([0xff; 64])), Fault::Signature);
    // The bits that the last character has to spare.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let spare = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    assert_eq!(with_signature(&format!("{}{spare}", &signature[..85])), Fault::Signature);
}

#[test]
fn another_key_signs_nothing() {
    let builder = builder().sip_public_key(
        "045c7ec3360c7c97c03d521ba4a6796b086362057cb2334eebb5c1b1473147e06419cd09beca4276eb5050430dc041ad78cda8f8e9e807a082841bc98e1b353660",
    );
    let body = envelope(&token(&claims(&items())), false);
    assert_eq!(fault(open_with(&builder.build().unwrap(), body)), Fault::Signature);
}

#[test]
fn claims_are_read_only_after_the_signature() {
    let unsigned = format!("{}.{}.{}", base64url(HEADER), base64url("no JSON"), "A".repeat(86));
    assert_eq!(fault(open_token(&unsigned)), Fault::Signature);
    assert_eq!(fault(open_token(&sign(HEADER, "no JSON"))), Fault::Claims);
}

#[test]
fn claims_are_one_object_with_each_member_once() {
    let text = claims(&items()).to_string();
    let open_text = |text: &str| open_token(&sign(HEADER, text));
    open_text(&text).unwrap();
    for bad in ["", "[]", "null", "{", "{}{}", "\u{feff}{}"] {
        assert_eq!(fault(open_text(bad)), Fault::Claims, "{bad}");
    }
    assert_eq!(fault(open_text(&format!("{text} x"))), Fault::Claims);
    for name in ["iss", "aud", "sub", "exp", "iat", "data", "jti"] {
        let value = &claims(&items())[name];
        let twice = format!(r#"{{"{name}":{value},{}"#, &text[1..]);
        assert_eq!(fault(open_text(&twice)), Fault::Claims, "{name}");
    }
    let escaped = format!(r#"{{"\u0069ss":"civic-sip-hosted-service",{}"#, &text[1..]);
    assert_eq!(fault(open_text(&escaped)), Fault::Claims);
    let unknown = format!(r#"{{"x":1,"y":2,"x":1,{}"#, &text[1..]);
    assert_eq!(fault(open_text(&unknown)), Fault::Claims);
    let other = format!(r#"{{"x":{{"a":[1]}},"y":null,{}"#, &text[1..]);
    open_text(&other).unwrap();
}

#[test]
fn issuer() {
    assert_eq!(fault(open(&without("iss"))), Fault::Missing("iss"));
    for bad in ["", "civic", "civic-sip-hosted-service ", "Civic-sip-hosted-service"] {
        assert_eq!(fault(open(&with("iss", bad.into()))), Fault::Issuer, "{bad}");
    }
    for bad in [json!(null), json!(1), json!(["civic-sip-hosted-service"])] {
        assert_eq!(fault(open(&with("iss", bad))), Fault::Claims);
    }
}

#[test]
fn audience() {
    assert_eq!(fault(open(&without("aud"))), Fault::Missing("aud"));
    for good in [
        json!("https://api.civic.com/sip"),
        json!("https://api.civic.com/sip/"),
        json!(["https://api.civic.com/sip"]),
        json!(["x", "https://api.civic.com/sip/"]),
    ] {
        open(&with("aud", good)).unwrap();
    }
    for bad in [
        json!(""),
        json!("/"),
        json!([]),
        json!(["x"]),
        json!("https://api.civic.com/sip//"),
        json!("https://api.civic.com/si"),
        json!("HTTPS://api.civic.com/sip/"),
        json!("https://api.civic.com/sip/x"),
    ] {
        assert_eq!(fault(open(&with("aud", bad.clone()))), Fault::Audience, "{bad}");
    }
    for bad in [json!(null), json!(1), json!({}), json!(["https://api.civic.com/sip/", 1])] {
        assert_eq!(fault(open(&with("aud", bad.clone()))), Fault::Claims, "{bad}");
    }
}

#[test]
fn a_configured_audience_is_expected() {
    let client = builder().audience("https://sip.example.com").build().unwrap();
    let open = |aud: &str| open_with(&client, envelope(&token(&with("aud", aud.into())), false));
    open("https://sip.example.com/").unwrap();
    assert_eq!(fault(open("https://api.civic.com/sip/")), Fault::Audience);
}

#[test]
fn subject() {
    assert_eq!(fault(open(&without("sub"))), Fault::Missing("sub"));
    for bad in ["", "app4", "app42 ", "APP42"] {
        assert_eq!(fault(open(&with("sub", bad.into()))), Fault::Subject, "{bad}");
    }
    assert_eq!(fault(open(&with("sub", json!(["app42"])))), Fault::Claims);
}

#[test]
fn numbers_are_numbers() {
    for name in ["exp", "iat", "nbf"] {
        for bad in [json!(null), json!("1795216600"), json!(true), json!([NOW]), json!({})] {
            assert_eq!(fault(open(&with(name, bad.clone()))), Fault::Claims, "{name} {bad}");
        }
    }
    for name in ["exp", "iat"] {
        assert_eq!(fault(open(&without(name))), Fault::Missing(name));
        let text = claims(&items()).to_string();
        let number = claims(&items())[name].to_string();
        for bad in ["1e999", "NaN", "Infinity", "0x10", "01"] {
            let text = text.replace(&format!("\"{name}\":{number}"), &format!("\"{name}\":{bad}"));
            assert_eq!(fault(open_token(&sign(HEADER, &text))), Fault::Claims, "{name} {bad}");
        }
    }
}

#[test]
fn expiry_at_both_edges() {
    let expiring = |exp: f64| {
        let mut claims = with("exp", json!(exp));
        claims["iat"] = json!(exp - 1800.0);
        open(&claims)
    };
    let now = NOW as f64;
    expiring(now + 1.0).unwrap();
    expiring(now).unwrap();
    expiring(now - 59.5).unwrap();
    assert_eq!(fault(expiring(now - 60.0)), Fault::Expired(Duration::from_secs(60)));
    assert_eq!(fault(expiring(now - 3600.0)), Fault::Expired(Duration::from_secs(3600)));
    assert_eq!(fault(expiring(-1e300)), Fault::Lifetime);
}

#[test]
fn the_future_at_both_edges() {
    let now = NOW as f64;
    for name in ["iat", "nbf"] {
        open(&with(name, json!(now + 60.0))).unwrap();
        let expected = Fault::NotYet(Duration::from_millis(60_500));
        assert_eq!(fault(open(&with(name, json!(now + 60.5)))), expected, "{name}");
    }
    let huge = |name: &str| {
        let mut claims = with("exp", json!(1e301));
        claims[name] = json!(1e300);
        fault(open(&claims))
    };
    assert_eq!(huge("iat"), Fault::NotYet(Duration::MAX));
    assert_eq!(huge("nbf"), Fault::NotYet(Duration::MAX));
}

#[test]
fn expiry_is_after_issue() {
    let now = NOW as f64;
    for (iat, exp) in [(now, now), (now + 10.0, now + 9.5), (now, now - 30.0)] {
        let mut claims = with("iat", json!(iat));
        claims["exp"] = json!(exp);
        assert_eq!(fault(open(&claims)), Fault::Lifetime);
    }
}

#[test]
fn leeway_is_configured() {
    let open = |leeway: u64, past: f64| {
        let client = builder().leeway(Duration::from_secs(leeway)).build().unwrap();
        let claims = with("exp", json!(NOW as f64 - past));
        let mut claims = claims;
        claims["iat"] = json!(NOW as f64 - past - 10.0);
        open_with(&client, envelope(&token(&claims), false))
    };
    assert_eq!(fault(open(0, 0.0)), Fault::Expired(Duration::ZERO));
    open(0, -0.5).unwrap();
    open(600, 599.5).unwrap();
    assert!(open(600, 600.0).is_err());
}

#[test]
fn decryption_fails_in_one_way_only() {
    // 16 bytes of ciphertext, so that the base64 ends in padding.
    let items = "[]".to_owned();
    let open =
        |data: &str| open_with(&client(), envelope(&token(&with("data", data.into())), true));
    let good = encrypt(items.as_bytes(), true);
    open(&good).unwrap();
    let (iv, base64) = good.split_at(32);
    open(&format!("{}{base64}", iv.to_uppercase())).unwrap();
    let mut unpadded = items.clone().into_bytes();
    unpadded.resize(unpadded.len().next_multiple_of(16), b' ');
    let mut padded_by_zero = unpadded.clone();
    padded_by_zero.extend([0; 16]);
    let mut padded_by_17 = unpadded.clone();
    padded_by_17.extend([17; 16]);
    let mut padded_unevenly = unpadded.clone();
    padded_unevenly.extend([3; 12]);
    padded_unevenly.extend([9, 4, 4, 4]);
    for bad in [
        String::new(),
        iv.to_owned(),
        iv[..31].to_owned(),
        "é".repeat(16),
        format!("{}{base64}", &iv[..30]),
        format!("g{}{base64}", &iv[1..]),
        format!("{iv}{}", &base64[..base64.len() - 4]),
        format!("{iv}{}", base64.trim_end_matches('=')),
        format!("{iv} {base64}"),
        format!("{iv}-_-_{base64}"),
        format!("{iv}{base64}{base64}"),
        encrypt(&unpadded, false),
        encrypt(&padded_by_zero, false),
        encrypt(&padded_by_17, false),
        encrypt(&padded_unevenly, false),
        "[]".into(),
    ] {
        let error = open(&bad).expect_err(&bad);
        assert!(error.is_decryption(), "{bad}: {error:?}");
        assert_eq!(error.to_string(), open("").unwrap_err().to_string());
    }
}

#[test]
fn verification_comes_before_decryption_and_decryption_before_the_items() {
    let mut both = with("data", "neither hex nor base64".into());
    both["sub"] = "app43".into();
    assert_eq!(fault(open_with(&client(), envelope(&token(&both), true))), Fault::Subject);
    let no_json = with("data", encrypt(b"no JSON", true).into());
    assert!(open_with(&client(), envelope(&token(&no_json), true)).unwrap_err().is_malformed());
}

#[test]
fn every_error_is_of_one_class() {
    let mut errors = vec![
        open(&with("sub", "app43".into())).unwrap_err(),
        open_with(&client(), envelope(&token(&with("data", "x".into())), true)).unwrap_err(),
        open_with(&client(), b"{}".to_vec()).unwrap_err(),
        civic_sip::CivicSip::new("", "", "").unwrap_err(),
        client().request("").unwrap_err(),
    ];
    errors.extend((100..600).filter_map(|status| client().response(status, vec![]).err()));
    for error in errors {
        assert_eq!(classes(&error), 1, "{error:?}");
    }
}
