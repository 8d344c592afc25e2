//! The signature of the original server, through the public interface.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use civic_sip::authsig::Error;
use civic_sip::authsig::legacy::{Signer, Verified, Verifier};
use serde_json::Value;

const SECRET: &str = "Test house secret.";
const NOW: u64 = 1_369_156_639;
const NAMES: [&str; 9] = [
    "login",
    "service",
    "time",
    "time_fudge",
    "redirect_url",
    "notify_url",
    "hide",
    "provides",
    "default",
];

fn at(seconds: u64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    move || UNIX_EPOCH + Duration::from_secs(seconds)
}

fn signer() -> Signer {
    Signer::new(SECRET).cost(4)
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).clock(at(NOW))
}

/// Signs a query. Where the digest has a NUL byte, another parameter that sorts last is tried.
fn sign(query: &str) -> String {
    signer().sign_query(query).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// Signs the first of these that can be signed: one in nine can't.
fn sign_first(queries: impl IntoIterator<Item = String>) -> String {
    queries.into_iter().find_map(|query| signer().sign_query(&query).ok()).unwrap()
}

macro_rules! refused {
    ($result:expr, $($pattern:tt)+) => {
        match $result {
            result @ Err(_) if matches!(result, Err($($pattern)+)) => {}
            other => panic!("{}: {other:?}", stringify!($result)),
        }
    };
}

fn vectors(part: &str) -> Vec<Value> {
    let text = include_str!("../../vectors/authsig_legacy.json");
    serde_json::from_str::<Value>(text).unwrap()[part].as_array().unwrap().clone()
}

fn text<'v>(vector: &'v Value, member: &str) -> &'v str {
    vector[member].as_str().unwrap_or_else(|| panic!("{member} of {vector}"))
}

fn defaults(vector: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(vector["defaults"].clone()).unwrap_or_default()
}

/// Appends a signature as a URL has it.
fn with_signature(query: &str, signature: &str) -> String {
    let signature = signature.replace('$', "%24").replace('/', "%2F").replace('.', "%2E");
    format!("{query}&signature={signature}")
}

#[test]
fn agrees_with_every_vector() {
    let all = [vectors("vectors"), vectors("published")].concat();
    assert_eq!(all.len(), 24);
    for vector in &all {
        let name = text(vector, "name");
        let (query, secret) = (text(vector, "query"), text(vector, "house_secret"));
        let strict = Verifier::new(secret).clock(at(NOW)).defaults(defaults(vector));
        let signer = Signer::new(secret).cost(4).defaults(defaults(vector));
        let Some(signature) = vector["signature"].as_str() else {
            refused!(signer.sign_query(query), Error::NulInDigest);
            let any = with_signature(
                query,
                "$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy",
            );
            refused!(strict.verify_query(&any), Error::NulInDigest);
            refused!(strict.only_names(NAMES).verify_query(&any), Error::NulInDigest);
            continue;
        };
        // What we sign ourselves fares as what the original signed.
        for signed in [with_signature(query, signature), signer.sign_query(query).unwrap()] {
            match (strict.verify_query(&signed), text(vector, "strict")) {
                (Ok(verified), "accept") => {
                    let login = query.split("login=").nth(1).unwrap().split('&').next().unwrap();
                    assert_eq!(verified.login(), Some(&*login.replace("%0A", "\n")), "{name}");
                }
                (Err(Error::Ambiguous(_)), "refuse") => {}
                (other, expected) => panic!("{name}: {expected}, not {other:?}"),
            }
            let Some(expected) = vector["only_names"].as_str() else { continue };
            match (strict.clone().only_names(NAMES).verify_query(&signed), expected) {
                (Ok(_), "accept") | (Err(Error::UnlistedName(_)), "refuse") => {}
                (other, expected) => panic!("{name}: {expected}, not {other:?}"),
            }
        }
    }
}

