//! Payload links: which are followed, what is sent to them, and what their answers are worth.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Version};
use civic_sip::sandbox::Sandbox;
use civic_sip::{BoxFuture, CivicSip, Error, Reply, SendOptions, Transport, TransportError};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::people::ada;
use crate::support::servers::{Canned, Service, http, proxy};
use crate::support::tls::{Authority, TlsListener};

const LINK: &str = "https://civic.s3.amazonaws.com/payload?X-Amz-Signature=c0ffee";

/// A service whose answers link to `link`, and a client of it.
async fn service_linking_to(canned: &Canned, link: &str) -> (Service, CivicSip) {
    let service = Service::answering(http(200, &[], &canned.linking_to(link))).await;
    let civic = canned.client(&service.url());
    (service, civic)
}

async fn fails(civic: &CivicSip) -> Error {
    let exchange = civic.exchange_code("token");
    timeout(Duration::from_secs(60), exchange).await.expect("a hang").unwrap_err()
}

#[tokio::test]
async fn the_request_says_that_links_are_understood() {
    let canned = Canned::new().await;
    let request = canned.client("http://localhost").request("token42").unwrap();
    assert_eq!(request.body(), br#"{"allowS3UploadedPayload":true,"authToken":"token42"}"#);
}

#[tokio::test]
async fn a_link_is_followed_with_a_plain_get() {
    let canned = Canned::new().await;
    for end in ["", "\n", "\r\n"] {
        let payload = [&*canned.payload(), end.as_bytes()].concat();
        let answer = http(200, &["set-cookie: a=b"], &payload);
        let store = Service::answering(answer).await;
        let (service, civic) =
            service_linking_to(&canned, &format!("{}/p/1?sig=2", store.url())).await;
        assert_eq!(civic.exchange_code("token").await.unwrap(), ada());
        assert_eq!(civic.exchange_code("token").await.unwrap(), ada());
        assert_eq!(service.requests().len(), 2);
        for request in store.requests() {
            assert!(request.head.starts_with("GET /p/1?sig=2 HTTP/1.1\r\n"), "{}", request.head);
            assert!(request.body.is_empty());
            for header in ["authorization", "cookie", "referer", "content-type"] {
                assert_eq!(request.header(header), None);
            }
        }
    }
}

#[tokio::test]
async fn the_sandboxs_links_are_followed_with_default_settings() {
    let sandbox = Sandbox::builder().payload_size(0).start().await.unwrap();
    let civic = sandbox.client_builder().build().unwrap();
    let token = sandbox.issue_token(&ada());
    assert_eq!(civic.exchange_code(&token).await.unwrap(), ada());
    assert_eq!(civic.exchange_code(&token).await.unwrap_err().status(), Some(400));
    // That there was a link.
    let refusing = sandbox.client_builder().payload_hosts([""; 0]).build().unwrap();
    let error = refusing.exchange_code(sandbox.issue_token(&ada())).await.unwrap_err();
    assert!(error.is_malformed(), "{error:?}");
}

#[tokio::test]
async fn the_store_gets_nothing_from_the_service_on_the_same_host() {
    let canned = Canned::new().await;
    let payload = canned.payload();
    let service = Service::start(move |mut connection| {
        let payload = payload.clone();
        async move {
            while let Some(request) = connection.request().await {
                let answer = if request.head.starts_with("POST ") {
                    let host = request.header("host").unwrap();
                    let body = format!(
                        r#"{{"data":"http://{host}/p","userId":"36a59d10c8f2","processed":true}}"#
                    );
                    http(200, &["set-cookie: session=1"], body.as_bytes())
                } else {
                    assert_eq!(request.header("cookie"), None);
                    assert_eq!(request.header("authorization"), None);
                    http(200, &[], &payload)
                };
                connection.write(&answer).await;
            }
        }
    })
    .await;
    assert_eq!(canned.client(&service.url()).exchange_code("token").await.unwrap(), ada());
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn the_payload_is_verified_like_an_answer() {
    let canned = Canned::new().await;
    let other = Canned::new().await;
    let token = canned.payload();
    let forged = {
        let mut token = token.clone();
        let middle = token.len() / 2;
        token[middle] ^= 1;
        token
    };
    type Is = fn(&Error) -> bool;
    let cases: [(Vec<u8>, Is); 7] = [
        (other.payload(), Error::is_verification),
        (forged, Error::is_verification),
        (token[..token.len() - 1].to_vec(), Error::is_verification),
        ([b" ", &*token].concat(), Error::is_verification),
        (Vec::new(), Error::is_verification),
        (canned.answer.clone(), Error::is_verification),
        (vec![0xff; 100], Error::is_verification),
    ];
    for (payload, is) in cases {
        let store = Service::answering(http(200, &[], &payload)).await;
        let (_service, civic) = service_linking_to(&canned, &store.url()).await;
        let error = fails(&civic).await;
        assert!(is(&error) && !error.is_retryable(), "{error:?}");
    }
}

#[tokio::test]
async fn links_to_elsewhere_are_refused_before_anything_is_sent() {
    let canned = Canned::new().await;
    let bystander = Service::answering(http(200, &[], &canned.payload())).await;
    let port = bystander.address.port();
    for link in [
        "https://evil-amazonaws.com/x".to_owned(),
        "https://amazonaws.com.evil.example/x".to_owned(),
        "http://civic.s3.amazonaws.com/x".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/x".to_owned(),
        format!("http://0.0.0.0:{port}/x"),
        format!("http://[::ffff:127.0.0.1]:{port}/x"),
        format!("http://user@127.0.0.1:{port}/x"),
        format!("ftp://127.0.0.1:{port}/x"),
        "not a link".to_owned(),
        String::new(),
    ] {
        let (_service, civic) = service_linking_to(&canned, &link).await;
        let error = fails(&civic).await;
        assert!(error.is_malformed() && !error.is_retryable(), "{link}: {error:?}");
        // The link is a secret, wherever it leads.
        assert!(link.is_empty() || !format!("{error} {error:?}").contains(&link));
    }
    assert_eq!(bystander.connections(), 0);
}

#[tokio::test]
async fn a_service_elsewhere_cannot_point_to_this_machine() {
    let canned = Canned::new().await;
    let bystander = Service::answering(http(200, &[], &canned.payload())).await;
    let port = bystander.address.port();
    let civic = canned.client("https://api.civic.com/sip");
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        for scheme in ["http", "https"] {
            let link = format!("{scheme}://{host}:{port}/");
            let error = civic.response(200, canned.linking_to(&link)).unwrap_err();
            assert!(error.is_malformed(), "{link}: {error:?}");
        }
    }
    // Somebody may want it so.
    let civic = canned
        .sandbox
        .client_builder()
        .base_url("https://api.civic.com/sip")
        .payload_hosts(["localhost"])
        .build()
        .unwrap();
    let link = canned.linking_to(&format!("http://localhost:{port}/"));
    assert!(matches!(civic.response(200, link), Ok(Reply::Payload(_))));
    let link = canned.linking_to(&format!("http://127.0.0.1:{port}/"));
    assert!(civic.response(200, link).unwrap_err().is_malformed());
}

#[tokio::test]
async fn a_list_of_hosts_takes_the_place_of_the_default() {
    let canned = Canned::new().await;
    let store = Service::answering(http(200, &[], &canned.payload())).await;
    let service = Service::answering(http(200, &[], &canned.linking_to(&store.url()))).await;
    let with_hosts = |hosts: &[&str]| {
        let builder = canned.sandbox.client_builder().base_url(service.url());
        builder.payload_hosts(hosts).build().unwrap()
    };
    assert_eq!(with_hosts(&["127.0.0.1"]).exchange_code("token").await.unwrap(), ada());
    assert_eq!(store.connections(), 1);
    for hosts in [&[][..], &["amazonaws.com"], &["localhost", "127.0.0.2"]] {
        assert!(fails(&with_hosts(hosts)).await.is_malformed());
    }
    assert_eq!(store.connections(), 1);
}

#[tokio::test]
async fn redirects_of_the_store_are_not_followed() {
    let canned = Canned::new().await;
    let bystander = Service::answering(http(200, &[], &canned.payload())).await;
    let store =
        Service::answering(http(302, &[&format!("location: {}", bystander.url())], b"")).await;
    let (_service, civic) = service_linking_to(&canned, &store.url()).await;
    let error = fails(&civic).await;
    assert_eq!(error.status(), Some(302));
    assert_eq!(bystander.connections(), 0);
}

#[tokio::test]
async fn once_there_is_a_link_the_token_is_used_up_whatever_happens() {
    let canned = Canned::new().await;

    for status in [403, 404, 429, 500, 503] {
        let store = Service::answering(http(status, &["retry-after: 3600"], b"<Error/>")).await;
        let (_service, civic) = service_linking_to(&canned, &store.url()).await;
        let error = fails(&civic).await;
        assert!(error.is_api() && !error.is_retryable(), "{error:?}");
        assert_eq!((error.status(), error.body()), (Some(status), Some("<Error/>")));
        assert!(error.to_string().starts_with("the payload store returned status"), "{error}");
    }

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (service, civic) = service_linking_to(&canned, &format!("http://{nobody}/")).await;
    let error = fails(&civic).await;
    assert!(error.is_transport() && !error.is_retryable(), "{error:?}");
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn link_and_payload_share_one_time_out() {
    let canned = Canned::new().await;
    let store = Service::start(|mut connection| async move {
        connection.request().await;
        connection.gone().await;
    })
    .await;
    let service = Service::answering(http(200, &[], &canned.linking_to(&store.url()))).await;
    let builder = canned.sandbox.client_builder().base_url(service.url());
    let civic = builder.timeout(Duration::from_millis(500)).build().unwrap();
    let error = fails(&civic).await;
    assert!(error.is_timeout() && !error.is_retryable(), "{error:?}");
    assert_eq!(store.requests().len(), 1);
}

#[tokio::test]
async fn a_payload_over_the_limit_is_refused() {
    let canned = Canned::new().await;
    let answer =
        |payload: &[u8]| [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", payload].concat();
    let store = Service::start({
        let answer = answer(&vec![b'a'; 1 << 20]);
        move |mut connection| {
            let answer = answer.clone();
            async move {
                connection.request().await;
                connection.write(&answer).await;
            }
        }
    })
    .await;
    let service = Service::answering(http(200, &[], &canned.linking_to(&store.url()))).await;
    let builder = canned.sandbox.client_builder().base_url(service.url());
    let error = fails(&builder.max_response_bytes(100_000).build().unwrap()).await;
    assert!(error.is_malformed() && !error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn s3_is_visited_through_the_proxy_and_in_http_1() {
    let canned = Canned::new().await;
    let authority = Authority::new();
    let names = ["sip.example.com", "civic.s3.amazonaws.com"];
    let acceptor = authority.acceptor(&names, &["h2", "http/1.1"]);
    let (link, payload) = (canned.linking_to(LINK), canned.payload());
    let app = Router::new().fallback(async move |request: axum::extract::Request| {
        match (request.method().as_str(), request.version()) {
            ("POST", Version::HTTP_2) => Ok(link),
            // Logs of HTTP/2 libraries show paths.
            ("GET", Version::HTTP_11) => Ok(payload),
            _ => Err(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
        }
    });
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy(tcp.local_addr().unwrap()).await;
    let server = tokio::spawn(axum::serve(TlsListener { tcp, acceptor }, app).into_future());
    let civic = canned
        .sandbox
        .client_builder()
        .base_url("https://sip.example.com")
        .proxy(proxy.url())
        .add_root_certificate(authority.pem())
        .build()
        .unwrap();
    assert_eq!(civic.exchange_code("token").await.unwrap(), ada());
    let [first, second] = &*proxy.requests() else { panic!("two tunnels") };
    assert!(first.head.starts_with("CONNECT sip.example.com:443 "));
    assert!(second.head.starts_with("CONNECT civic.s3.amazonaws.com:443 "));
    server.abort();
}

// Without our I/O

type Answer = (u16, Vec<u8>);

/// Answers in order, and keeps what was asked.
#[derive(Clone, Default)]
struct Scripted {
    answers: Arc<Mutex<Vec<Answer>>>,
    requests: Arc<Mutex<Vec<http::Request<Vec<u8>>>>>,
}

impl Transport for Scripted {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            self.requests.lock().unwrap().push(request);
            let (status, body) = self.answers.lock().unwrap().remove(0);
            Ok(http::Response::builder().status(status).body(body).unwrap())
        })
    }
}

#[tokio::test]
async fn a_transport_of_ones_own_fetches_the_payload_too() {
    let canned = Canned::new().await;
    let transport = Scripted::default();
    *transport.answers.lock().unwrap() = vec![
        (200, canned.linking_to(LINK)),
        (200, canned.payload()),
        (200, canned.linking_to("https://evil.example/")),
    ];
    let civic = canned.sandbox.client_builder().transport(transport.clone()).build().unwrap();
    // And it needs no runtime.
    let exchange = || {
        std::thread::scope(|scope| {
            scope.spawn(|| futures_executor::block_on(civic.exchange_code("token"))).join().unwrap()
        })
    };
    assert_eq!(exchange().unwrap(), ada());
    assert!(exchange().unwrap_err().is_malformed());
    let requests = transport.requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    assert_eq!(
        (requests[1].method().as_str(), requests[1].uri().to_string()),
        ("GET", LINK.into())
    );
    assert!(!requests[1].headers().contains_key("authorization"));
    assert!(requests[1].body().is_empty());
}

#[tokio::test]
async fn by_hand_the_link_is_opened_with_what_was_found_there() {
    let canned = Canned::new().await;
    let civic = canned.client("https://api.civic.com/sip");
    let Reply::Payload(link) = civic.response(200, canned.linking_to(LINK)).unwrap() else {
        panic!("no link");
    };
    assert_eq!(link.url(), LINK);
    assert!(!format!("{link:?}").contains("amazonaws"));
    assert_eq!(link.open(200, canned.payload()).unwrap(), ada());
    let error = link.open(429, b"slow down".to_vec()).unwrap_err();
    assert!(error.is_api() && error.status() == Some(429) && !error.is_retryable());
}
