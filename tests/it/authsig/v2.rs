//! The signature of version 2, through the public interface.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use civic_sip::authsig::{Error, Signer, Verified, Verifier};
use serde_json::Value;

const SECRET: &str = "Test house secret.";
const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    move || UNIX_EPOCH + Duration::from_secs(seconds)
}

fn signer() -> Signer {
    Signer::new(SECRET).clock(at(NOW))
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).clock(at(NOW))
}

fn signed(query: &str) -> String {
    signer().sign_query(query).unwrap()
}

/// Signs and verifies a query.
fn through(query: &str) -> Result<Verified, Error> {
    verifier().verify_query(&signed(query))
}

macro_rules! refused {
    ($result:expr, $($pattern:tt)+) => {
        match $result {
            result @ Err(_) if matches!(result, Err($($pattern)+)) => {}
            other => panic!("{}: {other:?}", stringify!($result)),
        }
    };
}

fn vectors() -> Vec<Value> {
    let text = include_str!("../../vectors/authsig_v2.json");
    serde_json::from_str::<Value>(text).unwrap()["vectors"].as_array().unwrap().clone()
}

fn both(vector: &Value) -> (Signer, Verifier) {
    let secret = vector["secret"].as_str().unwrap();
    let (mut signer, mut verifier) = match vector["key_id"].as_str() {
        Some(id) => (Signer::with_keys([(id, secret)]), Verifier::with_keys([(id, secret)])),
        None => (Signer::new(secret), Verifier::new(secret)),
    };
    let purpose = vector["purpose"].as_str().unwrap();
    (signer, verifier) = (signer.purpose(purpose), verifier.purpose(purpose));
    if let Some(url) = vector["bound_to"].as_str() {
        (signer, verifier) = (signer.bind_to(url), verifier.bind_to(url));
    }
    (signer, verifier)
}

#[test]
fn agrees_with_every_vector() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 13);
    for vector in &vectors {
        let (signer, verifier) = both(vector);
        let query = vector["query"].as_str().unwrap();
        let signature = vector["signature"].as_str().unwrap();
        let joint = if query.ends_with('&') { "" } else { "&" };
        let whole = format!("{query}{joint}signature={signature}");
        assert_eq!(signer.sign_query(query).unwrap(), whole, "{}", vector["name"]);
        let verified = verifier.verify_query(&whole).unwrap();
        assert_eq!(verified.key_id(), vector["key_id"].as_str());
        let url = format!("https://id.example/verify/verified?{whole}#fragment");
        verifier.verify_url(&url).unwrap();
    }
}

#[test]
fn no_vector_verifies_another_way() {
    let vectors = vectors();
    for (i, vector) in vectors.iter().enumerate() {
        for (j, other) in vectors.iter().enumerate().filter(|(j, _)| i != *j) {
            let mixed = format!(
                "{}&signature={}",
                vector["query"].as_str().unwrap(),
                other["signature"].as_str().unwrap()
            );
            assert!(both(vector).1.verify_query(&mixed).is_err(), "{i} {j}");
        }
    }
}

