//! Whatever comes, the answer is a 4xx with a sentence.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use reqwest::Method;

use super::{Answer, Service, send};

/// Every address, with one that exists for each part that varies.
const PATHS: [&str; 23] = [
    "/",
    "/js/civic.sip.js",
    "/js/civic.sip.min.js",
    "/css/civic-modal.css",
    "/css/civic-modal.min.css",
    "/assets/sandbox.css",
    "/assets/nothing",
    "/scopeRequests",
    "/scopeRequests/odd%20id",
    "/scopeRequests/%ff%fe",
    "/scopeRequests/x/frame",
    "/scopeRequests/x/code.svg",
    "/scopeRequests/x/cancel",
    "/wallet/x",
    "/wallet/x/request",
    "/wallet/x/grant",
    "/wallet/x/deny",
    "/payloads/x",
    "/tokens",
    "/faults",
    "/prod/scopeRequest/authCode",
    "/dev/scopeRequest/authCode",
    "/nowhere",
];

fn is_refused_well(answer: &Answer, about: &str) {
    assert!((400..500).contains(&answer.status), "{about}: {answer:?}");
    // One sentence: of words, of one line, in JSON or in a page.
    let sentence = match serde_json::from_str::<serde_json::Value>(&answer.body) {
        Ok(json) => json["message"].as_str().unwrap_or_default().to_owned(),
        Err(_) => answer.body.clone(),
    };
    assert!(sentence.split_whitespace().count() >= 3, "{about}: {answer:?}");
}

#[tokio::test]
async fn every_address_takes_junk_in_every_way() {
    let service = Service::start().await;
    let bodies =
        ["", "{", "null", "[]", "{}", "[[[[", "\u{0}", "{\"appId\": 1}", "{\"a\":1,\"a\":1}"];
    for path in PATHS {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            for body in bodies {
                let request = service.request(method.clone(), path).body(body);
                let answer = send(request).await;
                let about = format!("{method} {path} {body:?}");
                assert!(answer.status < 500, "{about}: {answer:?}");
                if answer.status >= 300 {
                    is_refused_well(&answer, &about);
                }
            }
        }
    }
    // What was good among it: an empty body asks for a token as well as any.
    service.sandbox.clear_faults();
    assert!(service.civic.exchange_code(&service.token()).await.is_ok());
}

#[tokio::test]
async fn wrong_methods_are_405_and_unknown_addresses_404() {
    let service = Service::start().await;
    for path in PATHS {
        let answer = send(service.request(Method::PUT, path)).await;
        let expected = if path == "/nowhere" { 404 } else { 405 };
        assert_eq!(answer.status, expected, "{path}");
    }
    for path in [
        "/scopeRequest",
        "/scopeRequest/authCode/more",
        "/test/scopeRequest/authCode",
        "/prod/dev/scopeRequest/authCode",
        "/sip/sip/scopeRequest/authCode",
        "/%73ip/scopeRequest/authCode",
    ] {
        assert_eq!(service.post(path, "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_exchange_is_found_however_the_base_is_written() {
    let service = Service::start().await;
    for base in ["", "/", "/sip", "/sip/", "//sip//"] {
        let url = format!("{}{base}", service.sandbox.base_url());
        for stage in [true, false] {
            let builder = service.sandbox.client_builder().base_url(&url).stage_in_url(stage);
            let civic = builder.build().unwrap();
            assert!(civic.exchange_code(&service.token()).await.is_ok(), "{url} {stage}");
        }
    }
}

#[tokio::test]
async fn bodies_are_bounded() {
    let service = Service::start().await;
    let huge = "a".repeat(64 * 1024 + 1);
    for path in ["/scopeRequests", "/faults", "/prod/scopeRequest/authCode"] {
        let answer = service.post(path, huge.clone()).await;
        assert_eq!(answer.status, 413, "{path}");
        is_refused_well(&answer, path);
    }
    // A scope request that exists, so that it is the body that is refused.
    let body =
        format!(r#"{{"appId":"{}","scopeRequest":"BASIC_SIGNUP"}}"#, service.sandbox.app_id());
    let request =
        service.request(Method::POST, "/scopeRequests").header("Origin", "http://localhost");
    let answer = send(request.body(body)).await.json();
    let page =
        service.get(&format!("/scopeRequests/{}/frame", answer["id"].as_str().unwrap())).await;
    let code = page.body.split_once("/wallet/").unwrap().1.split('"').next().unwrap().to_owned();
    let grant = format!("/wallet/{code}/grant");
    assert_eq!(service.post(&grant, huge).await.status, 413);
    for body in [
        "",
        "{}",
        r#"{"person": "nobody"}"#,
        r#"{"person": "ada", "person": "ada"}"#,
        r#"{"person": "ada", "more": 1}"#,
        r#"{"person": "ada", "items": [{"label": "contact.personal.email"}]}"#,
        r#"{"person": "ada", "items": [{"label": "x", "isValid": true, "isOwner": true}]}"#,
        r#"{"person": "ada", "items": [{"label": "contact.personal.email", "isValid": 1, "isOwner": true}]}"#,
    ] {
        let answer = service.post(&grant, body).await;
        assert_eq!(answer.status, 400, "{body}");
        is_refused_well(&answer, body);
    }
    // None of it used the code up.
    assert_eq!(service.post(&grant, r#"{"person": "ada"}"#).await.status, 200);
}

#[tokio::test]
async fn what_is_not_http_ends_the_connection_and_nothing_else() {
    let service = Service::start().await;
    let address = service.sandbox.base_url().trim_start_matches("http://").to_owned();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /faults HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
    ] {
        let address = address.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            // A reset is as good an answer.
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        });
        let answer = answer.await.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(service.get("/").await.status, 200);
}