#[test]
fn what_must_be_refused_is_refused_for_its_own_reason() {
    let vectors = vectors("must_be_refused");
    assert_eq!(vectors.len(), 4);
    for vector in &vectors {
        let signed = with_signature(text(vector, "query"), text(vector, "signature"));
        let strict = Verifier::new(text(vector, "house_secret"));
        let names = ["a", "m", "login"];
        for (verifier, is_strict) in
            [(strict.clone(), true), (strict.clone().only_names(names), false)]
        {
            let error = verifier.verify_query(&signed).unwrap_err();
            let is_expected = match text(vector, "name") {
                "another login, by moving text between parameters" if is_strict => {
                    matches!(error, Error::Ambiguous("login"))
                }
                "another login, by moving text between parameters" => {
                    matches!(error, Error::BadNames(_) | Error::NameInValue(_))
                }
                "own secret in the query" => matches!(error, Error::SecretInQuery),
                "a cost of 31" => matches!(error, Error::CostTooHigh { cost: 31, limit: 12 }),
                "not a bcrypt text" => matches!(error, Error::MalformedSignature),
                other => panic!("{other}"),
            };
            assert!(is_expected, "{}: {error:?}", text(vector, "name"));
        }
    }
}

#[test]
fn proves_four_things_and_the_rest_was_asked_for() {
    let query = "login=user_1&service=git&time=1369156639&redirect_url=https%3A%2F%2Fapp.example&provides[]=login&hide";
    let signed = signer()
        .only_names(NAMES)
        .sign_url(&format!("https://id.example/verified?{query}#f"))
        .unwrap();
    assert!(
        signed.starts_with(&format!("https://id.example/verified?{query}&signature=%242a%2404%24"))
    );
    assert!(signed.ends_with("#f"));
    let verified = verifier().only_names(NAMES).verify_url(&signed).unwrap();
    assert_eq!(verified.login(), Some("user_1"));
    assert_eq!(verified.service(), "git");
    assert_eq!(verified.time().unwrap().timestamp() as u64, NOW);
    assert_eq!(verified.expires_at(), None);
    assert_eq!(verified.asked_for("redirect_url"), Some("https://app.example"));
    assert_eq!(verified.asked_for("provides"), Some("[\"login\"]"));
    assert_eq!(verified.asked_for("hide"), Some(""));
    assert_eq!(
        (verified.asked_for("secret"), verified.asked_for("signature"), verified.asked_for("x")),
        (None, None, None)
    );
    assert_eq!(verifier().verify_query(&sign("login=user_1")).unwrap().service(), "password");
}

#[test]
fn a_changed_url_does_not_match() {
    let signed = sign("login=user_1");
    for changed in [
        signed.replace("user_1", "user_2"),
        signed.replace("login=user_1", "login=user_1&b=1"),
        signed.replace("login=user_1", "login=user_1&service=password"),
    ] {
        let error = verifier().verify_query(&changed).unwrap_err();
        assert!(matches!(error, Error::Mismatch | Error::NulInDigest), "{error:?}");
    }
    refused!(
        Verifier::new("other secret").verify_query(&signed),
        Error::Mismatch | Error::NulInDigest
    );
    refused!(verifier().verify_query("login=user_1"), Error::MissingSignature);
    refused!(signer().sign_query(&signed), Error::AlreadySigned);
    refused!(verifier().verify_url("login=user_1"), Error::BadUrl);
}

#[test]
fn only_one_spelling_of_a_signature_is_taken() {
    let good = "$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
    let verify =
        |signature: &str| verifier().verify_query(&with_signature("login=user_1", signature));
    assert!(verify(good).is_ok());
    for wrong in [
        "",
        "$2a$04$",
        &good[..59],
        &format!("{good}y"),
        &good.replace("2a", "2b"),
        &good.replace("2a", "2y"),
        &good.replace("2a", "2x"),
        &good.replace("$04$", "$4$"),
        &good.replace("$04$", "$+4$"),
        &good.replace("$04$", "$03$"),
        &good.replace("$04$", "$32$"),
        &good.replace("$04$", "$99$"),
        &good.replace("/LT", "+LT"),
        &good.replace("/LT", "é1"),
        &format!(" {good}"),
        "v2.abc",
        // Bits beyond the salt and beyond the hash.
        &good.replace("mavqu8", "mavqv8"),
        &good.replace("Dpcy", "Dpcz"),
    ] {
        let wrong = wrong.replace('+', "%2B").replace(' ', "%20");
        refused!(verify(&wrong), Error::MalformedSignature);
    }
}

