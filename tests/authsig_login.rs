//! The example of an AuthSig login: a browser that is let in, and everybody who tries to get in without that.

#[path = "../examples/authsig_login.rs"]
mod authsig_login;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{Request, Response, StatusCode};
use civic_sip::authsig::decide::{Authority, DefaultParams, Defaults};
use civic_sip::authsig::{Notification, PrivateKey, Remote, Signer, Verifier};
use civic_sip::{BoxFuture, SendOptions, Transport, TransportError};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use authsig_login::server::{self, ada};

const APP: &str = "https://app.example";
const OTHER_APP: &str = "https://other.example/in";
const SERVER: &str = "https://id.example/verify";
const NOW: u64 = 1_800_000_000;

/// An app and a server, in one process and without sockets, with a clock that the test sets.
struct World {
    app: Router,
    server: Arc<Mutex<Option<Router>>>,
    authority: Authority,
    key: PrivateKey,
    clock: Arc<AtomicU64>,
}

impl World {
    fn new() -> Self {
        Self::at(APP)
    }

    fn at(app: &str) -> Self {
        let clock = Arc::new(AtomicU64::new(NOW));
        let key = PrivateKey::generate().unwrap();
        let redirect_url = authsig_login::redirect_url(app);
        let authority =
            server::authority(SERVER, key.clone(), &[&redirect_url, OTHER_APP]).unwrap();
        let server = server::router(authority.clone(), at(&clock));
        let server = Arc::new(Mutex::new(Some(server)));
        let remote = Remote::builder(SERVER)
            .audience(redirect_url)
            .transport(ToServer(server.clone()))
            .clock(at(&clock))
            .build()
            .unwrap();
        Self { app: authsig_login::app(app, SERVER, remote), server, authority, key, clock }
    }

    /// What the server signs for ada, who is logged in there.
    fn signed(&self, query: &str) -> String {
        let now = at(&self.clock)();
        let signed = self.authority.decide(query, Some(&ada()), &Defaults::new(), None, now);
        signed.unwrap().url().to_owned()
    }

    /// What ada's server signs for a log-in to the app, with this state.
    fn signed_for_app(&self, state: &str) -> String {
        self.signed(&format!(
            "provides[]=login&redirect_url=https%3A%2F%2Fapp.example%2Fin&state={state}"
        ))
    }

    fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A key that the server has replaced: from now on it publishes another one.
    fn revoke_key(&self) {
        let authority = server::authority(SERVER, PrivateKey::generate().unwrap(), &[]).unwrap();
        *self.server.lock().unwrap() = Some(server::router(authority, at(&self.clock)));
    }

    fn stop_server(&self) {
        *self.server.lock().unwrap() = None;
    }

    fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookies: BTreeMap::new(), state: String::new() }
    }
}

fn at(clock: &Arc<AtomicU64>) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let clock = clock.clone();
    move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst))
}

/// Fetches the keys from the server.
struct ToServer(Arc<Mutex<Option<Router>>>);

impl Transport for ToServer {
    fn send<'a>(
        &'a self,
        request: Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<Response<Vec<u8>>, TransportError>> {
        let server = self.0.lock().unwrap().clone();
        Box::pin(async {
            let server = server.ok_or(TransportError::NotSent("nobody listens".into()))?;
            let response = server.oneshot(request.map(Body::from)).await.unwrap();
            let (parts, body) = response.into_parts();
            Ok(Response::from_parts(parts, body.collect().await.unwrap().to_bytes().to_vec()))
        })
    }
}

/// Keeps cookies, and follows no redirect by itself.
struct Browser<'w> {
    world: &'w World,
    cookies: BTreeMap<String, String>,
    /// That of the attempt under way, as the app tells it the server.
    state: String,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers[LOCATION].to_str().unwrap()
    }

    fn set_cookie(&self, name: &str) -> Option<&str> {
        let cookies =
            self.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
        cookies.into_iter().find(|cookie| cookie.starts_with(&format!("{name}=")))
    }
}

