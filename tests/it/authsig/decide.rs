//! What an AuthSig server decides.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use civic_sip::authsig::decide::{
    Authority, AuthorityBuilder, Consent, ConsentRequest, DefaultError, DefaultParams, Defaults,
    Person, Refusal, Signed, is_slug, slugs,
};
use civic_sip::authsig::{
    ConfigProblem, Identity, IdentityVerifier, Notification, PrivateKey, PublicKeys, QueryError,
    Secret, SignError, State, TimeError, Verifier, VerifyError,
};

use super::refused;

const BASE: &str = "https://id.example/verify";
const KEY: &str = "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100";
const OTHER_KEY: &str = "00102030405060708090a0b0c0d0e0f0f1e1d1c1b1a191817161514131211100";
const NOW: u64 = 1_800_000_000;
const STORED_SECRET: &str = "a secret that one app stored";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn building() -> AuthorityBuilder {
    Authority::builder(BASE).private_key(PrivateKey::from_hex(KEY).unwrap())
}

fn authority() -> Authority {
    building()
        .allow("https://app.example/in")
        .allow("https://app.example/go?a=1")
        .allow("https://hooks.example/n")
        .build()
        .unwrap()
}

fn person() -> Person {
    Person::new("user_1", "session 1")
}

fn params(json: &str) -> DefaultParams {
    DefaultParams::from_json(json).unwrap()
}

