//! Posting notifications to addresses that strangers named.

use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use civic_sip::TransportError;
use civic_sip::authsig::decide::Delivery;
use civic_sip::authsig::{ConfigProblem, Notifier, NotifyError};
use tokio::time::{Instant, timeout};

use super::refused;
use crate::support::servers::{Service, http};

const BODY: &str =
    r#"{"verified": true, "url": "https://id.example/verify/verified?login=user_1", "data": {}}"#;

fn delivery(address: &str) -> Delivery {
    Delivery::new(address, BODY)
}

/// A notifier that may reach a service on this machine.
fn notifier(service: &Service) -> Notifier {
    Notifier::builder().allow_origin(service.url()).build().unwrap()
}

#[tokio::test]
async fn a_notification_is_posted_as_json() {
    let service = Service::answering(http(204, &[], b"")).await;
    let delivery = delivery(&format!("{}/notify?a=1#part", service.url()));
    let response = notifier(&service).send(&delivery.with_webhook_id("6f1c6f34")).await.unwrap();
    assert_eq!(response.status(), 204);
    let [request] = &service.requests()[..] else { panic!("not one request") };
    assert!(request.head.starts_with("POST /notify?a=1 HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("webhook-id"), Some("6f1c6f34"));
    for name in ["authorization", "cookie", "referer", "webhook-signature"] {
        assert_eq!(request.header(name), None);
    }
    assert_eq!(request.body, BODY.as_bytes());
}

#[tokio::test]
async fn every_status_is_returned_and_when_to_try_again() {
    let now = UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
    for (status, header, wait) in [
        (200, None, None),
        (410, None, None),
        (429, Some("retry-after: 120"), Some(120)),
        (503, Some("retry-after: Sun, 06 Nov 1994 08:49:47 GMT"), Some(10)),
        (503, Some("retry-after: soon"), None),
        (500, None, None),
    ] {
        let headers = header.as_slice();
        let service = Service::answering(http(status, headers, b"")).await;
        let response = notifier(&service).send(&delivery(&service.url())).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.retry_after(now), wait.map(Duration::from_secs));
        assert_eq!(service.connections(), 1);
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let target = Service::answering(http(200, &[], b"")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}/", target.url());
        let service = Service::answering(http(status, &[&location], b"")).await;
        let notifier = Notifier::builder()
            .allow_origin(service.url())
            .allow_origin(target.url())
            .build()
            .unwrap();
        let response = notifier.send(&delivery(&service.url())).await.unwrap();
        assert_eq!(response.status(), status);
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn nothing_is_sent_twice() {
    let service = Service::start(|mut connection| async move {
        connection.request().await;
    })
    .await;
    let outcome = notifier(&service).send(&delivery(&service.url())).await;
    refused!(outcome, NotifyError::Transport(TransportError::Failed(_)));
    assert_eq!((service.connections(), service.requests().len()), (1, 1));
}

/// The body never comes: only who does not wait for it gets here before the time is up.
#[tokio::test]
async fn the_body_of_the_answer_is_not_read() {
    let (tell, gone) = tokio::sync::oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let service = Service::start(move |mut connection| {
        let tell = tell.lock().unwrap().take();
        async move {
            connection.request().await;
            connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n").await;
            connection.gone().await;
            tell.unwrap().send(()).unwrap();
        }
    })
    .await;
    let response = notifier(&service).send(&delivery(&service.url())).await.unwrap();
    assert_eq!(response.status(), 200);
    gone.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_attempt_takes_5_seconds_at_most() {
    let silent = Service::start(|mut connection| async move {
        connection.request().await;
        connection.gone().await;
    })
    .await;
    let dripping = Service::start(|mut connection| async move {
        connection.request().await;
        while connection.write(b"H").await {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    for service in [silent, dripping] {
        let started = Instant::now();
        let (notifier, delivery) = (notifier(&service), delivery(&service.url()));
        let outcome = timeout(Duration::from_secs(60), notifier.send(&delivery)).await;
        match outcome.expect("no time limit") {
            Err(NotifyError::Transport(TransportError::Timeout(_))) => {}
            // The paused clock may jump before the connection is made.
            Err(NotifyError::Transport(TransportError::NotSent(_))) => {}
            other => panic!("{other:?}"),
        }
        let elapsed = started.elapsed();
        assert!(elapsed < Duration::from_millis(5100), "{elapsed:?}");
    }
}

#[tokio::test]
async fn addresses_are_https_on_port_443_unless_the_origin_is_listed() {
    let service = Service::answering(http(200, &[], b"")).await;
    let port = service.address.port();
    let by_name = format!("http://localhost:{port}");
    let listed = Notifier::builder().allow_origin(&by_name).build().unwrap();
    assert!(listed.send(&delivery(&by_name)).await.is_ok());
    let sent = service.connections();
    for address in [
        "",
        "/notify",
        "http://hooks.example/",
        "http://hooks.example:443/",
        "https://hooks.example:8443/",
        "https://hooks.example:80/",
        "https://hooks.example:443/",
        "https://user@hooks.example/",
        "https://hooks.example\\@elsewhere.example/",
        "ftp://hooks.example/",
        "https://HOOKS.example/",
        "https://hooks.example./",
        // Another host, port or scheme than the listed one.
        &service.url(),
        &format!("https://localhost:{port}/"),
        &format!("http://localhost:{}/", port.wrapping_add(1)),
        &format!("http://127.0.0.1:{port}/"),
        &format!("http://[::1]:{port}/"),
    ] {
        refused!(listed.send(&delivery(address)).await, NotifyError::Address(_));
    }
    refused!(Notifier::new().send(&delivery(&service.url())).await, NotifyError::Address(_));
    assert_eq!(service.connections(), sent);
}

#[tokio::test]
async fn only_public_addresses_are_connected_to() {
    for host in [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:7f00:1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a00:1]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[3fff::1]",
        "[fc00::1]",
        "[fe80::1]",
        "[ff02::1]",
        // By a name that resolves to loopback.
        "localhost",
    ] {
        let outcome = Notifier::new().send(&delivery(&format!("https://{host}/"))).await;
        refused!(outcome, NotifyError::Transport(TransportError::BlockedAddress(_)));
    }
}

/// A listed origin is trusted with its port, and with this machine, and with no other one.
#[tokio::test]
async fn a_listed_origin_is_public_or_this_machine() {
    let notifier = Notifier::builder()
        .allow_origin("https://10.0.0.1:8443")
        .allow_origin("https://[fd00::1]")
        .allow_origin("http://localhost:3000")
        .build()
        .unwrap();
    for address in ["https://10.0.0.1:8443/", "https://[fd00::1]/", "https://localhost/"] {
        let outcome = notifier.send(&delivery(address)).await;
        refused!(outcome, NotifyError::Transport(TransportError::BlockedAddress(_)));
    }
}

#[test]
fn an_origin_that_cant_be_listed_is_told_when_it_is_built() {
    for origin in [
        "",
        "hooks.example",
        "http://hooks.example",
        "http://10.0.0.1:3000",
        "https://hooks.example/path",
        "https://*.hooks.example",
        "https://hooks.example:443",
    ] {
        let error = Notifier::builder().allow_origin(origin).build().unwrap_err();
        assert!(matches!(error.problems(), [ConfigProblem::AllowedAddress { .. }]), "{origin}");
    }
    let error = Notifier::builder().allow_origin("").allow_origin("x").build().unwrap_err();
    assert_eq!(error.problems().len(), 2);
}

#[tokio::test]
async fn an_id_that_no_header_can_have_is_refused() {
    let service = Service::answering(http(200, &[], b"")).await;
    let delivery = delivery(&service.url()).with_webhook_id("a\r\nx-more: b");
    refused!(notifier(&service).send(&delivery).await, NotifyError::WebhookId);
    assert_eq!(service.connections(), 0);
}

#[test]
fn without_a_runtime_it_fails_and_does_not_panic() {
    let outcome =
        futures_executor::block_on(Notifier::new().send(&delivery("https://app.example/")));
    refused!(outcome, NotifyError::Transport(TransportError::Unusable(_)));
}

#[tokio::test]
async fn no_error_shows_the_address() {
    let notifier = Notifier::builder().allow_origin("http://127.0.0.1:1").build().unwrap();
    for address in
        ["http://private.example/", "https://localhost/private", "http://127.0.0.1:1/private"]
    {
        let error = notifier.send(&delivery(address).with_webhook_id("1")).await.unwrap_err();
        let mut shown = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            shown.push_str(&error.to_string());
            source = error.source();
        }
        assert!(!shown.contains("private"), "{shown}");
    }
    let shown = format!("{:?}", delivery("https://private.example/"));
    assert!(!shown.contains("private") && !shown.contains("user_1"), "{shown}");
}

// Proxies

/// Notifies the address in the environment; the next test runs it.
#[tokio::test]
#[ignore = "run by the next test"]
async fn notify_as_the_environment_says() {
    let service = std::env::var("NOTIFIED").unwrap();
    let notifier = Notifier::builder().allow_origin(&service).build().unwrap();
    let response = notifier.send(&delivery(&service)).await.unwrap();
    println!("status: {}", response.status().as_u16());
    // No name of `.invalid` is ever found: through a proxy it would be.
    let outcome = notifier.send(&delivery("https://hooks.invalid/")).await;
    println!("failed: {}", outcome.is_err());
}

#[tokio::test]
async fn no_proxy_is_used() {
    let proxy = Service::answering(http(502, &[], b"")).await;
    let service = Service::answering(http(200, &[], b"")).await;
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("{module}::notify_as_the_environment_says")])
        .args(["--ignored", "--nocapture"])
        .env("NOTIFIED", service.url());
    for name in ["NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, proxy.url()).env(name.to_lowercase(), proxy.url());
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("status: 200") && out.contains("failed: true"), "{out}");
    assert_eq!((proxy.connections(), service.connections()), (0, 1));
}
