//! Tokens of the service: parts, header and signature.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::keys::{ATTACKER, Key, ORDER, SERVICE, base64url, hmac_sha256};

pub(crate) const NOW: u64 = 1_795_216_600;
pub(crate) const APP_ID: &str = "app42";
const HEADER: &str = r#"{"alg":"ES256","typ":"JWT"}"#;
pub(crate) const ITEMS: &str = r#"[{"label":"contact.personal.email","value":"ada@example.com","isValid":true,"isOwner":true}]"#;

/// Claims that pass, with their data unencrypted.
pub(crate) fn claims() -> Value {
    json!({
        "jti": "45a59d10-0000-4000-8000-000000000000",
        "iat": NOW as f64 - 10.25,
        "exp": NOW as f64 + 1789.75,
        "iss": "civic-sip-hosted-service",
        "aud": "https://api.civic.com/sip/",
        "sub": APP_ID,
        "data": ITEMS,
    })
}

/// Joins header and claims, whatever they say.
pub(crate) fn unsigned(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    format!("{}.{}", base64url(header), base64url(claims))
}

fn signed_by(key: &Key, header: &str, claims: impl AsRef<[u8]>) -> Value {
    let text = unsigned(header, claims);
    json!({"token": format!("{text}.{}", base64url(key.sign(&text)))})
}

/// A token of the service over these claims, whatever they say.
pub(crate) fn signed(claims: impl AsRef<[u8]>) -> Value {
    signed_by(&SERVICE, HEADER, claims)
}

fn with_header(header: &str) -> Value {
    signed_by(&SERVICE, header, claims().to_string())
}

fn with_signature(signature: impl AsRef<[u8]>) -> Value {
    let text = unsigned(HEADER, claims().to_string());
    json!({"token": format!("{text}.{}", base64url(signature))})
}

fn token(text: impl Into<String>) -> Value {
    json!({"token": text.into()})
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases = vec![control("a token of the service", signed(claims().to_string()))];
    algorithms(&mut cases);
    headers(&mut cases);
    signatures(&mut cases);
    parts(&mut cases);
    cases
}

