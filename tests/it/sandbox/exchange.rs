//! The sandbox takes every form that a client of the service sends, and refuses each broken part.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use civic_sip::UserData;
use civic_sip::sandbox::Sandbox;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support;

/// A request, each part of which can be broken.
pub(super) struct Request {
    pub(super) key: String,
    pub(super) secret: String,
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) body: String,
    /// What is digested, if not the body.
    pub(super) digested: Option<String>,
    pub(super) prefix: &'static str,
    pub(super) suffix: &'static str,
    pub(super) path: &'static str,
}

pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

impl Request {
    pub(super) fn good(sandbox: &Sandbox) -> Self {
        let token = sandbox.issue_token(&UserData::new("ada", vec![]));
        let iat = now().floor();
        Self {
            key: sandbox.private_signing_key().to_owned(),
            secret: sandbox.secret().to_owned(),
            header: json!({"alg": "ES256", "typ": "JWT"}),
            claims: json!({
                "jti": "c2e0cff6-d506-48a9-9a5f-d8bd1e1d8b7a", "iat": iat, "exp": iat + 180.0,
                "iss": sandbox.app_id(), "aud": "https://api.civic.com/sip/", "sub": sandbox.app_id(),
                "data": {"method": "POST", "path": "scopeRequest/authCode"},
            }),
            body: json!({"authToken": token}).to_string(),
            digested: None,
            prefix: "Civic ",
            suffix: "",
            path: "/prod/scopeRequest/authCode",
        }
    }

    fn digest(&self) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(self.digested.as_ref().unwrap_or(&self.body).as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    pub(super) fn authorization(&self) -> String {
        let signed = format!(
            "{}.{}",
            support::base64url(self.header.to_string()),
            support::base64url(self.claims.to_string())
        );
        let signature = support::es256(&self.key, &signed);
        format!("{}{signed}.{signature}.{}{}", self.prefix, self.digest(), self.suffix)
    }

    pub(super) async fn send(&self, sandbox: &Sandbox) -> (u16, String) {
        send(sandbox, self.path, Some(&self.authorization()), &self.body).await
    }
}

async fn send(
    sandbox: &Sandbox,
    path: &str,
    authorization: Option<&str>,
    body: &str,
) -> (u16, String) {
    let url = format!("{}{path}", sandbox.base_url());
    let mut request = reqwest::Client::builder().no_proxy().build().unwrap().post(url);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let answer = request.body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn every_form_of_the_siblings_is_taken() {
    let sandbox = Sandbox::start().await.unwrap();
    let good = || Request::good(&sandbox);
    let mut requests = vec![good()];
    for path in ["/dev/scopeRequest/authCode", "/scopeRequest/authCode"] {
        requests.push(Request { path, ..good() });
    }
    // The gem: no slash, the data in an array, a line feed after the digest that HTTP stacks turn to white space.
    let mut gem = good();
    gem.claims["aud"] = "https://api.civic.com/sip".into();
    gem.claims["data"] = json!([gem.claims["data"]]);
    gem.suffix = " ";
    requests.push(gem);
    // The Node client: fractional times, members unsorted on the wire but sorted for the digest.
    let mut node = good();
    node.claims["iat"] = now().into();
    node.claims["exp"] = (now() + 179.9).into();
    let token = serde_json::from_str::<Value>(&node.body).unwrap()["authToken"].clone();
    node.body = format!(r#"{{ "authToken":{token}, "allowS3UploadedPayload":true}}"#);
    node.digested = Some(format!(r#"{{"allowS3UploadedPayload":true,"authToken":{token}}}"#));
    requests.push(node);
    for request in requests {
        let (status, body) = request.send(&sandbox).await;
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&body["encrypted"], &body["alg"]), (&json!(true), &json!("aes")));
        assert_eq!(body["userId"], "ada");
    }
}

#[tokio::test]
async fn each_broken_part_of_the_header_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let other = Sandbox::start().await.unwrap();
    let good = || Request::good(&sandbox);
    let claim = |name: &str, value: Value| {
        let mut request = good();
        request.claims[name] = value;
        request
    };
    let header = |header: Value| Request { header, ..good() };
    let mut cases = vec![
        ("signed by another app", Request { key: other.private_signing_key().into(), ..good() }),
        ("digest with another secret", Request { secret: other.secret().into(), ..good() }),
        ("digest of another body", Request { digested: Some("{}".into()), ..good() }),
        (
            "digest of the unsorted parse",
            Request {
                body: good().body.replace('{', "{ \"z\":1, "),
                digested: Some(good().body.replace('{', "{\"z\":1,")),
                ..good()
            },
        ),
        ("no scheme", Request { prefix: "", ..good() }),
        ("another scheme", Request { prefix: "Bearer ", ..good() }),
        ("digest with a tail", Request { suffix: "AAAA", ..good() }),
        ("a fifth part", Request { suffix: ".AAAA", ..good() }),
        ("alg none", header(json!({"alg": "none"}))),
        ("alg HS256", header(json!({"alg": "HS256"}))),
        ("no alg", header(json!({"typ": "JWT"}))),
        ("crit", header(json!({"alg": "ES256", "crit": ["x"]}))),
        ("exp past", claim("exp", (now() - 1.0).into())),
        ("exp a text", claim("exp", "1795216743".into())),
        ("another app's iss", claim("iss", other.app_id().into())),
        ("another app's sub", claim("sub", other.app_id().into())),
        ("another aud", claim("aud", "https://sip.example.com/".into())),
        (
            "another method",
            claim("data", json!({"method": "GET", "path": "scopeRequest/authCode"})),
        ),
        ("another path", claim("data", json!({"method": "POST", "path": "scopeRequest"}))),
        ("no data", claim("data", Value::Null)),
        ("empty list", claim("data", json!([]))),
        ("list of two", claim("data", json!([good().claims["data"], good().claims["data"]]))),
    ];
    for name in ["exp", "iss", "sub", "aud", "data"] {
        let mut request = good();
        request.claims.as_object_mut().unwrap().remove(name).unwrap();
        cases.push(("a claim is missing", request));
    }
    for (name, request) in cases {
        let (status, body) = request.send(&sandbox).await;
        assert_eq!(status, 401, "{name}: {body}");
        // It was not the token that was wrong: it is still good.
        let again = Request { body: request.body, ..good() }.send(&sandbox).await;
        assert_eq!(again.0, 200, "{name}: {}", again.1);
    }
    let body = good().body;
    for header in ["", "Civic", "Civic ", "Civic .", "Civic ...", "Civic a.b.c.d", "Civic a.b.c.ÿ"]
    {
        assert_eq!(send(&sandbox, good().path, Some(header), &body).await.0, 401, "{header}");
    }
    assert_eq!(send(&sandbox, good().path, None, &body).await.0, 401);
}

#[tokio::test]
async fn bodies_that_hold_no_token_are_bad_requests() {
    let sandbox = Sandbox::start().await.unwrap();
    for body in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"authToken":1}"#,
        r#"{"authToken":null}"#,
        r#"{"authToken":"x","authToken":"x"}"#,
        "\u{0}",
    ] {
        let request = Request { body: body.into(), ..Request::good(&sandbox) };
        let (status, answer) = request.send(&sandbox).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(serde_json::from_str::<Value>(&answer).unwrap()["message"].is_string());
    }
}

