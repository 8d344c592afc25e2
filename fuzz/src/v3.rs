//! A signature of version 3: one that somebody sent, and those that each backend makes and the other verifies.

use crate::{Scope, aws_lc, oracle, rust_crypto, v2};

pub fn run(data: &[u8]) {
    let Some([signature, query, purpose]) = crate::parts(data) else { return };
    let sent = format!("{query}&signature={}", oracle::encode(signature));
    if let Ok(link) = both!(data, verify_query_by_all(purpose, &sent)) {
        let (mut pairs, signature) = oracle::unsigned(&oracle::decode(&sent));
        pairs.retain(|(name, _)| name != "utm_source");
        v2::check(&signature, purpose, &pairs, link.key_id.as_deref());
    }
    let scope = Scope { public: true, public_url: false, purpose };
    if let Ok(link) = both!(data, verify_query(scope, &sent)) {
        let (pairs, signature) = oracle::unsigned(&oracle::decode(&sent));
        assert_eq!(pairs, link.pairs);
        let text = oracle::signed_text(3, purpose, "", &pairs);
        assert!(oracle::is_v3(&signature, &text));
    }

    let outcomes = [aws_lc::sign_query(scope, query), rust_crypto::sign_query(scope, query)];
    assert_eq!(outcomes[0].as_ref().err(), outcomes[1].as_ref().err());
    for signed in outcomes.into_iter().flatten() {
        let link = both!(data, verify_query(scope, &signed)).unwrap();
        link.check();
        assert_eq!(link.pairs, oracle::decode(query));
        let (pairs, signature) = oracle::unsigned(&oracle::decode(&signed));
        assert!(oracle::is_v3(&signature, &oracle::signed_text(3, purpose, "", &pairs)));
        // The purpose counts, each parameter does, and the last character of the signature.
        let longer = format!("{purpose}x");
        let other = Scope { purpose: &longer, ..scope };
        assert!(aws_lc::verify_query(other, &signed).is_err());
        assert!(aws_lc::verify_query(scope, &format!("{signed}&x=1")).is_err());
        assert!(aws_lc::verify_query(scope, &signed[..signed.len() - 1]).is_err());
    }
}
