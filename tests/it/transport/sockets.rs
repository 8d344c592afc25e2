//! The client against services on real sockets that are slow, broken, hostile, far away or behind a proxy.

use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::Version;
use civic_sip::{CivicSip, Error};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, interval, timeout};

use crate::support::people::ada;
use crate::support::servers::{Canned, Service, http, proxy, relay};
use crate::support::tls::{Authority, TlsListener};

const HOST: &str = "sip.example.com";

/// Within which everything that has a shorter time-out of its own is over.
const SOON: Duration = Duration::from_secs(60);

async fn fails(civic: &CivicSip) -> Error {
    timeout(SOON, civic.exchange_code("token")).await.expect("a hang").unwrap_err()
}

// TLS

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_once_it_is_added() {
    let canned = Canned::new().await;
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["localhost"], &[]);
    let service = Service::answering_over_tls(acceptor, http(200, &[], &canned.answer)).await;
    let base_url = format!("https://localhost:{}", service.address.port());

    let error = fails(&canned.client(&base_url)).await;
    assert!(error.is_transport() && error.is_retryable(), "{error:?}");
    assert_eq!(service.requests().len(), 0);

    let other = Authority::new().pem();
    let builder = || canned.sandbox.client_builder().base_url(&base_url);
    let error = fails(&builder().add_root_certificate(&other).build().unwrap()).await;
    assert!(error.is_transport(), "{error:?}");
    assert_eq!(service.requests().len(), 0);

    // Several at once, and one by one.
    let both = other.clone() + &authority.pem();
    let civic = builder().add_root_certificate(both).build().unwrap();
    assert_eq!(civic.exchange_code("token").await.unwrap(), ada());
    let civic = builder()
        .add_root_certificate(other)
        .add_root_certificate(authority.pem().into_bytes())
        .build()
        .unwrap();
    assert_eq!(civic.exchange_code("token").await.unwrap(), ada());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let canned = Canned::new().await;
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["other.example.com"], &[]);
    let service = Service::answering_over_tls(acceptor, http(200, &[], &canned.answer)).await;
    let civic = canned
        .sandbox
        .client_builder()
        .base_url(format!("https://localhost:{}", service.address.port()))
        .add_root_certificate(authority.pem())
        .build()
        .unwrap();
    assert!(fails(&civic).await.is_transport());
    assert_eq!(service.requests().len(), 0);
}

#[tokio::test]
async fn http_2_is_spoken_where_the_service_speaks_it() {
    let canned = Canned::new().await;
    let authority = Authority::new();
    for (protocols, expected) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let (answer, (seen, mut saw)) = (canned.answer.clone(), mpsc::unbounded_channel());
        let app = Router::new().fallback(async move |request: axum::extract::Request| {
            seen.send(request.version()).unwrap();
            answer
        });
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("https://localhost:{}", tcp.local_addr().unwrap().port());
        let acceptor = authority.acceptor(&["localhost"], protocols);
        let server = tokio::spawn(axum::serve(TlsListener { tcp, acceptor }, app).into_future());
        let civic = canned
            .sandbox
            .client_builder()
            .base_url(base_url)
            .add_root_certificate(authority.pem())
            .build()
            .unwrap();
        assert_eq!(civic.exchange_code("token").await.unwrap(), ada());
        assert_eq!(saw.recv().await, Some(expected));
        server.abort();
    }
}

// Proxies

