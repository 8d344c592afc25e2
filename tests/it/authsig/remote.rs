//! Verifying by asking a server.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use civic_sip::authsig::{Error, Remote, Signer};
use civic_sip::{BoxFuture, SendOptions, Transport, TransportError};

use crate::support::closed_port::ClosedPort;

const SECRET: &str = "Test house secret.";
const NOW: u64 = 1_369_156_639;
const BASE: &str = "https://id.example/verify";

/// Answers every request with one status, and remembers what was asked.
#[derive(Clone)]
struct Server {
    status: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(status: u16) -> Self {
        Self { status, asked: Arc::default() }
    }

    fn remote(&self) -> Remote {
        Remote::new(BASE).transport(self.clone()).clock(now)
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Transport for Server {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        assert_eq!(request.method(), "GET");
        self.asked.lock().unwrap().push(request.uri().to_string());
        let answer = http::Response::builder()
            .status(self.status)
            .header("location", "https://evil.example/")
            .body(Vec::new())
            .unwrap();
        Box::pin(async { Ok(answer) })
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn signed(query: &str) -> String {
    Signer::new(SECRET).sign_url(&format!("{BASE}/verified?{query}")).unwrap()
}

macro_rules! refused {
    ($result:expr, $($pattern:tt)+) => {
        match $result {
            result @ Err(_) if matches!(result, Err($($pattern)+)) => {}
            other => panic!("{}: {other:?}", stringify!($result)),
        }
    };
}

#[tokio::test]
async fn the_status_decides() {
    let url = signed("login=user_1&x=a+b%2f");
    let server = Server::new(200);
    let verified = server.remote().verify_url(&url).await.unwrap();
    assert_eq!(
        (verified.login(), verified.service(), verified.get("x")),
        (Some("user_1"), "password", Some("a b/"))
    );
    assert_eq!((verified.get("signature"), verified.key_id()), (None, None));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].starts_with(
            "https://id.example/verify/verified?login=user_1&x=a%20b%2F&signature=v2."
        ),
        "{}",
        asked[0]
    );
    refused!(Server::new(403).remote().verify_url(&url).await, Error::Mismatch);
    for status in [201, 204, 206, 301, 302, 303, 307, 308, 400, 401, 404, 429, 500, 503] {
        refused!(Server::new(status).remote().verify_url(&url).await, Error::UnexpectedStatus(_));
    }
}

#[tokio::test]
async fn only_the_base_is_ever_visited() {
    let server = Server::new(200);
    let url = signed("login=user_1");
    let (_, query) = url.split_once('?').unwrap();
    for here in [
        "https://id.example/verify/verified",
        "https://ID.EXAMPLE:443/verify/verified",
        "/verify/verified",
    ] {
        server.remote().verify_url(&format!("{here}?{query}#f")).await.unwrap();
        assert!(server.asked()[0].starts_with("https://id.example/verify/verified?login"));
    }
    for elsewhere in [
        "https://evil.example/verify/verified",
        "http://id.example/verify/verified",
        "https://id.example:8443/verify/verified",
        "https://id.example@evil.example/verify/verified",
        "https://user@id.example/verify/verified",
        "https://id.example/verified",
        "https://id.example/verify/verified/",
        "https://id.example/verify/../verify/verified",
        "https://id.example/verify/request",
        "https://id.example.evil.example/verify/verified",
        "https://id.example\\@evil.example/verify/verified",
        "/verified",
        "/",
        "/verify/verified/",
    ] {
        refused!(
            server.remote().verify_url(&format!("{elsewhere}?{query}")).await,
            Error::Elsewhere
        );
    }
    for bad in ["//id.example/verify/verified", "verified", ""] {
        refused!(server.remote().verify_url(&format!("{bad}?{query}")).await, Error::BadUrl);
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_base_that_can_be_listened_to_is_refused() {
    let server = Server::new(200);
    for base in [
        "http://id.example/verify",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "ftp://id.example/",
        "id.example",
        "",
        "https://user@id.example/",
        "https://id.example/?a",
        "https://id.example/#",
        "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/",
        "app://localhost/",
    ] {
        let remote = Remote::new(base).transport(server.clone());
        refused!(remote.verify_url("/verify/verified?login=a").await, Error::BadTarget(_));
    }
    for base in [
        "http://localhost:1/",
        "http://LOCALHOST/",
        "http://127.0.0.1:80",
        "http://127.9.9.9/",
        "http://[::1]:8080/",
        "https://id.example",
    ] {
        let remote = Remote::new(base).transport(server.clone());
        assert!(
            remote
                .verify_url(&format!("/verified?{}", signed("login=a").split_once('?').unwrap().1))
                .await
                .is_ok(),
            "{base}"
        );
    }
}

#[tokio::test]
async fn a_reading_that_the_server_may_not_share_is_refused() {
    let server = Server::new(200);
    let signature = signed("login=a").split_once("signature=").unwrap().1.to_owned();
    let ask = |query: &str| {
        let (remote, url) =
            (server.remote(), format!("/verify/verified?{query}&signature={signature}"));
        async move { remote.verify_url(&url).await }
    };
    for query in [
        "login=a&default=x",
        "login=a&default[]=x",
        "login=a&default[x]",
        "login=a&default",
        "login=a&x[a]=1",
        "login=a&x[][a]=1",
        "login=a&[x]=1",
        "login=a&x]=1",
        "login=a&x=1&x=2",
        "login=a&=1",
        "login=a&x%20y=1",
        "login=a&x:y=1",
        "login=a&%C3%A9=1",
        "login=a&x=1&x[]=2",
        "login[]=a",
        "login=a&x$=1",
        "login=a&expires.at=1",
        "login=a&x%00=1",
        "login=a&x[][]=1",
    ] {
        refused!(ask(query).await, Error::RefusedParameter { .. });
    }
    for query in ["login=a&secret=x", "login=a&secret[]=x", "login=a&Secret=x"] {
        refused!(ask(query).await, Error::SecretInQuery);
    }
    refused!(ask("login=a&login=b").await, Error::RepeatedParameter(_));
    refused!(ask("login=a;x=b").await, Error::RefusedCharacter(';'));
    refused!(ask("login=%ff").await, Error::InvalidUtf8);
    assert!(server.asked().is_empty());
    for query in ["login=a&x[]=1&x[]=2&y.z-_9=3&flag", "login=a&flag=", "X=1&login=a"] {
        ask(query).await.unwrap();
        let asked = server.asked();
        assert!(
            asked[0]
                .contains(&format!("?{}&signature", query.replace('[', "%5B").replace(']', "%5D"))),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn defaults_have_to_be_listed() {
    let server = Server::new(200);
    let remote = server.remote().allow_defaults(["go", "more"]);
    for query in ["default=go", "default[]=go&default[]=more"] {
        assert!(remote.verify_url(&signed(&format!("login=a&{query}"))).await.is_ok());
    }
    for query in
        ["default=other", "default[]=go&default[]=other", "default=", "default[go]=", "default[go]"]
    {
        refused!(
            remote.verify_url(&signed(&format!("login=a&{query}"))).await,
            Error::RefusedParameter { .. }
        );
    }
}

#[tokio::test]
async fn only_signatures_of_version_2_are_asked_about() {
    let server = Server::new(200);
    for (query, signature) in [
        ("login=a", "v2.x"),
        ("login=a", "hi"),
        ("login=a", ""),
        ("login=a", "$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy"),
    ] {
        refused!(
            server
                .remote()
                .verify_url(&format!("/verify/verified?{query}&signature={signature}"))
                .await,
            Error::MalformedSignature
        );
    }
    refused!(server.remote().verify_url("/verify/verified?login=a").await, Error::MissingSignature);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn demands_are_checked_here() {
    let remote = || Server::new(200).remote();
    let url = signed("login=user_1&expires_at=1369156639&time=1369156600");
    assert!(
        remote()
            .login("user_1")
            .service("password")
            .require("time")
            .require_expiry()
            .max_age(Duration::from_secs(60))
            .verify_url(&url)
            .await
            .is_ok()
    );
    refused!(remote().login("user_2").verify_url(&url).await, Error::WrongLogin);
    refused!(remote().service("git").verify_url(&url).await, Error::WrongService);
    refused!(remote().require("x").verify_url(&url).await, Error::MissingParameter(_));
    refused!(remote().max_age(Duration::from_secs(30)).verify_url(&url).await, Error::TooOld);
    refused!(remote().verify_url(&signed("login=a&expires_at=1369156638")).await, Error::Expired);
    refused!(remote().verify_url(&signed("login=a&time=1369156700")).await, Error::NotYet);
    // It can't be used up: whether it is the same URL is the server's to say.
    let single = Signer::new(SECRET).single_use().clock(now).expires_in(Duration::from_secs(60));
    let verified =
        remote().verify_url(&single.sign_url("/verify/verified?login=a").unwrap()).await.unwrap();
    refused!(
        verified.consume(&civic_sip::authsig::MemoryGuard::default()).await,
        Error::NotSingleUse(_)
    );
}

struct Broken;

impl Transport for Broken {
    fn send<'a>(
        &'a self,
        _request: http::Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async { Err(TransportError::Timeout("gave up".into())) })
    }
}

#[tokio::test]
async fn no_answer_is_no_success() {
    refused!(
        Remote::new(BASE).transport(Broken).verify_url(&signed("login=a")).await,
        Error::Transport(_)
    );
}

/// Answers one request after the other with these bytes, and returns what was asked.
fn serve(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/verify", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            asked.push(read_head(&mut stream));
            stream.write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    (base, thread)
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn answer(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn over_the_crates_own_transport_no_redirect_is_followed() {
    let (elsewhere, _unused) = serve(Vec::new());
    let location = format!("location: {elsewhere}/verified\r\n");
    let (base, server) = serve(vec![
        answer("200 OK", ""),
        answer("403 Forbidden", ""),
        answer("302 Found", &location),
        answer("307 Temporary Redirect", &location),
        answer("500 Oops", ""),
    ]);
    let remote = Remote::new(&*base).clock(now);
    let url = format!("{base}/verified?{}", signed("login=user_1").split_once('?').unwrap().1);
    assert_eq!(remote.verify_url(&url).await.unwrap().login(), Some("user_1"));
    refused!(remote.verify_url(&url).await, Error::Mismatch);
    refused!(remote.verify_url(&url).await, Error::UnexpectedStatus(302));
    refused!(remote.verify_url(&url).await, Error::UnexpectedStatus(307));
    refused!(remote.verify_url(&url).await, Error::UnexpectedStatus(500));
    let asked = server.join().unwrap();
    assert!(
        asked
            .iter()
            .all(|head| head.starts_with("GET /verify/verified?login=user_1&signature=v2."))
    );
    let nobody = ClosedPort::new();
    let closed = format!("{}/verify", nobody.url());
    let remote = Remote::new(&*closed).clock(now);
    let error = remote.verify_url(&url.replace(&base, &closed)).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)));
    assert!(!format!("{error:?} {error}").contains("v2."), "the URL is not shown");
}

#[test]
fn without_a_runtime_it_is_an_error() {
    let remote = Remote::new("http://127.0.0.1:9/verify");
    let url = signed("login=user_1").replace("https://id.example", "");
    let future = std::pin::pin!(remote.verify_url(&url));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let poll = future.poll(&mut context);
    assert!(matches!(poll, std::task::Poll::Ready(Err(Error::NoRuntime))), "{poll:?}");
}

#[test]
fn the_future_can_go_to_another_thread() {
    fn is_send<T: Send>(_: T) {}
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let remote = Remote::new(BASE);
    shared(&remote);
    is_send(remote.verify_url("/"));
    assert!(!format!("{remote:?}").is_empty());
}
