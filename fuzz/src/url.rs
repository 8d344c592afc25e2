//! A URL, with and without a public URL.

use url::Url;

use crate::plain::Link;
use crate::query::mac;
use crate::setup::PUBLIC_URL;
use crate::{Scope, oracle};

pub fn run(data: &[u8]) {
    let Ok(url) = str::from_utf8(data) else { return };
    if let Ok(link) = both!(data, build_link(url)) {
        let (before, fragment) = link.split_once('#').unwrap();
        assert!(!fragment.contains('#') && as_browsers_write(before) == before);
        let read = Url::parse(before).unwrap();
        let decoded = |text: &str| oracle::decode(&text.replace('+', "%2B"))[0].0.clone();
        let segment = read.path().strip_prefix("/a/x/").unwrap();
        assert_eq!((decoded(segment), decoded(fragment)), (url.to_owned(), url.to_owned()));
        let scope = Scope { public: false, public_url: true, purpose: "" };
        let verified = both!(data, verify_url(scope, &link)).unwrap();
        assert_eq!(verified.pairs, [("p".to_owned(), url.to_owned())]);
    } else {
        assert!(url.is_empty() || url.contains('.') || url.len() > 5_000);
    }
    for public_url in [false, true] {
        let scope = Scope { public: false, public_url, purpose: "" };
        if let Ok(link) = both!(data, verify_url(scope, url)) {
            check(url, public_url, &link);
        }
        let outcome = both!(data, sign_url(scope, url));
        let Ok(signed) = outcome else { continue };
        let link = both!(data, verify_url(scope, &signed)).unwrap();
        check(&signed, public_url, &link);
        let query = url.split_once('?').map_or("", |(_, query)| query);
        assert_eq!(link.pairs, oracle::decode(query));
        // A fragment changes nothing, another address everything.
        let with_fragment = format!("{signed}#fragment?x=1");
        assert_eq!(both!(data, verify_url(scope, &with_fragment)), Ok(link));
        let (address, query) = signed.split_once('?').unwrap();
        let elsewhere = format!("{}x?{query}", address.trim_end_matches('/'));
        // A host alone proves nothing without a public URL.
        if address
            .trim_end_matches('/')
            .split_once("://")
            .is_none_or(|(_, rest)| rest.contains('/'))
        {
            assert!(both!(data, verify_url(scope, &elsewhere)).is_err());
        }
        assert!(both!(data, verify_query(scope, query)).is_err());
    }
}

/// Browsers read the same address and parameters in it.
fn check(url: &str, public_url: bool, link: &Link) {
    link.check();
    let address = url.split(['?', '#']).next().unwrap();
    let absolute = if !address.starts_with('/') {
        address.to_owned()
    } else if public_url {
        format!("{PUBLIC_URL}{address}")
    } else {
        format!("https://app.example{address}")
    };
    let before_fragment = url.split('#').next().unwrap();
    let query = before_fragment.split_once('?').map_or("", |(_, query)| query);
    let (pairs, signature) = oracle::unsigned(&oracle::decode(query));
    assert_eq!(pairs, link.pairs);

    let after_scheme = absolute.split_once("://").unwrap().1;
    let path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]);
    let path = if path.is_empty() { "/" } else { path };
    if public_url {
        assert!(absolute == PUBLIC_URL || absolute.starts_with(&format!("{PUBLIC_URL}/")));
        assert_eq!(signature, mac(&absolute, &pairs));
    } else {
        assert_eq!(signature, mac(path, &pairs));
    }
    // Without a public URL the host is anything: what `url` takes for none, nobody visits.
    match Url::parse(&format!("{absolute}?{query}")) {
        Ok(read) if matches!(read.scheme(), "http" | "https") => {
            assert_eq!(read.path(), as_browsers_write(path), "{url}");
            let read: Vec<_> =
                read.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
            assert_eq!(oracle::unsigned(&read).0, pairs);
        }
        Ok(_) => {}
        Err(error) => assert!(!public_url, "{error}: {url}"),
    }
}

/// Escapes what `url` escapes in a path. (RFC 3986 allows none of it there.)
fn as_browsers_write(path: &str) -> String {
    path.chars()
        .map(|char| match char {
            '"' | '<' | '>' | '`' | '{' | '}' => format!("%{:02X}", u32::from(char)),
            char => char.to_string(),
        })
        .collect()
}
