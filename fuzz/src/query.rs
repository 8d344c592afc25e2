//! A bare query: signed here, or by whoever sent it.

use crate::Scope;
use crate::oracle;
use crate::setup::LINK_SECRET;

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
    match outcome {
        Ok(by_signer) => {
            assert_eq!(by_signer, signed);
            let link = verified.unwrap();
            assert_eq!(link.pairs, pairs);
            link.check();
            // Neither for another purpose, nor as a URL.
            let other = Scope { purpose: "other", ..scope };
            assert!(both!(data, verify_query(other, &signed)).is_err());
            let url = format!("/?{signed}");
            assert!(both!(data, verify_url(scope, &url)).is_err());
        }
        // What can't be signed is not accepted with a right signature either.
        Err(error) => assert!(verified.is_err(), "{error}: {signed}"),
    }
}

pub(crate) fn mac(address: &str, pairs: &crate::plain::Pairs) -> String {
    format!("v2.{}", oracle::v2(LINK_SECRET, &oracle::signed_text(2, "", address, pairs)))
}
