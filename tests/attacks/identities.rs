//! Identities, and notifications of them.

use civic_sip::authsig::{IdentityVerifier, Notification, State};

use crate::case::{at, joined, name, run};
use crate::links::{NOW, public_keys};

fn verifier() -> IdentityVerifier {
    IdentityVerifier::builder("https://id.example/verify")
        .public_keys(public_keys())
        .audience("https://app.example/in")
        .clock(at(NOW))
        .build()
        .unwrap()
}

#[test]
fn urls() {
    let (verifier, state) = (verifier(), "AAECAwQFBgcICQoLDA0ODw".parse::<State>().unwrap());
    run(include_str!("identities.jsonl"), |case| {
        let identity = match (case["log_in"].as_str(), case["verify"].as_str()) {
            (Some(url), None) => verifier.log_in(url, &state),
            (None, Some(url)) => verifier.verify_url(url),
            _ => panic!("{case}"),
        };
        let identity = identity.map_err(|error| name(&error))?;
        assert_eq!(identity.login(), "user_1");
        Ok(identity)
    });
}

#[test]
fn notifications() {
    let verifier = verifier();
    run(include_str!("notifications.jsonl"), |case| {
        let notification = Notification::parse(joined(&case["body"]));
        let identity = notification.and_then(|notification| notification.verify(&verifier));
        let identity = identity.map_err(|error| name(&error))?;
        assert_eq!(identity.login(), "user_1");
        Ok(identity)
    });
}
