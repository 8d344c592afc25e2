//! What holds for any parameters.

use std::collections::{BTreeSet, HashMap};

use civic_sip::authsig::{QueryError, SignError};
use proptest::prelude::*;

use super::*;

/// Names and values of any characters, escaped in one of the ways that decode to the same.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "login",
            "service",
            "a",
            "b",
            "x[]",
            "y[k]",
            "A",
            "é",
            "redirect_url",
            "="
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9._~ &=+%#?/:;é李-]{0,6}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z0-9]{1,8}",
        any::<String>().prop_map(|text| text.chars().take(12).collect()),
    ]
}

fn escape(text: &str, style: u8) -> String {
    text.bytes()
        .enumerate()
        .map(|(at, byte)| match byte {
            b' ' if style.is_multiple_of(2) => "+".to_owned(),
            b'a'..=b'z' | b'0'..=b'9' if at % 5 != usize::from(style % 5) => {
                char::from(byte).to_string()
            }
            byte if style.is_multiple_of(3) => format!("%{byte:02x}"),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn write(pairs: &[(String, String)], style: u8) -> String {
    let parts: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name, style), escape(value, style)))
        .collect();
    parts.join("&")
}

/// An independent reading, to know when a change changes nothing.
fn decode(query: &str) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let one = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            bytes.push(match first {
                b'+' => b' ',
                b'%' => {
                    let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                    rest = &rest[2..];
                    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
                    u8::from_str_radix(digits, 16).ok()?
                }
                byte => *byte,
            });
        }
        Some(bytes)
    };
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((one(name)?, one(value)?))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_comes_back(
        pairs in prop::collection::vec((name(), value()), 0..8),
        styles in (any::<u8>(), any::<u8>()),
        shift in any::<prop::sample::Index>(),
    ) {
        let signed = match signer().sign_query(&write(&pairs, styles.0)) {
            Ok(signed) => signed,
            Err(SignError::Query(
                QueryError::Lookalike(_)
                | QueryError::Indistinct(_)
                | QueryError::PlainAndBracketed(_)
                | QueryError::Repeated(_)
                | QueryError::Empty(_),
            )) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        let verified = verifier().verify_query(&signed).unwrap();
        let expected: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (&**n, &**v)).collect();
        prop_assert_eq!(verified.iter().collect::<Vec<_>>(), expected);
        for (name, _) in &pairs {
            let all: Vec<_> = pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect();
            prop_assert_eq!(verified.get_all(name).collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(verified.get(name), all.first().copied().filter(|_| all.len() == 1));
        }
        // Escaped otherwise, with the signature in front: the same. In another order: not.
        let mut moved = pairs.clone();
        if !moved.is_empty() {
            let at = shift.index(moved.len());
            moved.rotate_left(at);
        }
        let signature = signed.rsplit_once("signature=").unwrap().1;
        let moved_query = format!("signature={signature}&{}&", write(&moved, styles.1));
        let is_same = pairs == moved;
        prop_assert_eq!(verifier().verify_query(&moved_query).is_ok(), is_same);
    }

    #[test]
    fn any_change_of_one_byte_is_refused(
        pairs in prop::collection::vec((name(), value()), 1..6),
        at in any::<prop::sample::Index>(),
        byte in 0_u8..0x80,
        kind in 0..3,
    ) {
        let Ok(signed) = signer().sign_query(&write(&pairs, 1)) else { return Ok(()) };
        let mut changed = signed.clone().into_bytes();
        let at = at.index(changed.len());
        match kind {
            0 => changed[at] = byte,
            1 => changed.insert(at, byte),
            _ => { changed.remove(at); }
        }
        let changed = String::from_utf8(changed).unwrap();
        let is_same = decode(&changed) == decode(&signed);
        let verified = verifier().verify_query(&changed);
        prop_assert_eq!(verified.is_ok(), is_same, "{} {:?}", changed, verified);
    }

    #[test]
    fn nothing_panics_on_any_string(text in any::<String>(), more in "[-a-z0-9=&%+;\\[\\].:$/?#@ \u{0}-\u{20}]{0,60}") {
        for text in [&*text, &*more] {
            for url in [text.to_owned(), format!("/?{text}"), format!("https://{text}"), format!("/?login=a&signature={text}")] {
                let _ = signer().sign_url(&url);
                let _ = signer().sign_query(&url);
                let _ = signer().link(&*url).segment(text).param(text, text).fragment(text).sign();
                let configured = signing().public_url(&*url).purpose(text).ignore([text]);
                if let Ok(signer) = configured.secrets([(text, text)]).build() {
                    let _ = signer.sign_query(&url);
                }
                prop_assert!(verifier().verify_url(&url).is_err());
                prop_assert!(verifier().verify_query(&url).is_err());
                prop_assert!(civic_sip::authsig::PublicKeys::from_jwks(text).is_err());
                prop_assert!(civic_sip::authsig::PrivateKey::from_pem(text).is_err());
                prop_assert!(civic_sip::authsig::PrivateKey::from_hex(text).is_err());
            }
        }
    }

    /// Whatever is signed as a URL, the path that is verified is the one that was signed.
    #[test]
    fn a_url_is_signed_as_it_stands(path in "(/[-a-zA-Z0-9._~%!$&'()*+,;=:@]{0,6}){1,4}", query in "[a-z]{1,3}=[a-z0-9]{0,5}") {
        let url = format!("{path}?{query}");
        match signer().sign_url(&url) {
            Ok(signed) => {
                prop_assert!(signed.starts_with(&url));
                prop_assert!(verifier().verify_url(&signed).is_ok());
                // By an independent parser, which removes dot segments.
                let parsed = reqwest::Url::parse(&format!("https://h{signed}")).unwrap();
                prop_assert_eq!(parsed.path(), path);
            }
            Err(SignError::Url(_)) => {}
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
    }
}

/// All parameter sets of at most two names and short values over a small alphabet, some of it with a meaning.
fn small_sets() -> Vec<Vec<(String, String)>> {
    let alphabet =
        ["", "a", "b", ":", "=", "&", "%", "a=", "&a", "%3D", "a:b", "\n", "aa", "ab", "+", " "];
    let mut sets = vec![Vec::new()];
    let pairs: Vec<_> = alphabet
        .iter()
        .flat_map(|name| alphabet.iter().map(|value| ((*name).to_owned(), (*value).to_owned())))
        .filter(|(name, _)| name != "\n")
        .collect();
    for pair in &pairs {
        sets.push(vec![pair.clone()]);
        for other in pairs.iter().step_by(3) {
            sets.push(vec![pair.clone(), other.clone()]);
        }
    }
    sets
}

#[test]
fn no_two_links_have_one_signature() {
    let mut seen: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let mut count = 0;
    let signer = signer();
    for set in small_sets() {
        let Ok(signed) = signer.sign_query(&write(&set, 1)) else { continue };
        count += 1;
        let signature = signed.rsplit_once("signature=").unwrap().1.to_owned();
        if let Some(other) = seen.insert(signature, set.clone()) {
            assert_eq!(other, set);
        }
    }
    assert!(count > 10_000, "{count}");
    // Nor does a purpose, a public URL or a path ever pass for another, or for parameters.
    let mut texts = BTreeSet::new();
    for purpose in ["", "a", "a\n", "\na", "https://h", "a=b", "/"] {
        for base in ["", "https://h", "https://h/a"] {
            let mut signing = signing();
            if !purpose.is_empty() {
                signing = signing.purpose(purpose);
            }
            if !base.is_empty() {
                signing = signing.public_url(base);
            }
            let signer = signing.build().unwrap();
            for query in ["", "a=b", "a", "https://h/=", "%2F", "a=b%0A"] {
                for path in ["/", "/a", "/a=b", "/h"] {
                    let signed = signer.sign_url(&format!("{path}?{query}")).unwrap();
                    let signature = signed.rsplit_once("signature=").unwrap().1.to_owned();
                    // `https://h` with `/a/…` and `https://h/a` with `/…` are one address.
                    let key = (signature.clone(), purpose, format!("{base}{path}"), query);
                    let is_new = texts.insert(key);
                    let same = texts.iter().filter(|(other, ..)| *other == signature).count();
                    assert!(!is_new || same == 1, "{purpose:?} {base:?} {path:?} {query:?}");
                }
            }
        }
    }
}
