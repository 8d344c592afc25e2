//! What holds for any bytes: no panic, nothing accepted that another parser reads differently, no change unnoticed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic_sip::Reply;
use civic_sip::authsig::decide::{Authority, Consent, DefaultParams, Defaults, Person};
use civic_sip::authsig::{
    IdentityVerifier, Notification, PrivateKey, PublicKeys, Signer, State, Verified, Verifier,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::case::at;
use crate::links::{NOW, SECRET, public_keys};
use crate::responses::builder;

/// The scalar of the service's key.
const SERVICE_KEY: [u8; 32] = [7; 32];

/// A token of the service over any bytes.
fn signed(header: &[u8], claims: &[u8]) -> String {
    // ECPrivateKey (RFC 5915).
    let der = [
        &[0x30, 0x31, 2, 1, 1, 4, 0x20][..],
        &SERVICE_KEY,
        &[0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    ];
    let key = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der.concat())
        .unwrap();
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Any bytes, and texts that come closer to what is parsed.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[-\\[\\]{}\",:.0-9eE+a-z \\\\\n]{0,80}".prop_map(String::into_bytes),
        any::<String>().prop_map(String::into_bytes),
    ]
}

/// A valid text with some bytes changed, put in or taken out.
fn mutated(text: String) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\"\\{}[]:,u0e. \n".to_vec())];
    prop::collection::vec((any::<prop::sample::Index>(), byte, 0..4), 0..4).prop_map(move |edits| {
        let mut bytes = text.clone().into_bytes();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if bytes.len() > 1 => drop(bytes.remove(at)),
                // Members that stand twice.
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    })
}

fn notification() -> String {
    let data = json!({"login": "a\"\u{e9}", "n": [1.50, null, {"x": "y"}]});
    json!({"verified": true, "url": "https://id.example/verify/verified?login=a", "data": data, "more": 1})
        .to_string()
}

/// A key set with all members that are read.
fn jwks() -> String {
    let mut set: Value = serde_json::from_str(&crate::case::key("jwks")).unwrap();
    let key = &mut set["keys"][0];
    (key["alg"], key["use"], key["key_ops"]) = (json!("ES256"), json!("sig"), json!(["verify"]));
    set.to_string()
}

