//! Requests to an AuthSig server.

use civic_sip::authsig::PrivateKey;
use civic_sip::authsig::decide::{Authority, Consent, DefaultParams, Defaults, Person, Refusal};

use crate::case::{at, name, run, text};
use crate::links::NOW;

#[test]
fn requests() {
    let authority = Authority::builder("https://id.example/verify")
        .private_key(PrivateKey::from_hex(&"07".repeat(32)).unwrap())
        .allow("https://app.example/in")
        .build()
        .unwrap();
    let stored = [
        ("app", r#"{"redirect_url": "https://app.example/in"}"#),
        ("evil", r#"{"notify_url": "https://evil.example/"}"#),
        ("them", r#"{"login": "user_2"}"#),
    ];
    let params = |json| DefaultParams::from_json(json).unwrap();
    let defaults: Defaults =
        stored.map(|(slug, json)| (slug.to_owned(), params(json))).into_iter().collect();
    let person = Person::new("user_1", "session 1");
    run(include_str!("decide.jsonl"), |case| {
        let person = if case["nobody"].is_null() { Some(&person) } else { None };
        let consent = case["consent"].as_str().map(Consent::new);
        let now = at(NOW)();
        let signed = authority
            .decide(text(case, "query"), person, &defaults, consent.as_ref(), now)
            .map_err(|refusal| match refusal {
                Refusal::NeedsConsent(_) => "NeedsConsent".to_owned(),
                other => name(&other),
            })?;
        // Whatever is signed says who is logged in, and the server itself accepts it.
        let (_, query) = signed.url().split_once('?').unwrap();
        assert_eq!(authority.verify(query, now).unwrap().login(), "user_1");
        Ok(signed)
    });
}
