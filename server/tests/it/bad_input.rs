//! What bad input gets: a 4xx with a sentence, and never a 500.

use axum::body::Body;
use axum::http::{Method, Request};

use crate::support::{Answer, Server};

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends the same as a program and as a person, and asserts the status and that both get a sentence.
async fn assert_refused(
    server: &Server,
    method: &Method,
    path: &str,
    kind: &str,
    body: &str,
    status: u16,
) -> Answer {
    let mut browser = server.logged_in("user_1").await;
    let headers = [("accept", "application/json"), ("content-type", kind)];
    let answer = browser.send(method.clone(), path, &headers, body).await;
    assert_eq!(answer.status, status, "{method} {path} {body:.40}: {}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{method} {path}");
    answer.error();
    let headers = [("accept", "text/html"), ("content-type", kind)];
    let page = browser.send(method.clone(), path, &headers, body).await;
    assert_eq!(page.status, status, "{method} {path}: {}", page.body);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{method} {path}");
    assert!(page.body.contains("role=\"alert\""), "{method} {path}: {}", page.body);
    answer
}

#[tokio::test]
async fn there_is_no_such_page() {
    let server = Server::start().await;
    for path in ["/nothing", "/verify", "/verify/", "/session/", "/test-notifier", "/session/civic"]
    {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            assert_refused(&server, &method, path, FORM, "", 404).await;
        }
    }
    assert_refused(&server, &Method::GET, "/assets/%ff", FORM, "", 400).await;
    assert_refused(&server, &Method::GET, "/assets/..%2fhome.js", FORM, "", 404).await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start().await;
    for (method, path, allowed) in [
        (Method::POST, "/verify/request", "GET,HEAD"),
        (Method::POST, "/verify/verified", "GET,HEAD"),
        (Method::DELETE, "/verify/keys", "GET,HEAD"),
        (Method::GET, "/defaults", "POST"),
        (Method::GET, "/session/end", "POST"),
        (Method::GET, "/account/delete", "POST"),
        (Method::PUT, "/session", "GET,HEAD,POST"),
        (Method::OPTIONS, "/verify/consent", "GET,HEAD,POST"),
    ] {
        let answer = assert_refused(&server, &method, path, FORM, "", 405).await;
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let server =
        Server::with(|config| config.sign_up(true).anybody_creates_defaults().test_notifier())
            .await;
    let body = "a".repeat(64 * 1024 + 1);
    for path in ["/defaults", "/test-notifier", "/session", "/users", "/account/password"] {
        let answer = assert_refused(&server, &Method::POST, path, FORM, &body, 413).await;
        assert!(answer.error().contains("too long"), "{path}: {}", answer.error());
    }
}

#[tokio::test]
async fn a_form_of_another_kind_is_refused() {
    let server = Server::with(|config| config.sign_up(true)).await;
    for path in ["/session", "/users", "/account/password", "/verify/consent?login=user_1"] {
        for kind in ["application/json", "text/plain", "multipart/form-data"] {
            let answer = assert_refused(&server, &Method::POST, path, kind, "{}", 415).await;
            assert!(answer.error().contains(FORM), "{path}: {}", answer.error());
        }
    }
}

#[tokio::test]
async fn a_form_without_a_field_or_with_one_twice_is_refused() {
    let server = Server::with(|config| config.sign_up(true)).await;
    for (path, body) in [
        ("/session", ""),
        ("/session", "login=user_1"),
        ("/session", "password=password_1"),
        ("/session", "login=user_1&login=user_2&password=password_1"),
        ("/session", "login=user_1&password=password_1&password=x"),
        ("/users", "login=ada"),
        ("/account/password", "password=password_1"),
        ("/account/delete", ""),
        ("/verify/consent?login=user_1", ""),
    ] {
        assert_refused(&server, &Method::POST, path, FORM, body, 422).await;
    }
    assert_refused(&server, &Method::GET, "/session?return_to=a&return_to=b", FORM, "", 400).await;
}

#[tokio::test]
async fn test_notifier_takes_notifications_alone() {
    let server = Server::with(|config| config.test_notifier()).await;
    for body in ["", "{}", "[]", r#"{"verified": false, "url": "x"}"#, "\u{0}"] {
        let kind = "application/json";
        assert_refused(&server, &Method::POST, "/test-notifier", kind, body, 400).await;
    }
    let mut browser = server.browser();
    // Anybody can post that; the log says that it is not verified.
    let body = r#"{"verified": true, "url": "https://id.example/verify/verified?login=user_1", "data": {}}"#;
    assert_eq!(browser.post_json("/test-notifier", body).await.status, 204);
}

/// A generator of numbers that is the same in each run.
struct Numbers(u64);

