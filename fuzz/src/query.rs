//! A bare query: signed here, or by whoever sent it.

use crate::Scope;
use crate::oracle;
use crate::plain::Link;
use crate::setup::{LINK_SECRET, NOW};

const SCOPE: Scope<'_> = Scope { public: false, public_url: false, purpose: "" };

pub fn run(data: &[u8]) {
    let Ok(query) = str::from_utf8(data) else { return };
    let scope = SCOPE;
    if let Ok(link) = both!(data, verify_query(scope, query)) {
        link.check();
        let (pairs, signature) = oracle::unsigned(&oracle::decode(query));
        assert_eq!(pairs, link.pairs);
        assert_eq!(signature, mac("", &pairs));
    }
    let outcome = both!(data, sign_query(scope, query));
    let pairs = oracle::decode(query);
    let separator = if query.is_empty() || query.ends_with('&') { "" } else { "&" };
    let signed = format!("{query}{separator}signature={}", mac("", &pairs));
    let verified = both!(data, verify_query(scope, &signed));
    let demanding = both!(data, verify_demanding(&signed));
    let consumed = both!(data, consume(&signed));
    match outcome {
        Ok(by_signer) => {
            assert_eq!(by_signer, signed);
            let link = verified.unwrap();
            assert_eq!(demanding.is_ok(), meets_demands(&link), "{demanding:?}");
            let nonce = pairs.iter().find(|(name, _)| name == "nonce");
            let is_nonce = |(_, text): &(String, String)| {
                text.len() == 22
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            };
            let may_be_used_up = nonce.is_some_and(is_nonce) && link.expires_at.is_some();
            assert_eq!(consumed.is_ok(), may_be_used_up, "{consumed:?}");
            // The signer adds an expiry and a nonce, which differs each time.
            let is_free = |name: &str| !pairs.iter().any(|(other, _)| other == name);
            if let Ok(expiry) = both!(data, sign_once(query)) {
                assert!(is_free("expires_at") && is_free("nonce"));
                assert_eq!(expiry, Some(NOW as i64 + 600));
            } else {
                let has_room = query.len() < 16_000 && pairs.len() < 250;
                assert!(!is_free("expires_at") || !is_free("nonce") || !has_room);
            }
            assert_eq!(link.pairs, pairs);
            link.check();
            // Neither for another purpose, nor as a URL.
            let other = Scope { purpose: "other", ..scope };
            assert!(both!(data, verify_query(other, &signed)).is_err());
            let url = format!("/?{signed}");
            assert!(both!(data, verify_url(scope, &url)).is_err());
        }
        // What can't be signed is not accepted with a right signature either.
        Err(error) => {
            assert!(verified.is_err(), "{error}: {signed}");
            assert!(demanding.is_err() && consumed.is_err());
        }
    }
}

/// Whether it is for `user_1`, has an `a` and an expiry, and is at most a minute old.
fn meets_demands(link: &Link) -> bool {
    link.login.as_deref() == Some("user_1")
        && link.pairs.iter().any(|(name, _)| name == "a")
        && link.expires_at.is_some()
        // In whole seconds: a fraction more is too much.
        && link.time.is_some_and(|time| NOW as i64 - time <= 60)
}

pub(crate) fn mac(address: &str, pairs: &crate::plain::Pairs) -> String {
    format!("v2.{}", oracle::v2(LINK_SECRET, &oracle::signed_text(2, "", address, pairs)))
}
