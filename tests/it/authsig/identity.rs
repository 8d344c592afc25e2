//! Identities: what a server signed, verified with keys that are at hand.

use civic_sip::authsig::decide::{Authority, DefaultParams, Defaults, Person};
use civic_sip::authsig::{
    ConfigError, ConfigProblem, Identity, IdentityVerifier, IdentityVerifierBuilder, PublicKeys,
    Request, State, TimeError, UrlError,
};

use super::server::{APP, BASE, KEY, Key, Parameters, STATE, identity_v2, parameters, sign_v2};
use super::*;

const OTHER_APP: &str = "https://other.example/in";

fn builder() -> IdentityVerifierBuilder {
    IdentityVerifier::builder(BASE).public_keys(KEY.public()).clock(at(NOW))
}

fn identities() -> IdentityVerifier {
    builder().audience(APP).build().unwrap()
}

fn state() -> State {
    STATE.parse().unwrap()
}

fn verify(parameters: &Parameters) -> Result<Identity, VerifyError> {
    identities().verify_url(&KEY.identity(parameters))
}

fn log_in(parameters: &Parameters) -> Result<Identity, VerifyError> {
    identities().log_in(&KEY.identity(parameters), &state())
}

fn problems(result: Result<IdentityVerifier, ConfigError>) -> Vec<ConfigProblem> {
    result.unwrap_err().problems().to_vec()
}

/// The URL with a signature of version 3 for this text.
fn signed_as(url: &str, text: &str) -> String {
    let (unsigned, _) = url.split_once("&signature=").unwrap();
    format!("{unsigned}&signature={}", KEY.sign(text))
}

#[test]
fn login_service_times_and_audience_are_proven() {
    let identity = verify(&parameters().and("expires_at", NOW + 60)).unwrap();
    assert_eq!((identity.login(), identity.service()), ("user_1", "password"));
    assert_eq!(identity.time().unwrap().timestamp(), i64::try_from(NOW).unwrap());
    assert_eq!(identity.expires_at().unwrap().timestamp(), i64::try_from(NOW + 60).unwrap());
    assert_eq!(identity.audience().collect::<Vec<_>>(), [APP]);
    assert!(log_in(&parameters()).is_ok());
}

#[test]
fn what_a_server_signs_for_a_request_is_accepted() {
    let authority = Authority::builder(BASE).private_key(KEY.private()).allow(APP).build().unwrap();
    let person = Person::new("user_1", "session");
    let request = Request::new(BASE).provides(["login"]).redirect_url(APP).state(&state());
    let request = request.param("team", "blue").url().unwrap();
    let (_, query) = request.split_once('?').unwrap();
    let signed = authority.decide(query, Some(&person), &Defaults::new(), None, at(NOW)()).unwrap();

    let identity = identities().log_in(signed.url(), &state()).unwrap();
    assert_eq!((identity.login(), identity.service()), ("user_1", "password"));
    assert_eq!(identity.asked_for("team"), Some("blue"));
    let keys = PublicKeys::from_jwks(&authority.jwks()).unwrap();
    let with_published = IdentityVerifier::builder(BASE).public_keys(keys).audience(APP);
    assert!(with_published.clock(at(NOW)).build().unwrap().verify_url(signed.url()).is_ok());
}

