//! What is refused in a query, when signing and when verifying, and what passes.

use civic_sip::authsig::{QueryError, SignError, VerifyError};

use super::*;

#[test]
fn more_than_256_parameters_are_refused() {
    let many = |count: usize| (0..count).map(|i| format!("p{i}=x")).collect::<Vec<_>>().join("&");
    assert_eq!(through(&many(256)).unwrap().iter().count(), 256);
    assert_eq!(query_error(&many(257)), QueryError::TooManyParameters);
    // Ignored ones, `expires_at` and `nonce` are counted, the signature is not.
    let expiring = signing().expires_in(Duration::from_secs(60));
    assert!(expiring.clone().build().unwrap().sign_query(&many(255)).is_ok());
    refused!(
        expiring.clone().build().unwrap().sign_query(&many(256)),
        SignError::Query(QueryError::TooManyParameters)
    );
    let single_use = expiring.single_use().build().unwrap();
    assert!(single_use.sign_query(&many(254)).is_ok());
    refused!(single_use.sign_query(&many(255)), SignError::Query(QueryError::TooManyParameters));
    let ignoring = verifying().ignore(["x"]).build().unwrap();
    refused!(
        ignoring.verify_query(&format!("{}&x=1&x=2", signed(&many(255)))),
        VerifyError::Query(QueryError::TooManyParameters)
    );
    assert!(ignoring.verify_query(&format!("{}&x=1", signed(&many(255)))).is_ok());
    // Empty parts count for nothing.
    assert!(through(&"&".repeat(1000)).is_ok());
}

#[test]
fn more_than_16_kib_are_refused() {
    let suffix = "&signature=v2.".len() + 43;
    let long = |len: usize| format!("a={}", "x".repeat(len - 2));
    let limit = 16 * 1024;
    assert!(through(&long(limit - suffix)).is_ok());
    // The address is no part of it.
    let url = signer().sign_url(&format!("https://app.example/join?{}", long(limit - suffix)));
    assert!(verifier().verify_url(&url.unwrap()).is_ok());
    for query in [long(limit - suffix + 1), long(limit + 1), "&".repeat(limit + 1)] {
        refused!(signer().sign_query(&query), SignError::Query(QueryError::TooLong));
        refused!(
            verifier().verify_query(&format!("{query}&signature=v2.{}", "A".repeat(43))),
            VerifyError::Query(QueryError::TooLong)
        );
    }
}

#[test]
fn two_signatures_are_refused() {
    for again in ["signature=x", "signature", "signature=", "%73ignature=x", "signatur%65=x"] {
        for query in [format!("{}&{again}", signed("a=1")), format!("{again}&{}", signed("a=1"))] {
            refused!(
                verifier().verify_query(&query),
                VerifyError::Query(QueryError::Repeated("signature"))
            );
        }
    }
}

#[test]
fn a_secret_is_refused() {
    for query in ["secret=x", "secret", "%73ecret=x", "a=1&secret=", "secret=x&secret=x"] {
        assert_eq!(query_error(query), QueryError::Secret, "{query}");
    }
}

#[test]
fn a_repeated_or_empty_reserved_parameter_is_refused() {
    for name in
        ["login", "service", "time", "time_fudge", "expires_at", "nonce", "audience", "state"]
    {
        for query in [
            format!("{name}=1&{name}=2"),
            format!("{name}=1&a=1&{name}=1"),
            format!("{name}=1&%{:02x}{}=2", name.as_bytes()[0], &name[1..]),
        ] {
            refused!(Err::<(), _>(query_error(&query)), QueryError::Repeated(_));
        }
        for query in [format!("{name}="), name.to_owned(), format!("a=1&{name}=&b=2")] {
            refused!(Err::<(), _>(query_error(&query)), QueryError::Empty(_));
        }
    }
}

#[test]
fn raw_separators_white_space_and_control_characters_are_refused() {
    for raw in [
        ';', '#', ' ', '\t', '\n', '\r', '\0', '\u{1f}', '\u{7f}', '\u{80}', '\u{85}', '\u{a0}',
        '\u{1680}', '\u{2003}', '\u{2028}', '\u{202f}', '\u{3000}',
    ] {
        for query in [
            format!("a=1{raw}b=2"),
            format!("{raw}a=1"),
            format!("a{raw}=1"),
            format!("a={raw}"),
            format!("a=1&{raw}&b=2"),
        ] {
            let error = QueryError::UnencodedCharacter(raw);
            assert_eq!(signer().sign_query(&query).unwrap_err(), SignError::Query(error.clone()));
            let query = format!("{query}&{}", signed("a=1"));
            assert_eq!(verifier().verify_query(&query).unwrap_err(), VerifyError::Query(error));
        }
        // In ignored parts, too.
        let (signer, verifier) =
            (signing().ignore(["x"]).build().unwrap(), verifying().ignore(["x"]).build().unwrap());
        assert!(signer.sign_query(&format!("a=1&x={raw}")).is_err());
        assert!(verifier.verify_query(&format!("{}&x={raw}", signed("a=1"))).is_err());
    }
    assert_eq!(through("a=%3B%20%0A%00%23&b=%3B").unwrap().get("a"), Some("; \n\0#"));
}