#[test]
fn returns_what_was_signed() {
    let verified = through("b=2&login=user_1&x=2&flag&x=1&a%5B%5D=%2B+%25&=nameless").unwrap();
    assert_eq!(
        verified.iter().collect::<Vec<_>>(),
        [
            ("b", "2"),
            ("login", "user_1"),
            ("x", "2"),
            ("flag", ""),
            ("x", "1"),
            ("a[]", "+ %"),
            ("", "nameless")
        ]
    );
    assert_eq!(verified.login(), Some("user_1"));
    assert_eq!(verified.service(), "password");
    assert_eq!(verified.get("b"), Some("2"));
    assert_eq!(verified.get("x"), None, "repeated");
    assert_eq!(verified.get_all("x").collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(verified.get("signature"), None);
    assert_eq!((verified.time(), verified.expires_at(), verified.key_id()), (None, None, None));
    assert_eq!(through("service=github").unwrap().service(), "github");
    assert_eq!(through("").unwrap().iter().count(), 0);
}

#[test]
fn the_rest_of_a_url_comes_back_untouched() {
    for (url, before, after) in [
        (
            "https://ID.example:443/a%2fb/../c?x=1#f?g#h",
            "https://ID.example:443/a%2fb/../c?x=1&",
            "#f?g#h",
        ),
        ("https://id.example", "https://id.example?", ""),
        ("https://id.example?#", "https://id.example?", "#"),
        ("/verified?x=?/y&", "/verified?x=?/y&", ""),
        ("/#f", "/?", "#f"),
        ("app+x.y-z://open?x=1", "app+x.y-z://open?x=1&", ""),
    ] {
        let signed = signer().sign_url(url).unwrap();
        assert!(signed.starts_with(&format!("{before}signature=v2.")), "{signed}");
        assert!(signed.ends_with(after), "{signed}");
        verifier().verify_url(&signed).unwrap();
    }
}

#[test]
fn a_url_is_absolute_or_begins_with_one_slash() {
    for url in [
        "",
        "a?login=x",
        "?login=x",
        "//evil.example/?login=x",
        "/\\evil.example/?login=x",
        "https:/id.example/?a=1",
        "https:///?a=1",
        "://h/",
        "1s://h/",
        "mailto:x?login=x",
        " https://h/",
        "#/a",
    ] {
        refused!(signer().sign_url(url), Error::BadUrl);
        refused!(verifier().verify_url(url), Error::BadUrl);
    }
}

#[test]
fn is_cut_at_the_first_hash_then_the_first_question_mark() {
    let query = signed("login=user_1");
    refused!(verifier().verify_url(&format!("/#?{query}")), Error::MissingSignature);
    refused!(verifier().verify_url(&format!("/?login=admin#?{query}")), Error::MissingSignature);
    refused!(verifier().verify_url(&format!("/?login=admin?{query}")), Error::Mismatch);
    assert_eq!(
        verifier().verify_url(&format!("/?{query}#?login=admin")).unwrap().login(),
        Some("user_1")
    );
}

#[test]
fn names_are_compared_after_decoding() {
    let mac =
        signed("login=user_1").replace("signature", "%73ignature").replace("login", "%6Cogin");
    assert_eq!(verifier().verify_query(&mac).unwrap().login(), Some("user_1"));
    for again in ["%73ignature=x", "signature", "signature=", "%6cogin=admin", "logi%6E"] {
        refused!(
            verifier().verify_query(&format!("{}&{again}", signed("login=user_1"))),
            Error::RepeatedParameter(_)
        );
    }
    refused!(signer().sign_query("%73ignature=x"), Error::AlreadySigned);
}

#[test]
fn only_the_canonical_spelling_of_a_mac_is_taken() {
    let query = signed("login=user_1");
    let (rest, mac) = query.rsplit_once("signature=v2.").unwrap();
    assert_eq!(mac.len(), 43);
    let last = mac.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = alphabet.find(last).unwrap();
    for other in index / 4 * 4..index / 4 * 4 + 4 {
        let other = alphabet.chars().nth(other).unwrap();
        let result = verifier().verify_query(&format!("{rest}signature=v2.{}{other}", &mac[..42]));
        assert_eq!(result.is_ok(), other == last);
    }
    let hex = "ab".repeat(32);
    for wrong in [
        "",
        "v2",
        "v2.",
        "v1.x",
        "V2.x",
        &format!("v2.{mac}="),
        &format!("v2.{mac}A"),
        &format!("v2.{}", &mac[1..]),
        &format!("v2..{mac}"),
        &format!("v2.{mac}."),
        &format!("v2.a.b.{mac}"),
        &format!("v2.a%20b.{mac}"),
        &format!("v2.{}.{mac}", "a".repeat(33)),
        &format!("v2.+{}", &mac[1..]),
        &format!("%20v2.{mac}"),
        &format!("v2.{mac}%0A"),
        &format!("v2.{hex}"),
        "$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy",
        "v3.x",
    ] {
        refused!(
            verifier().verify_query(&format!("{rest}signature={wrong}")),
            Error::MalformedSignature
        );
    }
    refused!(verifier().verify_query("login=user_1"), Error::MissingSignature);
    refused!(
        verifier().verify_query(&format!("{rest}signature=v2.{}", "A".repeat(43))),
        Error::Mismatch
    );
}

#[test]
fn keys_rotate() {
    let (old, new, other) = ("the old secret 1", "the new secret 2", "another secret 3");
    let list = [("new", new), ("old", old)];
    let by_new = Signer::with_keys(list).sign_query("login=user_1").unwrap();
    assert!(by_new.contains("signature=v2.new."));
    let by_old = Signer::with_keys([("old", old)]).sign_query("login=user_1").unwrap();
    let without_id = Signer::new(old).sign_query("login=user_1").unwrap();
    let verifier = Verifier::with_keys(list);
    assert_eq!(verifier.verify_query(&by_new).unwrap().key_id(), Some("new"));
    assert_eq!(verifier.verify_query(&by_old).unwrap().key_id(), Some("old"));
    assert_eq!(verifier.verify_query(&without_id).unwrap().key_id(), Some("old"));
    // A named id is tried alone, and one that is not known fails.
    refused!(verifier.verify_query(&by_new.replace(".new.", ".old.")), Error::Mismatch);
    refused!(verifier.verify_query(&by_new.replace(".new.", ".other.")), Error::UnknownKeyId);
    refused!(Verifier::new(new).verify_query(&by_new), Error::UnknownKeyId);
    refused!(Verifier::with_keys([("new", other)]).verify_query(&by_new), Error::Mismatch);
    refused!(Verifier::new(other).verify_query(&without_id), Error::Mismatch);
    // The id is in the signature alone; without it the mac is the same.
    assert_eq!(verifier.verify_query(&by_new.replace(".new.", ".")).unwrap().key_id(), Some("new"));
}

#[test]
fn bad_keys_refuse_everything() {
    let good = signed("login=user_1");
    let none: [(&str, &str); 0] = [];
    let long = "x".repeat(65);
    // SHA-256 of 65 times `x`, which HMAC takes in place of that key.
    let hashed =
        hex::decode("9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9").unwrap();
    let cases: Vec<(Signer, Verifier, &str)> = vec![
        (Signer::new("fifteen bytes.."), Verifier::new("fifteen bytes.."), "WeakSecret"),
        (Signer::new(""), Verifier::new(""), "WeakSecret"),
        (Signer::with_keys(none), Verifier::with_keys(none), "NoKey"),
        (Signer::with_keys([("a", "x")]), Verifier::with_keys([("a", "x")]), "WeakSecret"),
        (Signer::with_keys([("", SECRET)]), Verifier::with_keys([("", SECRET)]), "BadKeyId"),
        (Signer::with_keys([("a.b", SECRET)]), Verifier::with_keys([("a.b", SECRET)]), "BadKeyId"),
        (Signer::with_keys([("é", SECRET)]), Verifier::with_keys([("é", SECRET)]), "BadKeyId"),
        (
            Signer::with_keys([("a".repeat(33), SECRET)]),
            Verifier::with_keys([("a".repeat(33), SECRET)]),
            "BadKeyId",
        ),
        (
            Signer::with_keys([("a", SECRET), ("a", "another secret 1")]),
            Verifier::with_keys([("a", SECRET), ("a", "another secret 1")]),
            "RepeatedKeyId",
        ),
        (
            Signer::with_keys([("a", SECRET), ("b", SECRET)]),
            Verifier::with_keys([("a", SECRET), ("b", SECRET)]),
            "RepeatedSecret",
        ),
        (
            // HMAC pads with NULs.
            Signer::with_keys([("a", SECRET.to_owned()), ("b", format!("{SECRET}\0"))]),
            Verifier::with_keys([("a", SECRET.to_owned()), ("b", format!("{SECRET}\0"))]),
            "RepeatedSecret",
        ),
        (
            Signer::with_keys([("a", long.as_bytes()), ("b", &hashed)]),
            Verifier::with_keys([("a", long.as_bytes()), ("b", &hashed)]),
            "RepeatedSecret",
        ),
        (
            Signer::with_keys([("a", SECRET), ("b", "short")]),
            Verifier::with_keys([("a", SECRET), ("b", "short")]),
            "WeakSecret",
        ),
    ];
    for (signer, verifier, expected) in cases {
        for error in [
            signer.sign_query("login=user_1").unwrap_err(),
            signer.sign_url("/?login=user_1").unwrap_err(),
            verifier.verify_query(&good).unwrap_err(),
            verifier.verify_url(&format!("/?{good}")).unwrap_err(),
        ] {
            assert!(format!("{error:?}").starts_with(expected), "{error:?} {expected}");
        }
    }
    assert!(Signer::new("sixteen bytes...").sign_query("").is_ok());
}

#[test]
fn a_purpose_separates() {
    let reset = signer().purpose("password-reset").sign_query("login=user_1").unwrap();
    verifier().purpose("password-reset").verify_query(&reset).unwrap();
    for other in [
        "",
        "password",
        "password-reset ",
        "Password-Reset",
        "password-reset\n",
        "password%2Dreset",
    ] {
        refused!(verifier().purpose(other).verify_query(&reset), Error::Mismatch);
    }
    refused!(verifier().verify_query(&reset), Error::Mismatch);
    refused!(verifier().purpose("invite").verify_query(&signed("login=user_1")), Error::Mismatch);
    // The purpose can't reach into the target or the pairs.
    let target = signer().purpose("a").bind_to("https://h/").sign_query("login=user_1").unwrap();
    refused!(verifier().purpose("a\nhttps://h/").verify_query(&target), Error::Mismatch);
}

#[test]
fn binding_to_a_url() {
    let bound = |url: &str| signer().bind_to(url).sign_query("login=user_1").unwrap();
    let here = bound("https://id.example/verified");
    for same in ["https://id.example/verified", "HTTPS://ID.Example:443/verified"] {
        assert_eq!(bound(same), here);
        verifier().bind_to(same).verify_query(&here).unwrap();
        verifier()
            .bind_to(same)
            .verify_url(&format!("https://ID.example/verified?{here}"))
            .unwrap();
        verifier().bind_to(same).verify_url(&format!("/other/mount?{here}")).unwrap();
    }
    assert_eq!(bound("https://id.example"), bound("https://id.example/"));
    assert_eq!(bound("http://[::1]:80/x"), bound("http://[::1]/x"));
    assert_ne!(bound("https://id.example:80/"), bound("https://id.example/"));
    for other in [
        "https://id.example/",
        "https://id.example/Verified",
        "https://id.example/verified/",
        "http://id.example/verified",
        "https://id.example:8443/verified",
        "https://www.id.example/verified",
        "https://id.example./verified",
        "https://id.example/%76erified",
        "https://id.example//verified",
    ] {
        refused!(verifier().bind_to(other).verify_query(&here), Error::Mismatch);
        refused!(
            verifier()
                .bind_to("https://id.example/verified")
                .verify_url(&format!("{other}?{here}")),
            Error::Elsewhere
        );
        refused!(
            signer()
                .bind_to("https://id.example/verified")
                .sign_url(&format!("{other}?login=user_1")),
            Error::Elsewhere
        );
    }
    for elsewhere in [
        "https://evil@id.example/verified",
        "https://id.example@evil/verified",
        "https://evil\\@id.example/verified",
        "https://id.example:443:443/verified",
        "https://id.example:0443/verified",
        "https://id.example:/verified",
        "https://id.example/./verified",
        "https://id.example/x/../verified",
        "https://id.example\\verified",
        "https://id.example\t/verified",
        "ws://id.example/verified",
    ] {
        refused!(
            verifier()
                .bind_to("https://id.example/verified")
                .verify_url(&format!("{elsewhere}?{here}")),
            Error::Elsewhere
        );
    }
    refused!(verifier().verify_query(&here), Error::Mismatch);
    refused!(
        verifier().bind_to("https://id.example/verified").verify_query(&signed("login=user_1")),
        Error::Mismatch
    );
}

#[test]
fn a_bad_url_to_bind_to_refuses_everything() {
    for url in [
        "",
        "/verified",
        "id.example/verified",
        "https://",
        "https:///x",
        "https://user@id.example/",
        "https://u:p@id.example/",
        "https://id.example/?",
        "https://id.example/?a=1",
        "https://id.example/#",
        "https://id.example/#f",
        "https://exämple/",
        "https://id.example/ä",
        "https://id.example\\x",
        "https://id.example/\\x",
        "https://id.example/.",
        "https://id.example/..",
        "https://id.example/a/./b",
        "https://id.example/a/../b",
        "https://id.example/%2e%2E/b",
        "https://id.example/.%2e",
        "https://id.example/a b",
        "https://id.example/a\nb",
        "https://id.example:x/",
        "https://id.example:/",
        "https://id.example:65536/",
        "https://id.example:0443/",
        "https://[::1/",
        "https://[x]/",
        "https://[::1]x/",
        "https://id.exa%6Dple/",
        "https://id.example/%zz",
        "https://id.example/%2",
        " https://id.example/",
        "https://id.example/[",
        "https://:443/",
    ] {
        refused!(signer().bind_to(url).sign_query("login=user_1"), Error::BadTarget(_));
        refused!(signer().bind_to(url).sign_url("/?login=user_1"), Error::BadTarget(_));
        refused!(
            verifier().bind_to(url).verify_query(&signed("login=user_1")),
            Error::BadTarget(_)
        );
        refused!(verifier().bind_to(url).verify_url("/"), Error::BadTarget(_));
    }
    for url in [
        "https://id.example/...",
        "https://id.example/a..b/.c",
        "https://id.example/a%20b",
        "app://open/x",
    ] {
        assert!(signer().bind_to(url).sign_query("").is_ok(), "{url}");
    }
}

#[test]
fn ignored_parameters_are_neither_signed_nor_returned() {
    let signer = signer().ignore(["utm_source", "fbclid"]);
    let verifier = verifier().ignore(vec!["utm_source".to_owned(), "fbclid".to_owned()]);
    let query = signer.sign_query("login=user_1&utm_source=mail").unwrap();
    assert!(query.starts_with("login=user_1&utm_source=mail&signature="));
    for changed in [
        query.replace("mail", "web"),
        query.replace("utm_source=mail&", ""),
        format!("{query}&fbclid=1&fbclid=2&%66bclid"),
    ] {
        let verified = verifier.verify_query(&changed).unwrap();
        assert_eq!(verified.iter().collect::<Vec<_>>(), [("login", "user_1")]);
        assert_eq!(verified.get("utm_source"), None);
    }
    for changed in ["&utm_Source=1", "&utm_source[]=1", "&gclid=1"] {
        assert!(verifier.verify_query(&format!("{query}{changed}")).is_err());
    }
    // What is refused is refused in ignored parts, too.
    for (part, _) in
        [(";", 0), (" ", 0), ("\n", 0), ("\u{a0}", 0), ("%zz", 0), ("%ff", 0), ("#", 0)]
    {
        assert!(verifier.verify_query(&format!("{query}&fbclid={part}")).is_err(), "{part:?}");
        assert!(signer.sign_query(&format!("login=user_1&fbclid={part}")).is_err(), "{part:?}");
    }
    refused!(verifier.verify_query(&format!("{query}&fbclid[]=1")), Error::Mismatch);
    refused!(
        verifier.verify_query(&format!("{query}&fbclid=1&fbclid[]=1")),
        Error::RefusedParameter { .. }
    );
}

#[test]
fn what_has_a_meaning_cant_be_ignored() {
    for name in [
        "login",
        "service",
        "time",
        "time_fudge",
        "expires_at",
        "nonce",
        "signature",
        "secret",
        "Login",
        "login[]",
        "[secret]",
        "expires.at",
        " nonce",
    ] {
        let all = ["x", name];
        refused!(signer().ignore(all).sign_query("login=user_1"), Error::IgnoredReserved(_));
        refused!(
            verifier().ignore(all).verify_query(&signed("login=user_1")),
            Error::IgnoredReserved(_)
        );
        refused!(verifier().ignore(all).verify_url("/"), Error::IgnoredReserved(_));
    }
}

/// Queries that neither side takes, whatever is signed.
const REFUSED: &[&str] = &[
    "secret=x",
    "secret",
    "%73ecret=x",
    "login=a&login=b",
    "service=a&service=a",
    "time=1&time=1",
    "expires_at=1&expires_at=1",
    "nonce=1&nonce=2",
    "a=1;b=2",
    "a;",
    "a=1 ",
    " a=1",
    "a=\t",
    "a=\n1",
    "a=\u{2003}",
    "a=\u{85}",
    "a=\u{7f}",
    "a=\u{0}",
    "a=1#b",
    "a%00=1",
    "login%00=x",
    "login%00x=1",
    "a%0A=1",
    "a%7F=1",
    "a%C2%85=1",
    "Login=x",
    "LOGIN",
    "loGin=x",
    "login[]=x",
    "login[0]=x",
    "login[a][b]=x",
    "[login]=x",
    "[[login]]=x",
    "[login=x",
    "login]=x",
    "]login=x",
    "login]x=1",
    "login[=x",
    "%5Blogin%5D=x",
    "+login=x",
    "login+=x",
    "login%20=x",
    "%E2%80%83login=x",
    "expires.at=1",
    "expires+at=1",
    "Expires.At=1",
    "expires[at=1",
    "time.fudge=1",
    "time+fudge=1",
    "Time_Fudge=1",
    "Nonce=1",
    "SIGNATURE=x",
    "signature[]=x",
    "[signature]=x",
    "Secret=x",
    "secret[]=x",
    "[secret]=x",
    "secret[a]=x",
    "sec%C5%BFet=1&%C5%BFecret=x",
    "s%C4%B1gnature=x",
    "+[login]=x",
    "x=1&x[]=1",
    "x[]=1&x=1",
    "x[a]=1&x",
    "[x]=1&x=1",
    "x[=1&x=1",
    "a=%",
    "a=%2",
    "a=%zz",
    "%=1",
    "%g0=1",
    "a=%2%35",
    "a=%ff",
    "%ff=1",
    "a=%c3",
    "a=%ed%a0%80",
    "a=%c0%af",
];

#[test]
fn refused_when_signing_and_when_verifying() {
    for query in REFUSED {
        let signing = signer().sign_query(query).unwrap_err();
        let verifying =
            verifier().verify_query(&format!("{query}&signature=v2.{}", "A".repeat(43)));
        let verifying = verifying.unwrap_err();
        assert_eq!(format!("{signing:?}"), format!("{verifying:?}"), "{query}");
        assert!(!matches!(verifying, Error::Mismatch | Error::MalformedSignature), "{query}");
        assert!(signer().sign_url(&format!("/?{query}")).is_err() || query.contains('#'));
    }
}

#[test]
fn ordinary_names_pass() {
    for query in [
        "log.in=1",
        "log[in]=1",
        "logins=1",
        "my_login=1",
        "login2=1",
        "login-=1",
        "a%3Bb=%3B",
        "a%3Ab=1",
        "timezone=1",
        "expires=1",
        "user[login]=1",
        "provides[]=login&provides[]=time",
        "a[b]=1&a[c]=2&a[]=3",
        "X=1&x=2",
        "x=1&x=2",
        "time_fudge=1&time_fudge=2",
        "%3Flogin=1",
        "%F0%9F%98%80=%00%0A",
        "q='%22<>|^`{}",
        "\u{674e}=\u{674e}",
        "_=1&.=2&-=3&~=4",
        "x.y=1&x_y=2",
    ] {
        assert!(through(query).is_ok(), "{query}");
    }
}

#[test]
fn length_and_number_are_limited() {
    let many = |count: usize| (0..count).map(|i| format!("p{i}=x")).collect::<Vec<_>>().join("&");
    let verified = through(&many(256)).unwrap();
    assert_eq!(verified.iter().count(), 256);
    refused!(signer().sign_query(&many(257)), Error::TooManyParameters);
    refused!(
        signer().expires_in(Duration::from_secs(1)).sign_query(&many(256)),
        Error::TooManyParameters
    );
    refused!(
        verifier().verify_query(&format!("{}&signature=x", many(257))),
        Error::TooManyParameters
    );
    refused!(
        verifier()
            .ignore(["x"])
            .verify_query(&format!("{}&signature=x", vec!["x=1"; 257].join("&"))),
        Error::TooManyParameters
    );
    // Empty parts count for nothing.
    assert!(through(&"&".repeat(1000)).is_ok());

    let suffix = "&signature=v2.".len() + 43;
    let long = |len: usize| format!("a={}", "x".repeat(len - 2));
    assert!(through(&long(16 * 1024 - suffix)).is_ok());
    refused!(signer().sign_query(&long(16 * 1024 - suffix + 1)), Error::QueryTooLong);
    refused!(signer().sign_query(&long(16 * 1024 + 1)), Error::QueryTooLong);
    refused!(verifier().verify_query(&long(16 * 1024 + 1)), Error::QueryTooLong);
    refused!(verifier().verify_query(&"&".repeat(16 * 1024 + 1)), Error::QueryTooLong);
}

#[test]
fn expiry_is_checked_whenever_it_is_there() {
    let query = signer().expires_in(Duration::from_secs(3600)).sign_query("login=user_1").unwrap();
    assert!(query.starts_with(&format!("login=user_1&expires_at={}&signature=", NOW + 3600)));
    let when = |seconds| Verifier::new(SECRET).clock(at(seconds)).verify_query(&query);
    assert_eq!(when(NOW).unwrap().expires_at().unwrap().timestamp() as u64, NOW + 3600);
    assert!(when(NOW + 3600).is_ok(), "the last moment");
    refused!(when(NOW + 3601), Error::Expired);
    assert!(when(0).is_ok());
    let at_time = UNIX_EPOCH + Duration::from_millis(NOW * 1000 + 5999);
    let query = signer().expires_at(at_time).sign_query("").unwrap();
    assert!(query.starts_with(&format!("expires_at={}&", NOW + 5)));

    for ok in [
        "2027-01-15T09:00:00%2B01:00",
        "2027-01-15t08:00:00z",
        "2027-01-15T08:00:00.000Z",
        "01800000000",
    ] {
        assert_eq!(
            through(&format!("expires_at={ok}")).unwrap().expires_at().unwrap().timestamp() as u64,
            NOW,
            "{ok}"
        );
    }
    refused!(through("expires_at=2027-01-15T07:59:59Z"), Error::Expired);
    refused!(through("expires_at=1799999999"), Error::Expired);
    refused!(through("expires_at=0"), Error::Expired);
    for bad in [
        "",
        "-1",
        "%2B1900000000",
        "1.9e9",
        "1900000000.0",
        "1900000000+",
        "+1900000000",
        "0x7fffffff",
        "tomorrow",
        "never",
        "null",
        "99999999999999999999",
        "9223372036854775807",
        "18446744073709551616",
        "999999999999999",
        "2030-01-01",
        "2030-01-01T00:00:00",
        "2030-01-01+00:00:00Z",
        "2030-01-01T00:00:00+02:00",
        "2030-13-01T00:00:00Z",
        "2030-01-01T00:00:00%E2%88%9201:00",
        "Tue+Jan++1+00:00:00+UTC+2030",
        "%D9%A1900000000",
    ] {
        refused!(through(&format!("expires_at={bad}")), Error::BadTime("expires_at"));
    }
    refused!(
        verifier().require_expiry().verify_query(&signed("login=user_1")),
        Error::MissingParameter(_)
    );
    assert!(verifier().require_expiry().verify_query(&signed("expires_at=1800000000")).is_ok());
}

#[test]
fn expiry_out_of_range_is_an_error() {
    refused!(signer().expires_in(Duration::MAX).sign_query(""), Error::TimeOutOfRange);
    refused!(
        signer().expires_at(UNIX_EPOCH - Duration::from_secs(1)).sign_query(""),
        Error::TimeOutOfRange
    );
    refused!(
        signer().expires_at(UNIX_EPOCH + Duration::from_secs(1 << 60)).sign_query(""),
        Error::TimeOutOfRange
    );
    let lost = || UNIX_EPOCH + Duration::from_secs(1 << 60);
    refused!(
        Verifier::new(SECRET).clock(lost).verify_query(&signed("expires_at=1900000000")),
        Error::TimeOutOfRange
    );
}

#[test]
fn the_signer_adds_nothing_twice() {
    let expiring = signer().expires_in(Duration::from_secs(1));
    refused!(expiring.sign_query("expires_at=1"), Error::AlreadyPresent("expires_at"));
    refused!(expiring.clone().single_use().sign_query("%6Eonce=1"), Error::AlreadyPresent("nonce"));
    refused!(signer().sign_query("signature=x"), Error::AlreadySigned);
    refused!(signer().sign_query(&signed("a=1")), Error::AlreadySigned);
    refused!(signer().sign_query("signature"), Error::AlreadySigned);
    assert!(signer().sign_query("nonce=1&expires_at=1").is_ok());
}

#[test]
fn single_use_needs_an_expiry() {
    refused!(signer().single_use().sign_query("login=user_1"), Error::SingleUseWithoutExpiry);
    refused!(signer().single_use().sign_query("expires_at="), Error::SingleUseWithoutExpiry);
    let own = signer().single_use().sign_query("expires_at=1900000000").unwrap();
    assert!(own.contains("&nonce="));
    let signer = signer().single_use().expires_in(Duration::from_secs(60));
    let nonces: Vec<_> = (0..2)
        .map(|_| {
            let verified = verifier().verify_query(&signer.sign_query("a=1").unwrap()).unwrap();
            verified.get("nonce").unwrap().to_owned()
        })
        .collect();
    assert_eq!(nonces[0].len(), 22, "128 bits in base64url");
    assert_ne!(nonces[0], nonces[1]);
}

#[test]
fn age_counts_from_the_signed_time() {
    let within = |age: u64, query: &str| {
        verifier().max_age(Duration::from_secs(age)).verify_query(&signed(query))
    };
    refused!(within(60, "login=user_1"), Error::MissingParameter(_));
    let minute_ago = format!("time={}", NOW - 60);
    assert!(within(60, &minute_ago).is_ok());
    refused!(within(59, &minute_ago), Error::TooOld);
    assert!(within(u64::MAX, "time=0").is_ok());
    assert_eq!(within(60, &minute_ago).unwrap().time().unwrap().timestamp() as u64, NOW - 60);
    // Ahead, with and without an age.
    for verifier in [verifier(), verifier().max_age(Duration::from_secs(1))] {
        assert!(verifier.verify_query(&signed(&format!("time={}", NOW + 60))).is_ok());
        refused!(verifier.verify_query(&signed(&format!("time={}", NOW + 61))), Error::NotYet);
    }
    for ok in ["2027-01-15T08:00:00Z", "Fri+Jan+15+08:00:00+UTC+2027", "1800000000"] {
        assert_eq!(through(&format!("time={ok}")).unwrap().time().unwrap().timestamp() as u64, NOW);
    }
    for bad in [
        "",
        "now",
        "-5",
        "99999999999999999999",
        "08:00",
        "2027-01-15",
        "Fri+Jan+15+08:00:00+2027",
        "Thu+Jan+15+08:00:00+UTC+2027",
        "fri+Jan+15+08:00:00+UTC+2027",
        "Fri++Jan+15+08:00:00+UTC+2027",
        "Fri+Jan+15+08:00:00+UTC+27",
    ] {
        refused!(through(&format!("time={bad}")), Error::BadTime("time"));
    }
}

#[test]
fn demands_look_at_signed_parameters() {
    let query = signed("login=user_1&x=1");
    assert!(
        verifier()
            .service("password")
            .login("user_1")
            .require("x")
            .require("login")
            .verify_query(&query)
            .is_ok()
    );
    refused!(verifier().login("user_2").verify_query(&query), Error::WrongLogin);
    refused!(verifier().login("user_1").verify_query(&signed("x=1")), Error::WrongLogin);
    refused!(verifier().login("").verify_query(&signed("x=1")), Error::WrongLogin);
    refused!(verifier().service("github").verify_query(&query), Error::WrongService);
    refused!(verifier().service("password").verify_query(&signed("service=")), Error::WrongService);
    refused!(verifier().require("y").verify_query(&query), Error::MissingParameter(_));
    refused!(verifier().require("signature").verify_query(&query), Error::MissingParameter(_));
    // What is ignored is not signed, so it satisfies nothing.
    refused!(
        verifier().ignore(["x"]).require("x").verify_query(&format!("{}&x=1", signed("a=1"))),
        Error::MissingParameter(_)
    );
}

#[test]
fn nothing_secret_is_shown() {
    let signer = Signer::with_keys([("key-1", SECRET)]).purpose("p").single_use();
    let verifier = Verifier::with_keys([("key-1", SECRET)]);
    let query =
        Signer::with_keys([("key-1", SECRET)]).sign_query("login=user_1&x=personal").unwrap();
    let mac = query.rsplit_once('.').unwrap().1;
    let forged = query.replace("user_1", "user_2");
    let error = verifier.verify_query(&forged).unwrap_err();
    let right_for_forged =
        Signer::with_keys([("key-1", SECRET)]).sign_query("login=user_2&x=personal").unwrap();
    let expected = right_for_forged.rsplit_once('.').unwrap().1;
    let verified = verifier.verify_query(&query).unwrap();
    let shown = format!(
        "{signer:?} {verifier:?} {error:?} {error} {verified:?} {:?}",
        Signer::new("short")
    );
    assert!(shown.contains("key-1"));
    for secret in [SECRET, mac, expected, "personal", "user_1", "user_2", "short\""] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn an_error_does_not_grow_with_the_url() {
    let error = signer().sign_query(&format!("a%00{}=1", "x".repeat(10_000))).unwrap_err();
    assert!(format!("{error} {error:?}").len() < 500);
}

#[test]
fn can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Signer>();
    shared::<Verifier>();
    shared::<Verified>();
    shared::<Error>();
}