#[test]
fn the_cost_is_limited_before_any_hashing() {
    let query = |cost: u32| {
        format!(
            "login=user_1&signature=$2a${cost:02}$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy"
        )
    };
    for cost in 13..=31 {
        refused!(verifier().verify_query(&query(cost)), Error::CostTooHigh { limit: 12, .. });
    }
    refused!(
        verifier().max_cost(4).verify_query(&query(5)),
        Error::CostTooHigh { cost: 5, limit: 4 }
    );
    refused!(verifier().max_cost(5).verify_query(&query(5)), Error::Mismatch);
    // Even where the digest would be refused.
    refused!(
        verifier().verify_query(&query(31).replace("user_1", "user_6")),
        Error::CostTooHigh { .. }
    );
    for cost in [0, 3, 17, 31, 32, u32::MAX] {
        refused!(Signer::new(SECRET).cost(cost).sign_query("login=user_1"), Error::BadCost);
    }
    assert!(Signer::new(SECRET).sign_query("login=user_1").unwrap().contains("%242a%2410%24"));
}

#[test]
fn an_empty_secret_is_refused() {
    let signed = sign("login=user_1");
    refused!(Signer::new("").sign_query("login=user_1"), Error::EmptySecret);
    refused!(Verifier::new("").verify_query(&signed), Error::EmptySecret);
    let empty = [("secret", "")];
    refused!(signer().defaults(empty).sign_query("login=user_1"), Error::EmptySecret);
    refused!(verifier().defaults(empty).verify_query(&signed), Error::EmptySecret);
    // A short one is the original's, and its business.
    assert!(Signer::new("hi").cost(4).sign_query("login=test&service=password").is_ok());
}

#[test]
fn refused_queries() {
    let both = |query: &str| {
        let signing = signer().sign_query(query).unwrap_err();
        let signature = "$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
        let verifying =
            verifier().verify_query(&format!("{query}&signature={signature}")).unwrap_err();
        assert_eq!(format!("{signing:?}"), format!("{verifying:?}"), "{query}");
        verifying
    };
    for query in ["service=x", "", "user[login]=x", "a=login:b"] {
        assert!(matches!(both(query), Error::MissingParameter(name) if name == "login"), "{query}");
    }
    for query in ["login=", "login", "login=x&service=", "login=x&time", "login=x&expires_at="] {
        assert!(matches!(both(query), Error::EmptyParameter(_)), "{query}");
    }
    for query in [
        "login=a&login=b",
        "login=a&service=b&service=b",
        "login=a&time=1&time=1",
        "login=a&expires_at=1&expires_at=2",
        "login=a&nonce=1&nonce=1",
    ] {
        assert!(matches!(both(query), Error::RepeatedParameter(_)), "{query}");
    }
    for query in [
        "login=a&secret=x",
        "login=a&secret[]=x",
        "login=a&[secret]=x",
        "login=a&secret[a]=x",
        "login=a&Secret=x",
        "login=a&%73ecret",
    ] {
        assert!(matches!(both(query), Error::SecretInQuery), "{query}");
    }
    for query in [
        "login[]=a",
        "login[a]=a",
        "[login]=a",
        "login=a&service[]=b",
        "login=a&[service]=b",
        "login=a&time[x]=1",
        "login=a&[time]=1",
        "login=a&expires_at[]=1",
        "login=a&expires.at=1",
        "login=a&Login=b",
        "login=a&+service=b",
        "login=a&time%00=1",
        "login=a&x=1&x[]=2",
        "login=a&x[b]=1&x[]=2",
        "login=a&[x]=1",
        "login=a&=1",
        "login=a&x[=1",
        "login=a&x[][y]=1",
        "login=a&x[]=%7F",
        "login=a&x%0A=1",
    ] {
        assert!(matches!(both(query), Error::RefusedParameter { .. }), "{query}");
    }
    for query in ["login=a;service=b", "login=a ", "login=a\n", "login=a\u{3000}", "login=a#b"] {
        assert!(matches!(both(query), Error::RefusedCharacter(_)), "{query}");
    }
    assert!(matches!(both("login=%"), Error::BrokenEscape));
    assert!(matches!(both("login=%ff"), Error::InvalidUtf8));
    assert!(matches!(both(&format!("login=a&x={}", ":".repeat(254))), Error::TooComplex(_)));
    let many: String = (0..257).map(|i| format!("&p{i}=1")).collect();
    assert!(matches!(
        both(&format!("login=a{many}")),
        Error::TooManyParameters | Error::TooComplex(_)
    ));
    assert!(matches!(both(&"x".repeat(17_000)), Error::QueryTooLong));
    refused!(
        verifier().verify_query(&format!("{}&signature=x", sign("login=user_1"))),
        Error::RepeatedParameter("signature")
    );
}