#[test]
fn what_a_server_signs_with_a_stored_secret_is_for_that_app_alone() {
    let authority = Authority::builder(BASE).private_key(KEY.private()).allow(APP).build().unwrap();
    let person = Person::new("user_1", "session");
    let stored = DefaultParams::from_json(format!(r#"{{"secret": "{SECRET}"}}"#)).unwrap();
    let defaults = Defaults::from([("app".to_owned(), stored)]);
    let request =
        Request::new(BASE).login("user_1").redirect_url(APP).state(&state()).default("app");
    let request = request.url().unwrap();
    let (_, query) = request.split_once('?').unwrap();
    let signed = authority.decide(query, Some(&person), &defaults, None, at(NOW)()).unwrap();

    let of_app = IdentityVerifier::builder(BASE).secret(SECRET).audience(APP).clock(at(NOW));
    assert!(of_app.build().unwrap().log_in(signed.url(), &state()).is_ok());
    assert_eq!(identities().verify_url(signed.url()).unwrap_err(), VerifyError::UnknownKey);
}

#[test]
fn everything_else_was_asked_for() {
    let identity = verify(&parameters().and("team", "blue").and("x", 1).and("x", 2)).unwrap();
    assert_eq!(identity.asked_for("team"), Some("blue"));
    assert_eq!(identity.asked_for("state"), Some(STATE));
    assert_eq!(identity.asked_for("x"), None);
    assert_eq!(identity.asked_for("signature"), None);
    assert_eq!(identity.asked_for("nothing"), None);
}

#[test]
fn a_url_without_login_or_time_is_refused() {
    for name in ["login", "time"] {
        assert_eq!(
            verify(&parameters().without(name)).unwrap_err(),
            VerifyError::Missing(name.to_owned())
        );
        refused!(verify(&parameters().with(name, "")), VerifyError::Query(QueryError::Empty(_)));
        refused!(verify(&parameters().and(name, NOW)), VerifyError::Query(QueryError::Repeated(_)));
    }
    refused!(
        verify(&parameters().with("time", "yesterday")),
        VerifyError::Time(TimeError::Unreadable("time"))
    );
}

#[test]
fn a_parameter_that_was_changed_is_refused() {
    let url = KEY.identity(&parameters().and("team", "blue"));
    for (from, to) in [
        ("user_1", "admin"),
        ("=password", "=google"),
        ("app.example", "other.example"),
        ("blue", "red"),
        ("AAEC", "AAED"),
        ("&team=blue", ""),
        ("&team=blue", "&team=blue&x=1"),
    ] {
        let changed = url.replacen(from, to, 1);
        assert_ne!(changed, url);
        let any = builder().any_audience().build().unwrap();
        assert_eq!(any.verify_url(&changed).unwrap_err(), VerifyError::Mismatch, "{changed}");
    }
}

#[test]
fn the_whole_address_is_signed() {
    let url = KEY.identity(&parameters());
    for elsewhere in [
        "https://evil.example/verify/verified",
        "http://id.example/verify/verified",
        "https://id.example:8443/verify/verified",
        "https://ID.EXAMPLE/verify/verified",
        "https://user@id.example/verify/verified",
        "https://id.example/verified",
        "https://id.example/verify/verified/",
        "https://id.example/verify/verified/x",
        "https://id.example/verify/request",
        "https://id.example/verify/Verified",
        "https://id.example/verify/%76erified",
        "https://id.example/verify",
        "https://id.example/",
        "https://id.example.evil.example/verify/verified",
        "https://id.example/verifyx/verified",
        "https://id.example/verify/verified/..",
        "https://id.example/verify//verified",
    ] {
        let there = url.replacen("https://id.example/verify/verified", elsewhere, 1);
        refused!(identities().verify_url(&there), VerifyError::Url(_));
        // Not even if the server signed it there.
        let (_, query) = there.split_once('?').unwrap();
        let (query, _) = query.split_once("&signature=").unwrap();
        let there = signed_as(&there, &format!("authsig-v3\nauthsig\n{elsewhere}\n{query}"));
        refused!(identities().verify_url(&there), VerifyError::Url(_));
    }
    refused!(identities().verify_url("verified?login=x"), VerifyError::Url(UrlError::NotAbsolute));
    assert!(identities().verify_url(&format!("{url}#fragment")).is_ok());
}

#[test]
fn the_address_of_another_base_is_refused() {
    let url = KEY.identity(&parameters());
    for base in
        ["https://id.example", "https://id.example/verify/verify", "https://id2.example/verify"]
    {
        let other = IdentityVerifier::builder(base).public_keys(KEY.public()).audience(APP);
        let other = other.clock(at(NOW)).build().unwrap();
        assert_eq!(other.verify_url(&url).unwrap_err(), VerifyError::Url(UrlError::Mismatch));
    }
    let slash = IdentityVerifier::builder("https://id.example/verify/").public_keys(KEY.public());
    let slash = slash.audience(APP).clock(at(NOW)).build().unwrap();
    assert_eq!(slash.base(), BASE);
    assert!(slash.verify_url(&url).is_ok());
}

#[test]
fn a_link_is_not_taken_for_an_identity() {
    let plain = Signer::builder().private_key(KEY.private()).clock(at(NOW));
    let query = "login=user_1&time=1800000000&audience=https%3A%2F%2Fapp.example%2Fin";
    for signer in [
        plain.clone(),
        plain.clone().public_url(BASE),
        plain.clone().public_url(BASE).purpose("identity"),
        plain.clone().public_url(BASE).purpose("Authsig"),
        plain.public_url(BASE).purpose("authsig "),
    ] {
        let link = signer.build().unwrap().sign_url(&format!("{BASE}/verified?{query}")).unwrap();
        assert_eq!(identities().verify_url(&link).unwrap_err(), VerifyError::Mismatch);
    }
    let refused = Signer::builder().private_key(KEY.private()).purpose("authsig").build();
    assert_eq!(refused.unwrap_err().problems(), [ConfigProblem::ReservedPurpose]);
}

#[test]
fn an_identity_is_not_taken_for_a_link() {
    let url = KEY.identity(&parameters());
    let plain = Verifier::builder().public_keys(KEY.public()).clock(at(NOW));
    for verifier in [
        plain.clone(),
        plain.clone().public_url(BASE),
        plain.clone().public_url("https://id.example"),
        plain.clone().public_url(BASE).purpose("identity"),
        plain.clone().public_url(BASE).purpose("Authsig"),
    ] {
        let verifier = verifier.build().unwrap();
        assert_eq!(verifier.verify_url(&url).unwrap_err(), VerifyError::Mismatch);
        let (_, query) = url.split_once('?').unwrap();
        assert_eq!(verifier.verify_query(query).unwrap_err(), VerifyError::Mismatch);
    }
    let refused = plain.purpose("authsig").build();
    assert_eq!(refused.unwrap_err().problems(), [ConfigProblem::ReservedPurpose]);
}

#[test]
fn version_2_passes_only_under_the_secret_of_the_app() {
    let url = identity_v2(SECRET, &parameters());
    let of_app = IdentityVerifier::builder(BASE).secret(SECRET).audience(APP).clock(at(NOW));
    let of_app = of_app.build().unwrap();
    assert_eq!(of_app.log_in(&url, &state()).unwrap().login(), "user_1");
    let of_another = identity_v2("another secret, as long", &parameters());
    assert_eq!(of_app.verify_url(&of_another).unwrap_err(), VerifyError::Mismatch);

    assert_eq!(identities().verify_url(&url).unwrap_err(), VerifyError::UnknownKey);
}

#[test]
fn version_3_is_refused_under_a_secret() {
    let of_app = IdentityVerifier::builder(BASE).secret(SECRET).audience(APP).clock(at(NOW));
    let of_app = of_app.build().unwrap();
    let url = KEY.identity(&parameters());
    assert_eq!(of_app.verify_url(&url).unwrap_err(), VerifyError::UnknownKey);
}

#[test]
fn the_versions_are_not_mixed_up() {
    let url = KEY.identity(&parameters());
    let (unsigned, _) = url.split_once("&signature=").unwrap();
    let (_, query) = unsigned.split_once('?').unwrap();
    let text = |version: &str| format!("authsig-{version}\nauthsig\n{BASE}/verified\n{query}");
    // The public key is no secret, and anybody can make a MAC with it.
    let jwks = KEY.public().to_jwks();
    for secret in [&*jwks, KEY.public().ids().next().unwrap()] {
        for version in ["v2", "v3"] {
            let forged = format!("{unsigned}&signature={}", sign_v2(secret, &text(version)));
            assert_eq!(identities().verify_url(&forged).unwrap_err(), VerifyError::UnknownKey);
        }
    }
    // The text of version 2 under the key of version 3.
    let forged = signed_as(&url, &text("v2"));
    assert_eq!(identities().verify_url(&forged).unwrap_err(), VerifyError::Mismatch);
    let forged = forged.replace("signature=v3.", "signature=v2.");
    refused!(identities().verify_url(&forged), VerifyError::MalformedSignature);
}

#[test]
fn a_key_that_is_not_among_the_servers_is_refused() {
    let stranger = Key::new(9);
    let url = stranger.identity(&parameters());
    assert_eq!(identities().verify_url(&url).unwrap_err(), VerifyError::UnknownKey);
    // Nor under the id of one that is.
    let id = |key: &Key| key.public().ids().next().unwrap().to_owned();
    let renamed = url.replace(&id(&stranger), &id(&KEY));
    assert_eq!(identities().verify_url(&renamed).unwrap_err(), VerifyError::Mismatch);
}

#[test]
fn a_url_for_another_app_is_refused() {
    let for_other = parameters().with("audience", OTHER_APP);
    assert_eq!(verify(&for_other).unwrap_err(), VerifyError::WrongAudience);
    assert_eq!(log_in(&for_other).unwrap_err(), VerifyError::WrongAudience);
    for lookalike in [
        "https://app.example/in/",
        "https://app.example/",
        "https://app.example/in?x=1",
        "https://app.example/IN",
        "http://app.example/in",
        "https://app.example/inn",
        "https://app.example.evil.example/in",
        "https://app.example/in\t",
    ] {
        let parameters = parameters().with("audience", lookalike);
        assert_eq!(verify(&parameters).unwrap_err(), VerifyError::WrongAudience, "{lookalike}");
    }
}

#[test]
fn a_url_for_another_app_as_well_is_refused() {
    for both in [format!("{APP} {OTHER_APP}"), format!("{OTHER_APP} {APP}")] {
        let parameters = parameters().with("audience", both);
        assert_eq!(verify(&parameters).unwrap_err(), VerifyError::WrongAudience);
    }
    for odd in [format!("{APP} "), format!(" {APP}"), format!("{APP}  {APP}")] {
        let parameters = parameters().with("audience", odd);
        assert_eq!(verify(&parameters).unwrap_err(), VerifyError::WrongAudience);
    }
}

#[test]
fn also_for_names_further_addresses_of_the_app() {
    let notify = "https://app.example/notify";
    let verifier = builder().audience(APP).also_for([notify]).build().unwrap();
    let verify = |audience: &str| {
        let url = KEY.identity(&parameters().with("audience", audience));
        verifier.verify_url(&url).map(|identity| identity.audience().map(str::to_owned).collect())
    };
    assert_eq!(verify(APP), Ok(vec![APP.to_owned()]));
    assert_eq!(verify(&format!("{APP} {notify}")), Ok(vec![APP.to_owned(), notify.to_owned()]));
    // Only beside the app's own.
    assert_eq!(verify(notify), Err(VerifyError::WrongAudience));
    assert_eq!(verify(&format!("{APP} {notify} {OTHER_APP}")), Err(VerifyError::WrongAudience));
}

#[test]
fn a_url_that_a_person_made_by_hand_logs_nobody_in() {
    let by_hand = parameters().without("audience");
    let missing = VerifyError::Missing("audience".to_owned());
    assert_eq!(verify(&by_hand).unwrap_err(), missing);
    assert_eq!(log_in(&by_hand).unwrap_err(), missing);
    let any = builder().any_audience().build().unwrap();
    assert_eq!(any.log_in(&KEY.identity(&by_hand), &state()).unwrap_err(), missing);
    assert!(any.verify_url(&KEY.identity(&by_hand)).is_ok());
}

#[test]
fn any_audience_accepts_all_of_them() {
    let any = builder().any_audience().build().unwrap();
    for audience in [APP, OTHER_APP, "https://app.example/in https://other.example/in"] {
        let url = KEY.identity(&parameters().with("audience", audience));
        assert_eq!(
            any.verify_url(&url).unwrap().audience().collect::<Vec<_>>().join(" "),
            audience
        );
    }
}

#[test]
fn an_audience_is_compared_as_servers_write_it() {
    for (configured, signed) in [
        ("https://app.example", "https://app.example/"),
        ("https://app.example/", "https://app.example/"),
        ("https://app.example/in#/done", "https://app.example/in"),
        ("https://app.example/in?next=%2F", "https://app.example/in?next=%2F"),
        ("http://localhost:3000/in", "http://localhost:3000/in"),
    ] {
        let verifier = builder().audience(configured).build().unwrap();
        let url = KEY.identity(&parameters().with("audience", signed));
        assert!(verifier.verify_url(&url).is_ok(), "{configured}");
    }
}

#[test]
fn log_in_demands_the_state_of_this_attempt() {
    assert!(log_in(&parameters()).is_ok());
    for other in
        ["AAECAwQFBgcICQoLDA0ODg", "A", "AAECAwQFBgcICQoLDA0ODw\0", " AAECAwQFBgcICQoLDA0ODw"]
    {
        let parameters = parameters().with("state", other);
        assert_eq!(log_in(&parameters).unwrap_err(), VerifyError::WrongState, "{other:?}");
    }
    let own = State::generate().unwrap();
    let url = KEY.identity(&parameters());
    assert_eq!(identities().log_in(&url, &own).unwrap_err(), VerifyError::WrongState);
}

#[test]
fn a_url_without_state_logs_nobody_in() {
    let parameters = parameters().without("state");
    assert_eq!(log_in(&parameters).unwrap_err(), VerifyError::Missing("state".to_owned()));
    assert!(verify(&parameters).is_ok());
}

#[test]
fn log_in_demands_a_time_within_5_minutes() {
    let at = |time: u64| log_in(&parameters().with("time", time));
    assert!(at(NOW - 300).is_ok());
    assert_eq!(at(NOW - 301).unwrap_err(), VerifyError::TooOld);
    assert!(at(NOW + 60).is_ok());
    assert_eq!(at(NOW + 61).unwrap_err(), VerifyError::Time(TimeError::Ahead));
    // Otherwise any age passes that is not limited.
    assert!(verify(&parameters().with("time", NOW - 301)).is_ok());
    assert!(verify(&parameters().with("time", 1)).is_ok());
    assert_eq!(at(1).unwrap_err(), VerifyError::TooOld);
    // A higher limit for all does not raise it.
    let lenient = builder().audience(APP).max_age(Duration::from_secs(86_400)).build().unwrap();
    let url = KEY.identity(&parameters().with("time", NOW - 301));
    assert_eq!(lenient.log_in(&url, &state()).unwrap_err(), VerifyError::TooOld);
}

#[test]
fn a_url_that_is_too_old_or_expired_is_refused() {
    let limited = builder().audience(APP).max_age(Duration::from_secs(60)).build().unwrap();
    assert!(limited.verify_url(&KEY.identity(&parameters().with("time", NOW - 60))).is_ok());
    let old = KEY.identity(&parameters().with("time", NOW - 61));
    assert_eq!(limited.verify_url(&old).unwrap_err(), VerifyError::TooOld);
    let expired = verify(&parameters().and("expires_at", NOW)).unwrap_err();
    assert_eq!(expired, VerifyError::Time(TimeError::Expired));
    assert!(expired.is_expired());
}

#[test]
fn only_the_service_password_passes_unless_another_is_set() {
    let google = parameters().with("service", "google");
    assert_eq!(verify(&google).unwrap_err(), VerifyError::WrongService);
    assert_eq!(verify(&parameters().without("service")).unwrap().service(), "password");

    let of_google = builder().audience(APP).service("google").build().unwrap();
    assert_eq!(of_google.verify_url(&KEY.identity(&google)).unwrap().service(), "google");
    for password in [parameters(), parameters().without("service")] {
        let url = KEY.identity(&password);
        assert_eq!(of_google.verify_url(&url).unwrap_err(), VerifyError::WrongService);
    }
}

#[test]
fn another_login_than_the_demanded_one_is_refused() {
    let of_admin = builder().audience(APP).login("admin").build().unwrap();
    let url = KEY.identity(&parameters());
    assert_eq!(of_admin.verify_url(&url).unwrap_err(), VerifyError::WrongLogin);
    let url = KEY.identity(&parameters().with("login", "admin"));
    assert_eq!(of_admin.verify_url(&url).unwrap().login(), "admin");
}

#[test]
fn an_audience_or_any_audience_has_to_be_configured() {
    assert_eq!(problems(builder().build()), [ConfigProblem::NoAudience]);
    assert_eq!(problems(builder().also_for([APP]).build()), [ConfigProblem::NoAudience]);
    for both in [
        builder().audience(APP).any_audience(),
        builder().any_audience().audience(APP),
        builder().any_audience().also_for([APP]),
    ] {
        assert_eq!(problems(both.build()), [ConfigProblem::SeveralAudiences]);
    }
}

#[test]
fn an_unusable_audience_is_refused() {
    for address in [
        "",
        "/in",
        "app.example/in",
        "http://app.example/in",
        "http://localhost.example/in",
        "ftp://app.example/in",
        "app:in",
        "https://user@app.example/in",
        "https://user:password@app.example/in",
        "https://APP.example/in",
        "https://app.example:443/in",
        "https://app.example/in/../out",
        "https://app.example/ä",
        "https://app.example/a b",
        "https://app.example\\in",
        " https://app.example/in",
    ] {
        let found = problems(builder().audience(address).build());
        assert!(
            matches!(found[..], [ConfigProblem::Address { name: "audience", .. }]),
            "{address}: {found:?}"
        );
        let found = problems(builder().audience(APP).also_for([address]).build());
        assert!(
            matches!(found[..], [ConfigProblem::Address { name: "also_for", .. }]),
            "{address}: {found:?}"
        );
    }
}

#[test]
fn the_base_is_https_or_http_on_loopback() {
    for base in [
        "https://id.example",
        "https://id.example/",
        "https://id.example:8443/verify",
        "http://localhost:3000/verify",
        "http://127.0.0.1:3000",
        "http://[::1]:3000/verify",
    ] {
        let built = IdentityVerifier::builder(base).secret(SECRET).audience(APP).build();
        assert_eq!(built.unwrap().base(), base.trim_end_matches('/'), "{base}");
    }
    for base in [
        "",
        "id.example/verify",
        "/verify",
        "http://id.example/verify",
        "http://localhost.example/verify",
        "ftp://id.example/verify",
        "https://user@id.example/verify",
        "https://id.example/verify?x=1",
        "https://id.example/verify#x",
        "https://ID.example/verify",
        "https://id.example:443/verify",
        "https://id.example/verify//",
        "https://id.example/a/../verify",
        "https://id.example/ä",
        "https://id.example\\verify",
        " https://id.example/verify",
    ] {
        let found = problems(IdentityVerifier::builder(base).secret(SECRET).audience(APP).build());
        assert!(matches!(found[..], [ConfigProblem::Base(_)]), "{base}: {found:?}");
    }
}

#[test]
fn one_source_of_keys_has_to_be_configured() {
    let builder = || IdentityVerifier::builder(BASE).audience(APP);
    assert_eq!(problems(builder().build()), [ConfigProblem::NoKey]);
    assert_eq!(problems(builder().secret("too short").build()), [ConfigProblem::WeakSecret]);
    let both = builder().secret(SECRET).public_keys(KEY.public());
    assert_eq!(problems(both.build()), [ConfigProblem::SeveralKeySources]);
    let twice = builder().secret(SECRET).secret("another secret, as long");
    assert_eq!(problems(twice.build()), [ConfigProblem::SeveralKeySources]);
}

#[test]
fn all_problems_are_reported_at_once() {
    let found = problems(
        IdentityVerifier::builder("http://id.example")
            .secret("too short")
            .also_for(["/x"])
            .max_age(Duration::MAX)
            .build(),
    );
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.contains(&ConfigProblem::WeakSecret));
    assert!(found.contains(&ConfigProblem::NoAudience));
    assert!(found.contains(&ConfigProblem::TimeOutOfRange("max_age")));
}

#[test]
fn a_state_is_random_and_hidden() {
    let (one, other) = (State::generate().unwrap(), State::generate().unwrap());
    assert_ne!(one.as_str(), other.as_str());
    assert_eq!(one.as_str().len(), 22);
    assert_eq!(one.as_str().parse::<State>().unwrap().as_str(), one.as_str());
    assert!(!format!("{one:?}").contains(one.as_str()));
}

#[test]
fn a_cookie_that_is_no_state_is_refused() {
    for cookie in [
        "",
        "A",
        "AAECAwQFBgcICQoLDA0OD",
        "AAECAwQFBgcICQoLDA0ODwA",
        "AAECAwQFBgcICQoLDA0ODw==",
        "AAECAwQFBgcICQoLDA0ODx",
        "AAECAwQFBgcICQoLDA0OD+",
        "\"AAECAwQFBgcICQoLDA0ODw\"",
        " AAECAwQFBgcICQoLDA0ODw",
    ] {
        assert_eq!(cookie.parse::<State>().unwrap_err(), VerifyError::WrongState, "{cookie:?}");
    }
}

#[test]
fn nobody_is_shown_by_debug() {
    let identity = verify(&parameters().and("team", "blue")).unwrap();
    let verifier = builder().audience(APP).login("user_1").build().unwrap();
    let of_app = IdentityVerifier::builder(BASE).secret(SECRET).audience(APP);
    for shown in [format!("{identity:?}"), format!("{verifier:?}"), format!("{of_app:?}")] {
        for hidden in ["user_1", "blue", STATE, SECRET] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}

#[test]
fn identities_can_be_shared_between_threads() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    shared::<Identity>();
    shared::<IdentityVerifier>();
    shared::<IdentityVerifierBuilder>();
    shared::<State>();
}
