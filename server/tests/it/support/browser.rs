//! Visits a server without a socket.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{
    ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, LOCATION, ORIGIN, SET_COOKIE,
};
use axum::http::{Method, Request};
use serde_json::Value;
use tower::ServiceExt as _;
use url::form_urlencoded::Serializer;

/// Keeps cookies, and follows no redirect by itself.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    url: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(router: Router, url: &str) -> Self {
        Self { router, url: url.to_owned(), cookies: BTreeMap::new() }
    }

    pub(crate) fn with_cookies(mut self, cookies: &BTreeMap<String, String>) -> Self {
        self.cookies = cookies.clone();
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", "text/html")], "").await
    }

    pub(crate) async fn get_json(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", "application/json")], "").await
    }

    /// Sends a form of the server's own page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = url::Url::parse(&self.url).unwrap().origin().ascii_serialization();
        self.post_from(&origin, path, fields).await
    }

    /// Sends a form of a page of another origin.
    pub(crate) async fn post_from(
        &mut self,
        origin: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let headers = [
            (ACCEPT.as_str(), "text/html"),
            (ORIGIN.as_str(), origin),
            (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"),
        ];
        self.send(Method::POST, path, &headers, &form(fields)).await
    }

    /// Sends JSON, as a program does: without an origin.
    pub(crate) async fn post_json(&mut self, path: &str, body: &str) -> Answer {
        let headers =
            [(ACCEPT.as_str(), "application/json"), (CONTENT_TYPE.as_str(), "application/json")];
        self.send(Method::POST, path, &headers, body).await
    }

    /// Sends a form as a program does, and asks for JSON.
    pub(crate) async fn post_for_json(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [
            (ACCEPT.as_str(), "application/json"),
            (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"),
        ];
        self.send(Method::POST, path, &headers, &form(fields)).await
    }

    /// Logs `user_N` in with `password_N`.
    pub(crate) async fn log_in(&mut self, login: &str) -> Answer {
        let password = login.replace("user", "password");
        self.post("/session", &[("login", login), ("password", &password)]).await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let path = url.strip_prefix(&self.url).unwrap_or(url);
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header(COOKIE, cookies.collect::<Vec<_>>().join("; "));
        }
        self.exchange(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn exchange(&mut self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                let value = rest.split(';').next().unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body).unwrap(),
        }
    }
}

/// A response, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: impl TryInto<HeaderName>) -> Option<&str> {
        let name = name.try_into().ok().unwrap();
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION).unwrap_or_else(|| panic!("no redirect: {self:?}"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Returns a member of the JSON body that is a string.
    pub(crate) fn text(&self, name: &str) -> String {
        let json = self.json();
        json[name].as_str().unwrap_or_else(|| panic!("no {name}: {json}")).to_owned()
    }

    /// Returns the error of a program, which must be a sentence.
    pub(crate) fn error(&self) -> String {
        let text = self.text("error");
        assert!(text.split(' ').count() > 2, "{text}");
        text
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        cookies.map(|cookie| cookie.to_str().unwrap()).collect()
    }

    /// Returns the value of a hidden field of the page.
    pub(crate) fn field(&self, name: &str) -> String {
        self.between(&format!("name=\"{name}\" value=\""), "\"")
    }

    /// Returns where the page's last form leads to.
    pub(crate) fn action(&self) -> String {
        let (_, form) = self.body.rsplit_once("action=\"").expect("a form");
        unescaped(form.split('"').next().unwrap())
    }

    /// Returns what stands between two texts of the page.
    pub(crate) fn between(&self, start: &str, end: &str) -> String {
        let rest = self.body.split_once(start).unwrap_or_else(|| panic!("no {start}: {self:?}")).1;
        unescaped(rest.split_once(end).unwrap().0)
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(fields).finish()
}

/// Writes a text as a value in a query.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Reads the references that askama writes.
pub(crate) fn unescaped(html: &str) -> String {
    let references =
        [("&#38;", "&"), ("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'")];
    references.into_iter().rev().fold(html.to_owned(), |text, (from, to)| text.replace(from, to))
}
