//! The dynamic programming against plain enumeration of the definition.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::*;

type Pair<'t> = (&'t [u8], &'t [u8]);

/// Everything that decides about a text.
#[derive(Clone, Debug)]
struct Case {
    parameters: BTreeMap<Vec<u8>, Vec<u8>>,
    secret: Vec<u8>,
    listed: Option<Vec<String>>,
    possible: Option<Vec<Vec<u8>>>,
}

const AGREE: [&str; 3] = ["service", "time", "expires_at"];

impl Case {
    fn new(secret: &str, parameters: &[(&str, &str)]) -> Self {
        let mut parameters: BTreeMap<Vec<u8>, Vec<u8>> = parameters
            .iter()
            .map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec()))
            .collect();
        parameters.insert(b"secret".to_vec(), secret.as_bytes().to_vec());
        let secret = secret.as_bytes().to_vec();
        Self { parameters, secret, listed: None, possible: None }
    }

    fn text(&self) -> Vec<u8> {
        self.parameters
            .iter()
            .flat_map(|(name, value)| [&**name, b":", &**value].concat())
            .collect()
    }

    fn own(&self, name: &str) -> Option<&[u8]> {
        self.parameters.get(name.as_bytes()).map(Vec::as_slice)
    }

    fn check(&self) -> Result<(), LegacyError> {
        let bytes = self.text();
        let text = Text {
            bytes: &bytes,
            secret: &self.secret,
            login: self.own("login").unwrap(),
            others: AGREE.iter().map(|name| (*name, self.own(name))).collect(),
        };
        let names = self.listed.clone().map(|names| Names::new(names).unwrap());
        let is_possible = |login: &str| self.is_possible(login.as_bytes());
        let logins: Option<Logins<'_>> = self.possible.is_some().then_some(&is_possible);
        text.check_unambiguous(names.as_ref(), logins)
    }

    fn is_possible(&self, login: &[u8]) -> bool {
        self.possible.as_ref().is_none_or(|possible| possible.iter().any(|other| other == login))
    }

    /// Returns whether the signing side could have signed a reading.
    fn counts(&self, reading: &[Pair<'_>]) -> bool {
        let value = |name: &[u8]| reading.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
        if value(b"secret") != Some(&self.secret) {
            return false;
        }
        let Some(login) = value(b"login") else { return false };
        if login != self.own("login").unwrap() && !self.is_possible(login) {
            return false;
        }
        let Some(listed) = &self.listed else { return true };
        reading.iter().all(|(name, value)| {
            let is_secret = *name == b"secret";
            let is_listed = listed.iter().any(|listed| listed.as_bytes() == *name);
            let contains = |listed: &String| {
                let named = format!("{listed}:");
                value.windows(named.len()).any(|window| window == named.as_bytes())
            };
            is_secret || (is_listed && !listed.iter().any(contains))
        })
    }

    /// The definition, by trying everything.
    fn all_readings_agree(&self) -> bool {
        let text = self.text();
        let mut agree = true;
        enumerate(&text, 0, &mut Vec::new(), &mut |reading| {
            let value = |name: &[u8]| reading.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
            let same = ["login"].iter().chain(&AGREE).all(|n| value(n.as_bytes()) == self.own(n));
            agree &= same || !self.counts(reading);
            agree
        });
        agree
    }
}