#[test]
fn a_question_mark_or_byte_order_mark_where_the_query_begins_is_refused() {
    for raw in ['?', '\u{feff}'] {
        for query in [format!("{raw}login=user_1"), format!("{raw}"), format!("{raw}&a=1")] {
            assert_eq!(query_error(&query), QueryError::UnencodedCharacter(raw), "{query}");
        }
        let query = format!("{raw}{}", signed("login=user_1"));
        refused!(
            verifier().verify_query(&query),
            VerifyError::Query(QueryError::UnencodedCharacter(_))
        );
        refused!(
            verifier().verify_url(&format!("/?{query}")),
            VerifyError::Query(QueryError::UnencodedCharacter(_))
        );
    }
    assert_eq!(through("a=?&b?=1").unwrap().get("b?"), Some("1"));
}

#[test]
fn a_bracket_before_an_equals_sign_in_a_value_is_refused() {
    for query in
        ["a=[b]=c", "a=]=", "a=%5D=", "a=%5d=c", "x=1&a==]=", "filter[a]=b]=c", "a=%5Bb%5D=c"]
    {
        assert_eq!(query_error(query), QueryError::BracketBeforeEquals, "{query}");
    }
    for query in
        ["a[b]=c", "a=[b]", "a=[b]%3Dc", "t=a==", "a=]x=", "a%5Bb%5D=c", "a[b]==", "a=%255D="]
    {
        assert!(through(query).is_ok(), "{query}");
    }
}

#[test]
fn a_control_character_in_a_name_is_refused() {
    for name in ["a%00", "%00", "login%00", "login%00x", "a%0Ab", "%1F", "a%7F", "a%C2%85"] {
        refused!(Err::<(), _>(query_error(&format!("{name}=1"))), QueryError::ControlInName(_));
    }
}

#[test]
fn a_broken_escape_or_invalid_utf_8_is_refused() {
    for query in ["a=%", "a=%2", "a=%zz", "%=1", "%g0=1", "a=%2%35", "a=%+1", "a=%-1", "x%"] {
        assert_eq!(query_error(query), QueryError::BrokenEscape, "{query}");
    }
    for query in
        ["a=%ff", "%ff=1", "a=%c3", "a=%c3%28", "a=%ed%a0%80", "a=%c0%af", "a=%f5%80%80%80"]
    {
        assert_eq!(query_error(query), QueryError::InvalidUtf8, "{query}");
    }
}

const RESERVED: [&str; 10] = [
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
];

fn assert_lookalike(name: &str) {
    let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for written in [escaped, name.replace(' ', "+").replace('\u{3000}', "%E3%80%80")] {
        if written.contains(char::is_whitespace) || written.starts_with(['?', '\u{feff}']) {
            continue;
        }
        for query in [format!("{written}=x"), format!("a=1&{written}")] {
            refused!(
                Err::<(), _>(query_error(&query)),
                QueryError::Lookalike(_) | QueryError::Secret
            );
        }
    }
}

#[test]
fn names_that_a_framework_reads_as_reserved_are_refused() {
    for reserved in RESERVED {
        for separator in [".", "[", "]", "?", " ", "\u{a0}", "\u{2003}", "\u{3000}", "\u{feff}"] {
            assert_lookalike(&format!("{separator}{reserved}"));
            assert_lookalike(&format!("{separator}{separator}{reserved}"));
            assert_lookalike(&format!("{reserved}{separator}"));
            assert_lookalike(&format!("{reserved}{separator}x"));
            assert_lookalike(&format!("{separator}{reserved}{separator}x"));
            if reserved.contains('_') {
                assert_lookalike(&reserved.replace('_', separator));
            }
        }
        assert_lookalike(&format!("[{reserved}]"));
        assert_lookalike(&format!("{reserved}[]"));
        assert_lookalike(&format!("{reserved}[gte]"));
        assert_lookalike(&format!("{reserved}[a][b]"));
    }
    for name in ["Expires.At", "expires[at", "expires[at]", "time.fudge", "TIME FUDGE", "login.x"] {
        assert_lookalike(name);
    }
}

