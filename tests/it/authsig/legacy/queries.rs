//! Queries that are refused when signing and when verifying, each for its own cause.

use civic_sip::authsig::{QueryError, SignError};
use proptest::prelude::*;

use super::*;

/// The one reason why a query is neither signed nor accepted.
#[derive(Debug, PartialEq)]
enum Reason {
    Query(QueryError),
    Legacy(LegacyError),
}

#[track_caller]
fn reason(query: &str) -> Reason {
    reason_with(&signer(), &verifier(), query)
}

#[track_caller]
fn reason_with(signer: &Signer, verifier: &Verifier, query: &str) -> Reason {
    let signing = match signer.sign_query(query).unwrap_err() {
        SignError::Query(error) => Reason::Query(error),
        SignError::Legacy(error) => Reason::Legacy(error),
        other => panic!("{query}: {other:?}"),
    };
    let joined = if query.is_empty() { "" } else { "&" };
    let signed = format!("{query}{joined}signature={SIGNATURE}");
    let verifying = match verifier.verify_query(&signed).unwrap_err() {
        VerifyError::Query(error) => Reason::Query(error),
        VerifyError::Legacy(error) => Reason::Legacy(error),
        other => panic!("{query}: {other:?}"),
    };
    assert_eq!(signing, verifying, "{query}");
    verifying
}

#[test]
fn a_default_is_refused_in_every_form() {
    for query in [
        "login=a&default=slug",
        "login=a&default",
        "login=a&default=",
        "login=a&%64efault=slug",
        "login=a&default[]=slug",
        "login=a&default[slug]",
        "login=a&default%5Bslug%5D=1",
        "login=a&[default]=slug",
        "login=a&default[slug][more]=1",
        "login=a&default]=slug",
        "default=slug",
    ] {
        assert_eq!(reason(query), Reason::Legacy(LegacyError::Default), "{query}");
        let signer = signing().only_names(NAMES).build().unwrap();
        let verifier = verifying().only_names(NAMES).build().unwrap();
        let listed = reason_with(&signer, &verifier, query);
        assert_eq!(listed, Reason::Legacy(LegacyError::Default), "{query}");
    }
    sign_first((0..9).map(|i| format!("login=user_{i}&defaults=x&my_default=y")));
}

#[test]
fn a_secret_is_refused_in_every_form() {
    for name in [
        "secret",
        "%73ecret",
        "secret[]",
        "[secret]",
        "secret[a]",
        "Secret",
        "secret]",
        "+secret",
        "secret.x",
    ] {
        for query in [format!("login=a&{name}=x"), format!("login=a&{name}")] {
            assert_eq!(reason(&query), Reason::Query(QueryError::Secret), "{query}");
        }
    }
}

#[test]
fn a_query_without_a_login_is_refused() {
    for query in ["service=x", "", "filter[]=login", "a=login:b"] {
        assert_eq!(reason(query), Reason::Legacy(LegacyError::MissingLogin), "{query}");
    }
}

#[test]
fn an_empty_reserved_parameter_is_refused() {
    for (query, name) in [
        ("login=", "login"),
        ("login", "login"),
        ("login=x&service=", "service"),
        ("login=x&time", "time"),
        ("login=x&expires_at=", "expires_at"),
        ("login=x&time_fudge=", "time_fudge"),
    ] {
        assert_eq!(reason(query), Reason::Query(QueryError::Empty(name)), "{query}");
    }
}

#[test]
fn a_repeated_reserved_parameter_is_refused() {
    for (query, name) in [
        ("login=a&login=b", "login"),
        ("login=a&login=a", "login"),
        ("login=a&service=b&service=b", "service"),
        ("login=a&time=1&%74ime=1", "time"),
        ("login=a&expires_at=1&expires_at=2", "expires_at"),
        ("login=a&time_fudge=1&time_fudge=1", "time_fudge"),
        ("login=a&nonce=1&nonce=1", "nonce"),
    ] {
        assert_eq!(reason(query), Reason::Query(QueryError::Repeated(name)), "{query}");
    }
}

#[test]
fn a_nested_or_bracketed_reserved_parameter_is_refused() {
    for (query, name) in [
        ("login[]=a", "login[]"),
        ("login[a]=a", "login[a]"),
        ("[login]=a", "[login]"),
        ("login=a&service[]=b", "service[]"),
        ("login=a&[service]=b", "[service]"),
        ("login=a&time[x]=1", "time[x]"),
        ("login=a&[time]=1", "[time]"),
        ("login=a&expires_at[]=1", "expires_at[]"),
        ("login=a&expires.at=1", "expires.at"),
        ("login=a&time_fudge[]=1", "time_fudge[]"),
        ("login=a&Login=b", "Login"),
        ("login=a&+service=b", " service"),
        ("login=a&signature[]=b", "signature[]"),
    ] {
        let expected = QueryError::Lookalike(name.to_owned());
        assert_eq!(reason(query), Reason::Query(expected), "{query}");
    }
}

