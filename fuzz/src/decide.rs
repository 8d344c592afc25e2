//! A request at an AuthSig server: the query, who is logged in, what is stored, what was agreed to.

use crate::Asked;
use crate::plain::Decision;

pub fn run(data: &[u8]) {
    let Some([query, login, service, session, one, two, consent]) = crate::parts(data) else {
        return;
    };
    let asked = Asked { query, login, service, session, defaults: [one, two], consent };
    // No input is a consent, but by guessing an HMAC.
    match both!(data, decide(asked)) {
        Decision::Refused(error) => assert!(!error.starts_with("Unverified"), "{error}"),
        Decision::Signed { redirects_to, notifies, .. } => {
            let is_allowed = |address: Option<&str>| address.is_none_or(|one| one == ALLOWED);
            assert!(is_allowed(redirects_to.as_deref()) && is_allowed(notifies.as_deref()));
        }
        Decision::Consent { redirect, notify, params, consent } => {
            assert!(redirect.is_some() || notify.is_some());
            // With it the same is signed, for the same person alone.
            let agreed = Asked { consent: &consent, ..asked };
            let decision = both!(data, decide(agreed));
            if session.is_empty() {
                assert!(!matches!(decision, Decision::Signed { .. }));
                return;
            }
            match &decision {
                Decision::Signed { params: signed, .. } => assert_eq!(&params, signed),
                Decision::Refused(_) => return,
                Decision::Consent { .. } => panic!("{decision:?}"),
            }
            let (longer_session, longer_query) = (format!("{session}x"), format!("{query}&x=1"));
            for other in [
                Asked { session: &longer_session, ..agreed },
                Asked { query: &longer_query, ..agreed },
            ] {
                let decision = both!(data, decide(other));
                assert!(!matches!(decision, Decision::Signed { .. }), "{decision:?}");
            }
            check(&decision, asked);
        }
    }
    check(&both!(data, decide(asked)), asked);
}

const ALLOWED: &str = "https://app.example/in";

/// Whatever is signed says who is logged in, and when, and for whom.
fn check(decision: &Decision, asked: Asked<'_>) {
    let Decision::Signed { params, redirects_to, notifies, audience, identity } = decision else {
        return;
    };
    assert!(!asked.login.is_empty());
    let get = |wanted: &str| {
        let mut values = params.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none()).map(String::as_str)
    };
    assert_eq!(get("login"), Some(asked.login));
    assert_eq!(get("service").unwrap_or("password"), asked.service);
    assert!(params.iter().all(|(name, _)| name != "secret" && name != "nonce"));
    for address in [redirects_to, notifies].into_iter().flatten() {
        let address = url::Url::parse(address).unwrap();
        assert_eq!((address.scheme(), address.username()), ("https", ""));
    }
    assert_eq!(redirects_to.is_some() || notifies.is_some(), !audience.is_empty());
    // Under a stored secret the server itself does not say so.
    if let Ok(identity) = identity {
        let now = crate::setup::NOW as i64;
        assert_eq!((&*identity.login, &*identity.service), (asked.login, asked.service));
        assert!(identity.time.is_some_and(|time| (now - 300..=now + 60).contains(&time)));
        assert_eq!(&identity.audience, audience);
    } else {
        assert!(asked.defaults.iter().any(|json| json.contains("secret") || json.contains('\\')));
    }
}
