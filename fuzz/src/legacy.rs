//! The original server's signature: one that somebody sent, and one over any parameters.

use crate::plain::Identity;
use crate::setup::LINK_SECRET;
use crate::{aws_lc, oracle, rust_crypto};

/// What is demanded beyond the signature.
fn check_demands(query: &str, identity: &Identity) {
    check(query, identity);
    assert!(identity.login.starts_with("user_"));
    assert!(identity.time.is_some());
}

pub fn run(data: &[u8]) {
    let Ok(query) = str::from_utf8(data) else { return };
    if let Ok(identity) = mostly_one!(data, data.len(), verify_legacy_demanding(query)) {
        check_demands(query, &identity);
    }
    for only_names in [false, true] {
        if let Ok(identity) = mostly_one!(data, data.len(), verify_legacy(query, only_names)) {
            check(query, &identity);
        }
        let pairs = oracle::decode(query);
        if pairs.iter().any(|(name, _)| name.contains(['[', ']']) || name == "secret") {
            continue;
        }
        let text = oracle::legacy_text(&pairs, LINK_SECRET);
        let outcome = mostly_one!(data, data.len(), sign_legacy(query, only_names));
        let Some(signature) = oracle::legacy(&text) else {
            assert!(outcome.is_err());
            continue;
        };
        let separator = if query.is_empty() || query.ends_with('&') { "" } else { "&" };
        let signed = format!("{query}{separator}signature={}", oracle::encode(&signature));
        let verified = mostly_one!(data, data.len(), verify_legacy(&signed, only_names));
        if !only_names
            && let Ok(identity) = mostly_one!(data, data.len(), verify_legacy_demanding(&signed))
        {
            check_demands(&signed, &identity);
        }
        if let Ok(identity) = &verified {
            check(&signed, identity);
            // Signing does not look at times.
            assert_eq!(outcome, Ok(()), "{query}");
        }
        if outcome.is_ok() {
            let signed = aws_lc::signed_legacy(query, only_names);
            let (_, signature) = oracle::unsigned(&oracle::decode(&signed));
            assert!(oracle::is_legacy(&signature, &text), "{query}");
            if crate::is_sampled(data) {
                let signed = rust_crypto::signed_legacy(query, only_names);
                assert_eq!(aws_lc::verify_legacy(&signed, only_names), verified);
            }
        }
    }
}

/// The signature fits the text of the URL as it is read.
fn check(query: &str, identity: &Identity) {
    let (pairs, signature) = oracle::unsigned(&oracle::decode(query));
    let last = |wanted: &str| {
        pairs.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
    };
    assert_eq!(Some(&identity.login), last("login").as_ref());
    assert_eq!(identity.service, last("service").unwrap_or("password".to_owned()));
    assert!(identity.audience.is_empty());
    if !pairs.iter().any(|(name, _)| name.contains(['[', ']'])) {
        assert!(oracle::is_legacy(&signature, &oracle::legacy_text(&pairs, LINK_SECRET)));
    }
}