#[test]
fn brackets_that_racks_read_differently_are_refused() {
    for name in [
        "[x]",
        "x[",
        "x]",
        "x[y",
        "x[y]",
        "x[][y]",
        "x[][]",
        "x[y][]",
        "x[y]z",
        "",
        "[]",
        "user[login]",
    ] {
        match reason(&format!("login=a&{name}=1")) {
            Reason::Legacy(LegacyError::Parameter { name: told, .. }) => assert_eq!(told, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    match reason("login=a&x[]=%7F") {
        Reason::Legacy(LegacyError::Parameter { name, .. }) => assert_eq!(name, "x"),
        other => panic!("{other:?}"),
    }
    let expected = Reason::Query(QueryError::PlainAndBracketed("x".to_owned()));
    assert_eq!(reason("login=a&x=1&x[]=2"), expected);
}

#[test]
fn what_version_2_refuses_in_a_query_is_refused() {
    for (query, char) in [
        ("login=a;service=b", ';'),
        ("login=a ", ' '),
        ("login=a\n", '\n'),
        ("login=a\u{3000}", '\u{3000}'),
        ("login=a#b", '#'),
        ("?login=a", '?'),
        ("\u{feff}login=a", '\u{feff}'),
    ] {
        assert_eq!(reason(query), Reason::Query(QueryError::UnencodedCharacter(char)), "{query:?}");
    }
    for (query, expected) in [
        ("login=%", QueryError::BrokenEscape),
        ("login=%ff", QueryError::InvalidUtf8),
        ("login=a&x=a]=b", QueryError::BracketBeforeEquals),
        ("login=a&x=a%5D=b", QueryError::BracketBeforeEquals),
        ("login=a&x%0A=1", QueryError::ControlInName("x\n".to_owned())),
        ("login=a&time%00=1", QueryError::ControlInName("time\0".to_owned())),
        ("login=a&a.b=1&a_b=2", QueryError::Indistinct("a_b".to_owned())),
    ] {
        assert_eq!(reason(query), Reason::Query(expected), "{query}");
    }
    let many: String = (0..256).map(|i| format!("&p{i}=1")).collect();
    assert_eq!(reason(&format!("login=a{many}")), Reason::Query(QueryError::TooManyParameters));
    assert_eq!(reason(&"x".repeat(17_000)), Reason::Query(QueryError::TooLong));
    // With the signature it would be too long.
    let long = |i: u32| format!("login=a&x={i}{}", "x".repeat(16 * 1024 - 50));
    let results: Vec<_> = (0..9).map(|i| signer().sign_query(&long(i)).unwrap_err()).collect();
    assert!(results.contains(&SignError::Query(QueryError::TooLong)), "{results:?}");
}

#[test]
fn names_given_are_kept_to_on_both_sides() {
    let names = ["login", "time", "redirect_url"];
    let signer = signing().only_names(names).build().unwrap();
    let verifier = verifying().only_names(names).build().unwrap();
    for (query, name) in [
        ("login=a&x=1", "x"),
        ("login=a&service=b", "service"),
        ("login=a&redirect_url[]=1&y=2", "y"),
    ] {
        let expected = Reason::Legacy(LegacyError::UnlistedName(name.to_owned()));
        assert_eq!(reason_with(&signer, &verifier, query), expected, "{query}");
    }
    let in_value = Reason::Legacy(LegacyError::NameInValue("redirect_url".to_owned()));
    for value in ["time:", "xlogin:y", "a:redirect_url:", "http://x/?login:"] {
        for name in ["redirect_url", "redirect_url[]"] {
            let query = format!("login=a&{name}={value}");
            assert_eq!(reason_with(&signer, &verifier, &query), in_value, "{query}");
        }
    }
    let queries = (0..9).map(|i| format!("login=a{i}&redirect_url=secret:x&time=1"));
    assert!(verifier.verify_query(&sign_first_with(&signer, queries)).is_ok());
}

#[test]
fn more_than_256_colons_are_refused() {
    let query = |colons: usize| format!("login=a&x={}", ":".repeat(colons - 3));
    let too_complex = Reason::Legacy(LegacyError::TooComplex("more than 256 colons"));
    assert_eq!(reason(&query(257)), too_complex);
    assert!(!matches!(
        signer().sign_query(&query(256)),
        Err(SignError::Legacy(LegacyError::TooComplex(_)))
    ));
    // Those of the secret count, too.
    let secret = "a:secret:of:old";
    let signer = signing().secret(secret).build().unwrap();
    let verifier = verifying().secret(secret).build().unwrap();
    let value = ":".repeat(252);
    let signature = |number: &str| {
        let digest = sha256(&text(secret, &[("login", number), ("x", &value)]));
        (!digest.contains(&0)).then(|| original_bcrypt(&digest, 4))
    };
    let numbers = (0..).map(|number| format!("user_{number}"));
    let (login, signature) =
        numbers.into_iter().find_map(|n| signature(&n).map(|s| (n, s))).unwrap();
    let query = format!("login={login}&x={value}");
    refused!(signer.sign_query(&query), SignError::Legacy(LegacyError::TooComplex(_)));
    refused!(
        verifier.verify_query(&with_signature(&query, &signature)),
        VerifyError::Legacy(LegacyError::TooComplex(_))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_on_any_string(text in any::<String>(), more in "[-a-z0-9=&%+;\\[\\].:$/?#@ \u{0}-\u{20}]{0,60}") {
        for text in [&*text, &*more] {
            for query in [text.to_owned(), format!("login=a&{text}"), format!("login=a&time={text}")] {
                let _ = signer().sign_url(&format!("/?{query}"));
                let _ = signer().sign_query(&query);
                prop_assert!(verifier().verify_query(&query).is_err());
                prop_assert!(verifier().verify_query(&with_signature(&query, SIGNATURE)).is_err());
                prop_assert!(verifier().verify_url(&query).is_err());
            }
            prop_assert!(verifier().verify_query(&with_signature("login=a", text)).is_err());
            let _ = signing().secret(text).only_names([text]).build();
            let _ = verifying().secret(text).only_names([text]).build();
        }
    }
}