/// Calls `visit` with every way to cut the text into pairs with ascending names, until it returns `false`.
fn enumerate<'t>(
    text: &'t [u8],
    from: usize,
    pairs: &mut Vec<Pair<'t>>,
    visit: &mut dyn FnMut(&[Pair<'_>]) -> bool,
) -> bool {
    if from == text.len() {
        return visit(pairs);
    }
    for colon in (from..text.len()).filter(|at| text[*at] == b':') {
        let name = &text[from..colon];
        if pairs.last().is_some_and(|last| last.0 >= name) {
            continue;
        }
        for end in colon + 1..=text.len() {
            pairs.push((name, &text[colon + 1..end]));
            let go_on = enumerate(text, end, pairs, visit);
            pairs.pop();
            if !go_on {
                return false;
            }
        }
    }
    true
}

const NAMES: [&str; 15] = [
    "",
    "a",
    "default",
    "default:d",
    "expires_at",
    "k",
    "login",
    "loginm",
    "m",
    "s",
    "secreta",
    "service",
    "t",
    "time",
    "z",
];
const LISTED: [&str; 8] = ["a", "default", "expires_at", "k", "login", "m", "service", "time"];
const PIECES: [&str; 22] = [
    "",
    "",
    "b",
    "l",
    "m",
    "t",
    "z",
    ":",
    "a:",
    "k:",
    "m:",
    "z:",
    "login:",
    "login:b",
    "secret:",
    "secret:S",
    "service:",
    "service:x",
    "time:1",
    "default:",
    "default:d",
    "expires_at:",
];

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..3)
        .prop_map(|pieces| pieces.concat().into_bytes())
}

fn case() -> impl Strategy<Value = Case> {
    let parameters = |names: &'static [&'static str]| {
        prop::collection::btree_map(
            prop::sample::select(names).prop_map(|name| name.as_bytes().to_vec()),
            value(),
            0..4,
        )
    };
    let secret = prop::sample::select(vec!["S", "S", "", ":", "Sm:", "login:b", "Stime:"]);
    let possible = prop::option::of(prop::collection::vec(
        prop::sample::select(vec!["", "b", "l", "m", "login:b", "bb", "lm", "z"])
            .prop_map(|login| login.as_bytes().to_vec()),
        0..5,
    ));
    any::<bool>()
        .prop_flat_map(move |is_listed| {
            let names = if is_listed { &LISTED[..] } else { &NAMES[..] };
            (parameters(names), value(), secret.clone(), possible.clone(), Just(is_listed))
        })
        .prop_map(|(mut parameters, login, secret, possible, is_listed)| {
            parameters.entry(b"login".to_vec()).or_insert(login);
            parameters.insert(b"secret".to_vec(), secret.as_bytes().to_vec());
            Case {
                parameters,
                secret: secret.as_bytes().to_vec(),
                listed: is_listed.then(|| LISTED.iter().map(|name| (*name).to_owned()).collect()),
                possible,
            }
        })
        .prop_filter("short, and signed by the signing side", |case| {
            let text = case.text();
            let colons = text.iter().filter(|byte| **byte == b':').count();
            let own: Vec<_> = case.parameters.iter().map(|(n, v)| (&**n, &**v)).collect();
            colons <= 7 && text.len() <= 48 && case.counts(&own)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_plain_enumeration(case in case()) {
        let checked = case.check();
        prop_assert!(matches!(checked, Ok(()) | Err(LegacyError::Ambiguous(_))), "{:?}", checked);
        prop_assert_eq!(checked.is_ok(), case.all_readings_agree(), "{}", String::from_utf8_lossy(&case.text()));
    }
}

/// Random texts that are mostly unambiguous or mostly ambiguous would prove little.
#[test]
fn the_random_cases_are_of_both_kinds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut accepted = [0; 4];
    let mut refused = [0; 4];
    for _ in 0..2000 {
        let case = case().new_tree(&mut runner).unwrap().current();
        let kind = usize::from(case.listed.is_some()) + 2 * usize::from(case.possible.is_some());
        if case.check().is_ok() { accepted[kind] += 1 } else { refused[kind] += 1 }
    }
    assert!(accepted.iter().all(|count| *count > 5), "{accepted:?}");
    assert!([0, 2].iter().all(|kind| refused[*kind] > 5), "{refused:?}");
}

