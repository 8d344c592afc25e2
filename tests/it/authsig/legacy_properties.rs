//! The legacy signature, over every text of a small alphabet.

use std::collections::{BTreeMap, BTreeSet};

use civic_sip::authsig::{Error, legacy};

use super::properties::write;

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
