//! The extractor and the responses, in an app that is served on a real socket.

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::{get, post};
use civic_sip::authsig::{Signer, SignerBuilder, Verifier};
use civic_sip::axum::AuthSig;
use civic_sip::sandbox::{Fault, Sandbox};
use civic_sip::{CivicSip, Error};
use reqwest::Method;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::closed_port::ClosedPort;
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
}

// AuthSig

async fn hello(AuthSig(verified): AuthSig) -> String {
    format!("hello {}", verified.login().unwrap_or("nobody"))
}

async fn maybe(verified: Option<AuthSig>) -> String {
    format!("{:?}", verified.map(|AuthSig(verified)| verified.login().map(str::to_owned)))
}

fn signing(purpose: &str) -> SignerBuilder {
    Signer::builder().secret(SECRET).purpose(purpose).public_url("https://app.example.com")
}

fn signer() -> Signer {
    signing("invitation").build().unwrap()
}

fn verifier() -> Verifier {
    let verifier = Verifier::builder().secret(SECRET).purpose("invitation");
    verifier.public_url("https://app.example.com").build().unwrap()
}

fn routes() -> Router<Verifier> {
    Router::new().route("/invited", get(hello)).route("/admin", get(hello))
}

/// Path and query of a URL for the app, as a proxy passes them on.
fn signed(signer: &Signer, query: &str) -> String {
    let url = signer.sign_url(&format!("https://app.example.com/invited?{query}")).unwrap();
    url.strip_prefix("https://app.example.com").unwrap().to_owned()
}

#[tokio::test]
async fn a_signed_url_opens_the_handler_behind_a_proxy_as_well() {
    let app = App::serve(routes().with_state(verifier())).await;
    let answer = app.get(&signed(&signer(), "login=user_1&next=%2Fa%3Fb")).await;
    assert_eq!((answer.status, &*answer.body), (200, "hello user_1"));
}

#[tokio::test]
async fn everything_else_is_403_and_says_why() {
    let app = App::serve(routes().with_state(verifier())).await;
    let fine = signed(&signer(), "login=user_1");
    let past = SystemTime::now() - Duration::from_secs(3600);
    let expiring = signing("invitation").clock(move || past).expires_in(Duration::from_secs(60));
    let expired = signed(&expiring.build().unwrap(), "login=user_1");
    let other_purpose = signing("password-reset").build().unwrap();
    let elsewhere = Signer::builder()
        .secret(SECRET)
        .purpose("invitation")
        .public_url("https://other.example.com")
        .build()
        .unwrap()
        .sign_url("/invited?login=user_1")
        .unwrap();
    for (path, cause) in [
        ("/invited", "missing"),
        ("/invited?login=user_1", "missing"),
        (&fine.replace("user_1", "admin"), "mismatch"),
        (&fine.replace("signature=v2.", "signature=v3."), "signature"),
        (&format!("{fine}&more=1"), "mismatch"),
        (&format!("{fine}&Login=admin"), "query"),
        (&format!("{fine}&a=%zz"), "query"),
        (&signed(&other_purpose, "login=user_1"), "mismatch"),
        (elsewhere.strip_prefix("https://other.example.com").unwrap(), "mismatch"),
        (&expired, "expired"),
        // A URL for one route does not open another.
        (&fine.replace("/invited", "/admin"), "mismatch"),
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
async fn an_option_is_none_only_without_a_signature() {
    let app = Router::new().route("/invited", get(maybe)).with_state(verifier());
    let app = App::serve(app).await;
    let fine = signed(&signer(), "login=user_1");
    for (path, body) in [
        (&*fine, r#"Some(Some("user_1"))"#),
        ("/invited", "None"),
        ("/invited?login=user_1&utm=x", "None"),
    ] {
        let answer = app.get(path).await;
        assert_eq!((answer.status, &*answer.body), (200, body), "{path}");
    }
    for path in [
        &*fine.replace("user_1", "admin"),
        "/invited?login=user_1&signature=",
        "/invited?login=user_1&signature=v2.x",
        "/invited?login=user_1&Signature=v2.x",
        "/invited?login=user_1&%73ignature=v2.x",
    ] {
        assert_eq!(app.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_nested_router_still_sees_the_whole_path() {
    let (signer, verifier) = (signer(), verifier());
    let app = App::serve(Router::new().nest("/links", routes()).with_state(verifier)).await;
    let url = signer.sign_url("https://app.example.com/links/invited?login=user_1").unwrap();
    let answer = app.get(url.strip_prefix("https://app.example.com").unwrap()).await;
    assert_eq!(answer.body, "hello user_1");
}

#[tokio::test]
async fn anything_that_a_stranger_can_send_is_403() {
    let app = App::serve(routes().with_state(verifier())).await;
    for query in ["secret=x", "login=a&login=b", "time=x", "a=1;b=2", "%00=1", "login[]=x", "x=%ff"]
    {
        let answer = app.get(&format!("/invited?{query}&signature=v2.x")).await;
        assert_eq!(answer.status, 403, "{query}");
    }
}

// The client's errors

#[derive(Clone)]
struct Shared {
    civic: CivicSip,
    verifier: Verifier,
}

impl FromRef<Shared> for Verifier {
    fn from_ref(shared: &Shared) -> Self {
        shared.verifier.clone()
    }
}

async fn login(State(shared): State<Shared>, token: String) -> Result<String, Error> {
    Ok(shared.civic.exchange_code(token).await?.user_id().to_owned())
}

async fn login_app(civic: CivicSip) -> App {
    let shared = Shared { civic, verifier: verifier() };
    let router = Router::new().route("/login", post(login)).route("/invited", get(hello));
    App::serve(router.with_state(shared)).await
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

    let nobody = ClosedPort::new();
    let app = login_app(canned.client(&nobody.url())).await;
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