#[test]
fn known_texts() {
    let strict = |parameters: &[(&str, &str)]| Case::new("house", parameters).check().is_ok();
    assert!(strict(&[("login", "user_1")]));
    assert!(strict(&[("login", "user_1"), ("service", "password")]));
    assert!(strict(&[("a", "1"), ("b", "2"), ("login", "user_1")]));
    assert!(strict(&[("login", "1"), ("time", "5")]));
    assert!(!strict(&[("login", "1"), ("m", "2")]), "the login may be `1m:2`");
    assert!(!strict(&[("login", "user_1"), ("m", "2")]), "or `use`, with a name `r_1m`");
    assert!(strict(&[("login", "1"), ("z", "2")]), "the secret ends where it ends");
    assert!(!strict(&[("a", "z"), ("login", "admin"), ("m", "login:attacker")]));
    assert!(!strict(&[("a", "zlogin:adminm:"), ("login", "attacker")]));
    assert!(!strict(&[("login", "x"), ("service", "a"), ("time", "1")]));
    assert!(!strict(&[("login", "x"), ("service", "atime:1")]));
}

#[test]
fn an_impossible_login_is_no_reading() {
    let mut case = Case::new("house", &[("login", "user_1"), ("m", "2")]);
    assert!(case.check().is_err());
    case.possible = Some(vec![b"user_1".to_vec(), b"user_2".to_vec()]);
    assert!(case.check().is_ok());
    case.possible = Some(vec![b"user_1".to_vec(), b"use".to_vec()]);
    assert!(case.check().is_err());
}

/// The example that the documentation of `reachability` works through.
#[test]
fn the_worked_example() {
    use reachability::{Reachability, Rule, Special};

    let text = b"login:bobm:1secret:s3";
    let next_colon = strict::next_colons(text);
    let required = |name, rule| Special { name, rule, is_required: true };
    let specials =
        vec![required(&b"login"[..], Rule::Any), required(b"secret", Rule::Exactly(b"s3"))];
    let readings = Reachability::new(text, &next_colon, specials);
    let others: Vec<&[u8]> = readings.values(b"login", b"bob", false).collect();
    assert_eq!(others, [&b"b"[..], b"bobm:1"]);
}

/// Texts as long as they get, made of what costs most. It ends.
#[test]
fn the_longest_texts_are_checked() {
    for piece in ["login:", "service:x", "time:", "zz:", "default:d", ":"] {
        for name in ["a", "zz"] {
            let value = piece.repeat(240) + &"x".repeat(14_000);
            let mut case =
                Case::new("house", &[("login", "user_1"), (name, &value), ("default", "d")]);
            for possible in [None, Some(Vec::new())] {
                case.possible = possible;
                let checked = case.check();
                assert!(
                    matches!(
                        checked,
                        Ok(()) | Err(LegacyError::Ambiguous(_) | LegacyError::TooComplex(_))
                    ),
                    "{checked:?}"
                );
            }
        }
    }
}

#[test]
fn too_much_to_check_is_refused() {
    let colons =
        |count: usize| Case::new("house", &[("login", "1"), ("z", &":".repeat(count - 3))]).check();
    assert!(!matches!(colons(256), Err(LegacyError::TooComplex(_))));
    assert!(matches!(colons(257), Err(LegacyError::TooComplex(_))));

    // Each end of the login's value makes another login: ``, `p`, `pp` … and the one that takes in `m:`.
    let logins = |count: usize| {
        let mut case = Case::new("house", &[("login", &"p".repeat(count - 2)), ("m", "")]);
        case.possible = Some(Vec::new());
        case.check()
    };
    assert!(matches!(logins(1024), Ok(())), "{:?}", logins(1024));
    assert!(matches!(logins(1025), Err(LegacyError::TooComplex(_))), "{:?}", logins(1025));
}

#[test]
fn names_that_cant_be_told_apart_are_refused() {
    let refused =
        |names: &[&str]| Names::new(names.iter().map(|name| (*name).to_owned()).collect()).is_err();
    for names in [
        &[""][..],
        &["a:b"],
        &["in", "login"],
        &["login", "in"],
        &["t"],
        &["ret", "x"],
        &["my_secret"],
        &["ecret"],
    ] {
        assert!(refused(names), "{names:?}");
    }
    for names in
        [&[][..], &["login", "login"], &["time", "time_fudge"], &["secret", "login"], &["secrets"]]
    {
        assert!(!refused(names), "{names:?}");
    }
}
