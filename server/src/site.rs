//! The public URL, and the checks of origins and cookies that depend on it.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, ORIGIN};
use url::Url;

/// The public URL, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Without a slash at the end.
    url: String,
    origin: String,
    /// The path under which the router is mounted: empty, or `/id`.
    prefix: String,
    is_https: bool,
}

impl Site {
    pub(crate) fn parse(public_url: &str) -> Result<Self, &'static str> {
        const FORM: &str = "the public URL must be an address like `https://id.example`";
        let url = Url::parse(public_url).map_err(|_| FORM)?;
        let prefix = url.path().trim_end_matches('/').to_owned();
        let origin = url.origin().ascii_serialization();
        Ok(Self {
            url: [&*origin, &*prefix].concat(),
            origin,
            prefix,
            is_https: url.scheme() == "https",
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the path of a page on this host.
    pub(crate) fn path(&self, page: &str) -> String {
        [&*self.prefix, page].concat()
    }

    /// Returns whether a page of this origin has this address.
    pub(crate) fn is_own(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| url.origin().ascii_serialization() == self.origin)
    }

    /// Returns the path of the root page: `/`, or `/id`, since a nested router never gets `/id/`.
    pub(crate) fn root(&self) -> &str {
        if self.prefix.is_empty() { "/" } else { &self.prefix }
    }

    /// Returns a local path that a request asks to return to, or the root page instead of one that is not local.
    pub(crate) fn return_to(&self, path: &str) -> String {
        let is_ours = match path.strip_prefix(&*self.prefix) {
            Some("") => !self.prefix.is_empty(),
            Some(rest) if self.prefix.is_empty() => rest.starts_with('/'),
            Some(rest) => rest.starts_with(['/', '?']),
            None => false,
        };
        let is_local = is_ours
            && Url::parse(&self.origin)
                .and_then(|base| base.join(path))
                // What the browser would go to is this path on this host, and nothing else.
                .is_ok_and(|url| url.as_str().strip_prefix(&*self.origin) == Some(path));
        if is_local { path.to_owned() } else { self.root().to_owned() }
    }

    /// Returns the value of the cookie with this name, unless the response is to become part of another host's page.
    pub(crate) fn cookie<'h>(&self, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        if is_part_of_another_page(headers) {
            return None;
        }
        let name = self.cookie_name(name);
        // By bytes, since cookies of other programs on this host may have any.
        let cookies = headers.get_all(COOKIE).iter();
        let cookies = cookies.flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
        let mut values = cookies.filter_map(|cookie| {
            let (given, value) = str::from_utf8(cookie).ok()?.trim().split_once('=')?;
            (given == name).then_some(value)
        });
        // Of two cookies with one name, another host may have set either.
        values.next().filter(|_| values.next().is_none())
    }

    /// Writes a cookie that no script can read and no other site can send with a form.
    pub(crate) fn set_cookie(&self, name: &str, value: &str, max_age: u32) -> String {
        let name = self.cookie_name(name);
        let secure = if self.is_https { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}")
    }

    /// With `__Host-`, no other host can set the cookie. Browsers refuse that prefix, and Safari `Secure`, on plain http.
    fn cookie_name(&self, name: &str) -> String {
        if self.is_https { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// Refuses a request that another site's page may have sent.
    ///
    /// Browsers send `Origin` with every POST. A request without it comes from a program, which has no cookies but its own.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), String> {
        let refuse = |given: &str| {
            Err(format!(
                "This request comes from a page of {given}, and this server is {}. If it should be the same, set the \
                 public URL to what the browser shows.",
                self.origin
            ))
        };
        match headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("another site")) {
            Some(origin) if origin == self.origin => Ok(()),
            Some(origin) => refuse(origin),
            None => match headers.get("sec-fetch-site").map(|site| site.to_str()) {
                None | Some(Ok("same-origin" | "none")) => Ok(()),
                Some(_) => refuse("another site"),
            },
        }
    }
}

