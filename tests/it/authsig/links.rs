//! Signing and verifying: what comes back, keys, purposes, order, demands.

use civic_sip::authsig::{QueryError, SignError, UrlError, VerifyError};

use super::*;

#[test]
fn what_was_signed_comes_back() {
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
fn the_signer_appends_expiry_nonce_and_signature_in_this_order() {
    let signer = signing().expires_in(Duration::from_secs(60)).single_use().build().unwrap();
    for (url, before) in [
        ("/join", "/join?"),
        ("/join?", "/join?"),
        ("/join?a=1", "/join?a=1&"),
        ("/join?a=1&", "/join?a=1&"),
        ("https://app.example/a?a=/b?c&b", "https://app.example/a?a=/b?c&b&"),
    ] {
        let signed = signer.sign_url(url).unwrap();
        let rest = signed.strip_prefix(before).unwrap();
        let names: Vec<_> = rest.split('&').map(|part| part.split_once('=').unwrap().0).collect();
        assert_eq!(names, ["expires_at", "nonce", "signature"]);
        verifier().verify_url(&signed).unwrap();
    }
}

#[test]
fn the_order_is_signed() {
    let query = signed("a=1&b=2&a=3");
    let (_, signature) = query.split_once("&signature=").unwrap();
    for other in ["b=2&a=1&a=3", "a=1&a=3&b=2", "a=3&b=2&a=1"] {
        refused!(
            verifier().verify_query(&format!("{other}&signature={signature}")),
            VerifyError::Mismatch
        );
    }
    // The signature may stand anywhere, and the same may be spelled otherwise.
    for same in [
        format!("signature={signature}&a=1&b=2&a=3"),
        format!("%61=%31&&b=2&signature={signature}&a=3&"),
    ] {
        verifier().verify_query(&same).unwrap();
    }
}

#[test]
fn names_are_compared_after_decoding() {
    let query =
        signed("login=user_1").replace("signature", "%73ignature").replace("login", "%6Cogin");
    assert_eq!(verifier().verify_query(&query).unwrap().login(), Some("user_1"));
}

#[test]
fn a_purpose_separates() {
    let sign = |purpose: &str| {
        signing().purpose(purpose).build().unwrap().sign_query("login=user_1").unwrap()
    };
    let verify = |purpose: &str, query: &str| {
        verifying().purpose(purpose).build().unwrap().verify_query(query)
    };
    let reset = sign("password-reset");
    verify("password-reset", &reset).unwrap();
    for other in
        ["password", "password-reset ", "Password-Reset", "password-reset\n", "password%2Dreset"]
    {
        refused!(verify(other, &reset), VerifyError::Mismatch);
    }
    refused!(verifier().verify_query(&reset), VerifyError::Mismatch);
    refused!(verify("invite", &signed("login=user_1")), VerifyError::Mismatch);
    // A purpose can't reach into the address.
    let signer = signing().purpose("a").public_url("https://h").build().unwrap();
    let url = signer.sign_url("/b?login=user_1").unwrap();
    refused!(verify("a\nhttps://h/b", url.split_once('?').unwrap().1), VerifyError::Mismatch);
}

#[test]
fn only_the_canonical_spelling_of_a_mac_is_accepted() {
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
    ] {
        refused!(
            verifier().verify_query(&format!("{rest}signature={wrong}")),
            VerifyError::MalformedSignature
        );
    }
    refused!(verifier().verify_query("login=user_1"), VerifyError::MissingSignature);
    refused!(
        verifier().verify_query(&format!("{rest}signature=v2.{}", "A".repeat(43))),
        VerifyError::Mismatch
    );
}