impl Browser<'_> {
    async fn send(&mut self, router: Router, request: Request<Body>) -> Answer {
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer { status: parts.status, headers: parts.headers, body }
    }

    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Request::builder().method(method).uri(path).header(COOKIE, cookies.join("; "))
    }

    async fn get(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path).body(Body::empty()).unwrap();
        self.send(self.world.app.clone(), request).await
    }

    /// Starts a log-in, and returns where the app sends the browser.
    async fn start(&mut self) -> Answer {
        let answer = self.get("/login").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let (_, state) = answer.location().split_once("&state=").unwrap();
        self.state = state.split('&').next().unwrap().to_owned();
        answer
    }

    /// Follows the app's redirect to the server, and returns where that sends the browser.
    async fn visit_server(&mut self, url: &str) -> String {
        let path = url.strip_prefix("https://id.example").unwrap();
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let server = self.world.server.lock().unwrap().clone().unwrap();
        let answer = self.send(server, request).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.location().to_owned()
    }

    /// A whole log-in, but for its last step: the path that the server sends the browser to.
    async fn until_back(&mut self) -> String {
        let answer = self.start().await;
        let back = self.visit_server(answer.location()).await;
        back.strip_prefix(APP).unwrap().to_owned()
    }

    /// Comes back with a signed URL, as if the server had sent the browser.
    async fn come_back_with(&mut self, signed_url: &str) -> Answer {
        self.get(&in_path(signed_url)).await
    }

    async fn is_logged_in(&mut self) -> bool {
        self.get("/").await.body.contains("Hello, ada")
    }

    /// Asserts that nothing came of it: no session, no login.
    async fn assert_refused(&mut self, answer: &Answer) {
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
        // At most the browser is told to forget a session id that was none.
        let cookie = answer.set_cookie("__Host-session");
        assert!(cookie.is_none_or(|cookie| cookie.contains("; Max-Age=0")), "{cookie:?}");
        assert!(!self.is_logged_in().await);
    }
}

fn in_path(signed_url: &str) -> String {
    let encoded: String = signed_url
        .bytes()
        .map(|byte| match byte {
            b'&' | b'=' | b'%' | b'+' | b'#' | b'?' => format!("%{byte:02X}"),
            _ => char::from(byte).to_string(),
        })
        .collect();
    format!("/in?authsig={encoded}")
}