#[test]
fn names_given_are_kept_to_on_both_sides() {
    let names = ["login", "time", "redirect_url"];
    let (signer, verifier) = (signer().only_names(names), verifier().only_names(names));
    let signature = "signature=$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";
    for query in ["login=a&x=1", "login=a&service=b", "login=a&redirect_url[x]=1&y=2"] {
        refused!(signer.sign_query(query), Error::UnlistedName(_));
        refused!(verifier.verify_query(&format!("{query}&{signature}")), Error::UnlistedName(_));
    }
    for value in ["time:", "xlogin:y", "a:redirect_url:", "http://x/?login:"] {
        let query = format!("login=a&redirect_url={value}");
        refused!(signer.sign_query(&query), Error::NameInValue(_));
        refused!(verifier.verify_query(&format!("{query}&{signature}")), Error::NameInValue(_));
    }
    refused!(signer.sign_query("login=a&redirect_url[]=time:x"), Error::NameInValue(_));
    let signed = sign_first((0..9).map(|i| format!("login=a{i}&redirect_url=secret:x&time=1")));
    assert!(verifier.verify_query(&signed).is_ok());
    // Defaults are signed, too.
    refused!(signer.clone().defaults([("x", "1")]).sign_query("login=a"), Error::UnlistedName(_));
    for bad in [vec![""], vec!["a:b"], vec!["in", "login"], vec!["et"], vec!["top_secret"]] {
        refused!(signer.clone().only_names(bad.clone()).sign_query("login=a"), Error::BadNames(_));
        refused!(verifier.clone().only_names(bad).verify_query(&signed), Error::BadNames(_));
    }
}

#[test]
fn logins_that_could_have_existed() {
    // `user_1` with a redirect_url may be anyone whose name begins it.
    let query = |i: u32| format!("login=user_1&redirect_url=https%3A%2F%2Fapp.example%2F{i}");
    let signed = sign_first((0..9).map(query));
    refused!(verifier().verify_query(&signed), Error::Ambiguous("login"));
    // `use`, with another parameter named `r_1redirect_url`.
    let begins = |login: &str| login.starts_with("use") && login.len() < 7;
    refused!(verifier().logins(begins).verify_query(&signed), Error::Ambiguous("login"));
    let exists = |login: &str| ["user_1", "user_2", "admin"].contains(&login);
    assert_eq!(verifier().logins(exists).verify_query(&signed).unwrap().login(), Some("user_1"));
    refused!(
        verifier().logins(|login| login == "admin").verify_query(&signed),
        Error::UnknownLogin
    );
    refused!(verifier().logins(|_| true).verify_query(&signed), Error::Ambiguous("login"));
    // Nobody is asked about a URL whose signature is wrong.
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let counting = verifier().logins(move |_| counter.fetch_add(1, Ordering::SeqCst) > 0);
    let error = counting.verify_query(&signed.replace("user_1", "user_2")).unwrap_err();
    assert!(matches!(error, Error::Mismatch | Error::NulInDigest));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn too_many_logins_to_weigh() {
    let query = |i: u32| format!("login={}{i}&m={i}", "p".repeat(1200));
    let signed = sign_first((0..9).map(query));
    let own = Verifier::new(SECRET).logins(|login| login.len() == 1201);
    refused!(own.verify_query(&signed), Error::TooComplex(_));
}

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
        ("login=attacker&a=expires_at:9999999999", "login=attacker&a&expires_at=9999999999"),
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
                    (Some("attacker"), "password", None, None),
                    "{query}"
                ),
                Err(
                    Error::Ambiguous(_) | Error::Mismatch | Error::NulInDigest | Error::Expired,
                ) => {}
                Err(other) => panic!("{query}: {other:?}"),
            }
        }
    }
}