#[test]
fn secrets_rotate() {
    let (old, new, other) = ("the old secret 1", "the new secret 2", "another secret 3");
    let list = [("new", new), ("old", old)];
    let sign = |secrets: &[(&str, &str)]| {
        let signer = Signer::builder().secrets(secrets.iter().copied()).build().unwrap();
        signer.sign_query("login=user_1").unwrap()
    };
    let by_new = sign(&list);
    assert!(by_new.contains("signature=v2.new."));
    let by_old = sign(&[("old", old)]);
    let without_id = Signer::new(old).unwrap().sign_query("login=user_1").unwrap();
    let verifier = Verifier::builder().secrets(list).build().unwrap();
    assert_eq!(verifier.verify_query(&by_new).unwrap().key_id(), Some("new"));
    assert_eq!(verifier.verify_query(&by_old).unwrap().key_id(), Some("old"));
    assert_eq!(verifier.verify_query(&without_id).unwrap().key_id(), Some("old"));
    // A named id is tried alone, and one that is not known fails.
    refused!(verifier.verify_query(&by_new.replace(".new.", ".old.")), VerifyError::Mismatch);
    refused!(verifier.verify_query(&by_new.replace(".new.", ".other.")), VerifyError::UnknownKey);
    refused!(Verifier::new(new).unwrap().verify_query(&by_new), VerifyError::UnknownKey);
    let wrong = Verifier::builder().secrets([("new", other)]).build().unwrap();
    refused!(wrong.verify_query(&by_new), VerifyError::Mismatch);
    refused!(Verifier::new(other).unwrap().verify_query(&without_id), VerifyError::Mismatch);
    // The id is in the signature alone; without it the mac is the same.
    assert_eq!(verifier.verify_query(&by_new.replace(".new.", ".")).unwrap().key_id(), Some("new"));
}

#[test]
fn ignored_parameters_are_neither_signed_nor_returned() {
    let names = ["utm_source", "fbclid"];
    let (signer, verifier) =
        (signing().ignore(names).build().unwrap(), verifying().ignore(names).build().unwrap());
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
    refused!(verifier.verify_query(&format!("{query}&fbclid[]=1")), VerifyError::Mismatch);
    refused!(
        verifier.verify_query(&format!("{query}&fbclid=1&fbclid[]=1")),
        VerifyError::Query(QueryError::PlainAndBracketed(_))
    );
}

#[test]
fn demands_look_at_signed_parameters() {
    let query = signed("login=user_1&x=1");
    let verify =
        |verifier: VerifierBuilder, query: &str| verifier.build().unwrap().verify_query(query);
    let all = verifying().service("password").login("user_1").require("x").require("login");
    assert!(verify(all, &query).is_ok());
    refused!(verify(verifying().login("user_2"), &query), VerifyError::WrongLogin);
    refused!(verify(verifying().login("user_1"), &signed("x=1")), VerifyError::WrongLogin);
    refused!(verify(verifying().login(""), &signed("x=1")), VerifyError::WrongLogin);
    refused!(verify(verifying().service("github"), &query), VerifyError::WrongService);
    refused!(
        verify(verifying().service("password"), &signed("service=x")),
        VerifyError::WrongService
    );
    refused!(verify(verifying().require("y"), &query), VerifyError::Missing(_));
    refused!(verify(verifying().require("signature"), &query), VerifyError::Missing(_));
    // What is ignored is not signed, so it satisfies nothing.
    refused!(
        verify(verifying().ignore(["x"]).require("x"), &format!("{}&x=1", signed("a=1"))),
        VerifyError::Missing(_)
    );
}

