//! The address is signed.

use civic_sip::authsig::{SignError, UrlError, VerifyError};

use super::*;

const QUERY: &str = "login=user_1";

fn public(url: &str) -> (Signer, Verifier) {
    (signing().public_url(url).build().unwrap(), verifying().public_url(url).build().unwrap())
}

#[test]
fn a_link_to_one_page_does_not_open_another() {
    let url = signer().sign_url("https://app.example/unsubscribe?login=user_1").unwrap();
    verifier().verify_url(&url).unwrap();
    for path in
        ["/delete", "/unsubscribe/", "/Unsubscribe", "/un%73ubscribe", "/", "", "/unsubscribe/x"]
    {
        let moved = url.replace("/unsubscribe", path);
        refused!(verifier().verify_url(&moved), VerifyError::Mismatch);
    }
}

#[test]
fn without_a_public_url_the_path_alone_is_signed() {
    let url = signer().sign_url("https://app.example/join?login=user_1").unwrap();
    let rest = url.strip_prefix("https://app.example").unwrap();
    for before in ["", "https://app.example", "http://other.example:8080", "app+x.y-z://h"] {
        verifier().verify_url(&format!("{before}{rest}")).unwrap();
    }
    // An empty path is `/`.
    let url = signer().sign_url("https://app.example?login=user_1").unwrap();
    assert!(url.starts_with("https://app.example?login=user_1&signature="));
    verifier().verify_url(&url).unwrap();
    verifier().verify_url(&url.replace("https://app.example", "/")).unwrap();
}

#[test]
fn with_a_public_url_scheme_host_and_port_are_signed() {
    let (signer, verifier) = public("https://app.example");
    let url = signer.sign_url("https://app.example/join?login=user_1").unwrap();
    assert_eq!(signer.sign_url("/join?login=user_1").unwrap(), url);
    verifier.verify_url(&url).unwrap();
    verifier.verify_url(url.strip_prefix("https://app.example").unwrap()).unwrap();
    for other in [
        "http://app.example",
        "https://app.example:8443",
        "https://www.app.example",
        "https://app.example/x",
    ] {
        let (_, verifier) = public(other);
        let moved = url.replace("https://app.example", other);
        refused!(verifier.verify_url(&moved), VerifyError::Mismatch);
        refused!(verifier.verify_url("/join?login=user_1"), VerifyError::MissingSignature);
    }
    refused!(super::verifier().verify_url(&url), VerifyError::Mismatch);
    refused!(
        verifier.verify_url(&super::signer().sign_url("/join?login=user_1").unwrap()),
        VerifyError::Mismatch
    );
}

#[test]
fn an_absolute_url_elsewhere_is_refused() {
    let (signer, verifier) = public("https://app.example/prefix");
    for before in [
        "https://app.example",
        "https://app.example/",
        "https://app.example/prefixed",
        "https://app.example/prefix.x",
        "https://app.example/Prefix",
        "https://APP.example/prefix",
        "HTTPS://app.example/prefix",
        "https://app.example:443/prefix",
        "https://app.example./prefix",
        "https://user@app.example/prefix",
        "https://evil.example/https://app.example/prefix".strip_suffix("/prefix").unwrap(),
        "http://app.example/prefix",
    ] {
        let url = format!("{before}?{QUERY}");
        assert!(matches!(signer.sign_url(&url), Err(SignError::Url(_))), "{url}");
        assert!(matches!(verifier.verify_url(&url), Err(VerifyError::Url(_))), "{url}");
    }
    let (signer, _) = public("https://app.example");
    for before in [
        "https://app.example.evil.example/",
        "https://app.example@evil.example/",
        "https://app.example:8443/",
    ] {
        refused!(signer.sign_url(before), SignError::Url(UrlError::Mismatch));
    }
}