#[test]
fn names_that_become_reserved_without_case_are_refused() {
    for reserved in RESERVED {
        assert_lookalike(&reserved.to_uppercase());
        let (first, rest) = reserved.split_at(1);
        assert_lookalike(&format!("{}{rest}", first.to_uppercase()));
        assert_lookalike(&format!("{}{rest}.x", first.to_uppercase()));
        // Characters whose upper case is a letter of ASCII, or two.
        for (letter, other) in [
            ("s", "\u{17f}"),
            ("i", "\u{131}"),
            ("i", "\u{130}"),
            ("st", "\u{fb06}"),
            ("st", "\u{fb05}"),
        ] {
            if reserved.contains(letter) {
                assert_lookalike(&reserved.replacen(letter, other, 1));
                assert_lookalike(&format!("[{}]", reserved.replace(letter, other)));
            }
        }
    }
}

#[test]
fn names_that_no_framework_mistakes_pass() {
    for name in [
        "user.login",
        "filter[login]",
        "logins",
        "my_login",
        "login2",
        "login-",
        "login_x",
        "timezone",
        "time-fudge",
        "timefudge",
        "expires",
        "expires-at",
        "statement",
        "x?login",
        "log.in",
        "log[in]",
        "l\u{f6}gin",
    ] {
        assert!(through(&format!("{name}=1")).is_ok(), "{name}");
    }
}

#[test]
fn a_base_name_both_plain_and_bracketed_is_refused() {
    for query in ["x=1&x[]=1", "x[]=1&x=1", "x[a]=1&x", "[x]=1&x=1", "x]=1&x=1", "x%5B%5D=1&x=1"] {
        refused!(Err::<(), _>(query_error(query)), QueryError::PlainAndBracketed(_));
    }
    // PHP writes `_` for a bracket that is never closed.
    refused!(Err::<(), _>(query_error("x[=1&x=1")), QueryError::PlainAndBracketed(_));
    assert!(through("x[]=1&x[a]=2&y=1&x[]=3").is_ok());
}

#[test]
fn names_that_php_makes_one_are_refused() {
    for query in [
        "a.b=1&a_b=2",
        "a_b=1&a.b=2",
        "a+b=1&a_b=2",
        "a.b=1&a+b=2",
        "+a=1&a=2",
        "a[b=1&a_b=2",
        "a.b[]=1&a_b=2",
        "a.b[x]=1&a_b[y]=2",
        "a[b]=1&a[b]c=2",
    ] {
        refused!(Err::<(), _>(query_error(query)), QueryError::Indistinct(_));
    }
    for query in ["a.b=1&a.b=2", "a.b=1&a.c=2", "a[b.c]=1&a[b_c]=2", "A.b=1&a_b=2", "a.b=1"] {
        assert!(through(query).is_ok(), "{query}");
    }
    // An ignored name does not hide that.
    let ignoring = verifying().ignore(["a.b"]).build().unwrap();
    refused!(
        ignoring.verify_query(&format!("{}&a.b=2", signed("a_b=1"))),
        VerifyError::Query(QueryError::Indistinct(_))
    );
}

#[test]
fn everyday_queries_pass() {
    for query in [
        "filter[status]=x",
        "ids[]=1&ids[]=2",
        "a.b=1",
        "range=[1,2]",
        "t=a==",
        "provides[]=login&provides[]=time",
        "a%3Bb=%3B",
        "X=1&x=2",
        "x=1&x=2",
        "_=1&-=3&~=4",
        "q='%22<>|^`{}",
        "\u{674e}=\u{674e}",
        "%F0%9F%98%80=%00%0A",
        "=nameless",
        "flag",
        "",
        "expires_at=1900000000&nonce=1",
    ] {
        assert!(through(query).is_ok(), "{query}");
        assert!(verifier().verify_url(&signer().sign_url(&format!("/x?{query}")).unwrap()).is_ok());
    }
}

#[test]
fn a_query_that_is_signed_already_is_not_signed() {
    for query in ["signature=x", "signature", "%73ignature=", &signed("a=1")] {
        refused!(signer().sign_query(query), SignError::AlreadySigned);
        refused!(signer().sign_url(&format!("/?{query}")), SignError::AlreadySigned);
    }
}

#[test]
fn what_the_signer_adds_is_not_there_already() {
    let expiring = signing().expires_in(Duration::from_secs(60));
    refused!(
        expiring.clone().build().unwrap().sign_query("expires_at=1900000000"),
        SignError::AlreadyPresent("expires_at")
    );
    let single_use = expiring.single_use().build().unwrap();
    refused!(single_use.sign_query("%6Eonce=1"), SignError::AlreadyPresent("nonce"));
    assert!(signer().sign_query("nonce=1&expires_at=1900000000").is_ok());
}

#[test]
fn an_error_does_not_grow_with_the_url() {
    for name in ["a%00", "login.", "a.b=1&a_b"] {
        let error = signer().sign_query(&format!("{name}{}=1", "x".repeat(10_000)));
        let text = error.map_or_else(|error| format!("{error} {error:?}"), |_| String::new());
        assert!(text.len() < 500, "{text}");
    }
}
