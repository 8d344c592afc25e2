//! What gets into the log, and what never does, with every library of the stack at its most talkative.
#![cfg(any(feature = "rustls", feature = "native-tls"))]

#[path = "it/support/mod.rs"]
mod support;

use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use civic_sip::{CivicSip, blocking};
use support::closed_port::ClosedPort;
use support::people::ada;
use support::servers::{Canned, Service, http, proxy};
use support::tls::{Authority, TlsListener};
use tokio::net::TcpListener;
use tokio::sync::Mutex as AsyncMutex;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Everything that any library logs in this process, on any thread.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Captured {
    /// What was logged since the last call.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

/// One test at a time may log.
static TURN: AsyncMutex<()> = AsyncMutex::const_new(());

fn captured() -> &'static Captured {
    static CAPTURED: OnceLock<Captured> = OnceLock::new();
    CAPTURED.get_or_init(|| {
        let captured = Captured::default();
        // reqwest, hyper and rustls speak through `log`, h2 and tokio through `tracing`.
        tracing_log::LogTracer::init().unwrap();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(captured.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        captured
    })
}

/// Every word that must not be in a log.
fn secrets(canned: &Canned, more: &[&str]) -> Vec<String> {
    let sandbox = &canned.sandbox;
    let payload = String::from_utf8(canned.payload()).unwrap();
    let mut secrets = vec![
        sandbox.secret().to_owned(),
        sandbox.private_signing_key().to_owned(),
        "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9".to_owned(),
        "Civic ey".to_owned(),
        payload[payload.len() / 2..][..40].to_owned(),
        ada().user_id().to_owned(),
        "X-Amz".to_owned(),
        "c0ffee".to_owned(),
        "/payload".to_owned(),
        "hunter2".to_owned(),
        "dXNlcjpodW50ZXIy".to_owned(), // user:hunter2
        "secret of the body".to_owned(),
    ];
    secrets.extend(ada().items().iter().map(|item| item.value().to_owned()));
    secrets.extend(more.iter().map(|&word| word.to_owned()));
    secrets
}

fn assert_clean(log: &str, secrets: &[String]) {
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "{secret:?} is in {line:?}");
    }
    // Bytes that are shown as lists of numbers.
    for secret in secrets {
        let numbers = format!("{:?}", secret.as_bytes());
        assert!(!log.contains(&numbers[1..numbers.len() - 1]), "{secret:?} as numbers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_exchange_leaves_a_span_and_no_secret() {
    let _turn = TURN.lock().await;
    let log = captured();
    let canned = Canned::new().await;
    let token = canned.sandbox.issue_token(&ada());
    let civic = canned.sandbox.client_builder().build().unwrap();
    log.take();
    civic.exchange_code(&token).await.unwrap();
    let text = log.take();
    assert_clean(&text, &secrets(&canned, &[&token, &token[token.len() - 20..]]));
    // The stack below does talk.
    assert!(text.contains("hyper_util"), "{text}");
    let span =
        text.lines().find(|line| line.contains("civic_sip.exchange{") && line.contains("close"));
    let span = span.expect("the span closes");
    for field in [
        &format!("civic_sip.app_id={}", canned.sandbox.app_id()),
        "http.request.method=\"POST\"",
        "server.address=\"127.0.0.1\"",
        "server.port=",
        "url.scheme=\"http\"",
        "http.response.status_code=200",
        "http.client.request.duration=",
        "otel.kind=\"client\"",
    ] {
        assert!(span.contains(field), "{field} is not in {span}");
    }
    assert!(!span.contains("error.type") && !span.contains("resend_count"), "{span}");
    let spans = text
        .lines()
        .filter(|line| line.ends_with("civic_sip: close") || line.contains("civic_sip: close "));
    assert_eq!(spans.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_http_2_and_a_proxy_to_a_payload_nothing_is_shown_either() {
    let _turn = TURN.lock().await;
    let log = captured();
    let canned = Canned::new().await;
    let authority = Authority::new();
    let names = ["sip.example.com", "civic.s3.amazonaws.com"];
    let acceptor = authority.acceptor(&names, &["h2", "http/1.1"]);
    let link = canned.linking_to("https://civic.s3.amazonaws.com/payload/1?X-Amz-Signature=c0ffee");
    let payload = canned.payload();
    let app = Router::new().fallback(
        async move |method: Method| {
            if method == Method::POST { link } else { payload }
        },
    );
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy(tcp.local_addr().unwrap()).await;
    let server = tokio::spawn(axum::serve(TlsListener { tcp, acceptor }, app).into_future());
    let civic = canned
        .sandbox
        .client_builder()
        .base_url("https://sip.example.com")
        .proxy(format!("http://user:hunter2@{}", proxy.address))
        .add_root_certificate(authority.pem())
        .build()
        .unwrap();
    log.take();
    assert_eq!(civic.exchange_code("the-token-itself").await.unwrap(), ada());
    assert_eq!(blocking::CivicSip::from(civic).exchange_code("the-token-itself").unwrap(), ada());
    let text = log.take();
    server.abort();
    assert_clean(&text, &secrets(&canned, &["the-token-itself"]));
    for talker in ["h2::", "tunneling HTTPS over proxy", "civic_sip.payload_link=true"] {
        assert!(text.contains(talker), "{talker} is silent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_named_and_nothing_is_shown() {
    let _turn = TURN.lock().await;
    let log = captured();
    let canned = Canned::new().await;
    let other = Canned::new().await;
    let undecipherable = {
        let builder = canned.sandbox.client_builder();
        let service = Service::answering(http(200, &[], &canned.answer)).await;
        let base_url = service.url();
        (service, builder.secret("50c0c3273d5a7ca8a04287f82c6d0111").base_url(base_url))
    };
    let nobody = ClosedPort::new();
    let link = format!("{}/payload?X-Amz=c0ffee", nobody.url());
    let bodies = [
        (http(401, &[], b"{\"message\":\"secret of the body\"}"), "401"),
        (http(500, &[], b"secret of the body"), "500"),
        (http(200, &[], b"secret of the body"), "malformed"),
        (http(200, &[], &other.answer), "verification"),
        (http(200, &[], &canned.linking_to("https://evil.example/payload?X-Amz=c0ffee")), "malformed"),
        (http(200, &[], &canned.linking_to(&link)), "transport"),
        (http(302, &["location: https://evil.example/payload?X-Amz=c0ffee"], b""), "302"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nsecret of the body".to_vec(), "timeout"),
        (b"secret of the body, which is no HTTP\r\n\r\n".to_vec(), "transport"),
    ];
    for (answer, error_type) in bodies {
        let service = Service::answering(answer).await;
        let builder = canned.sandbox.client_builder().base_url(service.url());
        // Only one of them has to wait for it.
        let limit = if error_type == "timeout" { 300 } else { 60_000 };
        let civic = builder.timeout(Duration::from_millis(limit)).retries(0).build().unwrap();
        refused(log, &canned, &civic, error_type).await;
    }
    refused(log, &canned, &undecipherable.1.build().unwrap(), "decryption").await;

    let text = refused(log, &canned, &canned.client(&nobody.url()), "not_sent").await;
    assert_eq!(text.matches("retrying").count(), 3);
    assert!(text.contains("http.request.resend_count=3"), "{text}");

    let throttled = Service::answering(http(429, &["retry-after: 0"], b"secret of the body")).await;
    let text = refused(log, &canned, &canned.client(&throttled.url()), "429").await;
    let retry = text.lines().find(|line| line.contains("retrying")).unwrap();
    assert!(retry.contains("WARN") && retry.contains("http.response.status_code=429"), "{retry}");
}

async fn refused(log: &Captured, canned: &Canned, civic: &CivicSip, error_type: &str) -> String {
    log.take();
    civic.exchange_code("the-token-itself").await.unwrap_err();
    let text = log.take();
    assert_clean(&text, &secrets(canned, &["the-token-itself"]));
    let refusal = text.lines().find(|line| line.contains("exchange failed"));
    let refusal = refusal.expect("an event");
    assert!(refusal.contains("WARN") && refusal.contains(error_type), "{error_type}: {refusal}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_blocking_client_logs_stands_in_the_callers_span() {
    let _turn = TURN.lock().await;
    let log = captured();
    let canned = Canned::new().await;
    let civic = blocking::CivicSip::from(canned.sandbox.client_builder().build().unwrap());
    let token = canned.sandbox.issue_token(&ada());
    log.take();
    tracing::info_span!("handler", path = "/login")
        .in_scope(|| civic.exchange_code(token))
        .unwrap();
    assert!(log.take().contains("handler{path=\"/login\"}:civic_sip.exchange{"));
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_and_notifications_leave_nothing_of_anybody() {
    use civic_sip::authsig::decide::{Authority, Defaults, Delivery, Person};
    use civic_sip::authsig::{Notification, Notifier, PrivateKey, Remote, Request, State};

    let _turn = TURN.lock().await;
    let log = captured();
    let key = PrivateKey::generate().unwrap();
    let jwks = key.public_key().to_jwks();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", tcp.local_addr().unwrap());
    let app = Router::new().fallback(async move || jwks);
    let server = tokio::spawn(axum::serve(tcp, app).into_future());

    let redirect = format!("{base}/redirect-path");
    let authority = Authority::builder(&base).private_key(key).loopback_http().allow(&redirect);
    let authority = authority.build().unwrap();
    let state = State::generate().unwrap();
    let request = Request::new(&base).login("ada-lovelace").redirect_url(&redirect).state(&state);
    let query = request.url().unwrap().split_once('?').unwrap().1.to_owned();
    let person = Person::new("ada-lovelace", "the-session-of-ada");
    let now = std::time::SystemTime::now();
    let signed = authority.decide(&query, Some(&person), &Defaults::new(), None, now).unwrap();
    let remote = Remote::builder(&base).audience(&redirect).build().unwrap();
    log.take();

    remote.log_in(signed.url(), &state).await.unwrap();
    let forged = signed.url().replace("ada-lovelace", "eve-lovelace");
    remote.verify_url(&forged).await.unwrap_err();
    let body = format!(r#"{{"verified":true,"url":"{}"}}"#, signed.url());
    let notification = Notification::parse(&body).unwrap();
    remote.verify_notification(&notification).await.unwrap();
    let notifier = Notifier::builder().allow_origin(&base).build().unwrap();
    let delivery = Delivery::new(format!("{base}/notify-path?for=ada"), body);
    assert!(notifier.send(&delivery).await.unwrap().status().is_success());
    let local = Delivery::new("https://127.0.0.1/notify-path", "");
    notifier.send(&local).await.unwrap_err();

    let text = log.take();
    server.abort();
    let signature = signed.url().rsplit_once('.').unwrap().1;
    let hidden = ["ada-lovelace", "eve-lovelace", "the-session-of-ada", state.as_str(), signature];
    let hidden = hidden.into_iter().chain(["notify-path", "redirect-path", "for=ada"]);
    assert_clean(&text, &hidden.map(str::to_owned).collect::<Vec<_>>());
    // The stack below does talk.
    assert!(text.contains("hyper_util"), "{text}");
}
