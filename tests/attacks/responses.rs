//! Responses to an exchange, without I/O.

use civic_sip::{CivicSip, CivicSipBuilder, Error, Reply, UserData};
use serde_json::{Value, json};

use crate::case::{at, exchange_name, joined, key, run, text};

const SECRET: &str = "50c0c3273d5a7ca8a04287f82c6d0111";
const USER_ID: &str = "c6d5795f8a059ef5ad29a33a60f8b402a172c3e0bbe50fd230ae8e0303609b42";

pub(crate) fn builder() -> CivicSipBuilder {
    CivicSip::builder()
        .app_id("app42")
        .private_signing_key("ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4")
        .secret(SECRET)
        .sip_public_key(key("point"))
        .clock(at(1_795_216_600))
}

fn open(client: &CivicSip, status: u16, body: Vec<u8>) -> Result<UserData, Error> {
    match client.response(status, body)? {
        Reply::UserData(user) => Ok(user),
        other => panic!("{other:?}"),
    }
}

/// The token in an envelope that is right.
fn envelope(token: &str, encrypted: bool) -> Vec<u8> {
    json!({"data": token, "userId": USER_ID, "encrypted": encrypted, "alg": "aes"})
        .to_string()
        .into_bytes()
}

fn open_token(client: &CivicSip, token: &str, encrypted: bool) -> Result<UserData, Error> {
    let outcome = open(client, 200, envelope(token, encrypted));
    // A large payload is the token by itself, and opened by the same rules.
    let link = json!({
        "data": "https://bucket.s3.amazonaws.com/x", "userId": USER_ID, "encrypted": encrypted, "processed": true,
    });
    let Ok(Reply::Payload(link)) = client.response(200, link.to_string().into_bytes()) else {
        panic!("no link")
    };
    // White space at its end is not part of it.
    if token.trim_ascii_end() == token {
        let by_link = link.open(200, token.as_bytes().to_vec());
        assert_eq!(
            by_link.as_ref().map_err(exchange_name),
            outcome.as_ref().map_err(exchange_name)
        );
    }
    outcome
}

#[test]
fn tokens() {
    let client = builder().build().unwrap();
    run(include_str!("jwt.jsonl"), |case| {
        let user =
            open_token(&client, text(case, "token"), false).map_err(|e| exchange_name(&e))?;
        // Whatever passes says what the service signed.
        assert_eq!(user.email(), Some("ada@example.com"), "{case}");
        Ok(user)
    });
}

#[test]
fn ciphertexts() {
    let client = builder().build().unwrap();
    run(include_str!("ciphertext.jsonl"), |case| {
        open_token(&client, text(case, "token"), true).map_err(|error| exchange_name(&error))
    });
}

/// One text and one path: neither an error nor its sources tell padding from length, or from base64.
#[test]
fn every_decryption_that_fails_says_the_same() {
    let client = builder().build().unwrap();
    let mut texts = std::collections::BTreeSet::new();
    let mut count = 0;
    for line in include_str!("ciphertext.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if case["error"] == "Decryption" {
            let error = open_token(&client, text(&case, "token"), true).unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string);
            texts.insert(format!(
                "{error} {error:?} {source:?} {:?} {:?}",
                error.status(),
                error.body()
            ));
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[test]
fn bodies() {
    let client = builder().build().unwrap();
    run(include_str!("responses.jsonl"), |case| {
        let mut body = joined(&case["body"]);
        let more = case["then_bytes"].as_array().into_iter().flatten();
        body.extend(more.map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap()));
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        open(&client, status, body).map_err(|error| exchange_name(&error))
    });
}

/// Any byte of a token that is changed, or missing, or more, is noticed.
#[test]
fn every_byte_of_a_token_counts() {
    let client = builder().build().unwrap();
    let control = include_str!("jwt.jsonl").lines().next().unwrap();
    let case: Value = serde_json::from_str(control).unwrap();
    let token = text(&case, "token");
    assert!(open_token(&client, token, false).is_ok());
    let refuse = |token: String| {
        let error = open(&client, 200, envelope(&token, false)).unwrap_err();
        assert!(error.is_verification(), "{token}: {error:?}");
    };
    for at in 0..token.len() {
        let (before, after) = (&token[..at], &token[at + 1..]);
        for byte in ["A", "z", "-", "=", ".", "\u{0}", "é"] {
            if &token[at..=at] != byte {
                refuse(format!("{before}{byte}{after}"));
            }
        }
        refuse(format!("{before}{after}"));
        refuse(format!("{before}A{}", &token[at..]));
        refuse(before.to_owned());
    }
}
