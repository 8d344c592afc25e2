//! Pages: templates, and the policy that says what they may load and send.

use askama::Template;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use civic_sip::authsig::decide::Person;

/// The parts that every page shows.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) title: &'static str,
    /// The path under which the router is mounted.
    pub(crate) prefix: String,
    /// The path of the root page.
    pub(crate) root: String,
    /// Set if people have accounts here.
    pub(crate) has_accounts: bool,
    pub(crate) sign_up: bool,
    /// Set if it is known who sees the page. Else it says neither that somebody is logged in nor that nobody is.
    pub(crate) is_known: bool,
    /// The login of the person who sees the page, if that is known and somebody is logged in.
    pub(crate) person: Option<String>,
}

impl Layout {
    /// Says who sees the page, so that it links to the account or the log-in.
    pub(crate) fn with_person(mut self, person: Option<&Person>) -> Self {
        self.is_known = true;
        self.person = person.map(|person| shown(person.login()));
        self
    }
}

/// A page, and what it may do beyond the usual.
pub(crate) struct Page<T> {
    template: T,
    status: StatusCode,
    /// Origins that forms lead to. Chromium applies `form-action` to the redirects after a form, too.
    form_targets: Vec<String>,
    /// The origins of Civic's browser library and of its frame.
    civic_sources: String,
}

impl<T: Template> Page<T> {
    pub(crate) fn new(template: T) -> Self {
        Self {
            template,
            status: StatusCode::OK,
            form_targets: Vec::new(),
            civic_sources: String::new(),
        }
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Lets forms lead to the origin of this address by a redirect.
    pub(crate) fn form_target(mut self, address: Option<&str>) -> Self {
        let url = address.and_then(|address| url::Url::parse(address).ok());
        let origin = url.map(|url| url.origin().ascii_serialization());
        // The address was not checked yet, and a host may contain what means something to the policy: `*`.
        self.form_targets.extend(origin.filter(|origin| is_plain_origin(origin)));
        self
    }

    pub(crate) fn civic_sources(mut self, sources: impl Into<String>) -> Self {
        self.civic_sources = sources.into();
        self
    }

    fn policy(&self) -> String {
        let civic = &self.civic_sources;
        let own = format!("'self' {civic}");
        let targets = format!("'self' {}", self.form_targets.join(" "));
        let (own, targets) = (own.trim_end(), targets.trim_end());
        let connect = if civic.is_empty() { "'none'" } else { civic };
        format!(
            "default-src 'none'; script-src {own}; style-src {own}; img-src {own}; connect-src {connect}; \
             frame-src {connect}; form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let Ok(policy) = HeaderValue::from_str(&self.policy()) else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        match self.template.render() {
            Ok(html) => {
                let html_type = HeaderValue::from_static("text/html; charset=utf-8");
                let headers = [(CONTENT_TYPE, html_type), (CONTENT_SECURITY_POLICY, policy)];
                (self.status, headers, html).into_response()
            }
            Err(error) => {
                tracing::error!(%error);
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }
}

fn is_plain_origin(text: &str) -> bool {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
    };
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| host.bytes().all(is_plain))
}

/// Writes an error as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '?']) { "" } else { "." };
    [&*first, chars.as_str(), end].concat()
}

/// A parameter, percent-encoded.
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Param {
    pub(crate) fn new(name: &str, value: &str) -> Self {
        Self { name: shown(name), value: shown(value) }
    }
}

/// Percent-encodes a text for people to read: all but visible ASCII characters, and what separates parameters. No text can
/// look like another one, or like a sentence of the page.
pub(crate) fn shown(text: &str) -> String {
    encode(text, |byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'+' | b'&' | b'='))
}

fn encode(text: &str, is_plain: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[derive(Template)]
#[template(path = "compose.html")]
pub(crate) struct Compose {
    pub(crate) layout: Layout,
    pub(crate) url: String,
}

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct Home {
    pub(crate) layout: Layout,
    pub(crate) url: String,
    pub(crate) test_notifier: Option<String>,
}

#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct Error<'a> {
    pub(crate) layout: Layout,
    pub(crate) message: String,
    /// For failures of the server, to be found in the log.
    pub(crate) request_id: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "signed.html")]
pub(crate) struct Signed<'a> {
    pub(crate) layout: Layout,
    /// `None` if it is not to be shown.
    pub(crate) url: Option<&'a str>,
    pub(crate) is_notified: bool,
}

#[derive(Template)]
#[template(path = "verified.html")]
pub(crate) struct Verified {
    pub(crate) layout: Layout,
    pub(crate) login: String,
    pub(crate) service: String,
    pub(crate) audience: Vec<String>,
    pub(crate) params: Vec<Param>,
}

#[derive(Template)]
#[template(path = "not_verified.html")]
pub(crate) struct NotVerified {
    pub(crate) layout: Layout,
    pub(crate) reason: String,
}

#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct Consent<'a> {
    pub(crate) layout: Layout,
    pub(crate) login: String,
    pub(crate) redirect: Option<Target>,
    pub(crate) notify: Option<Target>,
    pub(crate) params: Vec<Param>,
    pub(crate) action: String,
    pub(crate) consent: &'a str,
}

/// An address that a person is asked about.
pub(crate) struct Target {
    /// The whole host in ASCII, with the port if there is one.
    pub(crate) host: String,
    pub(crate) address: String,
}

impl Target {
    pub(crate) fn new(address: &str) -> Self {
        let url = url::Url::parse(address).ok();
        let host = url.as_ref().and_then(|url| {
            let host = url.host_str()?;
            Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        Self { host: shown(&host.unwrap_or_default()), address: shown_address(address) }
    }
}

/// Shows an address as it is: addresses are percent-encoded themselves.
pub(crate) fn shown_address(address: &str) -> String {
    encode(address, |byte| byte.is_ascii_graphic())
}

impl Consent<'_> {
    /// Returns the host that the person is asked about, if it is a single one.
    fn only_host(&self) -> Option<&str> {
        let mut hosts = self.redirect.iter().chain(&self.notify).map(|target| &*target.host);
        let first = hosts.next()?;
        hosts.all(|host| host == first).then_some(first)
    }
}

#[derive(Template)]
#[template(path = "wrong_person.html")]
pub(crate) struct WrongPerson {
    pub(crate) layout: Layout,
    pub(crate) login: String,
    pub(crate) service: String,
    pub(crate) return_to: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_looks_like_another() {
        for (text, expected) in [
            ("user_1@a/b?<\">", "user_1@a/b?<\">"),
            ("a+b=c&d", "a%2Bb%3Dc%26d"),
            ("100%", "100%25"),
            ("%20", "%2520"),
            ("a b", "a%20b"),
            ("\u{430}pp", "%D0%B0pp"),
            ("\u{202e}moc", "%E2%80%AEmoc"),
            ("a\0\t\n\u{7f}", "a%00%09%0A%7F"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn a_target_has_its_whole_host_and_address() {
        let target = Target::new("https://xn--pp-fka.example:8443/in?a=%E2%80%AE&b=c+d#e");
        assert_eq!(target.host, "xn--pp-fka.example:8443");
        assert_eq!(target.address, "https://xn--pp-fka.example:8443/in?a=%E2%80%AE&b=c+d#e");
        assert_eq!(Target::new("https://\u{430}pp.example/\u{430} ").host, "xn--pp-6kc.example");
        assert_eq!(
            Target::new("https://\u{430}pp.example/\u{430} ").address,
            "https://%D0%B0pp.example/%D0%B0%20"
        );
    }
}