fn algorithms(cases: &mut Vec<Value>) {
    let claims = claims().to_string();
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "PS256"] {
        let text = unsigned(json!({ "alg": alg }).to_string(), &claims);
        let input = token(format!("{text}."));
        cases.push(attack(
            format!("alg {alg:?} without a signature"),
            "Verification.Algorithm",
            input,
        ));
    }
    let others =
        ["ES384", "ES512", "ES256K", "EdDSA", "es256", "ES256 ", " ES256", "ES256\u{0}", "ES-256"];
    for alg in ["none", "HS256"].into_iter().chain(others) {
        let input = with_header(&json!({ "alg": alg }).to_string());
        cases.push(attack(
            format!("alg {alg:?} with an ES256 signature"),
            "Verification.Algorithm",
            input,
        ));
    }
    let point = SERVICE.point();
    let jwk = SERVICE.jwk().to_string();
    let hex: String = point.iter().map(|byte| format!("{byte:02x}")).collect();
    for (form, key) in
        [("point", &point[..]), ("JWK", jwk.as_bytes()), ("hex", hex.as_bytes()), ("nothing", b"")]
    {
        for (alg, error) in
            [("HS256", "Verification.Algorithm"), ("ES256", "Verification.Signature")]
        {
            let text = unsigned(json!({ "alg": alg }).to_string(), &claims);
            let input = token(format!("{text}.{}", base64url(hmac_sha256(key, text.as_bytes()))));
            cases.push(attack(
                format!("alg {alg}, a MAC keyed with the public key as {form}"),
                error,
                input,
            ));
        }
    }
    for (name, header, error) in [
        ("no alg", r#"{"typ":"JWT"}"#, "Verification.Algorithm"),
        ("alg null", r#"{"alg":null}"#, "Verification.Shape"),
        ("alg in a list", r#"{"alg":["ES256"]}"#, "Verification.Shape"),
        ("alg true", r#"{"alg":true}"#, "Verification.Shape"),
        ("Alg with a capital", r#"{"Alg":"ES256"}"#, "Verification.Algorithm"),
        ("alg twice, none first", r#"{"alg":"none","alg":"ES256"}"#, "Verification.Shape"),
        ("alg twice, none last", r#"{"alg":"ES256","alg":"none"}"#, "Verification.Shape"),
        (
            "alg twice, once by an escape",
            r#"{"alg":"ES256","\u0061lg":"none"}"#,
            "Verification.Shape",
        ),
    ] {
        cases.push(attack(name, error, with_header(header)));
    }
    cases.push(control("alg spelled with escapes", with_header(r#"{"\u0061lg":"\u0045S256"}"#)));
}

fn headers(cases: &mut Vec<Value>) {
    for crit in [r#"["exp"]"#, "[]", "null", r#"["b64"],"b64":false"#, r#""b64""#, "0"] {
        let header = format!(r#"{{"alg":"ES256","crit":{crit}}}"#);
        cases.push(attack(format!("crit {crit}"), "Verification.Critical", with_header(&header)));
    }
    let header = r#"{"alg":"ES256","cr\u0069t":["x"]}"#;
    cases.push(attack("crit by an escape", "Verification.Critical", with_header(header)));

    // RFC 7797: the payload as it is.
    let text = format!("{}.{}", base64url(r#"{"alg":"ES256","b64":false}"#), claims());
    let input = token(format!("{text}.{}", base64url(SERVICE.sign(&text))));
    cases.push(attack("b64 false, the payload not encoded", "Verification.Shape", input));
    let text = format!("{}.{{}}", base64url(r#"{"alg":"ES256","b64":false}"#));
    let input = token(format!("{text}.{}", base64url(SERVICE.sign(&text))));
    cases.push(attack("b64 false, a payload without a dot", "Verification.Claims", input));

    let jwk = ATTACKER.jwk();
    for (name, members) in [
        ("jwk", json!({ "jwk": jwk })),
        ("jku", json!({"jku": "https://evil.example/keys"})),
        ("x5u", json!({"x5u": "https://evil.example/certificate"})),
        ("x5c", json!({"x5c": [base64url(ATTACKER.point())]})),
        ("kid of its own", json!({"kid": ATTACKER.thumbprint()})),
        ("kid of the service", json!({"kid": SERVICE.thumbprint()})),
        ("kid as a path", json!({"kid": "../../../../dev/null"})),
        ("kid as SQL", json!({"kid": "' UNION SELECT 'key' --"})),
        ("nothing of it", json!({})),
    ] {
        let mut header = members;
        header["alg"] = "ES256".into();
        let input = signed_by(&ATTACKER, &header.to_string(), claims().to_string());
        cases.push(attack(
            format!("signed by another key, header with {name}"),
            "Verification.Signature",
            input,
        ));
    }
    cases.push(control("a kid that means nothing", with_header(r#"{"alg":"ES256","kid":"1"}"#)));

    for (name, header) in [
        ("header empty", ""),
        ("header null", "null"),
        ("header a list", r#"["ES256"]"#),
        ("header a text", r#""ES256""#),
        ("header with something after it", r#"{"alg":"ES256"}{}"#),
        ("header not closed", r#"{"alg":"ES256""#),
        ("header with a comma too many", r#"{"alg":"ES256",}"#),
        ("header with a comment", r#"{"alg":"ES256"/**/}"#),
        ("header with single quotes", "{'alg':'ES256'}"),
        ("header with a byte order mark", "\u{feff}{\"alg\":\"ES256\"}"),
        ("header with a NUL after it", "{\"alg\":\"ES256\"}\u{0}"),
        ("header with an unknown member twice", r#"{"alg":"ES256","kid":"1","kid":"2"}"#),
        ("header with one twice by an escape", r#"{"alg":"ES256","kid":"1","k\u0069d":"2"}"#),
        ("header with a lone surrogate", r#"{"alg":"ES256","kid":"\ud800"}"#),
        ("header with a control character in a text", "{\"alg\":\"ES256\",\"kid\":\"\n\"}"),
    ] {
        cases.push(attack(name, "Verification.Shape", with_header(header)));
    }
    let long = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "x".repeat(4096));
    cases.push(attack("header longer than 4 KiB", "Verification.Shape", with_header(&long)));
    let nested = format!(r#"{{"alg":"ES256","kid":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    cases.push(control("header with an unknown member nested 200 deep", with_header(&nested)));
    let text = format!(
        "{}.{}",
        base64url(b"{\"alg\":\"ES256\",\"kid\":\"\xff\"}"),
        base64url(claims().to_string())
    );
    let input = token(format!("{text}.{}", base64url(SERVICE.sign(&text))));
    cases.push(attack("header that is not UTF-8", "Verification.Shape", input));
    cases.push(control("header with white space", with_header(" {\t\"alg\" :\n\"ES256\" }\r\n")));
}

fn signatures(cases: &mut Vec<Value>) {
    let text = unsigned(HEADER, claims().to_string());
    let good = SERVICE.sign(&text);
    let (r, s) = good.split_at(32);
    let mut order_plus_1 = ORDER;
    order_plus_1[31] += 1;
    let edges =
        [("zero", [0; 32]), ("n", ORDER), ("n + 1", order_plus_1), ("all ones", [0xff; 32])];
    let mut bad: Vec<(String, Vec<u8>)> = vec![
        ("as DER".into(), SERVICE.sign_der(&text)),
        ("of 63 bytes".into(), good[..63].to_vec()),
        ("of 63 bytes, the first one missing".into(), good[1..].to_vec()),
        ("of 65 bytes".into(), [&good[..], &[0]].concat()),
        ("of 65 bytes, a zero in front".into(), [&[0], &good[..]].concat()),
        ("of 66 bytes, each half with a zero in front".into(), [&[0], r, &[0], s].concat()),
        ("of 96 bytes".into(), [&good[..], &[0; 32]].concat()),
        ("of 32 bytes".into(), r.to_vec()),
        ("of no bytes".into(), Vec::new()),
        ("with r and s swapped".into(), [s, r].concat()),
        (
            "with both halves reversed".into(),
            r.iter().rev().chain(s.iter().rev()).copied().collect(),
        ),
        ("of another text".into(), SERVICE.sign("another text").to_vec()),
        ("of the text with the last dot".into(), SERVICE.sign(&format!("{text}.")).to_vec()),
        ("of the claims alone".into(), SERVICE.sign(text.split_once('.').unwrap().1).to_vec()),
        ("by another key".into(), ATTACKER.sign(&text).to_vec()),
    ];
    for (name, edge) in edges {
        bad.push((format!("with r = {name}"), [&edge, s].concat()));
        bad.push((format!("with s = {name}"), [r, &edge].concat()));
        bad.push((format!("with r = s = {name}"), [edge, edge].concat()));
    }
    for (name, signature) in bad {
        cases.push(attack(
            format!("signature {name}"),
            "Verification.Signature",
            with_signature(signature),
        ));
    }
    // ECDSA has two signatures for each text. Neither says anything that the other does not.
    cases.push(control("signature with n - s", with_signature(SERVICE.sign_with_other_s(&text))));

    let good = base64url(good);
    for (name, signature) in [
        ("with padding", format!("{good}==")),
        ("with one character of padding", format!("{good}=")),
        ("with a line break after it", format!("{good}\n")),
        ("with a space before it", format!(" {good}")),
        ("with a line break in it", format!("{}\n{}", &good[..40], &good[40..])),
        ("with the first character missing", good[1..].to_owned()),
        ("with a character too many", format!("{good}A")),
        ("with the standard alphabet", format!("+/{}", &good[2..])),
        ("percent-encoded", good.replacen(&good[..1], "%41", 1)),
        (
            "with bits to spare that are not zero",
            format!("{}{}", &good[..85], next_character(&good[85..])),
        ),
    ] {
        cases.push(attack(
            format!("signature {name}"),
            "Verification.Signature",
            token(format!("{text}.{signature}")),
        ));
    }
}

/// The next character of the alphabet: it differs in the bits that the last character has to spare.
pub(crate) fn next_character(last: &str) -> char {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    ALPHABET.chars().nth(ALPHABET.find(last).unwrap() + 1).unwrap()
}

fn parts(cases: &mut Vec<Value>) {
    let good = signed(claims().to_string())["token"].as_str().unwrap().to_owned();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        unreachable!()
    };
    for (name, text, error) in [
        ("no part", String::new(), "Verification.Shape"),
        ("one part", header.to_owned(), "Verification.Shape"),
        ("two parts", format!("{header}.{payload}"), "Verification.Shape"),
        ("four parts", format!("{good}.{signature}"), "Verification.Shape"),
        ("five parts, as JWE has", format!("{good}.{signature}.{signature}"), "Verification.Shape"),
        ("a dot before it", format!(".{good}"), "Verification.Shape"),
        ("a dot after it", format!("{good}."), "Verification.Shape"),
        ("two dots in a row", good.replacen('.', "..", 1), "Verification.Shape"),
        ("dots alone", "..".to_owned(), "Verification.Shape"),
        ("empty header", format!(".{payload}.{signature}"), "Verification.Shape"),
        ("empty payload", format!("{header}..{signature}"), "Verification.Signature"),
        ("empty signature", format!("{header}.{payload}."), "Verification.Signature"),
        ("a space before it", format!(" {good}"), "Verification.Shape"),
        ("a byte order mark before it", format!("\u{feff}{good}"), "Verification.Shape"),
        ("the word Bearer before it", format!("Bearer {good}"), "Verification.Shape"),
        ("a line break after it", format!("{good}\n"), "Verification.Signature"),
        (
            "in the JSON serialization",
            json!({"protected": header, "payload": payload, "signature": signature}).to_string(),
            "Verification.Shape",
        ),
        ("the claims alone, as JSON", claims().to_string(), "Verification.Shape"),
    ] {
        cases.push(attack(name, error, token(text)));
    }
    // Signed as they stand, so that only their form is wrong.
    let resigned = |header: &str, payload: &str| {
        let text = format!("{header}.{payload}");
        token(format!("{text}.{}", base64url(SERVICE.sign(&text))))
    };
    // One byte more than a multiple of three leaves four bits to spare.
    let mut odd = claims().to_string();
    while odd.len() % 3 != 1 {
        odd.push(' ');
    }
    let odd = base64url(odd);
    let with_spare_bits = |text: &str| {
        format!("{}{}", &text[..text.len() - 1], next_character(&text[text.len() - 1..]))
    };
    let spare_header = base64url(r#"{"alg":"ES256"}"#.to_owned() + " ");
    for (name, part_header, part_payload, error) in [
        ("header with padding", format!("{header}="), payload.to_owned(), "Verification.Shape"),
        ("header with a space", format!("{header} "), payload.to_owned(), "Verification.Shape"),
        (
            "header with bits to spare",
            with_spare_bits(&spare_header),
            payload.to_owned(),
            "Verification.Shape",
        ),
        (
            "header of one character more",
            format!("{header}A"),
            payload.to_owned(),
            "Verification.Shape",
        ),
        (
            "payload with padding",
            header.to_owned(),
            format!("{}==", base64url(claims().to_string())),
            "Verification.Claims",
        ),
        (
            "payload with a line break",
            header.to_owned(),
            format!("{payload}\n"),
            "Verification.Claims",
        ),
        (
            "payload with a space in it",
            header.to_owned(),
            payload.replacen('a', " ", 1),
            "Verification.Claims",
        ),
        (
            "payload with the standard alphabet",
            header.to_owned(),
            format!("{payload}+/+/"),
            "Verification.Claims",
        ),
        ("payload with a NUL", header.to_owned(), format!("{payload}\u{0}"), "Verification.Claims"),
    ] {
        cases.push(attack(name, error, resigned(&part_header, &part_payload)));
    }
    cases.push(attack(
        "payload with bits to spare",
        "Verification.Claims",
        resigned(header, &with_spare_bits(&odd)),
    ));
    cases.push(attack(
        "a token within the token",
        "Verification.Claims",
        resigned(header, &base64url(&good)),
    ));

    let other = json!({"alg": "ES256", "typ": "JWT", "x": 1}).to_string();
    cases.push(attack(
        "another header under the signature",
        "Verification.Signature",
        token(format!("{}.{payload}.{signature}", base64url(other))),
    ));
    let mut forged = claims();
    forged["data"] = ITEMS.replace("ada@", "eve@").into();
    let forged = base64url(forged.to_string());
    cases.push(attack(
        "other claims under the signature",
        "Verification.Signature",
        token(format!("{header}.{forged}.{signature}")),
    ));
}