#[test]
fn defaults_take_part() {
    let defaults = [("redirect_url", "https://app.example"), ("service", "git")];
    let signer_with = signer().defaults(defaults);
    let signed =
        sign_first_with(&signer_with, (2..9).map(|i| format!("login=user_{i}&default=go")));
    assert!(!signed.contains("git"));
    let verified = verifier().defaults(defaults).only_names(NAMES).verify_query(&signed).unwrap();
    assert_eq!((verified.login(), verified.service()), (Some(&signed[6..12]), "git"));
    assert_eq!(verified.asked_for("redirect_url"), Some("https://app.example"));
    let without = verifier().only_names(NAMES).verify_query(&signed).unwrap_err();
    assert!(matches!(without, Error::Mismatch | Error::NulInDigest));
    // The query comes before them, and a secret among them before the house secret.
    let over = [("service", "git"), ("secret", "custom-secret")];
    let signed = sign_first_with(
        &signer().defaults(over),
        (0..9).map(|i| format!("login=u{i}&service=x&default=go")),
    );
    let verified = verifier().defaults(over).only_names(NAMES).verify_query(&signed).unwrap();
    assert_eq!((verified.service(), verified.asked_for("secret")), ("x", None));
    let other_house =
        Verifier::new("another house").clock(at(NOW)).defaults(over).only_names(NAMES);
    assert!(other_house.verify_query(&signed).is_ok(), "the house secret takes no part");
    refused!(
        verifier().defaults([("login", "")]).verify_query(&signed.replace("login=", "x=")),
        Error::EmptyParameter("login")
    );
}

fn sign_first_with(signer: &Signer, queries: impl IntoIterator<Item = String>) -> String {
    queries.into_iter().find_map(|query| signer.sign_query(&query).ok()).unwrap()
}

#[test]
fn a_reading_with_the_default_owes_its_names() {
    // In the URL, `redirect_url` may have been `r0redirect_url`; as a name of the default it may not.
    let signed = sign_first((0..9).map(|i| format!("login=user{i}&default=go&redirect_url=x")));
    refused!(verifier().verify_query(&signed), Error::Ambiguous("login"));
    let signer = signer().defaults([("redirect_url", "x")]);
    let signed = sign_first_with(&signer, (0..9).map(|i| format!("login=user{i}&default=go")));
    assert!(verifier().defaults([("redirect_url", "x")]).verify_query(&signed).is_ok());
    // Where the `default` could have been another one, the names are owed no more.
    let signed = sign_first_with(&signer, (0..9).map(|i| format!("login=user{i}&default=gom&e=1")));
    refused!(
        verifier().defaults([("redirect_url", "x")]).verify_query(&signed),
        Error::Ambiguous("login")
    );
}

fn times(query: &str, verifier: &Verifier) -> Result<Verified, Error> {
    let signer = signer().only_names([&NAMES[..], &["expires_at", "z"]].concat());
    // `z` finds a digest without a NUL byte.
    let signed = sign_first_with(&signer, (0..9).map(|i| format!("login=user_1&{query}&z={i}")));
    verifier.clone().only_names([&NAMES[..], &["expires_at", "z"]].concat()).verify_query(&signed)
}

