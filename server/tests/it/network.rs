//! What the network around the server does to it, and what it must not do to that network.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{Method, Request};
use http_body::Frame;
use tokio::time::timeout;

use crate::support::{Receiver, STRANGER, Server, encoded};

/// What a request may claim about where it was sent to.
const CLAIMS: [(&str, &str); 7] = [
    ("host", "evil.example"),
    ("forwarded", "for=192.0.2.1;host=evil.example;proto=http"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-prefix", "/evil.example"),
    ("x-original-url", "/evil.example"),
    ("x-http-method-override", "POST"),
];

#[tokio::test]
async fn no_header_says_where_the_server_is() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let consent = format!("/verify/request?login=user_1&redirect_url={}", encoded(STRANGER));
    for (path, status) in [
        ("/", 200),
        ("/session", 200),
        ("/compose?login=user_1", 303),
        ("/account", 200),
        ("/verify/request?login=user_1", 200),
        ("/verify/request?login=user_2", 403),
        (&consent, 200),
        ("/verify/keys", 200),
        ("/verify/verified", 403),
        ("/nothing", 404),
    ] {
        for accept in ["text/html", "application/json"] {
            let headers = [&[("accept", accept)][..], &CLAIMS].concat();
            let answer = browser.send(Method::GET, path, &headers, "").await;
            let expected = if path == consent && accept != "text/html" { 409 } else { status };
            assert_eq!(answer.status, expected, "{path}");
            assert!(!format!("{answer:?}").contains("evil.example"), "{path}: {answer:?}");
        }
    }
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", &*server.url)];
    let headers = [&form[..], &CLAIMS].concat();
    let body = "login=user_1&password=password_1";
    let answer = server.browser().send(Method::POST, "/session", &headers, body).await;
    assert_eq!((answer.status, answer.location()), (303, "/"));
    let [cookie] = answer.set_cookies()[..] else { panic!("{answer:?}") };
    assert!(cookie.starts_with("__Host-") && cookie.ends_with("; Secure"), "{cookie}");
    // And a page of the host that the request names is another site.
    let form = [form[0], ("origin", "https://evil.example")];
    let headers = [&form[..], &CLAIMS].concat();
    assert_eq!(server.browser().send(Method::POST, "/session", &headers, body).await.status, 403);
}

/// A body of which nothing ever comes.
struct Silent;

impl http_body::Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let server = Server::with(|config| config.sign_up(true)).await;
    // From here on, time passes whenever all else waits.
    tokio::time::pause();
    for path in ["/session", "/users", "/verify/consent?login=user_1"] {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::new(Silent))
            .unwrap();
        let mut browser = server.browser();
        let answer = timeout(Duration::from_secs(60), browser.exchange(request)).await;
        let answer = answer.expect("an answer before a minute is over");
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{path}");
    }
}

/// The person may agree to anything; what the operator did not list is public, or is not connected to.
#[tokio::test]
async fn nothing_in_the_servers_own_network_is_notified() {
    let mut receiver = Receiver::start().await;
    let port = receiver.origin.rsplit_once(':').unwrap().1;
    let origin = receiver.origin.clone();
    // Listed for requests, so that only the notifier is left to refuse it.
    let listed = |config: authsig_server::Config| {
        config.allow_origin(&origin).allow_origin(format!("http://localhost:{port}"))
    };
    let server = Server::at("http://127.0.0.1:8700", listed).await;
    let mut browser = server.logged_in("user_1").await;
    let mut stored = 0;
    for address in [
        receiver.address(),
        format!("http://localhost:{port}/notify"),
        format!("https://localhost:{port}/notify"),
        format!("https://127.0.0.1:{port}/notify"),
        format!("https://[::1]:{port}/notify"),
        "https://127.0.0.1/notify".to_owned(),
        "https://10.0.0.1/notify".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[fd00::1]/notify".to_owned(),
        "https://[::ffff:127.0.0.1]/notify".to_owned(),
    ] {
        let path = format!("/verify/request?login=user_1&notify_url={}", encoded(&address));
        let mut answer = browser.get(&path).await;
        if answer.body.contains("Do you agree?") {
            let consent = answer.field("consent");
            answer = browser.post(&answer.action(), &[("consent", &consent)]).await;
        }
        assert!(matches!(answer.status, 200 | 403), "{address}: {answer:?}");
        stored += i64::from(answer.status == 200);
    }
    assert_eq!(server.notifications().await, stored);
    assert!(stored >= 4, "{stored}");
    let tried = "SELECT COUNT(*) FROM outbox WHERE attempts > 0 AND leased_until = 0 \
                 OR finished_at IS NOT NULL";
    server.database.until(tried, stored).await;
    assert!(receiver.is_empty());
    assert_eq!(
        server.database.number("SELECT COUNT(*) FROM outbox WHERE outcome = 'delivered'").await,
        0
    );
}

#[tokio::test]
async fn a_receiver_leads_the_server_nowhere_else() {
    let (mut receiver, mut other) = (Receiver::start().await, Receiver::start().await);
    let origins = [receiver.origin.clone(), other.origin.clone()];
    let listed = |config: authsig_server::Config| {
        let [first, second] = &origins;
        config.allow_origin(first).notify_origin(first).notify_origin(second)
    };
    let server = Server::at("http://127.0.0.1:8700", listed).await;
    let mut browser = server.logged_in("user_1").await;
    for (index, status) in [301, 302, 303, 307, 308].into_iter().enumerate() {
        receiver.answer(status, &[("location", &other.address())]);
        let address = encoded(&receiver.address());
        let path = format!("/verify/request?login=user_1&notify_url={address}");
        assert_eq!(browser.get_json(&path).await.status, 200);
        receiver.next().await;
        // It counts as an attempt that failed.
        let failed = "SELECT COUNT(*) FROM outbox \
                      WHERE attempts = 1 AND leased_until = 0 AND finished_at IS NULL";
        server.database.until(failed, index as i64 + 1).await;
    }
    assert!(other.is_empty() && receiver.is_empty());
}
