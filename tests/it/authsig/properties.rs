//! What holds for any parameters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use civic_sip::authsig::legacy;
use civic_sip::authsig::{Error, Signer, Verifier};
use proptest::prelude::*;

const SECRET: &str = "Test house secret.";

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
                    u8::from_str_radix(digits, 16).ok()?
                }
                byte => *byte,
            });
        }
        Some(bytes)
    };
    let parts = query.split('&').filter(|part| !part.is_empty());
    let mut pairs: Vec<_> = parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((one(name)?, one(value)?))
        })
        .collect::<Option<_>>()?;
    // Equal names keep their order.
    pairs.sort_by(|a: &(Vec<u8>, Vec<u8>), b| a.0.cmp(&b.0));
    Some(pairs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_comes_back(
        pairs in prop::collection::vec((name(), value()), 0..8),
        styles in (any::<u8>(), any::<u8>()),
        shift in any::<prop::sample::Index>(),
    ) {
        let signed = match Signer::new(SECRET).sign_query(&write(&pairs, styles.0)) {
            Ok(signed) => signed,
            Err(Error::RefusedParameter { .. } | Error::RepeatedParameter(_)) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        let verified = Verifier::new(SECRET).verify_query(&signed).unwrap();
        let expected: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (&**n, &**v)).collect();
        prop_assert_eq!(verified.iter().collect::<Vec<_>>(), expected);
        for (name, _) in &pairs {
            let all: Vec<_> = pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect();
            prop_assert_eq!(verified.get_all(name).collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(verified.get(name), all.first().copied().filter(|_| all.len() == 1));
        }
        // In another order of different names, escaped otherwise, with the signature in front: the same.
        let mut moved = pairs.clone();
        if !moved.is_empty() {
            let at = shift.index(moved.len());
            moved.rotate_left(at);
        }
        let signature = signed.rsplit_once("signature=").unwrap().1;
        let moved_query = format!("signature={signature}&{}&", write(&moved, styles.1));
        let is_same = {
            let sorted = |pairs: &[(String, String)]| { let mut pairs = pairs.to_vec(); pairs.sort_by(|a, b| a.0.cmp(&b.0)); pairs };
            sorted(&pairs) == sorted(&moved)
        };
        prop_assert_eq!(Verifier::new(SECRET).verify_query(&moved_query).is_ok(), is_same);
    }

    #[test]
    fn any_change_of_one_byte_is_refused(
        pairs in prop::collection::vec((name(), value()), 1..6),
        at in any::<prop::sample::Index>(),
        byte in 0_u8..0x80,
        kind in 0..3,
    ) {
        let Ok(signed) = Signer::new(SECRET).sign_query(&write(&pairs, 1)) else { return Ok(()) };
        let mut changed = signed.clone().into_bytes();
        let at = at.index(changed.len());
        match kind {
            0 => changed[at] = byte,
            1 => changed.insert(at, byte),
            _ => { changed.remove(at); }
        }
        let changed = String::from_utf8(changed).unwrap();
        let is_same = decode(&changed) == decode(&signed);
        let verified = Verifier::new(SECRET).verify_query(&changed);
        prop_assert_eq!(verified.is_ok(), is_same, "{} {:?}", changed, verified);
    }

    #[test]
    fn nothing_panics_on_any_string(text in any::<String>(), more in "[-a-z0-9=&%+;\\[\\].:$/?#@ \u{0}-\u{20}]{0,60}") {
        for text in [&*text, &*more] {
            for url in [text.to_owned(), format!("/?{text}"), format!("https://{text}"), format!("/?login=a&signature={text}")] {
                let _ = Signer::new(SECRET).sign_url(&url);
                let _ = Signer::new(SECRET).bind_to(&*url).purpose(text).ignore([text]).sign_query(&url);
                prop_assert!(Verifier::new(SECRET).verify_url(&url).is_err());
                prop_assert!(Verifier::new(SECRET).verify_query(&url).is_err());
                prop_assert!(legacy::Verifier::new(SECRET).max_cost(4).verify_url(&url).is_err());
                let _ = legacy::Signer::new(SECRET).cost(4).only_names([text]).sign_query(&url);
                prop_assert!(civic_sip::authsig::Notification::parse(&url).is_err());
                let _ = civic_sip::authsig::Request::new(&*url).param(text, text).time(text).url();
            }
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
fn no_two_parameter_sets_have_one_signature_in_version_2() {
    let signer = Signer::new(SECRET);
    let mut seen: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let mut count = 0;
    for mut set in small_sets() {
        let Ok(signed) = signer.sign_query(&write(&set, 1)) else { continue };
        count += 1;
        set.sort_by(|a, b| a.0.cmp(&b.0));
        let signature = signed.rsplit_once("signature=").unwrap().1.to_owned();
        if let Some(other) = seen.insert(signature, set.clone()) {
            assert_eq!(other, set);
        }
    }
    assert!(count > 10_000, "{count}");
    // Nor does a purpose or a target ever pass for parameters.
    let mut texts = BTreeSet::new();
    for purpose in ["", "a", "a\n", "\na", "https://h/", "a=b"] {
        for target in ["", "https://h/", "https://h/a", "https://h/a=b"] {
            for query in ["", "a=b", "a", "https://h/=", "%0A", "a=b%0A"] {
                let mut signer = Signer::new(SECRET).purpose(purpose);
                if !target.is_empty() {
                    signer = signer.bind_to(target);
                }
                let Ok(signed) = signer.sign_query(query) else { continue };
                assert!(
                    texts.insert(signed.rsplit_once("signature=").unwrap().1.to_owned()),
                    "{purpose:?} {target:?} {query:?}"
                );
            }
        }
    }
}

type Set<'s> = Vec<(&'s str, &'s str)>;

/// Every way to share one legacy text over a small alphabet: what the verifier accepts of them says the same.
#[test]
fn no_two_accepted_legacy_urls_with_one_text_disagree() {
    let names = ["login", "a", "loginx", "m", "service", "time", "z"];
    let pieces = ["", "1", "a:", "login:", "m:", "service:", "time:", "z:"];
    let joined: Vec<String> =
        pieces.iter().flat_map(|one| pieces.map(|two| [*one, two, "1"].concat())).collect();
    let values: Vec<&str> = joined.iter().map(String::as_str).collect();
    let mut by_text: BTreeMap<Vec<u8>, Vec<Set<'_>>> = BTreeMap::new();
    let text = |set: &[(&str, &str)]| -> Vec<u8> {
        let mut all: BTreeMap<&str, &str> = set.iter().copied().collect();
        all.insert("secret", "S");
        all.into_iter().flat_map(|(name, value)| format!("{name}:{value}").into_bytes()).collect()
    };
    for first in &values {
        by_text.entry(text(&[("login", first)])).or_default().push(vec![("login", first)]);
        for name in &names[1..] {
            for second in &values {
                let set = vec![("login", *first), (*name, *second)];
                by_text.entry(text(&set)).or_default().push(set);
            }
        }
    }
    let shared: Vec<_> = by_text.values().filter(|sets| sets.len() > 1).collect();
    assert!(shared.len() > 500, "{}", shared.len());
    // Checking each costs two milliseconds: every so many will do.
    let shared = shared.iter().step_by(shared.len() / 250 + 1);
    let (mut accepted, mut refused) = (0, 0);
    for sets in shared {
        let query = |set: &[(&str, &str)]| {
            let pairs: Vec<_> =
                set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            write(&pairs, 1)
        };
        let Some(signed) = sets
            .iter()
            .find_map(|set| legacy::Signer::new("S").cost(4).sign_query(&query(set)).ok())
        else {
            continue;
        };
        let signature = signed.rsplit_once("&signature=").unwrap().1;
        let mut said = BTreeSet::new();
        for set in *sets {
            match legacy::Verifier::new("S")
                .verify_query(&format!("{}&signature={signature}", query(set)))
            {
                Ok(verified) => {
                    accepted += 1;
                    said.insert((
                        verified.login().map(str::to_owned),
                        verified.service().to_owned(),
                        verified.time(),
                        verified.expires_at(),
                    ));
                }
                Err(Error::Ambiguous(_) | Error::BadTime(_)) => refused += 1,
                Err(other) => panic!("{set:?}: {other:?}"),
            }
        }
        assert!(said.len() < 2, "{said:?}");
    }
    assert!(accepted > 20 && refused > 40, "{accepted} {refused}");
}