#[tokio::test]
async fn a_proxy_sees_where_it_goes_and_nothing_more() {
    let canned = Canned::new().await;
    let authority = Authority::new();
    let acceptor = authority.acceptor(&[HOST], &[]);
    let service = Service::answering_over_tls(acceptor, http(200, &[], &canned.answer)).await;
    let proxy = proxy(service.address).await;
    let civic = canned
        .sandbox
        .client_builder()
        .base_url(format!("https://{HOST}"))
        .proxy(format!("http://user:p%40ss@{}", proxy.address))
        .add_root_certificate(authority.pem())
        .build()
        .unwrap();
    assert_eq!(civic.exchange_code("token").await.unwrap(), ada());

    let [connect] = &*proxy.requests() else { panic!("one tunnel") };
    assert!(connect.head.starts_with(&format!("CONNECT {HOST}:443 HTTP/1.1\r\n")));
    // user:p@ss
    assert_eq!(connect.header("proxy-authorization"), Some("Basic dXNlcjpwQHNz"));
    assert_eq!(connect.header("authorization"), None);
    let [request] = &*service.requests() else { panic!("one request") };
    assert!(request.head.starts_with("POST /prod/scopeRequest/authCode HTTP/1.1\r\n"));
    assert_eq!(request.header("proxy-authorization"), None);
    assert!(request.header("authorization").unwrap().starts_with("Civic "));
}

#[tokio::test]
async fn a_proxy_that_refuses_has_not_seen_the_token() {
    let canned = Canned::new().await;
    let proxy =
        Service::answering(http(407, &["proxy-authenticate: Basic"], b"who are you?")).await;
    let civic = canned
        .sandbox
        .client_builder()
        .base_url(format!("https://{HOST}"))
        .proxy(format!("http://user:wrong-password@{}", proxy.address))
        .build()
        .unwrap();
    let error = fails(&civic).await;
    assert!(error.is_transport() && error.is_retryable(), "{error:?}");
    assert!(!format!("{error:?}").contains("wrong-password"));
    assert!(proxy.requests().iter().all(|request| request.head.starts_with("CONNECT ")));
}

#[tokio::test]
async fn loopback_is_never_visited_by_proxy() {
    let canned = Canned::new().await;
    let proxy = Service::answering(http(502, &[], b"")).await;
    let civic = canned.sandbox.client_builder().proxy(proxy.url()).build().unwrap();
    let token = canned.sandbox.issue_token(&ada());
    assert_eq!(civic.exchange_code(token).await.unwrap(), ada());
    assert_eq!(proxy.connections(), 0);
}

/// What runs in the process that `with_environment` starts.
#[tokio::test]
#[ignore = "started by other tests, with an environment of their own"]
async fn exchange_as_the_environment_says() {
    let civic = CivicSip::from_env().unwrap();
    match civic.exchange_code("token").await {
        Err(error) => println!("not_sent: {}", error.is_transport() && error.is_retryable()),
        Ok(_) => println!("exchanged"),
    }
}

async fn with_environment(canned: &Canned, variables: &[(&str, String)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "transport::sockets::exchange_as_the_environment_says"])
        .args(["--ignored", "--nocapture"])
        .env("CIVIC_APP_ID", canned.sandbox.app_id())
        .env("CIVIC_PRIVATE_SIGNING_KEY", canned.sandbox.private_signing_key())
        .env("CIVIC_SECRET", canned.sandbox.secret())
        .env("CIVIC_SIP_PUBLIC_KEY", canned.sandbox.sip_public_key())
        .env("CIVIC_BASE_URL", format!("https://{HOST}"));
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    let Output { stdout, .. } = run.await.unwrap();
    String::from_utf8(stdout).unwrap()
}

#[tokio::test]
async fn the_environments_proxies_are_used_but_for_no_proxy_and_loopback() {
    let canned = Canned::new().await;
    let proxy = Service::answering(http(502, &[], b"")).await;
    let url = ("HTTPS_PROXY", proxy.url());

    let out = with_environment(&canned, std::slice::from_ref(&url)).await;
    assert!(out.contains("not_sent: true"), "{out}");
    let seen = proxy.connections();
    assert!(seen > 0);
    assert!(proxy.requests()[0].head.starts_with(&format!("CONNECT {HOST}:443")));

    let out = with_environment(&canned, &[url.clone(), ("NO_PROXY", "example.com".into())]).await;
    assert!(out.contains("not_sent: true"), "{out}");
    assert_eq!(proxy.connections(), seen);

    let service = Service::answering(http(200, &[], &canned.answer)).await;
    let base_url = ("CIVIC_BASE_URL", service.url());
    let all = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, proxy.url()));
    let out = with_environment(&canned, &[&[base_url][..], &all].concat()).await;
    assert!(out.contains("exchanged"), "{out}");
    assert_eq!(proxy.connections(), seen);
}

