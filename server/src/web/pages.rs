//! Pages: templates, and the policy that says what they may load and send.

use askama::Template;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Failure;

/// What every page shows.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) title: &'static str,
    /// The path under which the router is mounted.
    pub(crate) prefix: String,
    /// The path of the root page.
    pub(crate) root: String,
    /// Whether people have accounts here.
    pub(crate) has_accounts: bool,
    pub(crate) sign_up: bool,
    /// The login of the person who sees the page, where that is known.
    pub(crate) person: Option<String>,
}

/// A page, and what it may do beyond the usual.
pub(crate) struct Page<T> {
    template: T,
    status: StatusCode,
    /// Origins that forms lead to. Chromium applies `form-action` to the redirects after a form, too.
    form_targets: Vec<String>,
    /// Where the browser library of Civic and its frame come from.
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
        let own = ["'self'", civic].join(" ");
        let targets = self.form_targets.join(" ");
        let connect = if civic.is_empty() { "'none'" } else { civic };
        format!(
            "default-src 'none'; script-src {own}; style-src {own}; img-src 'self' data:; connect-src {connect}; \
             frame-src {connect}; form-action 'self' {targets}; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let Ok(policy) = HeaderValue::from_str(&self.policy()) else {
            return Failure::unavailable().into_response();
        };
        match self.template.render() {
            Ok(html) => {
                let html_type = HeaderValue::from_static("text/html; charset=utf-8");
                let headers = [(CONTENT_TYPE, html_type), (CONTENT_SECURITY_POLICY, policy)];
                (self.status, headers, html).into_response()
            }
            Err(error) => {
                tracing::error!(%error);
                Failure::unavailable().into_response()
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
    /// Encodes what is not printable ASCII, so that no text can look like something else, and what separates parameters.
    pub(crate) fn new(name: &str, value: &str) -> Self {
        Self { name: shown(name), value: shown(value) }
    }
}

/// Percent-encodes a text for people to read.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | b'+' | b'&' | b'=' => shown.push_str(&format!("%{byte:02X}")),
            b' '..=b'~' => shown.push(char::from(byte)),
            _ => shown.push_str(&format!("%{byte:02X}")),
        }
    }
    shown
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
pub(crate) struct Verified<'a> {
    pub(crate) layout: Layout,
    pub(crate) login: String,
    pub(crate) service: String,
    pub(crate) audience: Vec<&'a str>,
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
        // An address equals its serialisation, which is ASCII.
        Self { host: host.unwrap_or_default(), address: address.to_owned() }
    }
}

#[derive(Template)]
#[template(path = "wrong_person.html")]
pub(crate) struct WrongPerson {
    pub(crate) layout: Layout,
    pub(crate) message: String,
    pub(crate) login: String,
    pub(crate) return_to: String,
}
