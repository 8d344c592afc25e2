//! Everything that can be set up wrongly fails when it is built.

use civic_sip::authsig::{ConfigError, ConfigProblem, PrivateKey, Secret};

use super::*;

fn problems<T: std::fmt::Debug>(result: Result<T, ConfigError>) -> Vec<ConfigProblem> {
    result.unwrap_err().problems().to_vec()
}

/// The problems that both builders find.
fn both(
    configure: impl Fn(SignerBuilder) -> SignerBuilder,
    configure_verifier: impl Fn(VerifierBuilder) -> VerifierBuilder,
) -> Vec<ConfigProblem> {
    let found = problems(configure(Signer::builder()).build());
    assert_eq!(found, problems(configure_verifier(Verifier::builder()).build()));
    found
}

macro_rules! both {
    (.$($calls:tt)+) => {
        both(|builder| builder.$($calls)+, |builder| builder.$($calls)+)
    };
}

#[test]
fn a_secret_under_16_bytes_is_refused() {
    for secret in ["", "x", "fifteen bytes.."] {
        assert_eq!(problems(Signer::new(secret)), [ConfigProblem::WeakSecret]);
        assert_eq!(problems(Verifier::new(secret)), [ConfigProblem::WeakSecret]);
        assert_eq!(both!(.secrets([("a", SECRET), ("b", secret)])), [ConfigProblem::WeakSecret]);
    }
    assert!(Signer::new("sixteen bytes...").is_ok());
    assert!(Verifier::new([0xff; 16]).is_ok());
}

#[test]
fn no_key_is_refused() {
    let none: [(&str, &str); 0] = [];
    assert_eq!(both!(.purpose("x")), [ConfigProblem::NoKey]);
    assert_eq!(both!(.secrets(none)), [ConfigProblem::NoKey]);
}

#[test]
fn a_bad_or_repeated_id_is_refused() {
    for id in ["", "a.b", "a b", "é", "a\n", &"a".repeat(33)] {
        assert_eq!(both!(.secrets([(id, SECRET)])), [ConfigProblem::BadKeyId(id.to_owned())]);
    }
    assert_eq!(
        both!(.secrets([("a", SECRET), ("a", "another secret 1")])),
        [ConfigProblem::RepeatedKeyId("a".into())]
    );
    let longest = "aZ09_-".repeat(6)[..32].to_owned();
    assert!(Signer::builder().secrets([(longest, SECRET)]).build().is_ok());
}

#[test]
fn two_keys_with_one_secret_are_refused() {
    assert_eq!(both!(.secrets([("a", SECRET), ("b", SECRET)])), [ConfigProblem::RepeatedSecret]);
    // HMAC pads with NULs, and takes the SHA-256 of a key longer than a block in its place.
    let padded = format!("{SECRET}\0");
    assert_eq!(both!(.secrets([("a", SECRET), ("b", &padded)])), [ConfigProblem::RepeatedSecret]);
    let hashed =
        hex::decode("9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9").unwrap();
    let long = [b'x'; 65];
    assert_eq!(
        both!(.secrets([("a", &long[..]), ("b", &hashed[..])])),
        [ConfigProblem::RepeatedSecret]
    );
}

#[test]
fn more_than_one_source_of_keys_is_refused() {
    let several = [ConfigProblem::SeveralKeySources];
    assert_eq!(both!(.secret(SECRET).secrets([("a", "another secret 1")])), several);
    assert_eq!(both!(.secret(SECRET).secret("another secret 1")), several);
    let key = || PrivateKey::generate().unwrap();
    assert_eq!(problems(signing().private_key(key()).build()), several);
    let both = Signer::builder().secrets([("a", SECRET)]).private_key(key());
    assert_eq!(problems(both.build()), several);
    // A verifier may have secrets and public keys.
    assert!(verifying().public_keys(key().public_key()).build().is_ok());
    assert!(Verifier::builder().public_keys(key().public_key()).build().is_ok());
}

#[test]
fn an_empty_purpose_is_refused() {
    assert_eq!(both!(.secret(SECRET).purpose("")), [ConfigProblem::EmptyPurpose]);
    assert!(signing().purpose(" ").build().is_ok());
}

#[test]
fn the_purpose_of_identities_is_refused() {
    assert_eq!(both!(.secret(SECRET).purpose("authsig")), [ConfigProblem::ReservedPurpose]);
    assert!(signing().purpose("AuthSig").build().is_ok());
}