/// Returns whether a page of another host frames, loads or fetches this, and does not lead to it.
///
/// With `SameSite=Lax`, browsers send the cookie along where that host is a sibling, `blog.app.example` of `id.app.example`: its
/// page could tell who is logged in, by where the response redirects to.
fn is_part_of_another_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("unknown"));
    match (text("sec-fetch-site"), text("sec-fetch-dest")) {
        (None | Some("same-origin" | "none"), _) => false,
        (Some(_), dest) => dest.is_some_and(|dest| dest != "document"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_local_path_is_returned_to() {
        let site = Site::parse("https://id.example").unwrap();
        for path in ["/", "/verify/request?login=user_1&a=%C3%A9", "/account", "/?a=//b"] {
            assert_eq!(site.return_to(path), path);
        }
        let nested = Site::parse("https://app.example/id/").unwrap();
        for path in ["/id", "/id?a=b", "/id/account"] {
            assert_eq!(nested.return_to(path), path);
        }
    }

    #[test]
    fn another_host_is_not_returned_to() {
        let site = Site::parse("https://id.example").unwrap();
        for path in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/",
            "https:evil.example",
            "/\t/evil.example",
            "/%0d%0a/../x y",
            " /account",
            "/a/../b",
            "/a\u{0}",
            "/.//evil.example",
            "javascript:alert(1)",
        ] {
            assert_eq!(site.return_to(path), "/", "{path:?}");
        }
        let nested = Site::parse("https://app.example/id").unwrap();
        for path in ["", "/", "/account", "/idea/account", "/id/../account", "//id/", "id"] {
            assert_eq!(nested.return_to(path), "/id", "{path:?}");
        }
    }

    #[test]
    fn a_cookie_is_found() {
        let site = Site::parse("https://id.example").unwrap();
        let found = |cookies| {
            let headers = headers(&[("cookie", cookies)]);
            site.cookie(&headers, "authsig").map(str::to_owned)
        };
        assert_eq!(found("a=b; __Host-authsig=value;c=d").as_deref(), Some("value"));
        assert_eq!(found("authsig=value"), None);
        assert_eq!(found("__Host-authsig=one; __Host-authsig=two"), None);
        assert_eq!(found("x__Host-authsig=one"), None);
    }

    #[test]
    fn a_cookie_does_not_count_where_another_page_embeds() {
        let site = Site::parse("https://id.app.example").unwrap();
        let found = |fetch_site: Option<&'static str>, dest: Option<&'static str>| {
            let mut pairs = vec![("cookie", "__Host-authsig=value")];
            pairs.extend(fetch_site.map(|fetch_site| ("sec-fetch-site", fetch_site)));
            pairs.extend(dest.map(|dest| ("sec-fetch-dest", dest)));
            site.cookie(&headers(&pairs), "authsig").is_some()
        };
        for fetch_site in [Some("same-site"), Some("cross-site"), Some("unheard-of")] {
            for dest in ["empty", "image", "script", "iframe", "object", "embed", "frame"] {
                assert!(!found(fetch_site, Some(dest)), "{fetch_site:?} {dest}");
            }
            assert!(found(fetch_site, Some("document")) && found(fetch_site, None));
        }
        for fetch_site in [None, Some("same-origin"), Some("none")] {
            for dest in [None, Some("document"), Some("empty"), Some("iframe")] {
                assert!(found(fetch_site, dest), "{fetch_site:?} {dest:?}");
            }
        }
    }

    #[test]
    fn the_cookie_follows_the_public_url() {
        let https = Site::parse("https://id.example").unwrap().set_cookie("authsig", "v", 60);
        let attributes = "Path=/; HttpOnly; SameSite=Lax; Max-Age=60";
        assert_eq!(https, format!("__Host-authsig=v; {attributes}; Secure"));
        let http = Site::parse("http://127.0.0.1:80").unwrap().set_cookie("authsig", "v", 60);
        assert_eq!(http, format!("authsig=v; {attributes}"));
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let site = Site::parse("https://id.example").unwrap();
        for good in [
            &[][..],
            &[("origin", "https://id.example")],
            &[("origin", "https://id.example"), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
        ] {
            assert_eq!(site.check_origin(&headers(good)), Ok(()), "{good:?}");
        }
        for bad in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "http://id.example")],
            &[("origin", "https://id.example:8443")],
            &[("origin", "https://id.example.evil.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
        ] {
            assert!(site.check_origin(&headers(bad)).is_err(), "{bad:?}");
        }
        let words = site.check_origin(&headers(&[("origin", "https://evil.example")])).unwrap_err();
        assert!(words.contains("https://evil.example") && words.contains("https://id.example"));
    }
}