fn defaults() -> Defaults {
    [
        ("go", r#"{"redirect_url": "https://app.example/in", "hide": "1", "x": "unsigned"}"#),
        ("git", r#"{"service": "git"}"#),
        ("who", r#"{"login": "user_1", "expires_at": "1800000100", "state": "abc"}"#),
        ("a", r#"{"redirect_url": "https://a.example/", "expires_at": "1800000001"}"#),
        ("b", r#"{"redirect_url": "https://b.example/", "expires_at": "1800000002"}"#),
        ("one", r#"{"provides": "login"}"#),
        ("all", r#"{"provides": ["login", "service", "time"]}"#),
        ("odd", r#"{"provides": ["login", "password"]}"#),
        ("when", r#"{"time": "1799999995", "time_fudge": "5"}"#),
        ("old", r#"{"time": "1799999994", "time_fudge": "5"}"#),
        ("expired", r#"{"expires_at": "1800000000"}"#),
        ("secret", r#"{"secret": "a secret that one app stored"}"#),
        ("plain", r#"{"notify_url": "http://hooks.example/n"}"#),
    ]
    .into_iter()
    .map(|(slug, json)| (slug.to_owned(), params(json)))
    .collect()
}

fn decide_with(
    authority: &Authority,
    query: &str,
    consent: Option<&Consent>,
) -> Result<Signed, Refusal> {
    authority.decide(query, Some(&person()), &defaults(), consent, now())
}

fn decide(query: &str) -> Result<Signed, Refusal> {
    decide_with(&authority(), query, None)
}

fn signed(query: &str) -> Signed {
    decide(query).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"))
}

/// What the server itself says to the signed URL.
fn verify(url: &str) -> Result<Identity, VerifyError> {
    authority().verify(url.split_once('?').unwrap().1, now())
}

fn verified(query: &str) -> Identity {
    verify(signed(query).url()).unwrap()
}

fn asked(query: &str) -> ConsentRequest {
    match decide(query) {
        Err(Refusal::NeedsConsent(request)) => *request,
        other => panic!("{query}: {other:?}"),
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn with_address(name: &str, address: &str) -> String {
    format!("login=user_1&{name}={}", encoded(address))
}

// Who

#[test]
fn the_login_is_proven_or_refused() {
    let verified = verified("login=user_1&a=1");
    assert_eq!((verified.login(), verified.asked_for("a")), ("user_1", Some("1")));
    refused!(decide("login=user_2"), Refusal::WrongLogin);
    refused!(decide("login=User_1"), Refusal::WrongLogin);
    refused!(decide("login=user_1%20"), Refusal::WrongLogin);
    for query in ["", "service=password", "provides=time", "a=1"] {
        refused!(decide(query), Refusal::NoLogin);
    }
    refused!(decide("login="), Refusal::Query(QueryError::Empty("login")));
}

#[test]
fn the_service_is_proven_or_refused() {
    assert_eq!(verified("login=user_1").service(), "password");
    refused!(decide("login=user_1&service=git"), Refusal::WrongService);
    let git = person().with_service("git");
    let decide = |query| authority().decide(query, Some(&git), &defaults(), None, now());
    for query in ["login=user_1", "provides=login", "login=user_1&service=password"] {
        refused!(decide(query), Refusal::WrongService);
    }
    for query in ["login=user_1&service=git", "login=user_1&default=git", "default=all"] {
        assert_eq!(verify(decide(query).unwrap().url()).unwrap().service(), "git", "{query}");
    }
}

#[test]
fn who_is_not_logged_in_gets_nothing() {
    for query in ["login=user_1", "provides=login", "login=user_1&default=no-such-default"] {
        let outcome = authority().decide(query, None, &Defaults::new(), None, now());
        refused!(outcome, Refusal::NotLoggedIn);
    }
}

#[test]
fn provides_fills_in_over_any_value_given() {
    let verified = verified(
        "login=admin&provides[]=login&provides[]=service&provides[]=time&service=git&time=5",
    );
    assert_eq!(verified.login(), "user_1");
    assert_eq!(verified.asked_for("service"), Some("password"));
    assert_eq!(verified.time().unwrap().timestamp() as u64, NOW);
    for query in ["provides=login", "provides[]=login&provides[]=login", "default=one"] {
        assert_eq!(self::verified(query).login(), "user_1", "{query}");
    }
    // The request's own counts, not both.
    refused!(decide("provides=time&default=one"), Refusal::NoLogin);
    for query in
        ["provides=state", "provides=", "provides[]=login&provides[]=secret", "default=odd"]
    {
        refused!(decide(query), Refusal::BadProvides);
    }
}

// When

#[test]
fn a_time_is_at_most_60_s_ahead_and_300_s_back() {
    let asked = |time: u64, more: &str| decide(&format!("login=user_1&time={time}{more}"));
    for time in [NOW - 300, NOW, NOW + 60] {
        let signed = asked(time, "").unwrap();
        assert_eq!(verify(signed.url()).unwrap().time().unwrap().timestamp() as u64, time);
    }
    refused!(asked(NOW - 301, ""), Refusal::TooOld);
    refused!(asked(NOW + 61, ""), Refusal::Time(TimeError::Ahead));
    // `time_fudge` shortens the first, and never lengthens either.
    assert!(asked(NOW - 10, "&time_fudge=10").is_ok());
    refused!(asked(NOW - 11, "&time_fudge=10"), Refusal::TooOld);
    refused!(asked(NOW - 1, "&time_fudge=0"), Refusal::TooOld);
    for fudge in ["301", "86400", "9223372036854775808", "99999999999999999999999999"] {
        refused!(asked(NOW - 301, &format!("&time_fudge={fudge}")), Refusal::TooOld);
        refused!(asked(NOW + 61, &format!("&time_fudge={fudge}")), Refusal::Time(TimeError::Ahead));
    }
    assert!(decide("login=user_1&default=when").is_ok());
    refused!(decide("login=user_1&default=old"), Refusal::TooOld);
}

#[test]
fn a_time_that_cant_be_read_is_refused() {
    for time in ["now", "Fri+Jan+15+08%3A00%3A00+UTC+2027", "2027-01-15", "-1", "1800000000.0"] {
        let outcome = decide(&format!("login=user_1&time={time}"));
        refused!(outcome, Refusal::Time(TimeError::Unreadable("time")));
    }
    refused!(decide("login=user_1&time="), Refusal::Query(QueryError::Empty("time")));
    for fudge in ["-1", "%2B5", "5s", "1.5", "%20"] {
        refused!(decide(&format!("login=user_1&time_fudge={fudge}")), Refusal::BadTimeFudge);
    }
    assert!(decide("login=user_1&time=2027-01-15T09%3A00%3A00%2B01%3A00").is_ok());
}

#[test]
fn a_url_always_says_when_it_was_made() {
    let verified = verified("login=user_1");
    assert_eq!(verified.time().unwrap().timestamp() as u64, NOW);
    assert_eq!(verified.asked_for("time"), Some("2027-01-15T08:00:00Z"));
}

#[test]
fn an_expiry_is_readable_and_ahead() {
    let asked = |expires_at: &str| decide(&format!("login=user_1&expires_at={expires_at}"));
    let signed = asked("1800000001").unwrap();
    assert!(verify(signed.url()).is_ok());
    let later =
        authority().verify(signed.url().split_once('?').unwrap().1, now() + Duration::from_secs(1));
    refused!(later, VerifyError::Time(TimeError::Expired));
    refused!(asked("1800000000"), Refusal::Time(TimeError::Expired));
    refused!(asked("1"), Refusal::Time(TimeError::Expired));
    refused!(asked("tomorrow"), Refusal::Time(TimeError::Unreadable("expires_at")));
    refused!(asked("1800000001000"), Refusal::Time(TimeError::TooFarAhead));
    refused!(asked(""), Refusal::Query(QueryError::Empty("expires_at")));
    refused!(decide("login=user_1&default=expired"), Refusal::Time(TimeError::Expired));
}

#[test]
fn a_lost_clock_signs_nothing() {
    for seconds in [1 << 45, 1 << 60] {
        let lost = UNIX_EPOCH + Duration::from_secs(seconds);
        let outcome = authority().decide("login=user_1", Some(&person()), &defaults(), None, lost);
        refused!(outcome, Refusal::Time(TimeError::Unreadable("time")));
    }
}

// What a request may say

#[test]
fn nobody_sets_what_the_server_sets() {
    for name in ["nonce", "signature", "audience"] {
        let outcome = decide(&format!("login=user_1&{name}=https%3A%2F%2Fapp.example%2Fin"));
        assert!(matches!(outcome, Err(Refusal::Forbidden(found)) if found == name));
        let json = format!(r#"{{"{name}": "x"}}"#);
        let error = DefaultParams::from_json(json).unwrap_err();
        assert_eq!(error, DefaultError::Forbidden(name.to_owned()));
    }
    for name in ["Nonce", "audience[]", "[signature]"] {
        let error = decide(&format!("login=user_1&{name}=x")).unwrap_err();
        assert!(matches!(error, Refusal::Query(QueryError::Lookalike(_))), "{name}: {error:?}");
        let error = DefaultParams::from_json(format!(r#"{{"{name}": "x"}}"#)).unwrap_err();
        assert_eq!(error, DefaultError::BadName(name.to_owned()));
    }
}

#[test]
fn a_secret_comes_by_a_default_alone() {
    for name in ["secret", "secret[]", "Secret", "%73ecret", "[secret]"] {
        let outcome = decide(&format!("login=user_1&{name}={}", encoded(STORED_SECRET)));
        refused!(outcome, Refusal::Query(QueryError::Secret));
    }
    assert!(decide("login=user_1&default=secret").is_ok());
}

#[test]
fn a_default_names_no_default() {
    let error = DefaultParams::from_json(r#"{"default": "go"}"#).unwrap_err();
    assert_eq!(error, DefaultError::Forbidden("default".to_owned()));
    for name in ["default[]", "Default", "default[go]"] {
        let error = DefaultParams::from_json(format!(r#"{{"{name}": "go"}}"#)).unwrap_err();
        assert_eq!(error, DefaultError::BadName(name.to_owned()));
    }
}

#[test]
fn what_decides_is_neither_repeated_nor_misspelled() {
    for (name, value) in [
        ("redirect_url", "https%3A%2F%2Fapp.example%2Fin"),
        ("notify_url", "https%3A%2F%2Fhooks.example%2Fn"),
        ("hide", "1"),
        ("default", "go"),
        ("provides", "login"),
    ] {
        let outcome = decide(&format!("login=user_1&{name}={value}&{name}={value}"));
        assert!(
            matches!(outcome, Err(Refusal::Query(QueryError::Repeated(found))) if found == name)
        );
        let upper = name.to_uppercase();
        for lookalike in [
            upper.clone(),
            format!("{name}[x]"),
            format!("[{name}]"),
            format!("{name}.x"),
            format!(".{name}"),
            format!("%20{name}"),
            format!("{name}[][x]"),
            name.replace('_', "."),
            name.replace('i', "%C4%B1").replace('o', "O"),
        ] {
            if lookalike == name {
                continue;
            }
            let outcome = decide(&format!("login=user_1&{lookalike}={value}"));
            refused!(outcome, Refusal::Query(QueryError::Lookalike(_)));
        }
    }
    for name in ["redirect_url[]", "notify_url[]", "hide[]"] {
        let outcome = decide(&format!("login=user_1&{name}=1"));
        refused!(outcome, Refusal::Query(QueryError::Lookalike(_)));
    }
    let outcome = decide("login=user_1&default=go&default[]=git");
    refused!(outcome, Refusal::Query(QueryError::PlainAndBracketed(_)));
    // Everyday names pass.
    assert!(decide("login=user_1&hidden=1&by_default=2&filter[redirect_url]=3").is_ok());
}

#[test]
fn what_a_verifier_would_refuse_is_not_signed() {
    for query in [
        "login=user_1&Login=user_2",
        "login[]=user_1",
        "login=user_1&login=user_1",
        "login=user_1;a=1",
        "login=%ff",
        "login=user_1&a=%zz",
        "login=user_1&state=",
        "login=user_1&a.b=1&a_b=2",
        "login=user_1&a=1&a[]=2",
        "?login=user_1",
    ] {
        refused!(decide(query), Refusal::Query(_));
    }
    let too_many: String = (0..255).map(|index| format!("&p{index}=")).collect();
    let outcome = decide(&format!("login=user_1{too_many}"));
    refused!(outcome, Refusal::Unsigned(SignError::Query(QueryError::TooManyParameters)));
    let too_long = format!("login=user_1&a={}", "a".repeat(16 * 1024 - 40));
    refused!(decide(&too_long), Refusal::Unsigned(SignError::Query(QueryError::TooLong)));
    // Short enough as it was asked, too long as it would be written.
    let too_long = format!("login=user_1&a={}", "!".repeat(16 * 1024 - 400));
    refused!(decide(&too_long), Refusal::Unsigned(SignError::Query(QueryError::TooLong)));
}

#[test]
fn the_state_is_passed_on() {
    assert_eq!(verified("login=user_1&state=0123456789").asked_for("state"), Some("0123456789"));
    assert_eq!(verified("login=user_1&default=who").asked_for("state"), Some("abc"));
    assert_eq!(verified("login=user_1&state=own&default=who").asked_for("state"), Some("own"));
}

#[test]
fn everything_in_the_request_is_signed() {
    let url =
        signed("login=user_1&x=1&x=2&p[]=1&flag&empty=&text=%C3%BC%2B%26+%0A").url().to_owned();
    let verified = verify(&url).unwrap();
    assert_eq!(
        verified.params().filter(|(name, _)| *name == "x").collect::<Vec<_>>(),
        [("x", "1"), ("x", "2")]
    );
    assert_eq!(verified.asked_for("text"), Some("ü+& \n"));
    assert_eq!((verified.asked_for("flag"), verified.asked_for("p[]")), (Some(""), Some("1")));
    for (from, to) in [("user_1", "user_2"), ("x=1", "x=3"), ("flag=", "flag=1"), ("&empty=", "")] {
        refused!(verify(&url.replacen(from, to, 1)), VerifyError::Mismatch);
    }
    refused!(verify(&format!("{url}&y=1")), VerifyError::Mismatch);
}

// Addresses

#[test]
fn an_address_that_parsers_differ_on_is_refused() {
    for address in [
        "",
        "/path",
        "//evil.example",
        "app.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://app.example/",
        "ws://app.example/",
        "http://app.example/",
        "https://",
        "https:app.example",
        "https:/app.example/",
        "https:\\\\app.example\\",
        "https://app.example\\@evil.example/",
        "https://user@app.example/",
        "https://user:password@app.example/",
        "https://@app.example/",
        "https://app.example@evil.example/",
        "HTTPS://app.example/",
        "https://APP.example/",
        "https://app.example:443/",
        "https://app.example:/",
        "https://app.example:99999/",
        "https://äpp.example/",
        "https://%61pp.example/",
        "https://127.1/",
        "https://0x7f.0.0.1/",
        "https://2130706433/",
        "https://[::0001]/",
        "https://app.example./",
        "https://app..example/",
        "https://app.example,evil.example/",
        "https://*.example/",
        "https://app.example?a=1",
        "https://app.example/a/../b",
        "https://app.example/./b",
        "https://app.example/%2e%2e/b",
        "https://app.example/a b",
        "https://app.example/ä",
        "https://app.example/?a=ä",
        "https://app.example/\r\nSet-Cookie: a=1",
        "https://app.example/\t",
        " https://app.example/",
        "https://app.example/ ",
        "https://app.exa\nmple/",
        "https://app.example/#a b",
    ] {
        for name in ["redirect_url", "notify_url"] {
            let outcome = decide(&with_address(name, address));
            assert!(
                matches!(outcome, Err(Refusal::BadAddress { name: found, .. }) if found == name),
                "{name}={address}: {outcome:?}"
            );
        }
    }
    refused!(decide("login=user_1&default=plain"), Refusal::BadAddress { name: "notify_url", .. });
}

#[test]
fn plain_http_is_for_this_machine_and_only_where_enabled() {
    let development = building().loopback_http().build().unwrap();
    for address in ["http://localhost:3000/in", "http://127.0.0.1:3000/in", "http://[::1]/in"] {
        let query = with_address("redirect_url", address);
        refused!(decide(&query), Refusal::BadAddress { .. });
        refused!(decide_with(&development, &query, None), Refusal::NeedsConsent(_));
    }
    for address in [
        "http://app.example/",
        "http://localhost.example/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        let query = with_address("redirect_url", address);
        refused!(decide_with(&development, &query, None), Refusal::BadAddress { .. });
    }
}

#[test]
fn a_redirect_adds_the_signed_url_and_nothing_else() {
    let authority = building()
        .allow("https://app.example")
        .allow("https://app.example/go?a=1&b=%2F")
        .allow("https://app.example/go?")
        .allow("https://app.example/go#part")
        .build()
        .unwrap();
    for (address, before, after) in [
        ("https://app.example", "https://app.example/?authsig=", ""),
        ("https://app.example/", "https://app.example/?authsig=", ""),
        ("https://app.example/go?a=1&b=%2F", "https://app.example/go?a=1&b=%2F&authsig=", ""),
        ("https://app.example/go?", "https://app.example/go?authsig=", ""),
        ("https://app.example/go#part", "https://app.example/go?authsig=", "#part"),
    ] {
        let signed = decide_with(&authority, &with_address("redirect_url", address), None).unwrap();
        let added: String = url::form_urlencoded::byte_serialize(signed.url().as_bytes()).collect();
        assert_eq!(signed.redirect().unwrap(), format!("{before}{added}{after}"));
    }
    assert!(signed("login=user_1").redirect().is_none());
}

#[test]
fn a_redirect_url_that_has_an_authsig_is_refused() {
    for query in [
        "authsig=x",
        "a=1&authsig",
        "a;authsig=x",
        "%61uthsig=x",
        "authsig[]=x",
        "Authsig=x",
        "authsig.x=1",
    ] {
        let address = format!("https://app.example/in?{query}");
        refused!(
            decide(&with_address("redirect_url", &address)),
            Refusal::BadAddress { name: "redirect_url", .. }
        );
    }
    refused!(
        decide(&with_address("redirect_url", "https://app.example/authsig?my_authsig=1")),
        Refusal::NeedsConsent(_)
    );
}

#[test]
fn the_audience_is_where_the_url_goes() {
    let authority = building()
        .allow("https://b.example")
        .allow("https://b.example/#part")
        .allow("https://a.example/n?x=1")
        .allow("https://a.example/N")
        .build()
        .unwrap();
    let audience = |redirect: &str, notify: &str| {
        let mut query = "login=user_1".to_owned();
        for (name, address) in [("redirect_url", redirect), ("notify_url", notify)] {
            if !address.is_empty() {
                query.push_str(&format!("&{name}={}", encoded(address)));
            }
        }
        let signed = decide_with(&authority, &query, None).unwrap();
        let listed = signed.audience().collect::<Vec<_>>().join(" ");
        let verified = verify(signed.url()).unwrap();
        assert_eq!(verified.asked_for("audience").unwrap_or_default(), listed);
        verified.asked_for("audience").map(str::to_owned)
    };
    let is = |text: &str| Some(text.to_owned());
    assert_eq!(audience("", ""), None);
    assert_eq!(audience("https://b.example", ""), is("https://b.example/"));
    assert_eq!(audience("", "https://a.example/n?x=1"), is("https://a.example/n?x=1"));
    assert_eq!(
        audience("https://b.example/", "https://a.example/n?x=1"),
        is("https://a.example/n?x=1 https://b.example/")
    );
    assert_eq!(
        audience("https://a.example/n?x=1", "https://a.example/N"),
        is("https://a.example/N https://a.example/n?x=1")
    );
    assert_eq!(audience("https://b.example/#part", "https://b.example"), is("https://b.example/"));
    // That of a default is in no other part of the URL.
    assert_eq!(
        verified("login=user_1&default=go").asked_for("audience"),
        Some("https://app.example/in")
    );
}

// Consent

#[test]
fn an_address_that_is_not_listed_needs_consent() {
    for (redirect, notify) in [
        ("https://elsewhere.example/", ""),
        ("", "https://elsewhere.example/"),
        ("https://app.example/in", "https://elsewhere.example/"),
        ("https://elsewhere.example/", "https://hooks.example/n"),
    ] {
        let mut query = "provides=login&a=1".to_owned();
        for (name, address) in [("redirect_url", redirect), ("notify_url", notify)] {
            if !address.is_empty() {
                query.push_str(&format!("&{name}={}", encoded(address)));
            }
        }
        let request = asked(&query);
        assert_eq!(request.redirect_url().unwrap_or_default(), redirect);
        assert_eq!(request.notify_url().unwrap_or_default(), notify);
        let told: Vec<_> = request.params().collect();
        for param in [("login", "user_1"), ("a", "1"), ("time", "2027-01-15T08:00:00Z")] {
            assert!(told.contains(&param), "{told:?}");
        }
        let signed = decide_with(&authority(), &query, Some(request.consent())).unwrap();
        assert_eq!(signed.redirect().is_some(), !redirect.is_empty());
        assert_eq!(signed.notification().is_some(), !notify.is_empty());
    }
    let request = asked("login=user_1&default=a");
    assert_eq!(request.redirect_url(), Some("https://a.example/"));
    assert!(decide("login=user_1").is_ok() && decide("login=user_1&default=go").is_ok());
}

#[test]
fn an_allowed_address_is_that_very_address() {
    for address in [
        "https://app.example/",
        "https://app.example/in/",
        "https://app.example/in?a=1",
        "https://app.example/in#a",
        "https://app.example/IN",
        "https://app.example/inner",
        "https://app.example:8443/in",
        "https://www.app.example/in",
        "https://app.example.evil.example/in",
        "https://app.example/go",
        "https://app.example/go?a=2",
        "https://app.example/go?a=1&b=2",
    ] {
        asked(&with_address("redirect_url", address));
    }
    for address in ["https://app.example/in", "https://app.example/go?a=1"] {
        assert!(decide(&with_address("redirect_url", address)).is_ok());
        assert!(decide(&with_address("notify_url", address)).is_ok());
    }
}

#[test]
fn a_whole_origin_is_allowed_by_an_option_of_its_own() {
    let demo = building().loopback_http().allow_origin("http://127.0.0.1:3000").build().unwrap();
    let decide = |address| decide_with(&demo, &with_address("redirect_url", address), None);
    assert!(decide("http://127.0.0.1:3000/any/page?a=1").is_ok());
    for address in [
        "http://127.0.0.1:3001/",
        "http://localhost:3000/",
        "https://127.0.0.1:3000/",
        "http://127.0.0.1/",
    ] {
        refused!(decide(address), Refusal::NeedsConsent(_));
    }
}

#[test]
fn consent_counts_for_one_person_session_request_and_its_addresses() {
    let query = with_address("redirect_url", "https://elsewhere.example/");
    let consent = asked(&query).consent().clone();
    let again = |person: &Person, query: &str, consent: &Consent| {
        authority().decide(query, Some(person), &defaults(), Some(consent), now())
    };
    assert!(again(&person(), &query, &consent).is_ok());
    // The text is what a form brings back.
    assert_eq!(consent.as_str().len(), 43);
    assert!(again(&person(), &query, &Consent::new(consent.as_str())).is_ok());

    let other = Person::new("user_2", "session 1");
    let by_other = query.replace("user_1", "user_2");
    refused!(again(&other, &by_other, &consent), Refusal::NeedsConsent(_));
    let other = Person::new("user_1", "session 2");
    refused!(again(&other, &query, &consent), Refusal::NeedsConsent(_));
    let other = person().with_service("git");
    refused!(again(&other, &format!("{query}&service=git"), &consent), Refusal::NeedsConsent(_));
    for other in [
        format!("{query}&a=1"),
        query.replace("login=user_1", "provides=login"),
        format!("{query}&notify_url=https%3A%2F%2Felsewhere.example%2F"),
        with_address("redirect_url", "https://elsewhere.example/x"),
        with_address("notify_url", "https://elsewhere.example/"),
    ] {
        refused!(again(&person(), &other, &consent), Refusal::NeedsConsent(_));
    }

    // One query, another default.
    let query = "login=user_1&default=app";
    let with = |json: &str| Defaults::from([("app".to_owned(), params(json))]);
    let decide = |defaults: &Defaults, consent: Option<&Consent>| {
        authority().decide(query, Some(&person()), defaults, consent, now())
    };
    let a = with(r#"{"redirect_url": "https://a.example/"}"#);
    let Err(Refusal::NeedsConsent(request)) = decide(&a, None) else { panic!("not asked") };
    assert!(decide(&a, Some(request.consent())).is_ok());
    for json in [
        r#"{"redirect_url": "https://b.example/"}"#,
        r#"{"notify_url": "https://a.example/"}"#,
        r#"{"redirect_url": "https://a.example/", "notify_url": "https://b.example/"}"#,
    ] {
        refused!(decide(&with(json), Some(request.consent())), Refusal::NeedsConsent(_));
    }
}

#[test]
fn consent_cant_be_made_up() {
    let query = with_address("redirect_url", "https://elsewhere.example/");
    let good = asked(&query).consent().as_str().to_owned();
    let other = if good.starts_with('A') { "B" } else { "A" };
    for text in [
        "",
        "yes",
        "1",
        &"A".repeat(43),
        &good[1..],
        &format!("{good}="),
        &format!("{other}{}", &good[1..]),
    ] {
        let outcome = decide_with(&authority(), &query, Some(&Consent::new(text)));
        refused!(outcome, Refusal::NeedsConsent(_));
    }
    // A session without a secret would let anybody compute it.
    let person = Person::new("user_1", "");
    let decide = |consent: Option<&Consent>| {
        authority().decide(&query, Some(&person), &Defaults::new(), consent, now())
    };
    let Err(Refusal::NeedsConsent(request)) = decide(None) else { panic!("not asked") };
    refused!(decide(Some(request.consent())), Refusal::NeedsConsent(_));
}

#[test]
fn consent_changes_nothing_else() {
    let consent =
        asked(&with_address("redirect_url", "https://elsewhere.example/")).consent().clone();
    let decide = |query: &str| decide_with(&authority(), query, Some(&consent));
    refused!(
        decide("login=user_2&redirect_url=https%3A%2F%2Felsewhere.example%2F"),
        Refusal::WrongLogin
    );
    refused!(
        decide("login=user_1&redirect_url=http%3A%2F%2Felsewhere.example%2F"),
        Refusal::BadAddress { .. }
    );
    let gone = authority().decide("login=user_1", None, &defaults(), Some(&consent), now());
    refused!(gone, Refusal::NotLoggedIn);
}

// Defaults

#[test]
fn slugs_are_known_beforehand() {
    assert_eq!(slugs("login=user_1").unwrap(), [""; 0]);
    assert_eq!(slugs("default=go").unwrap(), ["go"]);
    assert_eq!(slugs("default[]=b&a=1&default%5B%5D=a").unwrap(), ["b", "a"]);
    let longest = "a".repeat(64);
    assert_eq!(slugs(&format!("default={longest}")).unwrap(), [longest.as_str()]);
    assert!(is_slug("a-Z_0") && is_slug(&longest));
    for slug in ["", " ", "a b", "a.b", "a/b", "ä", &"a".repeat(65)] {
        assert!(!is_slug(slug), "{slug}");
        let query = format!("login=user_1&default={}", encoded(slug));
        refused!(slugs(&query), Refusal::BadSlug(_));
        refused!(decide(&query), Refusal::BadSlug(_));
    }
    let many = "default[]=go&".repeat(16);
    assert_eq!(slugs(&many).unwrap().len(), 16);
    refused!(slugs(&format!("{many}default[]=go")), Refusal::TooManyDefaults);
    refused!(slugs("default=go&secret=x"), Refusal::Query(_));
}

#[test]
fn an_unknown_slug_is_refused() {
    let outcome = decide("login=user_1&default=none");
    assert!(matches!(outcome, Err(Refusal::UnknownDefault(slug)) if slug == "none"));
    refused!(decide("login=user_1&default[]=go&default[]=GO"), Refusal::UnknownDefault(_));
}

#[test]
fn defaults_stand_below_the_request_and_later_ones_count_more() {
    let redirect =
        |query: &str| asked(&format!("login=user_1&{query}")).redirect_url().unwrap().to_owned();
    assert_eq!(redirect("default[]=a&default[]=b"), "https://b.example/");
    assert_eq!(redirect("default[]=b&default[]=a"), "https://a.example/");
    assert_eq!(redirect("default=a&redirect_url=https://own.example/"), "https://own.example/");
    let expiry = |query: &str| {
        let request = asked(&format!("login=user_1&{query}"));
        let found = request.params().find(|(name, _)| *name == "expires_at");
        found.map(|(_, value)| value.to_owned()).unwrap()
    };
    assert_eq!(expiry("default[]=a&default[]=b"), "1800000002");
    assert_eq!(expiry("default[]=a&default[]=b&expires_at=1800000003"), "1800000003");
    refused!(decide("login=user_2&default=who"), Refusal::WrongLogin);
}

#[test]
fn what_a_default_decided_is_signed_and_the_rest_stays_out() {
    let verified = verified("default=who&a=1");
    assert_eq!((verified.login(), verified.asked_for("state")), ("user_1", Some("abc")));
    assert_eq!(verified.expires_at().unwrap().timestamp(), 1_800_000_100);
    let times = self::verified("login=user_1&default=when");
    assert_eq!(
        (times.asked_for("time"), times.asked_for("time_fudge")),
        (Some("1799999995"), Some("5"))
    );

    let signed = signed("login=user_1&default=go");
    assert!(signed.is_hidden());
    assert!(signed.redirect().unwrap().starts_with("https://app.example/in?authsig="));
    let names: Vec<_> = signed.params().map(|(name, _)| name).collect();
    assert_eq!(names, ["login", "default", "time", "audience"]);
    assert!(!signed.url().contains("unsigned"));
    let hidden = self::signed("login=user_1&default=secret");
    assert!(!hidden.url().contains("app+stored") && !hidden.url().contains("one%20app"));
}

#[test]
fn the_parameters_of_a_default_are_checked_when_it_is_made() {
    let error = |json: &str| DefaultParams::from_json(json).unwrap_err();
    for json in [
        "",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{}x",
        r#"{"a": 1}"#,
        r#"{"a": null}"#,
        r#"{"a": true}"#,
        r#"{"a": {"b": "c"}}"#,
        r#"{"a": [1]}"#,
        r#"{"a": [["b"]]}"#,
        r#"{"a": "1", "a": "2"}"#,
        r#"{"login": "user_1", "lo\u0067in": "user_2"}"#,
        r#"{"a": "\ud800"}"#,
    ] {
        assert_eq!(error(json), DefaultError::Malformed, "{json}");
    }
    assert!(DefaultParams::from_json(b"{\"a\": \"\xff\"}").is_err());
    for name in
        ["Login", "login[]", "login.x", "redirect_url[]", "Hide", "provides[]", "SECRET", "\\u0001"]
    {
        let json = format!(r#"{{"{name}": "x"}}"#);
        assert!(matches!(error(&json), DefaultError::BadName(_)), "{name}");
    }
    for name in [
        "login",
        "service",
        "time",
        "time_fudge",
        "expires_at",
        "state",
        "redirect_url",
        "notify_url",
    ] {
        for value in [r#""""#, "[]", r#"["a", "b"]"#, r#"[""]"#] {
            let json = format!(r#"{{"{name}": {value}}}"#);
            assert_eq!(error(&json), DefaultError::BadValue(name.to_owned()), "{json}");
        }
    }
    assert_eq!(error(r#"{"secret": "fifteen bytes.."}"#), DefaultError::WeakSecret);
    assert!(matches!(error(r#"{"secret": []}"#), DefaultError::BadValue(_)));
    assert!(DefaultParams::from_json(r#"{"secret": "sixteen bytes..."}"#).is_ok());
    let long = format!(r#"{{"a": "{}"}}"#, "a".repeat(16 * 1024 - 8));
    assert_eq!(error(&long), DefaultError::TooLong);
    params(&long.replacen('a', "", 2));
    params(r#"{"hide": "", "x": "", "list": ["a", "b"], "none": []}"#);
}

// The stored secret

#[test]
fn a_stored_secret_signs_version_2_for_the_app_that_stored_it() {
    use base64::Engine as _;
    use hmac::{KeyInit as _, Mac as _};

    let url = signed("login=user_1&default=secret&time=1800000000").url().to_owned();
    let (url, signature) = url.rsplit_once("&signature=").unwrap();
    let (address, query) = url.split_once('?').unwrap();
    assert_eq!(address, "https://id.example/verify/verified");
    assert_eq!(query, "login=user_1&default=secret&time=1800000000");
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(STORED_SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("authsig-v2\nauthsig\n{address}\n{query}")).finalize();
    let mac = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac.into_bytes());
    assert_eq!(signature, format!("v2.{mac}"));
}

#[test]
fn the_server_does_not_vouch_for_a_url_that_an_app_can_sign_itself() {
    let url = signed("login=user_1&default=secret").url().to_owned();
    refused!(verify(&url), VerifyError::UnknownKey);
}

// What follows

#[test]
fn hide_with_any_value_hides() {
    for hide in ["hide", "hide=", "hide=0", "hide=false", "default=go"] {
        assert!(signed(&format!("login=user_1&{hide}")).is_hidden(), "{hide}");
    }
    assert!(!signed("login=user_1").is_hidden());
}

#[test]
fn a_notification_has_the_url_and_the_signed_parameters() {
    let signed = signed(
        "login=user_1&notify_url=https%3A%2F%2Fhooks.example%2Fn&x=1&x=2&x=3&p[]=1&flag&q=%22%0A%C3%BC",
    );
    let delivery = signed.notification().unwrap();
    assert_eq!(delivery.address(), "https://hooks.example/n");
    let json: serde_json::Value = serde_json::from_str(delivery.body()).unwrap();
    let expected = serde_json::json!({
        "verified": true,
        "url": signed.url(),
        "data": {
            "login": "user_1",
            "notify_url": "https://hooks.example/n",
            "x": ["1", "2", "3"],
            "p[]": "1",
            "flag": "",
            "q": "\"\nü",
            "time": "2027-01-15T08:00:00Z",
            "audience": "https://hooks.example/n",
        },
    });
    assert_eq!(json, expected);
    assert!(self::signed("login=user_1").notification().is_none());
}

#[test]
fn the_app_that_a_url_was_made_for_accepts_it_and_no_other() {
    let state = State::generate().unwrap();
    let query = format!(
        "provides=login&redirect_url={}&notify_url={}&state={}",
        encoded("https://app.example/in"),
        encoded("https://hooks.example/n"),
        state.as_str()
    );
    let signed = signed(&query);
    let redirect = url::Url::parse(signed.redirect().unwrap()).unwrap();
    let (name, came_back) = redirect.query_pairs().next().unwrap();
    assert_eq!((&*name, &*came_back), ("authsig", signed.url()));

    let keys = PublicKeys::from_jwks(&authority().jwks()).unwrap();
    let app = |address: &str, also: &[&str]| {
        let builder = IdentityVerifier::builder(BASE).public_keys(keys.clone()).clock(now);
        builder.audience(address).also_for(also.iter().copied()).build().unwrap()
    };
    let both = app("https://app.example/in", &["https://hooks.example/n"]);
    assert_eq!(both.log_in(&came_back, &state).unwrap().login(), "user_1");
    let notification = Notification::parse(signed.notification().unwrap().body()).unwrap();
    assert_eq!(notification.verify(&both).unwrap().login(), "user_1");
    for other in [app("https://app.example/in", &[]), app("https://other.example/", &[])] {
        refused!(other.log_in(&came_back, &state), VerifyError::WrongAudience);
    }
}

#[test]
fn no_notification_is_longer_than_what_is_read() {
    // Six characters of JSON for three of the URL.
    let query = with_address("notify_url", "https://hooks.example/n");
    let query = format!("{query}&a={}", "%01".repeat(5300));
    let signed = signed(&query);
    assert!(signed.url().len() > 16_000);
    assert!(Notification::parse(signed.notification().unwrap().body()).is_ok());
}

// Keys

#[test]
fn keys_are_replaced_without_a_gap() {
    let old = PrivateKey::from_hex(KEY).unwrap();
    let new = PrivateKey::from_hex(OTHER_KEY).unwrap();
    let replaced = Authority::builder(BASE)
        .private_key(new.clone())
        .retired_keys(old.public_key())
        .build()
        .unwrap();
    let by_old = signed("login=user_1").url().to_owned();
    let by_new = decide_with(&replaced, "login=user_1", None).unwrap().url().to_owned();
    for url in [&by_old, &by_new] {
        let query = url.split_once('?').unwrap().1;
        assert_eq!(replaced.verify(query, now()).unwrap().login(), "user_1");
    }
    refused!(verify(&by_new), VerifyError::UnknownKey);
    let published = PublicKeys::from_jwks(&replaced.jwks()).unwrap();
    let ids: Vec<_> =
        [&new, &old].map(|key| key.public_key().ids().next().unwrap().to_owned()).into();
    assert_eq!(published.ids().collect::<Vec<_>>(), ids);
    assert!(!replaced.jwks().contains("\"d\""));
}

#[test]
fn what_the_server_signed_is_no_link_and_the_other_way_round() {
    let url = signed("login=user_1").url().to_owned();
    let keys = PublicKeys::from_jwks(&authority().jwks()).unwrap();
    let clock = || UNIX_EPOCH + Duration::from_secs(NOW);
    let link = Verifier::builder().public_keys(keys.clone()).clock(clock);
    refused!(link.clone().build().unwrap().verify_url(&url), VerifyError::Mismatch);
    refused!(link.public_url(BASE).build().unwrap().verify_url(&url), VerifyError::Mismatch);

    let key = PrivateKey::from_hex(KEY).unwrap();
    for purpose in ["login", "Authsig"] {
        let signer = civic_sip::authsig::Signer::builder()
            .private_key(key.clone())
            .public_url(BASE)
            .purpose(purpose)
            .clock(clock)
            .build()
            .unwrap();
        let forged = signer.sign_url("/verified?login=admin&time=1800000000").unwrap();
        refused!(verify(&forged), VerifyError::Mismatch);
    }
}

#[test]
fn a_mistake_in_the_configuration_is_told_when_it_is_built() {
    let problems = |builder: AuthorityBuilder| builder.build().unwrap_err().problems().to_vec();
    assert_eq!(problems(Authority::builder(BASE)), [ConfigProblem::NoKey]);
    let twice = building().private_key(PrivateKey::from_hex(OTHER_KEY).unwrap());
    assert_eq!(problems(twice), [ConfigProblem::SeveralKeySources]);
    for base in [
        "",
        "id.example",
        "http://id.example",
        "https://id.example/?a",
        "https://id.example/#a",
        "https://user@id.example",
        "https://ID.example",
        "https://id.example:443",
        "ftp://id.example",
        "https://id.example/a/../b",
        "https://id.example//a",
        "https:id.example",
    ] {
        let builder = Authority::builder(base).private_key(PrivateKey::from_hex(KEY).unwrap());
        assert!(matches!(problems(builder)[..], [ConfigProblem::Base(_)]), "{base}");
    }
    for address in ["", "/in", "http://app.example/in", "https://APP.example/", "http://127.0.0.1/"]
    {
        let problems = problems(building().allow(address).allow_origin(address));
        assert!(
            matches!(&problems[..], [ConfigProblem::AllowedAddress { address: a, .. }, ConfigProblem::AllowedAddress { address: b, .. }] if a == address && b == address),
            "{problems:?}"
        );
    }
    for origin in [
        "https://app.example/in",
        "https://app.example/?",
        "https://app.example/#",
        "https://*.example",
    ] {
        let problems = problems(building().allow_origin(origin));
        assert!(
            matches!(problems[..], [ConfigProblem::AllowedAddress { .. }]),
            "{origin}: {problems:?}"
        );
    }
    let known = "https://somebody:hunter2@app.example/in";
    let told = building().allow(known).allow_origin(known).build().unwrap_err();
    assert_eq!(told.problems().len(), 2);
    let told = format!("{told} {told:?}");
    assert!(told.contains("app.example/in") && !told.contains("somebody"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    // All at once.
    let all = Authority::builder("").allow("").allow_origin("").build().unwrap_err();
    assert_eq!(all.problems().len(), 4);
    for base in [
        "https://id.example",
        "https://id.example/",
        "http://127.0.0.1:3000/verify",
        "http://localhost",
    ] {
        let key = PrivateKey::from_hex(KEY).unwrap();
        let authority = Authority::builder(base).private_key(key).build().unwrap();
        let signed = decide_with(&authority, "login=user_1", None).unwrap();
        let base = base.trim_end_matches('/');
        assert!(signed.url().starts_with(&format!("{base}/verified?login=user_1&")), "{base}");
    }
}

#[test]
fn nothing_personal_is_shown() {
    let query = "login=user_1&notify_url=https%3A%2F%2Fhooks.example%2Fprivate&x=private";
    let request = asked(query);
    let signed = decide_with(&authority(), query, Some(request.consent())).unwrap();
    let shown = format!(
        "{:?} {:?} {signed:?} {:?} {:?} {:?} {:?}",
        decide(query),
        request.consent(),
        signed.notification(),
        person(),
        authority(),
        defaults(),
    );
    for secret in
        ["user_1", "v3.", "private", "session 1", STORED_SECRET, KEY, request.consent().as_str()]
    {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

// What was broken in the original

#[test]
fn text_cant_be_moved_from_one_parameter_to_another() {
    let attacker = Person::new("attacker", "session 2");
    let decide =
        |query: &str| authority().decide(query, Some(&attacker), &Defaults::new(), None, now());
    let url =
        decide("login=attacker&a=zlogin%3Aadminm%3A&time=1800000000").unwrap().url().to_owned();
    assert_eq!(verify(&url).unwrap().login(), "attacker");
    let (url, signature) = url.rsplit_once("&signature=").unwrap();
    for forged in [
        "a=z&login=admin&m=login%3Aattacker&time=1800000000",
        "a=z&login=admin&m=&login=attacker&time=1800000000",
        "a=zlogin%3Aadminm%3A&login=attacker&time=1800000000",
    ] {
        let address = url.split_once('?').unwrap().0;
        assert!(verify(&format!("{address}?{forged}&signature={signature}")).is_err(), "{forged}");
    }
    let bobm = Person::new("bobm", "session 3");
    let url = authority().decide(
        "login=bobm&time=1800000000",
        Some(&bobm),
        &Defaults::new(),
        None,
        now(),
    );
    let url = url.unwrap().url().replace("login=bobm&", "login=bob&m=&");
    refused!(verify(&url), VerifyError::Mismatch);
}

#[test]
fn a_digest_with_a_nul_byte_is_signed_like_any_other() {
    // One SHA-256 in nine has one.
    for index in 0..100 {
        let url = signed(&format!("login=user_1&a={index}")).url().to_owned();
        refused!(verify(&url.replace("login=user_1", "login=user_2")), VerifyError::Mismatch);
        assert!(verify(&url).is_ok());
    }
}

#[test]
fn no_signature_says_how_long_to_compute() {
    let query = "login=user_1&time=1800000000";
    for signature in
        ["%242a%2431%24abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", "v1.x", "v3.x.x", ""]
    {
        let outcome = authority().verify(&format!("{query}&signature={signature}"), now());
        refused!(outcome, VerifyError::MalformedSignature);
    }
    refused!(authority().verify(query, now()), VerifyError::MissingSignature);
}

#[test]
fn nobody_is_notified_or_redirected_without_success() {
    let query = "login=admin&notify_url=https%3A%2F%2Fevil.example%2F&redirect_url=https%3A%2F%2Fevil.example%2F";
    refused!(decide(query), Refusal::WrongLogin);
    let outcome = authority().decide(query, None, &defaults(), None, now());
    refused!(outcome, Refusal::NotLoggedIn);
    // With success it is up to the person.
    refused!(decide(&query.replace("admin", "user_1")), Refusal::NeedsConsent(_));
    refused!(
        decide("provides=login&notify_url=https%3A%2F%2Fevil.example%2F"),
        Refusal::NeedsConsent(_)
    );
}

#[test]
fn a_generated_secret_can_be_stored() {
    let secret = Secret::generate().unwrap();
    params(&serde_json::json!({ "secret": secret.as_str() }).to_string());
}