impl Numbers {
    /// Returns a number below `end`: SplitMix64.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const PATHS: [&str; 17] = [
    "/",
    "/compose",
    "/verify/request",
    "/verify/consent",
    "/verify/verified",
    "/verify/keys",
    "/defaults",
    "/assets/style.css",
    "/assets/%C3%28",
    "/users",
    "/session",
    "/session/end",
    "/account",
    "/account/password",
    "/account/sessions/end",
    "/test-notifier",
    "//x/%00/..",
];

const PIECES: [&str; 44] = [
    "login=user_1",
    "login=user_2",
    "&",
    "&",
    "&",
    "=",
    "provides[]=login",
    "provides=time",
    "default[]=app",
    "default=app",
    "default=none",
    "redirect_url=https%3A%2F%2Fstranger.example%2Fin",
    "notify_url=https%3A%2F%2Fstranger.example%2F",
    "redirect_url=https://app.example/in",
    "notify_url=http://[::1]/",
    "hide",
    "state=x",
    "time=1800000000",
    "time=2027-01-15T08:00:00Z",
    "time_fudge=9999999999999999999",
    "expires_at=1800000060",
    "expires_at=-1",
    "signature=v3.a.b",
    "signature=v2.",
    "audience=x",
    "secret=x",
    "%00",
    "%ff",
    "%",
    "\u{e9}",
    "\u{1f600}",
    ";",
    "[",
    "]",
    "a[b][c]=d",
    "a.b",
    "+",
    "\"",
    "{",
    "password=password_1",
    "new_password=password_1",
    "return_to=/verify/request?login=user_1",
    "consent=x",
    "token=a&attempt=b",
];

const BODIES: [&str; 9] = [
    r#"{"slug": "a", "params": {}}"#,
    r#"{"slug": "\ud800", "params": {"a": ["b"]}}"#,
    r#"{"slug": "a", "params": {"a": {"a": {"a": 1}}}}"#,
    r#"{"slug": "a", "slug": "b", "params": {}}"#,
    r#"{"verified": true, "url": "\u0000?", "data": {"a": 1e999}}"#,
    "[[[[[[[[[[[[[[[[[[[[",
    "null",
    "\u{feff}{}",
    "login=user_1&password=password_1",
];

fn pieces(numbers: &mut Numbers) -> String {
    (0..numbers.below(7)).map(|_| numbers.pick(&PIECES)).collect()
}

fn random_request(numbers: &mut Numbers, cookie: &str) -> Option<Request<Body>> {
    let method =
        numbers.pick(&["GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "OPTIONS", "FOO"]);
    let uri = format!("{}?{}", numbers.pick(&PATHS), pieces(numbers));
    let kind = numbers.pick(&[FORM, FORM, "application/json", "multipart/form-data", "\u{e9}"]);
    let accept = numbers.pick(&["text/html", "application/json", "*/*;q=x", ",;q=,", ""]);
    let cookie = numbers.pick(&[cookie, cookie, cookie, "__Host-authsig=x", "=;;=", "\u{e9}"]);
    let body =
        if numbers.below(2) == 0 { pieces(numbers) } else { numbers.pick(&BODIES).to_owned() };
    let request = Request::builder().method(method).uri(uri);
    let request = request.header("content-type", kind).header("accept", accept);
    // What HTTP can't express never reaches the server.
    request.header("cookie", cookie).body(Body::from(body)).ok()
}

#[tokio::test]
async fn no_request_gets_a_500() {
    let server = Server::with(|config| config.anybody_creates_defaults().test_notifier()).await;
    let mut browser = server.logged_in("user_1").await;
    let body =
        r#"{"slug": "app", "params": {"redirect_url": "https://app.example/in", "state": "x"}}"#;
    assert_eq!(browser.post_json("/defaults", body).await.status, 201);
    let mut numbers = Numbers(42);
    let (mut sent, mut seen) = (0, std::collections::BTreeSet::new());
    while sent < 5_000 {
        // Some of the requests log out.
        if sent % 50 == 0 {
            assert_eq!(browser.log_in("user_1").await.status, 303);
        }
        let cookie = format!("__Host-authsig={}", browser.cookies["__Host-authsig"]);
        let Some(request) = random_request(&mut numbers, &cookie) else { continue };
        let what = format!("{request:?}");
        let answer = server.browser().exchange(request).await;
        assert!(answer.status < 500, "{what}: {answer:?}");
        assert!(
            answer.status < 400 || answer.header("content-type").is_some(),
            "{what}: {answer:?}"
        );
        seen.insert(answer.status);
        sent += 1;
    }
    for status in [200, 201, 204, 303, 400, 401, 403, 404, 405, 409, 415, 422] {
        assert!(seen.contains(&status), "{status} was never seen: {seen:?}");
    }
}