#[test]
fn a_path_is_the_one_that_the_app_sees() {
    let (signer, verifier) = public("https://app.example:8443/auth");
    for (given, address) in [
        ("/join", "https://app.example:8443/auth/join"),
        ("/", "https://app.example:8443/auth/"),
        ("/auth/join", "https://app.example:8443/auth/auth/join"),
        ("https://app.example:8443/auth/join", "https://app.example:8443/auth/join"),
        ("https://app.example:8443/auth", "https://app.example:8443/auth"),
        ("https://app.example:8443/auth/", "https://app.example:8443/auth/"),
    ] {
        let url = signer.sign_url(&format!("{given}?{QUERY}")).unwrap();
        let signature = forged(&format!("authsig-v2\n\n{address}\n{QUERY}"));
        assert_eq!(url, format!("{address}?{QUERY}&signature={signature}"));
        verifier.verify_url(&url).unwrap();
        verifier.verify_url(&url.replace(address, given)).unwrap();
    }
    let (signer, verifier) = public("https://app.example");
    let url = signer.sign_url("https://app.example?login=user_1").unwrap();
    verifier.verify_url(&url).unwrap();
    verifier.verify_url(&url.replace("https://app.example", "/")).unwrap();
}

#[test]
fn a_last_slash_of_the_public_url_is_dropped() {
    for (with, without) in [
        ("https://app.example/", "https://app.example"),
        ("https://app.example/x/", "https://app.example/x"),
    ] {
        let url = public(with).0.sign_url("/join?login=user_1").unwrap();
        assert_eq!(url, public(without).0.sign_url("/join?login=user_1").unwrap());
        assert!(url.starts_with(&format!("{without}/join?")));
    }
}

#[test]
fn a_url_never_verifies_as_a_query_nor_the_other_way_round() {
    let url = signer().sign_url("/?login=user_1").unwrap();
    refused!(verifier().verify_query(&url[2..]), VerifyError::Mismatch);
    refused!(verifier().verify_url(&format!("/?{}", signed(QUERY))), VerifyError::Mismatch);
    refused!(
        verifier().verify_url(&format!("https://app.example?{}", signed(QUERY))),
        VerifyError::Mismatch
    );
    let (signer, verifier) = public("https://app.example");
    let query = signer.sign_query(QUERY).unwrap();
    assert_eq!(query, signed(QUERY), "bound to no address");
    verifier.verify_query(&query).unwrap();
    refused!(verifier.verify_url(&format!("/?{query}")), VerifyError::Mismatch);
}

fn assert_refused(before_query: &str, expected: UrlError) {
    let url = format!("{before_query}?{QUERY}");
    assert_eq!(signer().sign_url(&url), Err(SignError::Url(expected.clone())), "{url}");
    let url =
        format!("{url}&signature={}", forged(&format!("authsig-v2\n\n{before_query}\n{QUERY}")));
    assert_eq!(verifier().verify_url(&url).unwrap_err(), VerifyError::Url(expected), "{url}");
}

#[test]
fn what_is_neither_absolute_nor_begins_with_one_slash_is_refused() {
    for before in [
        "",
        "a",
        "//evil.example/",
        "/\\evil.example/",
        "///",
        "https:/id.example/",
        "https:///",
        "://h/",
        "1s://h/",
        "mailto:x",
        " https://h/",
        "\u{feff}https://h/",
    ] {
        assert_refused(before, UrlError::NotAbsolute);
    }
}

#[test]
fn dot_segments_are_refused() {
    for path in [
        "/.",
        "/..",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/%2e",
        "/%2E%2e",
        "/.%2e/a",
        "/a/%2E/b",
        "/a%2f..%2fb",
        "/a%2F%2e%2E",
        "/a%5c..",
        "/a%5C..%5Cb",
        "/..%2f",
        "/a/..%5c",
        "/%2e%2e%2f",
    ] {
        assert_refused(path, UrlError::DotSegment);
        assert_refused(&format!("https://h{path}"), UrlError::DotSegment);
    }
    for path in ["/...", "/.a", "/a.", "/a..b", "/..a/", "/%2e%2e%2e", "/a.b/.well-known", "/a%2fb"]
    {
        verifier().verify_url(&signer().sign_url(path).unwrap()).unwrap();
    }
}

#[test]
fn empty_segments_are_refused() {
    for path in ["/a//b", "/a//", "/a///"] {
        assert_refused(path, UrlError::EmptySegment);
        assert_refused(&format!("https://h{path}"), UrlError::EmptySegment);
    }
    assert_refused("https://h//a", UrlError::EmptySegment);
}