#[tokio::test]
async fn a_browser_that_comes_back_is_let_in() {
    let world = World::new();
    let mut browser = world.browser();
    assert!(browser.get("/").await.body.contains("Log in"));
    let back = browser.until_back().await;
    let answer = browser.get(&back).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
    let page = browser.get("/").await.body;
    assert!(page.contains("Hello, ada of password at https://id.example/verify."), "{page}");

    let request = browser.request("POST", "/logout").header(ORIGIN, APP);
    let session = browser.cookies["__Host-session"].clone();
    let request = request.body(Body::empty()).unwrap();
    let answer = browser.send(world.app.clone(), request).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    // What the app forgot is worth nothing, even to who kept the cookie.
    browser.cookies.insert("__Host-session".to_owned(), session);
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn the_cookie_can_be_set_by_nobody_else() {
    let world = World::new();
    let mut browser = world.browser();
    let answer = browser.start().await;
    let attempt = answer.set_cookie("__Host-session").unwrap();
    assert!(attempt.contains("; Max-Age=600"), "{attempt}");
    let back = browser.visit_server(answer.location()).await;
    let answer = browser.get(back.strip_prefix(APP).unwrap()).await;
    let session = answer.set_cookie("__Host-session").unwrap();
    assert!(session.contains("; Max-Age=3600"), "{session}");
    for cookie in [attempt, session] {
        for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test]
async fn on_http_the_cookie_is_such_that_browsers_take_it() {
    let world = World::at("http://localhost:8080");
    let mut browser = world.browser();
    let answer = browser.start().await;
    let attempt = answer.set_cookie("session").unwrap();
    assert!(!attempt.contains("Secure") && attempt.contains("; HttpOnly"), "{attempt}");
    let back = browser.visit_server(answer.location()).await;
    let answer = browser.get(back.strip_prefix("http://localhost:8080").unwrap()).await;
    let session = answer.set_cookie("session").unwrap();
    assert!(!session.contains("Secure") && session.contains("; HttpOnly"), "{session}");
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn the_session_id_changes_at_log_in() {
    let world = World::new();
    let mut browser = world.browser();
    let back = browser.until_back().await;
    let attempt = browser.cookies["__Host-session"].clone();
    browser.get(&back).await;
    let first = browser.cookies["__Host-session"].clone();
    assert_ne!(first, attempt);
    let back = browser.until_back().await;
    browser.get(&back).await;
    let second = browser.cookies["__Host-session"].clone();
    assert_ne!(first, second);
    // The old ones have ended: somebody who planted one in this browser is not logged in by it.
    for old in [attempt, first] {
        browser.cookies.insert("__Host-session".to_owned(), old);
        assert!(!browser.is_logged_in().await);
    }
}

#[tokio::test]
async fn a_session_id_that_the_app_did_not_choose_is_not_adopted() {
    let world = World::new();
    let mut browser = world.browser();
    let planted = "AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    browser.cookies.insert("__Host-session".to_owned(), planted.clone());
    let back = browser.until_back().await;
    browser.get(&back).await;
    assert_ne!(browser.cookies["__Host-session"], planted);
    browser.cookies.insert("__Host-session".to_owned(), planted);
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn login_csrf_is_refused() {
    let world = World::new();
    let mut attacker = world.browser();
    let back = attacker.until_back().await;
    // The attacker sends a visitor there: one who has started nothing, and one who is about to log in.
    let mut visitor = world.browser();
    let answer = visitor.get(&back).await;
    visitor.assert_refused(&answer).await;
    visitor.start().await;
    let answer = visitor.get(&back).await;
    visitor.assert_refused(&answer).await;
}

#[tokio::test]
async fn a_url_seen_elsewhere_is_refused() {
    let world = World::new();
    let mut visitor = world.browser();
    let back = visitor.until_back().await;
    let mut attacker = world.browser();
    let answer = attacker.get(&back).await;
    attacker.assert_refused(&answer).await;
    attacker.start().await;
    let answer = attacker.get(&back).await;
    attacker.assert_refused(&answer).await;
    // The visitor is let in nevertheless.
    visitor.get(&back).await;
    assert!(visitor.is_logged_in().await);
}

#[tokio::test]
async fn a_url_lets_nobody_in_twice() {
    let world = World::new();
    let mut browser = world.browser();
    let back = browser.until_back().await;
    browser.get(&back).await;
    assert!(browser.is_logged_in().await);
    // In the same session, and after the log-out with the back button.
    assert_eq!(browser.get(&back).await.status, StatusCode::FORBIDDEN);
    let request = browser.request("POST", "/logout").header(ORIGIN, APP);
    browser.send(world.app.clone(), request.body(Body::empty()).unwrap()).await;
    let answer = browser.get(&back).await;
    browser.assert_refused(&answer).await;
}

#[tokio::test]
async fn a_url_that_took_longer_than_5_minutes_is_refused() {
    let world = World::new();
    let mut browser = world.browser();
    let back = browser.until_back().await;
    world.pass(301);
    let answer = browser.get(&back).await;
    browser.assert_refused(&answer).await;
}

#[tokio::test]
async fn the_url_of_a_notification_is_refused() {
    let world = World::new();
    let now = at(&world.clock)();
    let query = "provides[]=login&redirect_url=https%3A%2F%2Fapp.example%2Fin\
                 &notify_url=https%3A%2F%2Fother.example%2Fin";
    let signed = world.authority.decide(query, Some(&ada()), &Defaults::new(), None, now).unwrap();
    let body = signed.notification().unwrap().body();
    let url = Notification::parse(body).unwrap().url().to_owned();
    let mut attacker = world.browser();
    attacker.start().await;
    let answer = attacker.come_back_with(&url).await;
    attacker.assert_refused(&answer).await;
    // Nor with a state that the attacker has chosen: it was made for the one who is notified, too.
    let query = format!("{query}&state={}", attacker.state);
    let url = world.signed(&query);
    let answer = attacker.come_back_with(&url).await;
    attacker.assert_refused(&answer).await;
}

#[tokio::test]
async fn an_identity_made_for_another_app_is_refused() {
    let world = World::new();
    // The other app has ada log in there, with the state of its own attempt here.
    let mut attacker = world.browser();
    attacker.start().await;
    let url = world.signed(&format!(
        "provides[]=login&redirect_url=https%3A%2F%2Fother.example%2Fin&state={}",
        attacker.state
    ));
    let answer = attacker.come_back_with(&url).await;
    attacker.assert_refused(&answer).await;
}

#[tokio::test]
async fn a_url_that_a_person_made_by_hand_is_refused() {
    let world = World::new();
    let mut attacker = world.browser();
    attacker.start().await;
    let url = world.signed(&format!("provides[]=login&state={}", attacker.state));
    let answer = attacker.come_back_with(&url).await;
    attacker.assert_refused(&answer).await;
}

#[tokio::test]
async fn version_2_is_not_taken_for_version_3() {
    let world = World::new();
    let mut attacker = world.browser();
    attacker.start().await;
    // With a secret that the attacker stored at the server.
    let stored = r#"{"secret": "the attacker's own secret"}"#;
    let defaults = Defaults::from([("mine".to_owned(), DefaultParams::from_json(stored).unwrap())]);
    let query = format!(
        "provides[]=login&default[]=mine&redirect_url=https%3A%2F%2Fapp.example%2Fin&state={}",
        attacker.state
    );
    let now = at(&world.clock)();
    let signed = world.authority.decide(&query, Some(&ada()), &defaults, None, now).unwrap();
    let answer = attacker.come_back_with(signed.url()).await;
    attacker.assert_refused(&answer).await;
    // With the public key as the secret.
    let url = world.signed_for_app(&attacker.state);
    let (unsigned, _) = url.split_once("&signature=").unwrap();
    let forger = Signer::builder().secret(world.key.public_key().to_jwks()).public_url(SERVER);
    let forged = forger.clock(at(&world.clock)).build().unwrap().sign_url(unsigned).unwrap();
    let answer = attacker.come_back_with(&forged).await;
    attacker.assert_refused(&answer).await;
}

#[tokio::test]
async fn a_link_is_not_taken_for_an_identity() {
    let world = World::new();
    let mut attacker = world.browser();
    attacker.start().await;
    // The server signs links, too, and with the same key.
    let identity = world.signed_for_app(&attacker.state);
    let (unsigned, _) = identity.split_once("&signature=").unwrap();
    for purpose in [None, Some("confirmation")] {
        let signer = Signer::builder().private_key(world.key.clone()).public_url(SERVER);
        let signer = signer.clock(at(&world.clock));
        let signer = match purpose {
            Some(purpose) => signer.purpose(purpose),
            None => signer,
        };
        let link = signer.build().unwrap().sign_url(unsigned).unwrap();
        let answer = attacker.come_back_with(&link).await;
        attacker.assert_refused(&answer).await;
    }
    // All that is wrong with them is what they were signed for.
    attacker.come_back_with(&identity).await;
    assert!(attacker.is_logged_in().await);
}

#[tokio::test]
async fn an_identity_is_not_taken_for_a_link() {
    let world = World::new();
    let identity = world.signed_for_app("AAAAAAAAAAAAAAAAAAAAAA");
    for purpose in [None, Some("confirmation")] {
        let verifier = Verifier::builder().public_keys(world.key.public_key()).public_url(SERVER);
        let verifier = verifier.clock(at(&world.clock));
        let verifier = match purpose {
            Some(purpose) => verifier.purpose(purpose),
            None => verifier,
        };
        assert!(verifier.build().unwrap().verify_url(&identity).is_err());
    }
}

#[tokio::test]
async fn a_stale_key_lets_nobody_in() {
    let world = World::new();
    let mut browser = world.browser();
    let back = browser.until_back().await;
    browser.get(&back).await;
    world.stop_server();
    // The keys are good for as long as the server said, also without it.
    world.pass(299);
    let mut browser = world.browser();
    browser.start().await;
    let url = world.signed_for_app(&browser.state);
    browser.come_back_with(&url).await;
    assert!(browser.is_logged_in().await);
    // No longer. That says nothing about the URL.
    world.pass(1);
    let mut browser = world.browser();
    browser.start().await;
    let url = world.signed_for_app(&browser.state);
    let answer = browser.come_back_with(&url).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn a_revoked_key_lets_nobody_in() {
    let world = World::new();
    let mut browser = world.browser();
    let back = browser.until_back().await;
    browser.get(&back).await;
    world.revoke_key();
    world.pass(300);
    let mut attacker = world.browser();
    attacker.start().await;
    let url = world.signed_for_app(&attacker.state);
    let answer = attacker.come_back_with(&url).await;
    attacker.assert_refused(&answer).await;
}

#[tokio::test]
async fn what_is_no_signed_url_is_refused() {
    let world = World::new();
    let mut attacker = world.browser();
    attacker.start().await;
    for url in [
        "",
        "x",
        "https://id.example/verify/verified?login=ada",
        "https://evil.example/verify/verified?login=ada&signature=v3.x.y",
    ] {
        let answer = attacker.come_back_with(url).await;
        attacker.assert_refused(&answer).await;
    }
    let good = world.signed_for_app(&attacker.state);
    for changed in [
        good.replace("login=ada", "login=eve"),
        good.replace("id.example", "evil.example"),
        good.replace("/verified?", "/request?"),
    ] {
        assert_ne!(changed, good);
        let answer = attacker.come_back_with(&changed).await;
        attacker.assert_refused(&answer).await;
    }
    for path in ["/in", "/in?authsig", "/in?authsig=x&authsig=y"] {
        let answer = attacker.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
}

#[tokio::test]
async fn a_planted_state_is_refused() {
    let world = World::new();
    let mut attacker = world.browser();
    let back = attacker.until_back().await;
    // The state is in the session, so no cookie brings one.
    for name in ["state", "authsig", "__Host-authsig", "__Host-state"] {
        let mut visitor = world.browser();
        visitor.cookies.insert(name.to_owned(), attacker.state.clone());
        let answer = visitor.get(&back).await;
        visitor.assert_refused(&answer).await;
        // Nor next to that of the visitor's own attempt.
        visitor.start().await;
        let answer = visitor.get(&back).await;
        visitor.assert_refused(&answer).await;
    }
    // A session id that the app did not choose has no state.
    let mut visitor = world.browser();
    visitor.start().await;
    let url = world.signed_for_app(&visitor.state);
    let own = visitor.cookies["__Host-session"].clone();
    let cookies = format!("__Host-session={own}; __Host-session=AAAAAAAAAAAAAAAAAAAAAA");
    let request = Request::builder().uri(in_path(&url)).header(COOKIE, cookies);
    let answer = visitor.send(world.app.clone(), request.body(Body::empty()).unwrap()).await;
    visitor.assert_refused(&answer).await;
}

#[tokio::test]
async fn an_attempt_does_not_end_a_session() {
    let world = World::new();
    let mut browser = world.browser();
    let back = browser.until_back().await;
    browser.get(&back).await;
    let answer = browser.start().await;
    assert!(answer.set_cookie("__Host-session").unwrap().contains("; Max-Age=3600"));
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn other_sites_cant_log_people_out() {
    let world = World::new();
    let mut browser = world.browser();
    let back = browser.until_back().await;
    browser.get(&back).await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("x-nothing", "no origin at all"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let request =
            browser.request("POST", "/logout").header(name, value).header("host", "app.example");
        let answer = browser.send(world.app.clone(), request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{value}");
    }
    assert!(browser.is_logged_in().await);
    let request =
        browser.request("POST", "/logout").header(ORIGIN, APP).header("host", "app.example");
    let answer = browser.send(world.app.clone(), request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}