#[test]
fn times_are_read_whole_or_not_at_all() {
    for text in [
        "2013-05-21T17:17:19Z",
        "2013-05-21T19:17:19%2B02:00",
        "Tue+May+21+17:17:19+UTC+2013",
        "1369156639",
        "2013-05-21T17:17:19.0Z",
    ] {
        let verified = times(&format!("time={text}"), &verifier()).unwrap();
        assert_eq!(verified.time().unwrap().timestamp() as u64, NOW, "{text}");
        let before = Verifier::new(SECRET).clock(at(NOW - 1));
        let verified = times(&format!("expires_at={text}"), &before).unwrap();
        assert_eq!(verified.expires_at().unwrap().timestamp() as u64, NOW, "{text}");
    }
    for text in [
        "17:17:19",
        "2013-05-21",
        "May+21",
        "Tue+May+21+17:17:19+2013",
        "Wed+May+21+17:17:19+UTC+2013",
        "2013-05-21T17:17:19",
        "2013-05-21+17:17:19Z",
        "today",
        "-1",
        "1369156639.5",
        "99999999999999999999",
        "Tue+May+21+17:17:19+UTC+13",
        "Tue,+21+May+2013+17:17:19+GMT",
        "20130521T171719Z",
        "2013052117",
        "1970010100",
        "2013052124",
        "1999123123",
    ] {
        for name in ["time", "expires_at"] {
            refused!(times(&format!("{name}={text}"), &verifier()), Error::BadTime(_));
        }
    }
    // Ten digits that are no hour of any day are epoch seconds.
    for digits in
        ["1369156639", "1970130100", "1970013100", "1971023012", "1970010125", "1969123123"]
    {
        let later = verifier().clock(at(2_000_000_000));
        let result = times(&format!("time={digits}"), &later);
        assert_eq!(result.is_ok(), digits != "1970013100", "{digits} {result:?}");
    }
}

#[test]
fn expiry_and_age() {
    assert!(times(&format!("expires_at={}", NOW + 1), &verifier()).is_ok());
    refused!(times(&format!("expires_at={NOW}"), &verifier()), Error::Expired);

    let aged = |age: u64| verifier().max_age(Duration::from_secs(age));
    refused!(times("hide=1", &aged(1000)), Error::MissingParameter(_));
    // Counted from `time` less `time_fudge`, which is 300 s if it is not there.
    let minute_ago = format!("time={}", NOW - 60);
    assert!(times(&minute_ago, &aged(360)).is_ok());
    refused!(times(&minute_ago, &aged(359)), Error::TooOld);
    assert!(times(&format!("{minute_ago}&time_fudge=10"), &aged(70)).is_ok());
    refused!(times(&format!("{minute_ago}&time_fudge=10"), &aged(69)), Error::TooOld);
    for bad in ["x", "-5", "1e3", "99999999999999999999"] {
        refused!(
            times(&format!("{minute_ago}&time_fudge={bad}"), &aged(1000)),
            Error::BadTime("time_fudge")
        );
        assert!(times(&format!("{minute_ago}&time_fudge={bad}"), &verifier()).is_ok());
    }
    // Ahead by no more than `time_fudge`, of which 300 s are believed, and a minute.
    for (ahead, fudge, is_ok) in [
        (360, "", true),
        (361, "", false),
        (61, "&time_fudge=0", false),
        (60, "&time_fudge=0", true),
        (90, "&time_fudge=30", true),
        (91, "&time_fudge=30", false),
        (360, "&time_fudge=99999999", true),
        (361, "&time_fudge=99999999", false),
        (361, "&time_fudge=9223372036854775807", false),
    ] {
        let result = times(&format!("time={}{fudge}", NOW + ahead), &verifier());
        assert_eq!(result.is_ok(), is_ok, "{ahead} {fudge} {result:?}");
    }
    // A time that was far ahead when it was signed does not become fresh by waiting.
    let year = 31_536_000;
    let postdated = format!("time={}&time_fudge={}", NOW + year, year + 1);
    let then = Verifier::new(SECRET).clock(at(NOW + year)).max_age(Duration::from_secs(3600));
    refused!(times(&postdated, &then), Error::TooOld);
    refused!(
        times(&format!("time={NOW}&time_fudge=9223372036854775807"), &aged(1000)),
        Error::TooOld | Error::BadTime(_)
    );
}

