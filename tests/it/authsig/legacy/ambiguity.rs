//! Texts that can be read in more than one way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn moving_text_proves_nobody() {
    // What `attacker` may have signed, and what the text can be turned into: same text, another person.
    for (signed, forged) in [
        ("login=attacker&a=zlogin:adminm:", "a=z&login=admin&m=login:attacker"),
        ("login=bobm&n=1", "login=bob&mn=1"),
        ("login=bob&mn=1", "login=bobm&n=1"),
        ("login=attacker&a=xlogin:admin", "a=x&login=adminlogin:attacker"),
        ("a=&login=attackerlogin:admin", "a=login:attacker&login=admin"),
        ("login=attacker&service=githubtime:5", "login=attacker&service=github&time=5"),
        ("login=attacker&service=github&time=5", "login=attacker&service=githubtime:5"),
        ("login=attacker&t=1&time=5", "login=attacker&t=1time:5"),
        ("login=attacker&t=1time:5", "login=attacker&t=1&time=5"),
        ("login=attacker&expires_at=1400000000&a=", "login=attacker&a=expires_at:1400000000"),
        ("login=attacker&a=expires_at:1400000000", "login=attacker&a&expires_at=1400000000"),
        ("login=attacker&z=service:admin", "login=attacker&z=service:admin"),
        ("login=attacker&sf=service:passwordx", "login=attacker&sf=&service=passwordx"),
        ("login:x=&login=attacker", "login:x=&login=attacker"),
        (":login=x&login=attacker", ":login=x&login=attacker"),
        (
            "a=1&a:2=3&login=attacker&service=admin&servicex=1",
            "a=1a:2:3&login=attacker&service=adminservicex:1",
        ),
    ] {
        // The original signs the first and accepts the second.
        let Ok(by_original) = signer().sign_query(signed) else { continue };
        let signature = by_original.rsplit_once('&').unwrap().1;
        for query in [signed, forged] {
            match verifier().verify_query(&format!("{query}&{signature}")) {
                Ok(verified) => assert_eq!(
                    (verified.login(), verified.service(), verified.time(), verified.expires_at()),
                    ("attacker", "password", None, None),
                    "{query}"
                ),
                Err(VerifyError::Legacy(LegacyError::Ambiguous(_)) | VerifyError::Mismatch) => {}
                Err(other) => panic!("{query}: {other:?}"),
            }
        }
    }
}

/// Whoever is logged in as `ro` has a text signed that says `root` when it is cut elsewhere.
#[test]
fn a_login_that_another_begins_with_is_not_proven() {
    let query = |i: u32| format!("login=ro&otredirect_url=https%3A%2F%2Fapp.example%2F{i}");
    let honest = sign_first((0..9).map(query));
    let forged = honest.replace("login=ro&otredirect_url", "login=root&redirect_url");
    for url in [honest, forged] {
        refused!(
            verifier().verify_query(&url),
            VerifyError::Legacy(LegacyError::Ambiguous("login"))
        );
    }
}

#[test]
fn each_of_the_four_has_to_agree_in_all_readings() {
    let exists = |login: &str| ["user_1", "admin"].contains(&login);
    let verifier = verifying().logins(exists).build().unwrap();
    for (query, name) in [
        ("login=user_1&a=xlogin:adminm:", "login"),
        ("login=user_1&secu=service:git", "service"),
        ("login=user_1&service=gitt:", "service"),
        ("login=user_1&t=time:1300000000", "time"),
        ("login=user_1&a=expires_at:1400000000", "expires_at"),
    ] {
        let signed = sign_first((0..9).map(|i| format!("{query}&z={i}")));
        match verifier.verify_query(&signed) {
            Err(VerifyError::Legacy(LegacyError::Ambiguous(told))) if told == name => {}
            other => panic!("{query}: {other:?}"),
        }
    }
}

