//! The extractor and the responses, in an app that is served on a real socket.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use civic_sip::authsig::{
    Claim, ClaimFuture, ConfigProblem, MemoryGuard, ReplayError, ReplayGuard, Signer,
    SignerBuilder, Verified, Verifier, VerifierBuilder, VerifyError,
};
use civic_sip::axum::{AuthSig, AuthSigRejection, LinkKind, LinkVerifier, SingleUse};
use civic_sip::sandbox::{Fault, Sandbox};
use civic_sip::{CivicSip, Error};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::http_client::{Answer, client, send};
use crate::support::people::ada;
use crate::support::servers::{Canned, Service, http};

const SECRET: &str = "at least sixteen bytes";

struct App {
    http: reqwest::Client,
    address: std::net::SocketAddr,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Drop for App {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Answer {
    fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem
    }
}

impl App {
    async fn serve(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        Self { http: client(), address, server }
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> Answer {
        let request = self
            .http
            .request(method, format!("http://{}{path}", self.address))
            // As if a proxy had been here.
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "gopher")
            .body(body.to_owned());
        send(request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    /// Sends the head of a request as it is written, and reads the whole answer.
    async fn send(&self, head: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("{head}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

// AuthSig

/// The state of an app with two kinds of links.
struct Links {
    invitations: LinkVerifier,
    downloads: LinkVerifier,
    guard: Box<dyn ReplayGuard>,
}

enum Invitation {}

impl LinkKind<Arc<Links>> for Invitation {
    type Guard = Box<dyn ReplayGuard>;

    fn verifier(links: &Arc<Links>) -> &LinkVerifier {
        &links.invitations
    }

    fn guard(links: &Arc<Links>) -> &Box<dyn ReplayGuard> {
        &links.guard
    }
}

enum Download {}

impl LinkKind<Arc<Links>> for Download {
    type Guard = ();

    fn verifier(links: &Arc<Links>) -> &LinkVerifier {
        &links.downloads
    }

    fn guard(_: &Arc<Links>) -> &() {
        &()
    }
}

fn hello(verified: &Verified) -> String {
    format!("hello {}", verified.login().unwrap_or("nobody"))
}

async fn show(link: AuthSig<Invitation>) -> String {
    hello(&link)
}

async fn join(link: SingleUse<Invitation>) -> String {
    hello(&link.into_verified())
}

async fn download(link: AuthSig<Download>) -> String {
    hello(&link)
}

async fn maybe(link: Option<AuthSig<Invitation>>) -> String {
    format!("{:?}", link.map(|link| link.login().map(str::to_owned)))
}

/// Checks the body first, and uses the link up itself.
async fn join_with_care(
    State(links): State<Arc<Links>>,
    link: AuthSig<Invitation>,
    body: String,
) -> Result<String, AuthSigRejection> {
    if body.is_empty() {
        return Ok("please say something".to_owned());
    }
    link.consume(&links.guard).await?;
    Ok(hello(&link))
}

fn signing(purpose: &str) -> SignerBuilder {
    Signer::builder().secret(SECRET).purpose(purpose).public_url("https://app.example.com")
}

fn single_use() -> SignerBuilder {
    signing("invitation").expires_in(Duration::from_secs(3600)).single_use()
}

fn verifying(purpose: &str) -> VerifierBuilder {
    Verifier::builder().secret(SECRET).purpose(purpose).public_url("https://app.example.com")
}

fn links(invitations: VerifierBuilder, guard: impl ReplayGuard + 'static) -> Arc<Links> {
    Arc::new(Links {
        invitations: LinkVerifier::new(invitations.build().unwrap()).unwrap(),
        downloads: LinkVerifier::new(verifying("download").build().unwrap()).unwrap(),
        guard: Box::new(guard),
    })
}

fn routes() -> Router<Arc<Links>> {
    Router::new()
        .route("/invited", get(show).post(join).put(join).delete(join).options(join).trace(join))
        .route("/used-by-get", get(join))
        .route("/careful", post(join_with_care))
        .route("/maybe", get(maybe))
        .route("/download", get(download))
        .route("/admin", get(show))
}

async fn serve(guard: impl ReplayGuard + 'static) -> App {
    App::serve(routes().with_state(links(verifying("invitation"), guard))).await
}

/// Path and query of a URL for the app, as a proxy passes them on.
fn signed(signer: SignerBuilder, path_and_query: &str) -> String {
    let url = signer.build().unwrap().sign_url(path_and_query).unwrap();
    url.strip_prefix("https://app.example.com").unwrap().to_owned()
}

#[tokio::test]
async fn a_signed_url_opens_the_handler_behind_a_proxy_as_well() {
    let app = serve(MemoryGuard::new(9)).await;
    let path = signed(signing("invitation"), "/invited?login=user_1&next=%2Fa%3Fb");
    let answer = app.get(&path).await;
    assert_eq!((answer.status, &*answer.body), (200, "hello user_1"));
}

#[tokio::test]
async fn everything_else_is_403_and_says_why() {
    let app = serve(MemoryGuard::new(9)).await;
    let fine = signed(signing("invitation"), "/invited?login=user_1");
    let two_hours_ago = || SystemTime::now() - Duration::from_secs(7200);
    let expired = signed(single_use().clock(two_hours_ago), "/invited?login=user_1");
    let tomorrow = || SystemTime::now() + Duration::from_secs(86_400);
    let time = two_hours_ago().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 90_000;
    let ahead = signed(signing("invitation").clock(tomorrow), &format!("/invited?time={time}"));
    let elsewhere = Signer::builder()
        .secret(SECRET)
        .purpose("invitation")
        .public_url("https://other.example.com")
        .build()
        .unwrap()
        .sign_url("/invited?login=user_1")
        .unwrap();
    let without_host = Signer::builder().secret(SECRET).purpose("invitation").build().unwrap();
    let no_purpose = Signer::builder().secret(SECRET).public_url("https://app.example.com");
    for (path, cause) in [
        ("/invited", "missing"),
        ("/invited?login=user_1", "missing"),
        ("/invited?secret=x", "query"),
        ("/invited?login=a&login=b", "query"),
        (&format!("/invited?a={}", "x".repeat(17_000)), "query"),
        (&format!("/invited?{}", "a&".repeat(300)), "query"),
        (&fine.replace("user_1", "admin"), "mismatch"),
        (&fine.replace("signature=v2.", "signature=v3."), "signature"),
        (&fine.replace("signature=v2.", "signature=v2.other."), "signature"),
        (&format!("{fine}&signature=v2.x"), "query"),
        (&format!("{fine}&more=1"), "mismatch"),
        (&format!("{fine}&Login=admin"), "query"),
        (&format!("{fine}&secret=x"), "query"),
        (&format!("{fine}&a=%zz"), "query"),
        (&format!("{fine}&a=%ff"), "query"),
        (&format!("{fine}&a;b"), "query"),
        (&signed(signing("password-reset"), "/invited?login=user_1"), "mismatch"),
        (&signed(no_purpose, "/invited?login=user_1"), "mismatch"),
        (elsewhere.strip_prefix("https://other.example.com").unwrap(), "mismatch"),
        (&without_host.sign_url("/invited?login=user_1").unwrap(), "mismatch"),
        (&expired, "expired"),
        (&ahead, "not-yet"),
        // A link for one page does not open another, nor one kind another kind.
        (&fine.replace("/invited", "/admin"), "mismatch"),
        (&signed(signing("invitation"), "/download?login=user_1"), "mismatch"),
        (&signed(signing("download"), "/invited?login=user_1"), "mismatch"),
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        let problem = answer.problem();
        assert_eq!(problem["cause"], cause, "{path}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        assert!(!answer.body.contains(SECRET));
    }
}

#[tokio::test]
async fn what_a_verifier_demands_is_403() {
    let verifier = verifying("invitation").login("user_1").service("password").require("team");
    let app = App::serve(routes().with_state(links(verifier, MemoryGuard::new(9)))).await;
    for (query, status, cause) in [
        ("login=user_1&team=blue", 200, ""),
        ("login=user_2&team=blue", 403, "login"),
        ("team=blue", 403, "login"),
        ("login=user_1&service=ldap&team=blue", 403, "service"),
        ("login=user_1", 403, "parameter"),
    ] {
        let path = signed(signing("invitation"), &format!("/invited?{query}"));
        let answer = app.get(&path).await;
        assert_eq!(answer.status, status, "{query}");
        if status == 403 {
            assert_eq!(answer.problem()["cause"], cause, "{query}");
        }
    }
}

#[tokio::test]
async fn an_option_is_none_only_without_a_signature() {
    let app = serve(MemoryGuard::new(9)).await;
    let fine = signed(signing("invitation"), "/maybe?login=user_1");
    for (path, body) in [
        (&*fine, r#"Some(Some("user_1"))"#),
        ("/maybe", "None"),
        ("/maybe?login=user_1&utm=x", "None"),
    ] {
        let answer = app.get(path).await;
        assert_eq!((answer.status, &*answer.body), (200, body), "{path}");
    }
    for path in [
        &*fine.replace("user_1", "admin"),
        "/maybe?login=user_1&signature=",
        "/maybe?login=user_1&signature=v2.x",
        "/maybe?login=user_1&Signature=v2.x",
        "/maybe?login=user_1&%73ignature=v2.x",
        "/maybe?secret=x",
    ] {
        assert_eq!(app.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_nested_router_still_sees_the_whole_path() {
    let state = links(verifying("invitation"), MemoryGuard::new(9));
    let app = App::serve(Router::new().nest("/a/{b}", routes()).with_state(state)).await;
    let path = signed(signing("invitation"), "/a/b/invited?login=user_1");
    assert_eq!(app.get(&path).await.body, "hello user_1");
    // What the nested router sees, and the same route below another prefix.
    let inner = signed(signing("invitation"), "/invited?login=user_1");
    for other in [inner.replace("/invited", "/a/b/invited"), path.replace("/a/b", "/a/c")] {
        let answer = app.get(&other).await;
        assert_eq!((answer.status, &answer.problem()["cause"]), (403, &"mismatch".into()));
    }
}

#[tokio::test]
async fn scheme_and_host_of_the_request_play_no_part() {
    let app = serve(MemoryGuard::new(9)).await;
    let path = signed(signing("invitation"), "/invited?login=user_1");
    for (target, host) in [
        (path.clone(), "evil.example"),
        (format!("gopher://evil.example{path}"), "app.example.com"),
        (format!("https://app.example.com{path}"), "app.example.com"),
    ] {
        let reply = app.send(&format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n")).await;
        assert!(reply.starts_with("HTTP/1.1 200"), "{target}: {reply}");
    }
    let elsewhere = Signer::builder().secret(SECRET).purpose("invitation");
    let elsewhere = elsewhere.public_url("https://evil.example").build().unwrap();
    let url = elsewhere.sign_url("/invited?login=user_1").unwrap();
    let reply = app.send(&format!("GET {url} HTTP/1.1\r\nhost: evil.example\r\n")).await;
    assert!(reply.starts_with("HTTP/1.1 403"), "{reply}");
}

#[tokio::test]
async fn a_single_use_link_is_used_up_by_the_first_post() {
    let app = serve(MemoryGuard::new(9)).await;
    let path = signed(single_use(), "/invited?login=user_1");
    for _ in 0..2 {
        // A mail scanner.
        assert_eq!(app.get(&path).await.body, "hello user_1");
    }
    let answer = app.ask(Method::POST, &path, "").await;
    assert_eq!((answer.status, &*answer.body), (200, "hello user_1"));
    // Another spelling is the same link, and another method the same use.
    for (method, path) in [
        (Method::POST, path.clone()),
        (Method::PUT, path.clone()),
        (Method::POST, path.replace("login", "log%69n")),
    ] {
        let answer = app.ask(method, &path, "").await;
        assert_eq!((answer.status, &answer.problem()["cause"]), (403, &"used".into()));
    }
    let answer = app.ask(Method::DELETE, &signed(single_use(), "/invited?login=user_1"), "").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn safe_methods_use_nothing_up() {
    let app = serve(MemoryGuard::new(9)).await;
    let path = signed(single_use(), "/invited?login=user_1");
    let by_get = signed(single_use(), "/used-by-get?login=user_1");
    let answer = app.get(&by_get).await;
    assert_eq!((answer.status, &answer.problem()["cause"]), (403, &"method".into()));
    assert_eq!(app.ask(Method::HEAD, &by_get, "").await.status, 403);
    for method in [Method::OPTIONS, Method::TRACE] {
        let answer = app.ask(method, &path, "").await;
        assert_eq!((answer.status, &answer.problem()["cause"]), (403, &"method".into()));
    }
    assert_eq!(app.ask(Method::POST, &path, "").await.status, 200);
}

#[tokio::test]
async fn links_that_are_not_for_a_single_use_are_not_used_up() {
    let app = serve(MemoryGuard::new(9)).await;
    let hour = Duration::from_secs(3600);
    let expiring = signing("invitation").expires_in(hour);
    for path in [
        signed(signing("invitation"), "/invited?login=user_1"),
        signed(expiring.clone(), "/invited?login=user_1"),
        signed(expiring, "/invited?login=user_1&nonce=1"),
        signed(signing("invitation"), "/invited?nonce=AAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        let answer = app.ask(Method::POST, &path, "").await;
        assert_eq!((answer.status, &answer.problem()["cause"]), (403, &"reusable".into()));
    }
    // What is not verified does not reach the guard.
    for path in ["/invited", "/invited?secret=x", "/invited?nonce=AAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(app.ask(Method::POST, path, "").await.status, 403);
    }
}

#[tokio::test]
async fn a_guard_that_is_full_or_fails_is_503() {
    struct Failing;

    impl ReplayGuard for Failing {
        fn claim(&self, _: Claim) -> ClaimFuture<'_> {
            let error = std::io::Error::other("the address of the store");
            Box::pin(std::future::ready(Err(ReplayError::Guard(Arc::new(error)))))
        }
    }

    for app in [serve(MemoryGuard::new(0)).await, serve(Failing).await] {
        let path = signed(single_use(), "/invited?login=user_1");
        let answer = app.ask(Method::POST, &path, "").await;
        assert_eq!((answer.status, &answer.problem()["cause"]), (503, &"guard".into()));
        assert!(!answer.body.contains("address"), "{}", answer.body);
        // Such a guard makes nothing of what a stranger can send.
        assert_eq!(app.ask(Method::POST, "/invited?signature=v2.x", "").await.status, 403);
    }
}

#[tokio::test]
async fn a_handler_uses_up_and_rejects_by_itself() {
    let app = serve(MemoryGuard::new(9)).await;
    let path = signed(single_use(), "/careful?login=user_1");
    assert_eq!(app.ask(Method::POST, &path, "").await.body, "please say something");
    assert_eq!(app.ask(Method::POST, &path, "yes").await.body, "hello user_1");
    let answer = app.ask(Method::POST, &path, "yes").await;
    assert_eq!((answer.status, &answer.problem()["cause"]), (403, &"used".into()));
}

#[test]
fn a_kind_of_link_needs_a_purpose() {
    let verifier = Verifier::new(SECRET).unwrap();
    let error = LinkVerifier::new(verifier).unwrap_err();
    assert_eq!(error.problems(), [ConfigProblem::MissingPurpose]);
    assert_eq!(error.to_string(), "a kind of link needs a purpose: set `purpose`");
}

#[test]
fn rejections_are_errors() {
    let rejections: [AuthSigRejection; 3] =
        [VerifyError::Mismatch.into(), ReplayError::Replayed.into(), AuthSigRejection::SafeMethod];
    for rejection in rejections {
        let error: Box<dyn std::error::Error + Send + Sync> = Box::new(rejection.clone());
        assert_eq!(error.to_string(), rejection.to_string());
        assert!(!rejection.to_string().is_empty());
    }
}

// The client's errors

async fn login(State(civic): State<CivicSip>, token: String) -> Result<String, Error> {
    Ok(civic.exchange_code(token).await?.user_id().to_owned())
}

async fn login_app(civic: CivicSip) -> App {
    App::serve(Router::new().route("/login", post(login)).with_state(civic)).await
}

#[tokio::test]
async fn errors_answer_for_themselves() {
    let sandbox = Sandbox::start().await.unwrap();
    let app = login_app(sandbox.client_builder().build().unwrap()).await;
    let token = sandbox.issue_token(&ada());
    let answer = app.ask(Method::POST, "/login", &token).await;
    assert_eq!((answer.status, &*answer.body), (200, ada().user_id()));
    for token in [&*token, "no token", "", "t\u{f6}ken"] {
        let answer = app.ask(Method::POST, "/login", token).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.problem()["cause"], "token");
        assert_eq!(answer.problem()["retryable"], false);
        assert!(token.is_empty() || !answer.body.contains(token));
    }
    let out_of_order = |status| Fault::Status { status, body: "secret of the service".into() };
    for (fault, status, cause) in [
        (out_of_order(401), 500, "configuration"),
        (out_of_order(409), 500, "configuration"),
        (out_of_order(500), 502, "service"),
        (out_of_order(202), 502, "service"),
        (out_of_order(504), 504, "timeout"),
        (Fault::WrongKey, 502, "service"),
        (Fault::BrokenPadding, 502, "service"),
        (Fault::NotJson, 502, "service"),
        (Fault::CutOff { after: 10 }, 502, "service"),
    ] {
        sandbox.inject(fault);
        let answer = app.ask(Method::POST, "/login", &sandbox.issue_token(&ada())).await;
        assert_eq!((answer.status, &answer.problem()["cause"]), (status, &Value::from(cause)));
        assert_eq!(answer.problem()["retryable"], false);
        assert!(!answer.body.contains("secret of the service"));
    }
}

#[tokio::test]
async fn what_may_be_sent_again_says_so() {
    let canned = Canned::new().await;
    let busy = Service::answering(http(429, &["retry-after: 3600"], b"")).await;
    let app = login_app(canned.client(&busy.url())).await;
    let answer = app.ask(Method::POST, "/login", "token").await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        (&answer.problem()["cause"], &answer.problem()["retryable"]),
        (&"busy".into(), &true.into())
    );

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let app = login_app(canned.client(&format!("http://{nobody}"))).await;
    let answer = app.ask(Method::POST, "/login", "token").await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        (&answer.problem()["cause"], &answer.problem()["retryable"]),
        (&"unreachable".into(), &true.into())
    );
    assert!(!answer.body.contains("127.0.0.1"));

    // A store that is busy is another matter: the token is used up.
    let store = Service::answering(http(429, &["retry-after: 3600"], b"")).await;
    let linking = Service::answering(http(200, &[], &canned.linking_to(&store.url()))).await;
    let app = login_app(canned.client(&linking.url())).await;
    let answer = app.ask(Method::POST, "/login", "token").await;
    assert_eq!((answer.status, &answer.problem()["retryable"]), (502, &false.into()));
}
