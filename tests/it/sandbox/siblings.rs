//! The clients in other languages, each in the form that it sends to the base URL of the sandbox.

use std::time::{Duration, SystemTime};

use civic_sip::sandbox::Sandbox;
use serde_json::{Value, json};

use super::exchange::{Request, now};

/// A request of this sibling, to a client that was given this base URL.
type Sibling = fn(&Sandbox, base: &str) -> Request;

const SIBLINGS: [(&str, Sibling); 6] = [
    ("Node", node),
    ("PHP", php),
    ("the Ruby gem", gem),
    ("the other Ruby gem", other_gem),
    ("Java", java),
    ("the old Rust crate", old_rust),
];

fn with_audience(sandbox: &Sandbox, aud: String) -> Request {
    let mut request = Request::good(sandbox);
    request.claims["aud"] = aud.into();
    request
}

/// Fractional times; members in the body unsorted, but sorted for the digest.
fn node(sandbox: &Sandbox, base: &str) -> Request {
    let mut request = with_audience(sandbox, format!("{base}/"));
    request.claims["iat"] = now().into();
    request.claims["exp"] = (now() + 180.0).into();
    let token = serde_json::from_str::<Value>(&request.body).unwrap()["authToken"].clone();
    request.body = format!(r#"{{ "authToken":{token}, "allowS3UploadedPayload":true}}"#);
    request.digested = Some(format!(r#"{{"allowS3UploadedPayload":true,"authToken":{token}}}"#));
    request
}

/// No last slash.
fn php(sandbox: &Sandbox, base: &str) -> Request {
    with_audience(sandbox, format!("{base}/sip"))
}

/// A list of one, and a line feed after the digest, of which HTTP stacks leave white space.
fn gem(sandbox: &Sandbox, base: &str) -> Request {
    let mut request = with_audience(sandbox, base.to_owned());
    request.claims["data"] = json!([request.claims["data"]]);
    Request { suffix: " ", ..request }
}

fn other_gem(sandbox: &Sandbox, base: &str) -> Request {
    let mut request = with_audience(sandbox, format!("{base}/sip/"));
    request.claims["data"] = json!([request.claims["data"]]);
    request
}

/// Valid for three months.
fn java(sandbox: &Sandbox, base: &str) -> Request {
    let mut request = with_audience(sandbox, format!("{base}/sip/"));
    request.claims["exp"] = (now().floor() + 90.0 * 86_400.0).into();
    request
}

/// Valid for 180 milliseconds: less than a busy machine may need.
fn old_rust(sandbox: &Sandbox, _: &str) -> Request {
    let mut request = Request::good(sandbox);
    let iat = now() - 1.0;
    request.claims["iat"] = iat.into();
    request.claims["exp"] = (iat + 0.18).into();
    request
}

/// Tries a request at the sandbox, and a sound one with the same code token after it.
async fn is_accepted(sandbox: &Sandbox, about: &str, request: Request) -> bool {
    let (status, body) = request.send(sandbox).await;
    assert!(status == 200 || status == 401, "{about}: {status} {body}");
    if status == 401 {
        // The code token was not used up.
        let sound = Request { body: request.body, ..Request::good(sandbox) };
        let sound = Request { digested: request.digested, ..sound };
        assert_eq!(sound.send(sandbox).await.0, 200, "{about}");
    }
    status == 200
}

#[tokio::test]
async fn every_sibling_is_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    let by_name = sandbox.base_url().replace("127.0.0.1", "localhost");
    for (name, sibling) in SIBLINGS {
        let request = sibling(&sandbox, sandbox.base_url());
        assert!(is_accepted(&sandbox, name, request).await, "{name}");
        // With the service's own address, as in production.
        let request = sibling(&sandbox, "https://api.civic.com");
        assert!(is_accepted(&sandbox, name, request).await, "{name} in production");
        // Another address of this machine is not the one that the request came to.
        let request = sibling(&sandbox, &by_name);
        let is_by_name = name == "the old Rust crate";
        assert_eq!(is_accepted(&sandbox, name, request).await, is_by_name, "{name} by name");
    }
}

#[tokio::test]
async fn strict_mode_rejects_every_sibling_and_accepts_this_crate() {
    let sandbox = Sandbox::builder().strict(true).start().await.unwrap();
    for (name, sibling) in SIBLINGS {
        let request = sibling(&sandbox, sandbox.base_url());
        assert!(!is_accepted(&sandbox, name, request).await, "{name}");
    }
    // The form alone, with the service's `aud`.
    for (name, sibling) in [("the Ruby gem", gem as Sibling), ("Java", java)] {
        let mut request = sibling(&sandbox, sandbox.base_url());
        request.claims["aud"] = "https://api.civic.com/sip/".into();
        assert!(!is_accepted(&sandbox, name, request).await, "{name}");
    }
    let civic = sandbox.client_builder().build().unwrap();
    assert!(civic.exchange_code(sandbox.issue_token(&super::ada())).await.is_ok());
}

#[tokio::test]
async fn an_audience_is_the_service_or_this_sandbox() {
    let public = "https://phone.example.com/civic";
    let sandbox = Sandbox::builder().public_url(public).start().await.unwrap();
    let base = sandbox.base_url();
    for root in ["https://api.civic.com", base, public] {
        for path in ["", "/", "/sip", "/sip/"] {
            let request = with_audience(&sandbox, format!("{root}{path}"));
            assert!(is_accepted(&sandbox, path, request).await, "{root}{path}");
        }
        for path in ["//", "/sip//", "/sip/sip", "/SIP", "/prod", "/other/sip", "?", "."] {
            let request = with_audience(&sandbox, format!("{root}{path}"));
            assert!(!is_accepted(&sandbox, path, request).await, "{root}{path}");
        }
    }
    for aud in [
        "",
        "/",
        "sip",
        "/sip/",
        "http://",
        "http:///sip",
        "http://api.civic.com/sip/",
        "https://api.civic.com.example.com/sip/",
        "https://sip.example.com/",
        "http://127.0.0.1/sip",
        "http://127.0.0.1:1/sip",
        "https://phone.example.com",
    ] {
        let request = with_audience(&sandbox, aud.to_owned());
        assert!(!is_accepted(&sandbox, aud, request).await, "{aud}");
    }
}

#[tokio::test]
async fn an_audience_may_be_the_name_that_the_client_connects_to() {
    let sandbox = Sandbox::start().await.unwrap();
    let authority = sandbox.base_url().replace("http://127.0.0.1", "localhost");
    for (aud, status) in [
        (format!("http://{authority}"), 200),
        (format!("http://{authority}/sip/"), 200),
        (format!("https://{authority}/sip"), 200),
        (format!("ftp://{authority}/sip"), 401),
        (authority.clone(), 401),
        ("http://localhost/sip".to_owned(), 401),
    ] {
        let request = with_audience(&sandbox, aud.clone());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http
            .post(format!("{}{}", sandbox.base_url(), request.path))
            .header("host", &authority)
            .header("authorization", request.authorization())
            .body(request.body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{aud}");
    }
}

#[tokio::test]
async fn clocks_may_be_a_minute_apart_but_not_in_strict_mode() {
    for strict in [false, true] {
        let sandbox = Sandbox::builder().strict(strict).start().await.unwrap();
        let exchange = async |offset: f64| {
            let clock = move || {
                let now = SystemTime::now();
                let offset_abs = Duration::from_secs_f64(f64::abs(offset));
                if offset < 0.0 { now - offset_abs } else { now + offset_abs }
            };
            // The client's own check of the response allows a minute, too.
            let leeway = Duration::from_secs(120);
            let civic = sandbox.client_builder().clock(clock).leeway(leeway).build().unwrap();
            civic.exchange_code(sandbox.issue_token(&super::ada())).await.is_ok()
        };
        assert!(exchange(0.0).await);
        assert_eq!(exchange(60.0).await, !strict, "a minute ahead");
        assert_eq!(exchange(-60.0).await, !strict, "a minute behind");
        assert!(!exchange(-3600.0).await, "an hour behind");
    }
}

#[tokio::test]
async fn what_has_expired_is_rejected_in_both_modes() {
    for strict in [false, true] {
        let sandbox = Sandbox::builder().strict(strict).start().await.unwrap();
        for (about, iat, exp) in [
            ("a second ago", Some(-181.0), -1.0),
            ("at once", Some(0.0), 0.0),
            ("before it was issued", Some(0.0), -0.5),
            ("two minutes ago, after 180 milliseconds", Some(-120.0), -119.82),
            ("a second ago, and nobody knows when it was issued", None, -1.0),
        ] {
            let mut request = Request::good(&sandbox);
            let now = now();
            request.claims["exp"] = (now + exp).into();
            match iat {
                Some(iat) => request.claims["iat"] = (now + iat).into(),
                None => {
                    request.claims.as_object_mut().unwrap().remove("iat");
                }
            }
            assert!(!is_accepted(&sandbox, about, request).await, "{about}");
        }
    }
}

#[tokio::test]
async fn strict_mode_knows_one_lifetime() {
    let sandbox = Sandbox::builder().strict(true).start().await.unwrap();
    let request = |iat: f64, exp: f64| {
        let mut request = Request::good(&sandbox);
        let now = now();
        request.claims["iat"] = (now + iat).into();
        request.claims["exp"] = (now + exp).into();
        request
    };
    for (iat, exp, accepted) in [
        (0.0, 180.0, true),
        (-20.0, 160.0, true),
        (0.0, 200.0, false),
        (0.0, 60.0, false),
        (-40.0, 140.0, false),
        (10.0, 190.0, false),
    ] {
        let about = format!("{iat} to {exp}");
        assert_eq!(is_accepted(&sandbox, &about, request(iat, exp)).await, accepted, "{about}");
    }
    let mut request = request(0.0, 180.0);
    request.claims.as_object_mut().unwrap().remove("iat");
    assert!(!is_accepted(&sandbox, "no iat", request).await);
}