#[test]
fn logins_that_could_have_existed() {
    // `user_1` with a redirect_url may be anyone whose name begins it.
    let query = |i: u32| format!("login=user_1&redirect_url=https%3A%2F%2Fapp.example%2F{i}");
    let signed = sign_first((0..9).map(query));
    let ambiguous = VerifyError::Legacy(LegacyError::Ambiguous("login"));
    assert_eq!(verifier().verify_query(&signed).unwrap_err(), ambiguous);
    let verify = |logins: fn(&str) -> bool| {
        verifying().logins(logins).build().unwrap().verify_query(&signed)
    };
    // `use`, with another parameter named `r_1redirect_url`.
    let begins = verify(|login| login.starts_with("use") && login.len() < 7);
    assert_eq!(begins.unwrap_err(), ambiguous);
    assert_eq!(verify(|_| true).unwrap_err(), ambiguous);
    let exists = verify(|login| ["user_1", "user_2", "admin"].contains(&login));
    assert_eq!(exists.unwrap().login(), "user_1");
}

#[test]
fn a_login_that_never_existed_is_refused() {
    let verifier = verifying().logins(|login| login == "admin").build().unwrap();
    refused!(
        verifier.verify_query(&sign("login=user_1")),
        VerifyError::Legacy(LegacyError::UnknownLogin)
    );
}

#[test]
fn nobody_is_asked_about_a_url_whose_signature_is_wrong() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let logins = move |_: &str| counter.fetch_add(1, Ordering::SeqCst) > 0;
    let verifier = verifying().logins(logins).build().unwrap();
    let signed = sign("login=user_1").replace("user_1", "user_2");
    assert_eq!(verifier.verify_query(&signed).unwrap_err(), VerifyError::Mismatch);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn more_than_1024_distinct_logins_are_refused() {
    let query = |i: u32| format!("login={}{i}&m={i}", "p".repeat(1200));
    let signed = sign_first((0..9).map(query));
    let own = verifying().logins(|login| login.len() == 1201).build().unwrap();
    refused!(own.verify_query(&signed), VerifyError::Legacy(LegacyError::TooComplex(_)));
}

type Set<'s> = Vec<(&'s str, &'s str)>;

/// Every way to share one text over a small alphabet: what the verifier accepts of them says the same.
#[test]
fn no_two_accepted_urls_with_one_text_disagree() {
    let names = ["login", "a", "loginx", "m", "service", "time", "z"];
    let pieces = ["", "1", "a:", "login:", "m:", "service:", "time:", "z:"];
    let joined: Vec<String> =
        pieces.iter().flat_map(|one| pieces.map(|two| [*one, two, "1"].concat())).collect();
    let values: Vec<&str> = joined.iter().map(String::as_str).collect();
    let mut by_text: BTreeMap<String, Vec<Set<'_>>> = BTreeMap::new();
    for first in &values {
        let set = vec![("login", *first)];
        by_text.entry(text("S", &set)).or_default().push(set);
        for name in &names[1..] {
            for second in &values {
                let set = vec![("login", *first), (*name, *second)];
                by_text.entry(text("S", &set)).or_default().push(set);
            }
        }
    }
    let shared: Vec<_> = by_text.iter().filter(|(_, sets)| sets.len() > 1).collect();
    assert!(shared.len() > 500, "{}", shared.len());
    let verifier = Verifier::builder().secret("S").build().unwrap();
    let (mut accepted, mut refused) = (0, 0);
    // Checking each costs two milliseconds: every so many will do.
    for (text, sets) in shared.iter().step_by(shared.len() / 250 + 1) {
        let digest = sha256(text);
        if digest.contains(&0) {
            continue;
        }
        let signature = original_bcrypt(&digest, 4);
        let mut said = BTreeSet::new();
        for set in *sets {
            let query: Vec<_> = set.iter().map(|(name, value)| format!("{name}={value}")).collect();
            match verifier.verify_query(&with_signature(&query.join("&"), &signature)) {
                Ok(verified) => {
                    accepted += 1;
                    said.insert((
                        verified.login().to_owned(),
                        verified.service().to_owned(),
                        verified.time(),
                        verified.expires_at(),
                    ));
                }
                Err(VerifyError::Legacy(LegacyError::Ambiguous(_)) | VerifyError::Time(_)) => {
                    refused += 1;
                }
                Err(other) => panic!("{set:?}: {other:?}"),
            }
        }
        assert!(said.len() < 2, "{said:?}");
    }
    assert!(accepted > 20 && refused > 40, "{accepted} {refused}");
}