#[test]
fn an_unusable_public_url_is_refused() {
    for url in [
        "",
        "/",
        "/path",
        "//app.example",
        "app.example",
        "https:",
        "https://",
        "https:///x",
        "https:app.example",
        "ftp://app.example",
        "mailto:x@app.example",
        "file:///x",
        "https://app.example?",
        "https://app.example/?x=1",
        "https://app.example/#",
        "https://app.example#x",
        "https://user@app.example",
        "https://user:password@app.example",
        "https://@app.example",
        "https://:@app.example",
        "HTTPS://app.example",
        "https://App.example",
        "https://app.example:443",
        "http://app.example:80/x",
        "https://app.example:0443",
        "https://app.example:",
        "https://app.example:8443x",
        "https://app.example:99999",
        " https://app.example",
        "https://app.example ",
        "https://app.example\n",
        "https://app\t.example",
        "https://app.example\\x",
        "https:\\\\app.example",
        "https://app.example/a/../b",
        "https://app.example/.",
        "https://app.example/%2e%2E/b",
        "https://app.example/a%2f..%2fb",
        "https://app.example/a%5c..",
        "https://app.example//",
        "https://app.example//a",
        "https://app.example/a//",
        "https://app.example/é",
        "https://äpp.example",
        "https://app\u{ff0e}example",
        "https://app.example/a b",
        "https://app.example/\"",
        "https://127.1",
        "https://0x7f.0.0.1",
        "https://2130706433",
        "https://[::1",
        "https://[0:0:0:0:0:0:0:1]",
        "https://app%2eexample",
        "https://xn--zzz--.example",
    ] {
        let found = both!(.secret(SECRET).public_url(url));
        assert!(matches!(found[..], [ConfigProblem::PublicUrl(_)]), "{url} {found:?}");
    }
    for url in [
        "https://app.example",
        "https://app.example/",
        "http://localhost:3000",
        "https://app.example:8443/prefix/more",
        "https://app.example/prefix/",
        "https://app.example./x",
        "https://127.0.0.1/",
        "https://[::1]:8080",
        "https://xn--pp-wia.example",
        "https://app_1.example/%C3%A9/@x;y=1",
    ] {
        assert!(signing().public_url(url).build().is_ok(), "{url}");
        assert!(verifying().public_url(url).build().is_ok(), "{url}");
    }
}

#[test]
fn an_ignored_name_of_other_characters_is_refused() {
    for name in ["", "a b", "a[]", "é", "a=b", "a&b", "a%20b", "a\n", "?a", "\u{feff}a"] {
        assert_eq!(
            both!(.secret(SECRET).ignore(["utm_source", name])),
            [ConfigProblem::IgnoredName(name.to_owned())]
        );
    }
    assert!(signing().ignore(["utm_source", "mc.eid", "A-Z_9"]).build().is_ok());
}

#[test]
fn an_ignored_name_that_is_or_becomes_reserved_is_refused() {
    for name in [
        "login",
        "service",
        "time",
        "time_fudge",
        "expires_at",
        "nonce",
        "audience",
        "state",
        "signature",
        "secret",
        "Login",
        "SECRET",
        "login.x",
        ".login",
        "expires.at",
        "Time.Fudge",
        "..state..",
    ] {
        assert_eq!(
            both!(.secret(SECRET).ignore([name])),
            [ConfigProblem::IgnoredName(name.to_owned())]
        );
    }
}

#[test]
fn single_use_without_expiry_is_refused() {
    assert_eq!(problems(signing().single_use().build()), [ConfigProblem::SingleUseWithoutExpiry]);
    assert!(signing().single_use().expires_in(Duration::from_secs(1)).build().is_ok());
}

#[test]
fn a_time_out_of_range_is_refused() {
    let century = Duration::from_secs(36_525 * 86_400);
    for duration in [
        Duration::ZERO,
        Duration::from_millis(999),
        century + Duration::from_nanos(1),
        Duration::MAX,
    ] {
        assert_eq!(
            problems(signing().expires_in(duration).build()),
            [ConfigProblem::TimeOutOfRange("expires_in")]
        );
    }
    for time in [
        UNIX_EPOCH - Duration::from_secs(1),
        at(NOW)(),
        at(NOW - 1)(),
        at(NOW)() + Duration::from_millis(999),
        at(NOW + 1)() + century,
        at(1 << 60)(),
    ] {
        assert_eq!(
            problems(signing().expires_at(time).build()),
            [ConfigProblem::TimeOutOfRange("expires_at")]
        );
    }
    for age in [century + Duration::from_secs(1), Duration::MAX] {
        assert_eq!(
            problems(verifying().max_age(age).build()),
            [ConfigProblem::TimeOutOfRange("max_age")]
        );
    }
    assert!(signing().expires_in(Duration::from_secs(1)).build().is_ok());
    assert!(signing().expires_in(century).build().is_ok());
    assert!(signing().expires_at(at(NOW + 1)()).build().is_ok());
    assert!(signing().expires_at(at(NOW)() + century).build().is_ok());
    assert!(verifying().max_age(century).build().is_ok());
}

#[test]
fn all_problems_are_reported_at_once() {
    let error = Signer::builder()
        .secrets([("a b", "short")])
        .purpose("")
        .public_url("here")
        .ignore(["login"])
        .single_use()
        .build()
        .unwrap_err();
    assert!(
        matches!(
            error.problems(),
            [
                ConfigProblem::BadKeyId(_),
                ConfigProblem::WeakSecret,
                ConfigProblem::EmptyPurpose,
                ConfigProblem::PublicUrl(_),
                ConfigProblem::IgnoredName(_),
                ConfigProblem::SingleUseWithoutExpiry
            ]
        ),
        "{error:?}"
    );
    let text = error.to_string();
    assert_eq!(text.matches("; ").count(), 5, "{text}");
    assert!(text.contains("`public_url`") && !text.contains("short\""), "{text}");
}

#[test]
fn a_generated_secret_is_random_and_hidden() {
    let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
    assert_ne!(one.as_str(), other.as_str());
    assert_eq!(one.as_str().len(), 43);
    assert!(!format!("{one:?}").contains(one.as_str()));
    let signed = Signer::new(&one).unwrap().sign_query("a=1").unwrap();
    // The text is the secret, so that it can be stored.
    assert!(Verifier::new(one.as_str()).unwrap().verify_query(&signed).is_ok());
    assert!(Verifier::new(other).unwrap().verify_query(&signed).is_err());
}
