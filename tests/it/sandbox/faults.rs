//! Each fault is what the client takes it for, and strikes once.

use std::time::Duration;

use civic_sip::sandbox::Fault;
use civic_sip::{CivicSip, Error};
use reqwest::Method;
use serde_json::json;

use super::{Service, send};

/// The class of error that a client has to report.
type Class = fn(&Error) -> bool;

fn status(status: u16, body: &str) -> Fault {
    Fault::Status { status, body: body.to_owned() }
}

#[tokio::test]
async fn each_has_its_class_of_error_in_process_and_by_http() {
    let service = Service::start().await;
    let impatient = |limit| {
        let builder = service.sandbox.client_builder().timeout(limit);
        builder.max_response_bytes(100_000).build().unwrap()
    };
    let patient: CivicSip = impatient(Duration::from_secs(30));
    let impatient: CivicSip = impatient(Duration::from_millis(200));
    let redirect = "http://127.0.0.1:9/elsewhere".to_owned();
    let cases: [(Fault, serde_json::Value, Class); 20] = [
        (
            status(503, "closed"),
            json!({"fault": "status", "status": 503, "body": "closed"}),
            Error::is_api,
        ),
        (
            // Longer than the client waits.
            Fault::Throttled { retry_after: Some(Duration::from_secs(3600)) },
            json!({"fault": "throttled", "seconds": 3600}),
            Error::is_api,
        ),
        (
            Fault::Redirect { location: redirect.clone() },
            json!({"fault": "redirect", "location": redirect}),
            Error::is_api,
        ),
        (
            Fault::Delay { by: Duration::from_secs(60) },
            json!({"fault": "delay", "millis": 60_000}),
            Error::is_timeout,
        ),
        (
            Fault::CutOff { after: 10 },
            json!({"fault": "cut-off", "after": 10}),
            Error::is_transport,
        ),
        (Fault::CutOff { after: 0 }, json!({"fault": "cut-off", "after": 0}), Error::is_transport),
        (
            Fault::CutOff { after: usize::MAX },
            json!({"fault": "cut-off", "after": 1_000_000}),
            Error::is_transport,
        ),
        (
            Fault::Huge { bytes: 1 << 30 },
            json!({"fault": "huge", "bytes": 1 << 30}),
            Error::is_malformed,
        ),
        (Fault::NotJson, json!({"fault": "not-json"}), Error::is_malformed),
        (Fault::MissingData, json!({"fault": "missing-data"}), Error::is_malformed),
        (Fault::MissingUserId, json!({"fault": "missing-user-id"}), Error::is_malformed),
        (Fault::UnknownCipher, json!({"fault": "unknown-cipher"}), Error::is_malformed),
        (Fault::WrongKey, json!({"fault": "wrong-key"}), Error::is_verification),
        (Fault::Unsigned, json!({"fault": "unsigned"}), Error::is_verification),
        (Fault::WrongAlgorithm, json!({"fault": "wrong-algorithm"}), Error::is_verification),
        (Fault::Expired, json!({"fault": "expired"}), Error::is_verification),
        (Fault::NotYetValid, json!({"fault": "not-yet-valid"}), Error::is_verification),
        (Fault::OtherApp, json!({"fault": "other-app"}), Error::is_verification),
        (Fault::WrongIssuer, json!({"fault": "wrong-issuer"}), Error::is_verification),
        (Fault::WrongAudience, json!({"fault": "wrong-audience"}), Error::is_verification),
    ];
    let more: [(Fault, serde_json::Value, Class); 2] = [
        (Fault::BrokenPadding, json!({"fault": "broken-padding"}), Error::is_decryption),
        (Fault::NotAList, json!({"fault": "not-a-list"}), Error::is_malformed),
    ];
    for (fault, json, is_class) in cases.into_iter().chain(more) {
        let client = if matches!(fault, Fault::Delay { .. }) { &impatient } else { &patient };
        for by_http in [false, true] {
            if by_http {
                let answer = service.post("/faults", json.to_string()).await;
                assert_eq!((answer.status, &*answer.body), (201, r#"{"waiting":1}"#), "{json}");
            } else {
                service.sandbox.inject(fault.clone());
            }
            let error = client.exchange_code(&service.token()).await.unwrap_err();
            assert!(is_class(&error), "{fault:?}: {error:?}");
            assert_eq!(service.sandbox.pending_faults(), 0);
        }
        // The next exchange is sound.
        assert!(patient.exchange_code(&service.token()).await.is_ok(), "{fault:?}");
    }
}

#[tokio::test]
async fn every_verification_fault_breaks_one_rule_only() {
    let service = Service::start().await;
    for (fault, words) in [
        (Fault::WrongKey, "signature"),
        (Fault::Unsigned, "ES256"),
        (Fault::WrongAlgorithm, "ES256"),
        (Fault::Expired, "expired 18"),
        (Fault::NotYetValid, "not valid for another"),
        (Fault::OtherApp, "another app"),
        (Fault::WrongIssuer, "another issuer"),
        (Fault::WrongAudience, "another audience"),
    ] {
        service.sandbox.inject(fault.clone());
        let error = service.civic.exchange_code(&service.token()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words), "{fault:?}: {text}");
    }
}

#[tokio::test]
async fn what_replaces_the_answer_leaves_the_token_and_what_spoils_it_does_not() {
    let service = Service::start().await;
    for fault in [
        status(500, ""),
        Fault::Throttled { retry_after: Some(Duration::from_secs(3600)) },
        Fault::Redirect { location: "/".to_owned() },
        Fault::Huge { bytes: 0 },
    ] {
        let token = service.token();
        service.sandbox.inject(fault.clone());
        assert!(service.civic.exchange_code(&token).await.is_err());
        assert!(service.civic.exchange_code(&token).await.is_ok(), "{fault:?}");
    }
    for fault in [Fault::NotJson, Fault::WrongKey, Fault::CutOff { after: 1 }] {
        let token = service.token();
        service.sandbox.inject(fault.clone());
        assert!(service.civic.exchange_code(&token).await.is_err());
        let error = service.civic.exchange_code(&token).await.unwrap_err();
        assert_eq!(error.status(), Some(400), "{fault:?}");
    }
}

#[tokio::test]
async fn what_is_sent_is_what_was_asked_for() {
    let service = Service::start().await;
    let exchange = "/prod/scopeRequest/authCode";
    service.sandbox.inject(status(418, "a <b>teapot</b>"));
    let answer = service.post(exchange, "").await;
    assert_eq!((answer.status, &*answer.body), (418, "a <b>teapot</b>"));
    service.sandbox.inject(Fault::Throttled { retry_after: Some(Duration::from_secs(7)) });
    let answer = service.post(exchange, "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "7"));
    service.sandbox.inject(Fault::Throttled { retry_after: None });
    let answer = service.post(exchange, "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, ""));
    service.sandbox.inject(Fault::Redirect { location: "https://example.com/".to_owned() });
    let answer = service.post(exchange, "").await;
    assert_eq!((answer.status, answer.header("location")), (307, "https://example.com/"));
    service.sandbox.inject(Fault::Redirect { location: "no\nheader".to_owned() });
    assert_eq!(service.post(exchange, "").await.header("location"), "");
    service.sandbox.inject(Fault::Huge { bytes: 200_001 });
    let answer = service.post(exchange, "").await;
    assert_eq!(
        (answer.status, answer.body.len(), answer.header("content-length")),
        (200, 200_001, "")
    );
    service.sandbox.inject(status(99, "no such status"));
    assert_eq!(service.post(exchange, "").await.status, 500);
    service.sandbox.inject(Fault::CutOff { after: 7 });
    let mut answer = service.request(Method::POST, exchange).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401, "a refusal can be cut off as well");
    assert_eq!(answer.chunk().await.unwrap().unwrap().len(), 7);
    assert!(answer.chunk().await.is_err());
}

#[tokio::test]
async fn they_strike_in_order_and_only_at_the_exchange() {
    let service = Service::start().await;
    let list = json!([{"fault": "status", "status": 500}, {"fault": "status", "status": 502}]);
    assert_eq!(service.post("/faults", list.to_string()).await.json()["waiting"], 2);
    service.sandbox.inject(status(503, ""));
    assert_eq!(service.get("/").await.status, 200);
    assert_eq!(service.get("/faults").await.json()["waiting"], 3);
    for expected in [500, 502, 503] {
        let error = service.civic.exchange_code("anything").await.unwrap_err();
        assert_eq!(error.status(), Some(expected));
    }
    service.sandbox.inject(Fault::WrongKey);
    service.sandbox.clear_faults();
    service.sandbox.inject(Fault::WrongKey);
    assert_eq!(send(service.request(Method::DELETE, "/faults")).await.status, 200);
    assert!(service.civic.exchange_code(&service.token()).await.is_ok());
}

#[tokio::test]
async fn only_so_many_wait_and_no_page_of_another_site_adds_any() {
    let service = Service::start().await;
    let one = json!({"fault": "wrong-key"});
    let many = vec![one.clone(); 1_000];
    assert_eq!(service.post("/faults", json!(many).to_string()).await.json()["waiting"], 1_000);
    assert_eq!(service.post("/faults", one.to_string()).await.status, 429);
    service.sandbox.inject(Fault::WrongKey);
    assert_eq!(service.sandbox.pending_faults(), 1_000);
    service.sandbox.clear_faults();
    for origin in ["https://example.com", "null", "http://127.0.0.1:1"] {
        let request = service.request(Method::POST, "/faults").header("Origin", origin);
        assert_eq!(send(request.body(one.to_string())).await.status, 403, "{origin}");
    }
    let own = service.sandbox.base_url();
    let request = service.request(Method::POST, "/faults").header("Origin", own);
    assert_eq!(send(request.body(one.to_string())).await.status, 201);
}

#[tokio::test]
async fn what_is_no_fault_is_refused_with_a_sentence() {
    let service = Service::start().await;
    for body in [
        "",
        "wrong-key",
        "{}",
        "[[]]",
        r#"{"fault": "unheard-of"}"#,
        r#"{"fault": "status"}"#,
        r#"{"fault": "status", "status": 70000}"#,
        r#"{"fault": "status", "status": 100}"#,
        r#"{"fault": "status", "status": 500, "more": 1}"#,
        r#"{"fault": "delay", "millis": -1}"#,
        r#"{"fault": "delay", "millis": 600001}"#,
        r#"[{"fault": "expired"}, {"fault": "none"}]"#,
    ] {
        let answer = service.post("/faults", body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["message"].as_str().unwrap().len() > 20, "{body}");
    }
    assert_eq!(service.sandbox.pending_faults(), 0);
}