fn pairs(verified: &Verified) -> Vec<(String, String)> {
    verified.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_response_panic(status in any::<u16>(), one in bytes(), other in bytes(), encrypted in any::<bool>()) {
        let client = builder().build().unwrap();
        let open = |status, body: Vec<u8>| client.response(status, body).is_ok();
        prop_assert!(!open(status, one.clone()));
        prop_assert!(!open(200, one.clone()));
        let text = String::from_utf8_lossy(&one);
        let now = 1_795_216_600;
        let claims = json!({
            "iss": "civic-sip-hosted-service", "aud": "https://api.civic.com/sip/", "sub": "app42",
            "iat": now, "exp": now + 60, "data": text,
        });
        for token in [
            text.clone().into_owned(),
            signed(&one, &other),
            signed(br#"{"alg":"ES256"}"#, &one),
            signed(br#"{"alg":"ES256"}"#, claims.to_string().as_bytes()),
        ] {
            let body = |processed| json!({"data": token, "userId": "1", "encrypted": encrypted, "processed": processed});
            // Bytes at random are no items, but for an empty list.
            let is_empty = !encrypted && text.trim() == "[]";
            prop_assert!(!open(200, body(false).to_string().into_bytes()) || is_empty);
            let _ = client.response(200, body(true).to_string().into_bytes());
            let link = json!({"data": "https://b.s3.amazonaws.com/", "userId": "1", "encrypted": encrypted, "processed": true});
            let Ok(Reply::Payload(link)) = client.response(200, link.to_string().into_bytes()) else { panic!() };
            let _ = link.open(status, one.clone());
            prop_assert!(link.open(200, token.into_bytes()).is_err() || is_empty);
        }
        let _ = client.request(&*text);
    }

    #[test]
    fn no_bytes_make_authsig_panic(one in bytes(), other in bytes()) {
        let (one, text) = (String::from_utf8_lossy(&one).into_owned(), String::from_utf8_lossy(&other).into_owned());
        let identities = IdentityVerifier::builder("https://id.example").public_keys(public_keys()).audience("https://app.example/");
        let identities = identities.clock(at(NOW)).build().unwrap();
        prop_assert!(identities.verify_url(&one).is_err());
        let url = format!("https://id.example/verified?{one}&signature={text}");
        prop_assert!(identities.verify_url(&url).is_err());
        prop_assert!(Notification::parse(&one).is_err());
        prop_assert!(PublicKeys::from_jwks(&one).is_err());
        prop_assert!(one.parse::<State>().is_err());
        let _ = DefaultParams::from_json(&one);
        let authority = Authority::builder("https://id.example").private_key(PrivateKey::from_hex(&"07".repeat(32)).unwrap());
        let authority = authority.build().unwrap();
        let (person, consent) = (Person::new(&*one, &text), Consent::new(&*text));
        for query in [one.clone(), format!("provides=login&{one}"), format!("redirect_url={one}&login={text}")] {
            let signed = authority.decide(&query, Some(&person), &Defaults::new(), Some(&consent), at(NOW)());
            // Nobody is redirected anywhere: no consent is real.
            if let Ok(signed) = signed {
                prop_assert!(signed.redirect().is_none() && signed.notification().is_none());
            }
            prop_assert!(authority.verify(&query, at(NOW)()).is_err());
        }
        #[cfg(feature = "authsig-legacy")]
        {
            let legacy = civic_sip::authsig::legacy::Verifier::builder().secret(SECRET).build().unwrap();
            prop_assert!(legacy.verify_query(&one).is_err());
            let url = format!("/?login={one}&signature={text}");
            prop_assert!(legacy.verify_url(&url).is_err());
        }
    }

    /// The strict reader accepts nothing that serde_json does not, and reads the same.
    #[test]
    fn no_json_is_read_that_serde_json_rejects(body in mutated(notification()), keys in mutated(jwks())) {
        if let Ok(read) = Notification::parse(&body) {
            let value: Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(&value["verified"], &json!(true));
            prop_assert_eq!(value["url"].as_str(), Some(read.url()));
            let data = read.data().map(|data| serde_json::from_str::<Value>(data).unwrap());
            prop_assert_eq!(value.get("data"), data.as_ref());
            // No member stands twice.
            let members = value.as_object().unwrap().len();
            let unique: std::collections::BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(members, unique.len());
        }
        if let Ok(text) = String::from_utf8(keys)
            && let Ok(read) = PublicKeys::from_jwks(&text)
        {
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert!(read.ids().count() <= value["keys"].as_array().unwrap().len());
        }
    }

    /// A change of one byte is noticed, or changes nothing of what is read.
    #[test]
    fn a_changed_url_is_no_other_link(
        path in "(/[a-zA-Z0-9._~%!-]{0,5}){1,3}",
        query in prop::collection::vec(("[a-z]{1,4}", "[ -~é]{0,6}"), 0..4),
        at in any::<prop::sample::Index>(),
        byte in 0_u8..0x80,
        kind in 0..3,
        is_public in any::<bool>(),
    ) {
        let base = "https://app.example/a";
        let (signing, verifying) = (Signer::builder().public_url(base), Verifier::builder().public_url(base));
        let (signer, verifier) = if is_public {
            let key = PrivateKey::from_hex(&"07".repeat(32)).unwrap();
            (signing.private_key(key), verifying.public_keys(public_keys()))
        } else {
            (signing.secret(SECRET), verifying.secret(SECRET))
        };
        let (signer, verifier) = (signer.build().unwrap(), verifier.build().unwrap());
        let link = query.iter().fold(signer.link(&*path), |link, (name, value)| link.param(name, value));
        let Ok(url) = link.sign() else { return Ok(()) };
        let good = verifier.verify_url(&url).unwrap();
        let expected: Vec<_> = query.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        prop_assert_eq!(&pairs(&good)[..query.len()], &expected[..]);

        let mut changed = url.clone().into_bytes();
        let at = at.index(changed.len());
        match kind {
            0 => changed[at] = byte,
            1 => changed.insert(at, byte),
            _ => drop(changed.remove(at)),
        }
        let changed = String::from_utf8_lossy(&changed).into_owned();
        if let Ok(verified) = verifier.verify_url(&changed) {
            prop_assert_eq!(pairs(&verified), pairs(&good), "{}", changed);
            let address = |url: &str| url.split(['?', '#']).next().unwrap().to_owned();
            prop_assert_eq!(address(&changed).replacen(base, "", 1), address(&url).replacen(base, "", 1));
        }
    }

    /// What is accepted is read alike by `url`: the same host, path and parameters.
    #[test]
    fn a_link_is_what_url_reads(path in "(/[-a-zA-Z0-9._~%!$&'()*+,;=:@]{0,6}){1,4}", query in "[a-zA-Z0-9=&%+._~!*'():@,/?\\[\\]-]{0,24}") {
        let signer = Signer::builder().secret(SECRET).public_url("https://app.example").build().unwrap();
        let verifier = Verifier::builder().secret(SECRET).public_url("https://app.example").build().unwrap();
        let Ok(signed) = signer.sign_url(&format!("https://app.example{path}?{query}")) else { return Ok(()) };
        let verified = verifier.verify_url(&signed).unwrap();
        let url = url::Url::parse(&signed).unwrap();
        prop_assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some("app.example"), None));
        prop_assert_eq!(url.path(), path);
        let read: Vec<(String, String)> = url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
        let (last, read) = read.split_last().unwrap();
        prop_assert_eq!(&last.0, "signature");
        prop_assert_eq!(read, &pairs(&verified)[..]);
    }
}