#[tokio::test]
async fn other_methods_and_addresses() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/prod/scopeRequest/authCode", sandbox.base_url());
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let request = client.request(method.parse().unwrap(), &url);
        assert_eq!(request.send().await.unwrap().status(), 405, "{method}");
    }
    assert_eq!(send(&sandbox, "/nowhere", None, "").await.0, 404);
    assert_eq!(
        send(&sandbox, "/prod/scopeRequest/authCode", None, &"x".repeat(1 << 20)).await.0,
        413
    );
}

#[tokio::test]
async fn a_token_expires_by_the_clock_of_the_sandbox() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    let time = Arc::new(AtomicU64::new(support::NOW));
    let clock = |time: &Arc<AtomicU64>| {
        let time = Arc::clone(time);
        move || support::at(time.load(Ordering::SeqCst) as f64)
    };
    let sandbox = Sandbox::builder().clock(clock(&time)).start().await.unwrap();
    let civic = sandbox.client_builder().clock(clock(&time)).build().unwrap();
    let (ada, eve) = (UserData::new("ada", vec![]), UserData::new("eve", vec![]));
    let (one, other) = (sandbox.issue_token(&ada), sandbox.issue_token(&eve));
    time.fetch_add(1799, Ordering::SeqCst);
    assert_eq!(civic.exchange_code(one).await.unwrap(), ada);
    time.fetch_add(1, Ordering::SeqCst);
    assert_eq!(civic.exchange_code(other).await.unwrap_err().status(), Some(400));
}