#[test]
fn an_age_needs_a_time_fudge_that_all_readings_agree_on() {
    let query = |i: u32| format!("login=user_{i}&time=1369156639&time_a=time_fudge:99999");
    let signed = sign_first((0..9).map(query));
    assert!(verifier().verify_query(&signed).is_err());
    let exists = |login: &str| login.starts_with("user_") && login.len() == 6;
    let verifier = verifier().logins(exists);
    // `time` itself is open, too, with nothing known: that is refused first.
    refused!(
        verifier.clone().max_age(Duration::from_secs(1000)).verify_query(&signed),
        Error::Ambiguous(_)
    );
}

#[cfg(not(miri))]
#[tokio::test]
async fn off_the_async_threads() {
    let url = format!("/verified?{}", sign("login=user_1"));
    let verified = verifier().verify_url_async(&*url).await.unwrap();
    assert_eq!(verified.login(), Some("user_1"));
    refused!(verifier().verify_query_async("login=user_1").await, Error::MissingSignature);
    assert!(signer().sign_url_async("/verified?login=user_1").await.is_ok());
}

#[test]
fn without_a_runtime_the_async_variant_is_an_error() {
    let verifier = verifier();
    let future = std::pin::pin!(verifier.verify_url_async("/x?login=user_1"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(matches!(future.poll(&mut context), std::task::Poll::Ready(Err(Error::NoRuntime))));
}

#[test]
fn nothing_secret_is_shown() {
    let signer =
        signer().defaults([("secret", "custom-secret"), ("x", "stored")]).only_names(["login"]);
    let verifier = Verifier::new(SECRET).defaults([("secret", "custom-secret")]);
    let verified = Verifier::new(SECRET).verify_query(&sign("login=user_1")).unwrap();
    let shown = format!("{signer:?} {verifier:?} {verified:?}");
    for secret in [SECRET, "custom-secret", "stored", "user_1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    // Nor as bytes.
    assert!(!shown.contains("84, 101, 115, 116"));
}

#[test]
fn can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Signer>();
    shared::<Verifier>();
    shared::<Verified>();
}

/// A signature of the server's for someone who is logged in as `ro`, over a text that can also be read as `root`.
fn moved_into_a_default(beginning: &str) -> (String, String) {
    for number in 0.. {
        let stored = format!("https://app.example/{number}");
        let escaped = stored.replace(':', "%3A").replace('/', "%2F");
        let honest = format!("{beginning}login=ro&otredirect_url={escaped}");
        // One text in nine has a NUL byte in its digest.
        if let Ok(signed) = Signer::new(SECRET).cost(4).sign_query(&honest) {
            let signature = signed.rsplit_once("signature=").unwrap().1.to_owned();
            return (stored, signature);
        }
    }
    unreachable!()
}

#[test]
fn defaults_count_only_where_the_url_names_them() {
    let (stored, signature) = moved_into_a_default("");
    let verifier = Verifier::new(SECRET).defaults([("redirect_url", stored.as_str())]);
    let escaped = stored.replace(':', "%3A").replace('/', "%2F");
    let moved = format!("login=root&redirect_url={escaped}&signature={signature}");
    assert!(matches!(verifier.verify_query(&moved), Err(Error::Ambiguous(_))));
    let hidden = format!("login=root&signature={signature}");
    assert!(matches!(verifier.verify_query(&hidden), Err(Error::Mismatch)));
    // A stored secret is none of the house's.
    let verifier = Verifier::new(SECRET).defaults([("secret", "another secret")]);
    let signed = (0..).find_map(|number| {
        Signer::new(SECRET).cost(4).sign_query(&format!("login=user_{number}")).ok()
    });
    assert!(verifier.verify_query(&signed.unwrap()).is_ok());
}

#[test]
fn a_list_of_slugs_has_the_text_of_one_odd_slug() {
    let (stored, signature) = moved_into_a_default("default=%5B%22go%22%5D&");
    let verifier = Verifier::new(SECRET).defaults([("redirect_url", stored.as_str())]);
    let moved = format!("default[]=go&login=root&signature={signature}");
    assert!(matches!(verifier.verify_query(&moved), Err(Error::Ambiguous(_))));
}