#[test]
fn a_link_is_built_from_its_pieces() {
    let signer = signing().public_url("https://app.example").build().unwrap();
    let verifier = verifying().public_url("https://app.example").build().unwrap();
    for (link, expected, fragment) in [
        (signer.link("/join"), "https://app.example/join?", ""),
        (
            signer.link("/join").segment("a b/c?#").segment(7),
            "https://app.example/join/a%20b%2Fc%3F%23/7?",
            "",
        ),
        (signer.link("/").segment("x"), "https://app.example/x?", ""),
        (signer.link("https://app.example").segment("x"), "https://app.example/x?", ""),
        (
            signer.link("/a?b=1").segment("x").param("c", "d"),
            "https://app.example/a/x?b=1&c=d&",
            "",
        ),
        (
            signer.link("/").param("n&=", "ö;&=%").param("login", "user_1").fragment("a b#"),
            "https://app.example/?n%26%3D=%C3%B6%3B%26%3D%25&login=user_1&",
            "#a%20b%23",
        ),
    ] {
        let url = link.sign().unwrap();
        let rest = url.strip_prefix(expected).unwrap_or_else(|| panic!("{url} {expected}"));
        assert!(rest.starts_with("signature=v2.") && rest.ends_with(fragment), "{url}");
        verifier.verify_url(&url).unwrap();
    }
}

#[test]
fn a_piece_of_a_link_can_t_reach_into_another() {
    for segment in [".", "..", "a/../b", "..\\x", "%2e%2e/..", "a/.."] {
        refused!(
            signer().link("/join").segment(segment).sign(),
            SignError::Url(UrlError::DotSegment)
        );
    }
    refused!(signer().link("/join").segment("").sign(), SignError::Url(UrlError::EmptySegment));
    for (url, segment) in
        [("https://", "evil.example"), ("/", "/evil.example"), ("https:", "x"), ("", "x")]
    {
        match signer().link(url).segment(segment).sign() {
            Ok(url) => assert!(url.starts_with("/%2Fevil.example?"), "{url}"),
            Err(error) => assert_eq!(error, SignError::Url(UrlError::NotAbsolute)),
        }
    }
    refused!(signer().link("/join#x").sign(), SignError::Url(UrlError::Fragment));
    refused!(
        signer().link("/join").param("login", "").sign(),
        SignError::Query(QueryError::Empty("login"))
    );
    refused!(
        signer().link("/join").param("secret", "x").sign(),
        SignError::Query(QueryError::Secret)
    );
    refused!(signer().link("/join").param("signature", "x").sign(), SignError::AlreadySigned);
    refused!(
        signer().link("/join").param("login", "a").param("login", "b").sign(),
        SignError::Query(QueryError::Repeated("login"))
    );
}

#[test]
fn nothing_secret_is_shown() {
    let keys = [("key-1", SECRET)];
    let signer = Signer::builder().secrets(keys).purpose("p").build().unwrap();
    let builders = format!("{:?} {:?}", signing(), verifying());
    let verifier = Verifier::builder().secrets(keys).purpose("p").login("user_1").build().unwrap();
    let query = signer.sign_query("login=user_1&x=personal").unwrap();
    let mac = query.rsplit_once('.').unwrap().1;
    let right_for_forged = signer.sign_query("login=user_2&x=personal").unwrap();
    let expected = right_for_forged.rsplit_once('.').unwrap().1;
    let error = verifier.verify_query(&query.replace("user_1", "user_2")).unwrap_err();
    let verified = verifier.verify_query(&query).unwrap();
    let link = signer.link("/").param("x", "personal").segment("user_1");
    let config = Signer::new("short secret").unwrap_err();
    let shown = format!(
        "{builders} {signer:?} {verifier:?} {error:?} {error} {verified:?} {link:?} {config:?} {config}"
    );
    assert!(shown.contains("key-1"));
    for secret in [SECRET, mac, expected, "personal", "user_1", "user_2", "short secret"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn everything_can_be_shared_between_threads() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    shared::<Signer>();
    shared::<Verifier>();
    shared::<SignerBuilder>();
    shared::<VerifierBuilder>();
    shared::<Verified>();
    shared::<civic_sip::authsig::Secret>();
    shared::<civic_sip::authsig::PrivateKey>();
    shared::<civic_sip::authsig::PublicKeys>();
    shared::<civic_sip::authsig::ConfigError>();
    shared::<SignError>();
    shared::<VerifyError>();
    shared::<civic_sip::authsig::ReplayError>();
}
