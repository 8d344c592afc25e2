//! Somebody who visits the server with a program.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use serde_json::Value;
use url::form_urlencoded;

/// Writes parameters as a query or a form.
pub(crate) fn encoded(params: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// Returns the signed URL that was asked for.
    pub(crate) fn signed_url(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()["url"].as_str().unwrap().to_owned()
    }

    pub(crate) fn retry_after(&self) -> u64 {
        self.headers["retry-after"].to_str().unwrap().parse().unwrap()
    }
}

/// Somebody, with their cookie.
#[derive(Clone)]
pub(crate) struct Person {
    http: reqwest::Client,
    /// The public URL.
    site: String,
    /// What the requests go to: the proxy or an instance.
    base: String,
    cookie: Option<String>,
    forwarded_for: Option<String>,
}

impl Person {
    pub(crate) fn new(site: &str) -> Self {
        Self::client(site, reqwest::Client::builder())
    }

    /// Returns somebody whose connections come from an address of this machine: 127.0.1.1.
    pub(crate) fn from(site: &str, address: &str) -> Self {
        let address: IpAddr = address.parse().unwrap();
        Self::client(site, reqwest::Client::builder().local_address(address))
    }

    fn client(site: &str, http: reqwest::ClientBuilder) -> Self {
        let http = http.redirect(Policy::none()).no_proxy().timeout(Duration::from_secs(60));
        let http = http.build().unwrap();
        let site = site.to_owned();
        Self { http, base: site.clone(), site, cookie: None, forwarded_for: None }
    }

    /// Returns the name and the value of the cookie.
    pub(crate) fn cookie(&self) -> String {
        self.cookie.clone().unwrap()
    }

    /// Returns the same person, whose requests go to this URL.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Returns the same person, whose requests have this `X-Forwarded-For`.
    pub(crate) fn forwarded_for(&self, addresses: &str) -> Self {
        Self { forwarded_for: Some(addresses.to_owned()), ..self.clone() }
    }

    pub(crate) async fn try_send(
        &self,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Result<Answer, reqwest::Error> {
        let url = [&*self.base, path].concat();
        let request = match body {
            None => self.http.get(url),
            Some((kind, body)) => {
                self.http.post(url).header(ORIGIN, &self.site).header(CONTENT_TYPE, kind).body(body)
            }
        };
        let mut request = request.header(ACCEPT, "application/json");
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        if let Some(addresses) = &self.forwarded_for {
            request = request.header("x-forwarded-for", addresses);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.text().await? })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_send(path, None).await.unwrap()
    }

    /// Posts a form, and keeps the cookie that comes back.
    pub(crate) async fn try_post(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let form = ("application/x-www-form-urlencoded", encoded(fields));
        let answer = self.try_send(path, Some(form)).await?;
        if let Some(cookie) = answer.headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!cookie.ends_with('=')).then(|| cookie.to_owned());
        }
        Ok(answer)
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_post(path, fields).await.unwrap()
    }

    pub(crate) async fn sign_up(&mut self, login: &str, password: &str) -> Answer {
        self.post("/users", &[("login", login), ("password", password)]).await
    }

    pub(crate) async fn log_in(&mut self, login: &str, password: &str) -> Answer {
        self.post("/session", &[("login", login), ("password", password)]).await
    }

    pub(crate) async fn create_default(&self, slug: &str, params: &str) -> Answer {
        let body = format!(r#"{{"slug": "{slug}", "params": {params}}}"#);
        self.try_send("/defaults", Some(("application/json", body))).await.unwrap()
    }

    /// Asks for a signed URL.
    pub(crate) async fn request(&self, params: &[(&str, &str)]) -> Answer {
        self.get(&format!("/verify/request?{}", encoded(params))).await
    }

    /// Visits a signed URL, wherever this person's requests go.
    pub(crate) async fn verify(&self, signed_url: &str) -> Answer {
        self.get(signed_url.strip_prefix(&*self.site).unwrap()).await
    }
}
