//! Deciding about requests.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use civic_sip::authsig::decide::{Authority, Outcome, Person, Refusal, Signed, no_defaults};
use civic_sip::authsig::{Error, Notification, Request, Signer, Verified, Verifier};

const SECRET: &str = "Test house secret.";
const NOW: u64 = 1_369_156_639;
const BASE: &str = "https://id.example/verify";
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn authority() -> Authority {
    Authority::new(BASE, Signer::new(SECRET))
}

fn stored(slug: &str) -> Option<BTreeMap<String, String>> {
    let parameters: &[(&str, &str)] = match slug {
        "go" => &[("redirect_url", "https://app.example/go"), ("hide", "1")],
        "git" => &[("service", "git")],
        "who" => &[("login", "user_1"), ("expires_at", "1369160000")],
        "a" => &[("x", "1"), ("redirect_url", "https://a.example/")],
        "b" => &[("y", "2"), ("redirect_url", "https://b.example/")],
        "provide" => &[("provides", "login")],
        "when" => &[("time", "1000"), ("time_fudge", "5")],
        "secret" => &[("secret", "somebody's own secret")],
        "odd" => &[("Login", "user_1")],
        "signed" => &[("signature", "x")],
        _ => return None,
    };
    Some(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn decide(query: &str) -> Outcome {
    authority().decide(query, Some(&Person::new("user_1")), stored, now())
}

fn signed(query: &str) -> Signed {
    match decide(query) {
        Outcome::Signed(signed) => *signed,
        Outcome::Refused(refusal) => panic!("{query}: {refusal:?}"),
    }
}

fn verified(query: &str) -> Verified {
    let url = signed(query).url;
    assert!(url.starts_with("https://id.example/verify/verified?"));
    Verifier::new(SECRET).clock(now).verify_url(&url).unwrap()
}

macro_rules! refused {
    ($outcome:expr, $($pattern:tt)+) => {
        match $outcome {
            Outcome::Refused(refusal) if matches!(refusal, $($pattern)+) => {}
            other => panic!("{}: {other:?}", stringify!($outcome)),
        }
    };
}

#[test]
fn who_is_logged_in_is_who_is_identified() {
    let verified = verified("login=user_1&a=1");
    assert_eq!(
        (verified.login(), verified.service(), verified.get("a")),
        (Some("user_1"), "password", Some("1"))
    );
    refused!(decide("login=user_2"), Refusal::WrongLogin);
    refused!(decide("login=user_1&service=git"), Refusal::WrongService);
    refused!(decide("login=User_1"), Refusal::WrongLogin);
    let git = Person::with_service("user_1", "git");
    refused!(authority().decide("login=user_1", Some(&git), stored, now()), Refusal::WrongService);
    assert!(matches!(
        authority().decide("login=user_1&service=git", Some(&git), stored, now()),
        Outcome::Signed(_)
    ));
    refused!(authority().decide("login=user_1", None, stored, now()), Refusal::NotLoggedIn);
    refused!(authority().decide("provides=login", None, stored, now()), Refusal::NotLoggedIn);
    for query in ["", "service=password", "provides=time", "a=1"] {
        refused!(decide(query), Refusal::NoLogin);
    }
    refused!(decide("login="), Refusal::Request(Error::EmptyParameter("login")));
}

#[test]
fn nobody_is_notified_or_redirected_without_success() {
    let query = "login=admin&notify_url=https%3A%2F%2Fevil.example%2F&redirect_url=https%3A%2F%2Fevil.example%2F";
    refused!(decide(query), Refusal::WrongLogin);
    refused!(authority().decide(query, None, stored, now()), Refusal::NotLoggedIn);
}

#[test]
fn success_says_where_to_go_and_whom_to_tell() {
    let signed = signed(
        "login=user_1&redirect_url=https%3A%2F%2Fapp.example%2F%3Fa%3D1&notify_url=http%3A%2F%2Fapp.example%2Fn&x=1&x=2&p[]=1&flag",
    );
    assert!(signed.is_shown);
    assert_eq!(signed.redirect_to.as_deref(), Some("https://app.example/?a=1"));
    let notify = signed.notify.unwrap();
    assert_eq!(notify.url, "http://app.example/n");
    let json: serde_json::Value = serde_json::from_str(&notify.body).unwrap();
    assert_eq!(json["verified"], true);
    assert_eq!(json["data"]["login"], "user_1");
    assert_eq!(json["data"]["x"], serde_json::json!(["1", "2"]));
    let verified =
        Notification::parse(&notify.body).unwrap().verify(&Verifier::new(SECRET)).unwrap();
    assert_eq!(verified.login(), Some("user_1"));
    assert_eq!(verified.get("p[]"), Some("1"));

    let plain = signed_with("");
    assert!(plain.redirect_to.is_none() && plain.notify.is_none());
    for hide in ["hide", "hide=", "hide=0", "default=go"] {
        assert!(!signed_with(hide).is_shown, "{hide}");
    }
    for bad in [
        "javascript:alert(1)",
        "/path",
        "//evil.example",
        "https://",
        "ftp://x/",
        "https://x/%0d%0aa",
        "%20https://x/",
        "",
    ] {
        refused!(
            decide(&format!("login=user_1&redirect_url={bad}")),
            Refusal::BadAddress("redirect_url")
        );
        refused!(
            decide(&format!("login=user_1&notify_url={bad}")),
            Refusal::BadAddress("notify_url")
        );
    }
}

fn signed_with(more: &str) -> Signed {
    signed(&format!("login=user_1&{more}"))
}

#[test]
fn provides_fills_in_over_any_value_given() {
    let verified =
        verified("login=admin&provides[]=login&provides[]=service&provides[]=time&time=5&a=1");
    assert_eq!((verified.login(), verified.service()), (Some("user_1"), "password"));
    assert_eq!(verified.get("service"), Some("password"));
    assert_eq!(verified.time().unwrap().timestamp() as u64, NOW);
    assert_eq!(self::verified("provides=login").login(), Some("user_1"));
    assert_eq!(self::verified("default=provide").login(), Some("user_1"));
    let git = Person::with_service("someone", "git");
    let Outcome::Signed(signed) =
        authority().decide("provides[]=login&provides[]=service", Some(&git), no_defaults, now())
    else {
        panic!("refused");
    };
    let verified = Verifier::new(SECRET).verify_url(&signed.url).unwrap();
    assert_eq!((verified.login(), verified.service()), (Some("someone"), "git"));
    // Only the login is provided: the service is the default one, and this person is not of it.
    refused!(
        authority().decide("provides=login", Some(&git), stored, now()),
        Refusal::WrongService
    );
    refused!(decide("login=user_1&provides=x"), Refusal::Request(Error::RefusedParameter { .. }));
    refused!(
        decide("login=user_1&provides[][a]=x"),
        Refusal::Request(Error::RefusedParameter { .. })
    );
}

#[test]
fn defaults_decide_and_stay_out_of_the_url() {
    let signed = signed("login=user_1&default=go");
    assert_eq!(signed.redirect_to.as_deref(), Some("https://app.example/go"));
    assert!(!signed.url.contains("app.example"));
    // The query comes first, then later slugs.
    let with = |query: &str| signed_with(query).redirect_to.unwrap();
    assert_eq!(with("default[]=a&default[]=b"), "https://b.example/");
    assert_eq!(with("default[]=b&default[]=a"), "https://a.example/");
    assert_eq!(with("default[a]"), "https://a.example/");
    assert_eq!(with("default=a&redirect_url=https://own.example/"), "https://own.example/");
    refused!(decide("login=user_1&default=none"), Refusal::UnknownDefault(_));
    for slug in ["secret", "odd", "signed"] {
        refused!(decide(&format!("login=user_1&default={slug}")), Refusal::UnusableDefault);
    }
    let many: String = (0..17).map(|_| "&default[]=a").collect();
    refused!(decide(&format!("login=user_1{many}")), Refusal::Request(_));
}

#[test]
fn what_a_default_decided_is_signed() {
    // Version 2 does not sign defaults: a URL that left this out would speak of another service, or never expire.
    refused!(decide("login=user_1&default=git"), Refusal::WrongService);
    let git = Person::with_service("user_1", "git");
    let Outcome::Signed(signed) =
        authority().decide("login=user_1&default=git", Some(&git), stored, now())
    else {
        panic!("refused");
    };
    assert_eq!(Verifier::new(SECRET).verify_url(&signed.url).unwrap().service(), "git");
    let verified = verified("default=who");
    assert_eq!(verified.login(), Some("user_1"));
    assert_eq!(verified.expires_at().unwrap().timestamp(), 1_369_160_000);
}

#[test]
fn time_has_to_be_near() {
    for (time, is_near) in
        [(NOW, true), (NOW + 300, true), (NOW + 301, false), (NOW - 300, true), (NOW - 301, false)]
    {
        let outcome = decide(&format!("login=user_1&time={time}"));
        assert_eq!(matches!(outcome, Outcome::Signed(_)), is_near, "{time}");
        if !is_near {
            refused!(outcome, Refusal::OutsideTime);
        }
    }
    refused!(
        decide(&format!("login=user_1&time={}&time_fudge=10", NOW - 11)),
        Refusal::OutsideTime
    );
    refused!(
        decide(&format!("login=user_1&time={}&time_fudge=10", NOW + 11)),
        Refusal::OutsideTime
    );
    assert!(matches!(
        decide(&format!("login=user_1&time={}&time_fudge=1000", NOW - 999)),
        Outcome::Signed(_)
    ));
    // Nobody gets a URL for next year, however much fudge is asked for.
    refused!(
        decide(&format!("login=user_1&time={}&time_fudge=99999999", NOW + 31_536_000)),
        Refusal::OutsideTime
    );
    refused!(
        decide(&format!("login=user_1&time=0&time_fudge={}", u64::MAX)),
        Refusal::Request(Error::BadTime("time_fudge"))
    );
    assert!(matches!(
        decide(&format!("login=user_1&time=0&time_fudge={}", i64::MAX)),
        Outcome::Signed(_)
    ));
    for (query, name) in [
        ("time=", "time"),
        ("time=now", "time"),
        ("time=1369156639&time_fudge=", "time_fudge"),
        ("time_fudge=-1", "time_fudge"),
    ] {
        let Outcome::Refused(Refusal::Request(Error::BadTime(bad))) =
            decide(&format!("login=user_1&{query}"))
        else {
            panic!("{query}");
        };
        assert_eq!(bad, name);
    }
    for time in ["2013-05-21T17:17:19Z", "Tue+May+21+17:17:19+UTC+2013"] {
        assert!(matches!(decide(&format!("login=user_1&time={time}")), Outcome::Signed(_)));
    }
    refused!(decide("login=user_1&default=when"), Refusal::OutsideTime);
}

#[test]
fn requests_that_cant_be_read_are_refused() {
    for query in [
        "login=user_1&secret=x",
        "login=user_1&Login=user_2",
        "login[]=user_1",
        "login=user_1&login=user_1",
        "login=user_1;a=1",
        "login=%ff",
        "login=user_1&signature=x",
        "login=user_1&signature",
        "login=user_1&secret[]=x",
        "login=user_1&default[][a]=1",
    ] {
        refused!(decide(query), Refusal::Request(_));
    }
    let bad = Authority::new("id.example", Signer::new(SECRET));
    let person = Person::new("user_1");
    refused!(
        bad.decide("login=user_1", Some(&person), stored, now()),
        Refusal::NotSigned(Error::BadUrl)
    );
    let weak = Authority::new(BASE, Signer::new("short"));
    refused!(
        weak.decide("login=user_1", Some(&person), stored, now()),
        Refusal::NotSigned(Error::WeakSecret)
    );
    let lost = UNIX_EPOCH + Duration::from_secs(1 << 60);
    refused!(
        authority().decide("login=user_1", Some(&person), stored, lost),
        Refusal::Request(Error::TimeOutOfRange)
    );
}

#[test]
fn the_signer_keeps_its_settings() {
    let signer = Signer::new(SECRET)
        .bind_to("https://id.example/verify/verified")
        .expires_in(Duration::from_secs(60))
        .single_use();
    let authority = Authority::new(format!("{BASE}/"), signer);
    let Outcome::Signed(signed) =
        authority.decide("login=user_1", Some(&Person::new("user_1")), no_defaults, now())
    else {
        panic!("refused");
    };
    let verifier = Verifier::new(SECRET).bind_to("https://id.example/verify/verified").clock(now);
    let verified = verifier.verify_url(&signed.url).unwrap();
    assert_eq!(verified.expires_at().unwrap().timestamp() as u64, NOW + 60);
}

#[test]
fn what_a_request_asks_is_what_is_decided() {
    let url = Request::new(BASE)
        .login("user_1")
        .provides(["time"])
        .default("go")
        .param("é", "ü")
        .url()
        .unwrap();
    let verified = verified(url.split_once('?').unwrap().1);
    assert_eq!((verified.login(), verified.get("é")), (Some("user_1"), Some("ü")));
}

#[test]
fn outcomes_show_nothing_personal() {
    let outcome = decide("login=user_1&notify_url=https%3A%2F%2Fapp.example%2F");
    let shown = format!("{outcome:?} {:?} {:?}", Person::new("user_1"), authority());
    for secret in ["user_1", "v2.", SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