#[test]
fn backslashes_white_space_control_characters_and_non_ascii_are_refused() {
    for raw in [
        '\\', ' ', '\t', '\n', '\r', '\0', '\u{1f}', '\u{7f}', '\u{a0}', '\u{e9}', '\u{2028}',
        '\u{ff0f}',
    ] {
        for before in [
            format!("/a{raw}b"),
            format!("/a{raw}"),
            format!("https://h/a{raw}"),
            format!("https://h{raw}/a"),
        ] {
            assert_refused(&before, UrlError::UnencodedCharacter(raw));
        }
    }
    for path in ["/caf%c3%a9/a%20b;v=1", "/a%5Cb", "/@user", "/a:b", "/%00"] {
        verifier().verify_url(&signer().sign_url(path).unwrap()).unwrap();
    }
}

/// A browser writes a backtick as `%60`, and then the link is another one.
#[test]
fn what_is_no_character_of_a_uri_is_not_signed_in_an_address() {
    for raw in ['"', '<', '>', '^', '`', '{', '|', '}'] {
        let expected = SignError::Url(UrlError::UnencodedCharacter(raw));
        for url in [format!("/a{raw}b"), format!("https://h/{raw}?a=1"), format!("x://{raw}/a")] {
            assert_eq!(signer().sign_url(&url).unwrap_err(), expected, "{url}");
            assert_eq!(signer().link(&*url).sign().unwrap_err(), expected, "{url}");
        }
        let below = format!("/id/{raw}");
        let absolute = format!("https://app.example{below}");
        let (signer, verifier) = public("https://app.example/id");
        for url in [below, absolute] {
            assert_eq!(signer.sign_url(&url).unwrap_err(), expected, "{url}");
        }
        verifier.verify_url(&signer.link("/").segment(raw).sign().unwrap()).unwrap();
        // A query is signed decoded, however it is spelled.
        let url = signer.sign_url(&format!("/?{raw}={raw}")).unwrap();
        let escaped = format!("%{:02X}", u32::from(raw));
        for url in [url.replace(raw, &escaped), url] {
            let verified = verifier.verify_url(&url).unwrap();
            assert_eq!(verified.get(&raw.to_string()), Some(&*raw.to_string()), "{url}");
        }
    }
    let path = "/-._~:[]@!$&'()*+,;=%60";
    verifier().verify_url(&signer().sign_url(path).unwrap()).unwrap();
}

/// They were signed once, and what sends them on as they are still opens them.
#[test]
fn a_link_with_such_characters_is_verified_as_it_stands() {
    let mac = forged(&format!("authsig-v2\n\n/a`b\n{QUERY}"));
    verifier().verify_url(&format!("/a`b?{QUERY}&signature={mac}")).unwrap();
    let respelled = format!("/a%60b?{QUERY}&signature={mac}");
    refused!(verifier().verify_url(&respelled), VerifyError::Mismatch);
}

#[test]
fn a_fragment_is_refused_when_signing_and_dropped_when_verifying() {
    for url in ["/#f", "https://h/a?b=1#", "#", "/?a=1#b?c=2", "https://h#x"] {
        assert!(
            matches!(
                signer().sign_url(url),
                Err(SignError::Url(UrlError::Fragment | UrlError::NotAbsolute))
            ),
            "{url}"
        );
    }
    let url = signer().sign_url("/join?login=user_1").unwrap();
    for fragment in ["#", "#a", "#?login=admin", "#a#b"] {
        let verified = verifier().verify_url(&format!("{url}{fragment}")).unwrap();
        assert_eq!(verified.login(), Some("user_1"));
    }
}

#[test]
fn a_url_is_cut_at_the_first_hash_then_the_first_question_mark() {
    let url = signer().sign_url("/?login=user_1").unwrap();
    let query = &url[2..];
    refused!(verifier().verify_url(&format!("/#?{query}")), VerifyError::MissingSignature);
    refused!(
        verifier().verify_url(&format!("/?login=admin#?{query}")),
        VerifyError::MissingSignature
    );
    refused!(verifier().verify_url(&format!("/?login=admin?{query}")), VerifyError::Mismatch);
    let url = signer().sign_url("/?next=/a?b").unwrap();
    assert_eq!(verifier().verify_url(&url).unwrap().get("next"), Some("/a?b"));
}