// Configuration

#[tokio::test]
async fn what_is_wrong_with_the_options_is_named_at_once_and_not_shown() {
    let canned = Canned::new().await;
    let error = canned
        .sandbox
        .client_builder()
        .proxy("socks5://user:hunter2@proxy.example.com")
        .add_root_certificate("-----BEGIN CERTIFICATE-----\nhunter3\n-----END CERTIFICATE-----")
        .payload_hosts(["https://files.example.com/hunter4"])
        .timeout(Duration::ZERO)
        .build()
        .unwrap_err();
    assert!(error.is_config());
    let text = format!("{error} {error:?}");
    for name in ["proxy", "add_root_certificate", "payload_hosts", "timeout"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains("hunter"), "{text}");
    let builder = canned.sandbox.client_builder().proxy("http://user:hunter2@proxy.example.com");
    assert!(!format!("{builder:?}").contains("hunter"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("hunter"));
}

#[tokio::test]
async fn what_is_no_certificate_is_refused_when_the_client_is_built() {
    let canned = Canned::new().await;
    let not_x509 = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let cut = Authority::new().pem();
    let cut = &cut[..cut.len() / 2];
    for pem in ["", "hello", not_x509, cut, &(Authority::new().pem() + not_x509)] {
        let error = canned.sandbox.client_builder().add_root_certificate(pem).build().unwrap_err();
        assert!(error.is_config() && error.to_string().contains("add_root_certificate"), "{error}");
    }
}

#[tokio::test]
async fn the_longest_time_outs_are_no_panic() {
    let canned = Canned::new().await;
    let service = Service::answering(http(200, &[], &canned.answer)).await;
    let builder = canned.sandbox.client_builder().base_url(service.url());
    let civic = builder.timeout(Duration::MAX).connect_timeout(Duration::MAX).build().unwrap();
    assert_eq!(civic.exchange_code("token").await.unwrap(), ada());

    let throttled = Service::answering(http(429, &["retry-after: 0"], b"")).await;
    let builder = canned.sandbox.client_builder().base_url(throttled.url());
    let civic = builder.timeout(Duration::MAX).connect_timeout(Duration::MAX).build().unwrap();
    assert_eq!(fails(&civic).await.status(), Some(429));
    assert_eq!(throttled.requests().len(), 4);
}

// Slow, broken and hostile services

#[tokio::test]
async fn a_service_that_never_answers_is_a_time_out() {
    let canned = Canned::new().await;
    let service = Service::start(|mut connection| async move {
        connection.request().await;
        connection.gone().await;
    })
    .await;
    let civic = canned
        .sandbox
        .client_builder()
        .base_url(service.url())
        .timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let error = fails(&civic).await;
    assert!(error.is_timeout() && !error.is_retryable(), "{error:?}");
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_is_a_time_out_that_lost_nothing() {
    let canned = Canned::new().await;
    // It accepts, but no TLS comes about.
    let service = Service::start(|mut connection| async move { connection.gone().await }).await;
    let civic = canned
        .sandbox
        .client_builder()
        .base_url(format!("https://localhost:{}", service.address.port()))
        .connect_timeout(Duration::from_millis(100))
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let error = fails(&civic).await;
    assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
    assert_eq!(service.connections(), 4);
}

#[tokio::test]
async fn a_time_out_that_is_shorter_than_that_for_connecting_still_says_that_nothing_was_lost() {
    let canned = Canned::new().await;
    let service = Service::start(|mut connection| async move { connection.gone().await }).await;
    let civic = canned
        .sandbox
        .client_builder()
        .base_url(format!("https://localhost:{}", service.address.port()))
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    let error = fails(&civic).await;
    assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
    assert_eq!(service.connections(), 1);
}

#[tokio::test]
async fn an_answer_that_announces_more_than_there_is_memory_is_no_panic() {
    let canned = Canned::new().await;
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", usize::MAX / 2);
    let service = Service::start(move |mut connection| {
        let answer = answer.clone();
        async move {
            connection.request().await;
            connection.write(answer.as_bytes()).await;
        }
    })
    .await;
    let builder = canned.sandbox.client_builder().base_url(service.url());
    let error = fails(&builder.max_response_bytes(usize::MAX).build().unwrap()).await;
    assert!(error.is_transport() && !error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_tried_again_and_then_an_error_that_lost_nothing() {
    let canned = Canned::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = fails(&canned.client(&base_url)).await;
    assert!(error.is_transport() && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_service_that_comes_up_late_is_found() {
    let canned = Canned::new().await;
    // It hangs up on the first two before TLS is there.
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["localhost"], &[]);
    let (count, answer) = (Arc::new(AtomicUsize::new(0)), http(200, &[], &canned.answer));
    let service = Service::start(move |connection| {
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        let early = count.fetch_add(1, Ordering::SeqCst) < 2;
        async move {
            if early {
                return;
            }
            let mut connection = connection.over_tls(acceptor).await.unwrap();
            while connection.request().await.is_some() {
                connection.write(&answer).await;
            }
        }
    })
    .await;
    let civic = canned
        .sandbox
        .client_builder()
        .base_url(format!("https://localhost:{}", service.address.port()))
        .add_root_certificate(authority.pem())
        .build()
        .unwrap();
    assert_eq!(civic.exchange_code("token").await.unwrap(), ada());
    assert_eq!((service.connections(), service.requests().len()), (3, 1));
}

#[tokio::test]
async fn a_connection_reset_after_the_request_is_not_tried_again() {
    let canned = Canned::new().await;
    for part in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{",
    ] {
        let service = Service::start(move |mut connection| async move {
            connection.request().await;
            connection.write(part).await;
            // What is not read when a socket closes makes the system reset it, if it has come by then; without, the
            // connection just ends. Either way half of an answer is none.
        })
        .await;
        let error = fails(&canned.client(&service.url())).await;
        assert!(error.is_transport() && !error.is_retryable(), "{error:?}");
        assert_eq!(service.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_hard_reset_half_way_is_not_tried_again() {
    let canned = Canned::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let (civic, half) = (canned.client(&base_url), &canned.answer[..canned.answer.len() / 2]);
    let exchange = civic.exchange_code("token");
    let reset = async {
        let (stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", canned.answer.len());
        stream.try_write(&[head.as_bytes(), half].concat()).unwrap();
        // The request was not read: closing resets.
        drop(stream);
        timeout(Duration::ZERO, listener.accept()).await.is_err()
    };
    let (result, alone) = tokio::join!(exchange, reset);
    let error = result.unwrap_err();
    assert!(error.is_transport() && !error.is_retryable(), "{error:?}");
    assert!(alone);
}

#[tokio::test]
async fn a_kept_alive_connection_that_ends_with_the_request_on_it_is_not_replaced() {
    let canned = Canned::new().await;
    let answer = http(200, &[], &canned.answer);
    let service = Service::start(move |mut connection| {
        let answer = answer.clone();
        async move {
            connection.request().await;
            connection.write(&answer).await;
            // Reads the second one, and hangs up.
            connection.request().await;
        }
    })
    .await;
    let civic = canned.client(&service.url());
    assert_eq!(civic.exchange_code("token-1").await.unwrap(), ada());
    let error = civic.exchange_code("token-2").await.unwrap_err();
    assert!(error.is_transport() && !error.is_retryable(), "{error:?}");
    let second: Vec<_> = service
        .requests()
        .into_iter()
        .filter(|request| String::from_utf8_lossy(&request.body).contains("token-2"))
        .collect();
    assert_eq!((second.len(), service.connections()), (1, 1));
}

#[tokio::test]
async fn a_kept_alive_connection_that_ended_unused_is_replaced() {
    let canned = Canned::new().await;
    let answer = http(200, &[], &canned.answer);
    let (ended, mut end) = mpsc::unbounded_channel();
    let service = Service::start(move |mut connection| {
        let (answer, ended) = (answer.clone(), ended.clone());
        async move {
            connection.request().await;
            connection.write(&answer).await;
            drop(connection);
            ended.send(()).unwrap();
        }
    })
    .await;
    let civic = canned.client(&service.url());
    for count in 1..=3 {
        assert_eq!(civic.exchange_code("token").await.unwrap(), ada());
        end.recv().await.unwrap();
        // Lets the client's side of the connection notice.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(service.connections(), count);
    }
}

#[tokio::test]
async fn a_byte_a_second_is_too_slow() {
    let canned = Canned::new().await;
    let answer = http(200, &[], &canned.answer);
    let service = Service::start(move |mut connection| {
        let answer = answer.clone();
        async move {
            connection.request().await;
            let mut second = interval(Duration::from_secs(1));
            for byte in answer {
                second.tick().await;
                if !connection.write(&[byte]).await {
                    return;
                }
            }
        }
    })
    .await;
    let civic = canned
        .sandbox
        .client_builder()
        .base_url(service.url())
        .timeout(Duration::from_millis(1500))
        .build()
        .unwrap();
    let started = Instant::now();
    let error = fails(&civic).await;
    assert!(error.is_timeout() && !error.is_retryable(), "{error:?}");
    assert!(started.elapsed() >= Duration::from_millis(1500));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_as_it_passes_it() {
    const MEGABYTE: usize = 1 << 20;
    let canned = Canned::new().await;
    for announced in [true, false] {
        let written = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&written);
        let service = Service::start(move |mut connection| {
            let counter = Arc::clone(&counter);
            async move {
                connection.request().await;
                let head = if announced {
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 100 * MEGABYTE)
                } else {
                    "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned()
                };
                connection.write(head.as_bytes()).await;
                let chunk = vec![b' '; MEGABYTE];
                for _ in 0..100 {
                    if !connection.write(&chunk).await {
                        return;
                    }
                    counter.fetch_add(MEGABYTE, Ordering::SeqCst);
                }
            }
        })
        .await;
        let civic = canned
            .sandbox
            .client_builder()
            .base_url(service.url())
            .max_response_bytes(8 * MEGABYTE)
            .build()
            .unwrap();
        let error = fails(&civic).await;
        assert!(error.is_malformed() && !error.is_retryable(), "{error:?}");
        // The system's buffers hold some megabytes more.
        let written = written.load(Ordering::SeqCst);
        assert!(written < 40 * MEGABYTE, "announced: {announced}, written: {written}");
    }
}

#[tokio::test]
async fn the_limit_itself_is_allowed() {
    let canned = Canned::new().await;
    let service = Service::answering(http(200, &[], &canned.answer)).await;
    let with_limit = |limit| {
        let builder = canned.sandbox.client_builder().base_url(service.url());
        builder.max_response_bytes(limit).build().unwrap()
    };
    let length = canned.answer.len();
    assert_eq!(with_limit(length).exchange_code("token").await.unwrap(), ada());
    assert!(fails(&with_limit(length - 1)).await.is_malformed());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let canned = Canned::new().await;
    let elsewhere = Service::answering(http(200, &[], &canned.answer)).await;
    for status in [301, 302, 303, 307, 308] {
        for location in ["/prod/scopeRequest/authCode", &*elsewhere.url(), "//evil.example/"] {
            let location = format!("location: {location}");
            let service = Service::answering(http(status, &[&location], b"this way")).await;
            let error = fails(&canned.client(&service.url())).await;
            assert!(error.is_api() && !error.is_retryable());
            assert_eq!((error.status(), error.body()), (Some(status), Some("this way")));
            assert_eq!(service.requests().len(), 1);
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn too_many_requests_are_tried_again_with_a_request_made_anew() {
    let canned = Canned::new().await;
    for headers in [&[][..], &["retry-after: 0"], &["retry-after: 1"]] {
        let (count, answer) = (Arc::new(AtomicUsize::new(0)), canned.answer.clone());
        let refusal = http(429, headers, b"slow down");
        let service = Service::start(move |mut connection| {
            let (count, answer, refusal) = (Arc::clone(&count), answer.clone(), refusal.clone());
            async move {
                while connection.request().await.is_some() {
                    let first = count.fetch_add(1, Ordering::SeqCst) == 0;
                    connection
                        .write(&if first { refusal.clone() } else { http(200, &[], &answer) })
                        .await;
                }
            }
        })
        .await;
        let started = Instant::now();
        assert_eq!(canned.client(&service.url()).exchange_code("token").await.unwrap(), ada());
        let asked = if headers == ["retry-after: 1"] { 1 } else { 0 };
        assert!(started.elapsed() >= Duration::from_secs(asked));
        let [first, second] = &*service.requests() else { panic!("two requests") };
        assert_eq!(first.body, second.body);
        assert_ne!(first.header("authorization"), second.header("authorization"));
    }
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let canned = Canned::new().await;
    let (asked, has_asked) = oneshot::channel();
    let (left, has_left) = oneshot::channel();
    let once = std::sync::Mutex::new(Some((asked, left)));
    let service = Service::start(move |mut connection| {
        let channels = once.lock().unwrap().take();
        async move {
            let (asked, left) = channels.unwrap();
            connection.request().await;
            asked.send(()).unwrap();
            connection.gone().await;
            left.send(()).unwrap();
        }
    })
    .await;
    let civic = canned.client(&service.url());
    let exchange = tokio::spawn(async move { civic.exchange_code("token").await });
    has_asked.await.unwrap();
    exchange.abort();
    timeout(SOON, has_left).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_get_through_where_no_connection_lasts() {
    let canned = Canned::new().await;
    for header in [&[][..], &["connection: close"]] {
        let answer = http(200, header, &canned.answer);
        let service = Service::start(move |mut connection| {
            let answer = answer.clone();
            async move {
                if connection.request().await.is_some() {
                    connection.write(&answer).await;
                }
            }
        })
        .await;
        let civic = canned.client(&service.url());
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let civic = civic.clone();
                tokio::spawn(async move {
                    let mut passed = 0;
                    for _ in 0..10 {
                        match civic.exchange_code("token").await {
                            Ok(_) => passed += 1,
                            // It was just about to close.
                            Err(error) => assert!(error.is_transport(), "{error:?}"),
                        }
                    }
                    passed
                })
            })
            .collect();
        let mut passed = 0;
        for task in tasks {
            passed += timeout(SOON, task).await.expect("a hang").unwrap();
        }
        println!("{passed} of 160");
        assert!(passed > 100, "{passed} of 160");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_exchanges_by_64_tasks_send_each_token_once() {
    let canned = Canned::new().await;
    let relay = relay(canned.sandbox.base_url()).await;
    let civic = canned.client(&relay.url());
    let left = Arc::new(AtomicUsize::new(1000));
    let sandbox = Arc::new(canned.sandbox);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (civic, left, sandbox) = (civic.clone(), Arc::clone(&left), Arc::clone(&sandbox));
            tokio::spawn(async move {
                let one_less = |left: usize| left.checked_sub(1);
                while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
                    let token = sandbox.issue_token(&ada());
                    assert_eq!(civic.exchange_code(token).await.unwrap(), ada());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // The sandbox refuses a token that comes again, so each was sent once. The pool serves nearly all of them.
    assert!(relay.connections() < 500, "{} connections", relay.connections());
}
