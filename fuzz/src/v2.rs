//! A signature of version 2: one that somebody sent, and any id, secret and purpose.

use crate::oracle;
use crate::setup::{LINK_SECRET, OTHER_SECRET};

pub fn run(data: &[u8]) {
    // The secret last: it may be anything.
    let Some([signature, query, purpose, id, secret]) = crate::parts(data) else { return };
    let sent = format!("{query}&signature={}", oracle::encode(signature));
    if let Ok(link) = both!(data, verify_query_by_all(purpose, &sent)) {
        link.check();
        let (mut pairs, signature) = oracle::unsigned(&oracle::decode(&sent));
        pairs.retain(|(name, _)| name != "utm_source");
        assert_eq!(pairs, link.pairs);
        check(&signature, purpose, &pairs, link.key_id.as_deref());
    }
    if let Ok((signed, link)) = both!(data, sign_with((id, secret, purpose), query)) {
        link.check();
        assert!(secret.len() >= 16 && !purpose.is_empty());
        let (pairs, signature) = oracle::unsigned(&oracle::decode(&signed));
        assert_eq!(pairs, link.pairs);
        let text = oracle::signed_text(2, purpose, "", &pairs);
        assert_eq!(signature, format!("v2.{id}.{}", oracle::v2(secret, &text)));
        assert_eq!(link.key_id.as_deref(), Some(id));
    }
}

/// The signature is one that this key makes.
pub(crate) fn check(
    signature: &str,
    purpose: &str,
    pairs: &crate::plain::Pairs,
    key_id: Option<&str>,
) {
    if signature.starts_with("v3.") {
        assert!(oracle::is_v3(signature, &oracle::signed_text(3, purpose, "", pairs)));
        assert_eq!(key_id, Some(oracle::key_id()));
        return;
    }
    let text = oracle::signed_text(2, purpose, "", pairs);
    let secret = match key_id {
        Some("new") => OTHER_SECRET,
        Some("old") => LINK_SECRET,
        other => panic!("{other:?}"),
    };
    let mac = oracle::v2(secret, &text);
    let id = key_id.unwrap_or_default();
    assert!(signature == format!("v2.{mac}") || signature == format!("v2.{id}.{mac}"));
}
