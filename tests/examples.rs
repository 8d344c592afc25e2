//! The examples, run against the sandbox.
#![allow(dead_code, reason = "the examples are programs, too")]

#[path = "it/support/closed_port.rs"]
mod closed_port;
#[path = "it/support/people.rs"]
mod people;

#[path = "../examples/actix_server.rs"]
mod actix_server;
#[path = "../examples/axum_server.rs"]
mod axum_server;
#[path = "../examples/blocking_server.rs"]
mod blocking_server;
#[path = "../examples/own_http_stack.rs"]
mod own_http_stack;
#[path = "../examples/own_transport.rs"]
mod own_transport;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use civic_sip::authsig::{Signer, Verifier};
use civic_sip::axum::LinkVerifier;
use civic_sip::blocking;
use civic_sip::sandbox::{Fault, Sandbox};
use closed_port::ClosedPort;
use futures_executor::block_on;
use people::ada;

/// Status and body.
fn post(url: &str, content_type: &str, body: &str) -> (u16, String) {
    let request = http::Request::post(url).header("content-type", content_type);
    let request = request.body(body.to_owned()).unwrap();
    let mut answer = own_http_stack::agent().run(request).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

fn as_json(token: &str) -> String {
    serde_json::json!({ "token": token }).to_string()
}

fn sandbox() -> Sandbox {
    block_on(Sandbox::start()).unwrap()
}

#[test]
fn axum_with_shared_state() {
    let sandbox = sandbox();
    let civic = sandbox.client_builder().build().unwrap();
    let invitations = Verifier::builder()
        .secret("at least sixteen bytes")
        .purpose("invitation")
        .public_url("https://app.example.com")
        .build()
        .unwrap();
    let invitations = LinkVerifier::new(invitations).unwrap();
    let router = axum_server::router(axum_server::App { civic, invitations });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(axum::serve(listener, router).into_future());

    let login = format!("{base}/login");
    let token = as_json(&sandbox.issue_token(&ada()));
    let (status, body) = post(&login, "application/json", &token);
    assert_eq!(status, 200);
    assert_eq!(body, r#"{"user_id":"36a59d10c8f2","email":"ada@example.com"}"#);
    assert_eq!(post(&login, "application/json", &token).0, 400);
    // What a form of another site can send uses no token up.
    let token = as_json(&sandbox.issue_token(&ada()));
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        assert_eq!(post(&login, content_type, &token).0, 415);
    }
    assert_eq!(post(&login, "application/json", &token).0, 200);
    sandbox.inject(Fault::WrongKey);
    let token = as_json(&sandbox.issue_token(&ada()));
    assert_eq!(post(&login, "application/json", &token).0, 502);

    let signed = Signer::builder()
        .secret("at least sixteen bytes")
        .purpose("invitation")
        .public_url("https://app.example.com")
        .build()
        .unwrap()
        .sign_url("https://app.example.com/invited?login=user_1")
        .unwrap()
        .replace("https://app.example.com", &base);
    let agent = own_http_stack::agent();
    let mut answer = agent.get(&signed).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "welcome, user_1");
    let forged = signed.replace("user_1", "admin");
    assert_eq!(agent.get(&forged).call().unwrap().status(), 403);
}

/// The origin that the actix-web example is configured for, as if behind a proxy.
const ORIGIN: &str = "https://app.example.com";

/// A request of the app's own page, or of another one, with the cookies of a browser.
fn ask_actix(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String, Option<String>) {
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("content-type", "application/json").body(body.to_owned());
    let mut answer = own_http_stack::agent().run(request.unwrap()).unwrap();
    let cookie =
        answer.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap(), cookie)
}

#[test]
fn actix_web() {
    use actix_web::cookie::Key;
    use actix_web::{App, HttpServer, rt};

    let sandbox = sandbox();
    let civic = sandbox.client_builder().build().unwrap();
    let configure = actix_server::configure(civic, ORIGIN.to_owned(), Key::generate());
    let (tell, told) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        rt::System::new().block_on(async move {
            let server = HttpServer::new(move || App::new().configure(configure.clone()));
            let server = server.workers(2).disable_signals().bind("127.0.0.1:0").unwrap();
            let address = server.addrs()[0];
            let server = server.run();
            tell.send((address, server.handle())).unwrap();
            server.await.unwrap();
        });
    });
    let (address, handle) = told.recv().unwrap();

    let home = format!("http://{address}/");
    let (login, logout) = (format!("{home}login"), format!("{home}logout"));
    let own = ("origin", ORIGIN);
    for _ in 0..4 {
        let token = as_json(&sandbox.issue_token(&ada()));
        let (status, body, cookie) = ask_actix("POST", &login, &[own], &token);
        assert_eq!((status, &*body), (200, "hello ada@example.com"));
        let cookie = cookie.unwrap();
        for part in ["__Host-session=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let pair = ("cookie", cookie.split(';').next().unwrap());
        let (status, body, _) = ask_actix("GET", &home, &[pair], "");
        assert_eq!((status, &*body), (200, "you are 36a59d10c8f2"));
        // The token was used.
        let (status, body, cookie) = ask_actix("POST", &login, &[own], &token);
        assert_eq!((status, &*body, cookie), (400, "please start again", None));
        // A log-out of another site changes nothing; one of the page ends the session in this browser.
        assert_eq!(ask_actix("POST", &logout, &[pair, ("origin", "null")], "").0, 403);
        let (status, _, cookie) = ask_actix("POST", &logout, &[pair, own], "");
        assert_eq!(status, 200);
        assert!(cookie.unwrap().contains("Max-Age=0"));
    }
    // Without a session, or with one that the app did not make.
    for cookie in ["session=x", "__Host-session=AAAAAAAAAAAAAAAAAAAAAA", "__Host-session="] {
        assert_eq!(ask_actix("GET", &home, &[("cookie", cookie)], "").0, 401, "{cookie}");
    }
    // Other sites log nobody in, and use no token up.
    let token = as_json(&sandbox.issue_token(&ada()));
    for origin in ["https://evil.example", "null", "http://app.example.com", ""] {
        let (status, body, cookie) = ask_actix("POST", &login, &[("origin", origin)], &token);
        assert_eq!((status, cookie), (403, None), "{origin}");
        assert_eq!(body, "please use this site's own page");
    }
    assert_eq!(ask_actix("POST", &login, &[], &token).0, 403);
    assert_eq!(ask_actix("POST", &login, &[own], &token).0, 200);
    sandbox.inject(Fault::WrongKey);
    let token = as_json(&sandbox.issue_token(&ada()));
    let (status, _, cookie) = ask_actix("POST", &login, &[own], &token);
    assert_eq!((status, cookie), (502, None));
    block_on(handle.stop(false));
    server.join().unwrap();
}

/// The cookie has no time of its own that a thief would have to respect.
#[actix_web::test]
async fn a_copied_cookie_of_actix_web_expires() {
    use actix_session::storage::CookieSessionStore;
    use actix_session::{Session, SessionMiddleware};
    use actix_web::cookie::Key;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    let key = Key::generate();
    let civic = sandbox().client_builder().build().unwrap();
    let configure = actix_server::configure(civic, ORIGIN.to_owned(), key.clone());
    let app = init_service(App::new().configure(configure)).await;
    let now = std::time::SystemTime::now();
    let minute = Duration::from_secs(60);
    for (until, status) in
        [(now + minute, StatusCode::OK), (now - minute, StatusCode::UNAUTHORIZED)]
    {
        // As the app makes it.
        let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
            .cookie_name("__Host-session".to_owned());
        let insert = move |session: Session| async move {
            let login = serde_json::json!({ "user_id": "36a59d10c8f2", "until": until });
            session.insert("login", login).unwrap();
            ""
        };
        let forge = App::new().wrap(sessions.build()).route("/", web::get().to(insert));
        let request = TestRequest::get().uri("/").to_request();
        let answer = call_service(&init_service(forge).await, request).await;
        let cookie = answer.response().cookies().next().unwrap().into_owned();
        let request = TestRequest::get().uri("/").cookie(cookie).to_request();
        assert_eq!(call_service(&app, request).await.status(), status);
    }
}

#[test]
fn a_plain_blocking_server() {
    let sandbox = sandbox();
    let civic = blocking::CivicSip::from(sandbox.client_builder().build().unwrap());
    let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
    let login = format!("http://{}/login", server.server_addr().to_ip().unwrap());
    let running = {
        let server = Arc::clone(&server);
        thread::spawn(move || blocking_server::serve(&server, &civic))
    };

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let token = sandbox.issue_token(&ada());
                let hello = (200, "hello ada@example.com".to_owned());
                assert_eq!(post(&login, "text/plain", &token), hello);
                assert_eq!(post(&login, "text/plain", &token).0, 400);
            });
        }
    });
    sandbox.inject(Fault::WrongKey);
    assert_eq!(post(&login, "text/plain", &sandbox.issue_token(&ada())).0, 502);
    assert_eq!(post(&login, "text/plain", &"x".repeat(100_000)).0, 502);
    assert_eq!(post(&login.replace("login", "elsewhere"), "text/plain", "").0, 404);

    // Each call lets one thread go.
    let patience = Instant::now() + Duration::from_secs(60);
    while !running.is_finished() {
        assert!(Instant::now() < patience, "the server does not end");
        server.unblock();
        thread::yield_now();
    }
    running.join().unwrap();
}

#[tokio::test]
async fn a_transport_of_ones_own() {
    let sandbox = Sandbox::start().await.unwrap();
    let builder = || sandbox.client_builder().transport(own_transport::Ureq::new());
    let civic = builder().build().unwrap();
    let token = sandbox.issue_token(&ada());
    assert_eq!(civic.exchange_code(&token).await.unwrap(), ada());
    assert_eq!(civic.exchange_code(&token).await.unwrap_err().status(), Some(400));

    let exchange = async |fault| {
        sandbox.inject(fault);
        civic.exchange_code(sandbox.issue_token(&ada())).await
    };
    let location = "https://example.com/".to_owned();
    let error = exchange(Fault::Redirect { location }).await.unwrap_err();
    assert_eq!(error.status(), Some(307));
    assert_eq!(exchange(Fault::Throttled { retry_after: None }).await.unwrap(), ada());
    let error = exchange(Fault::CutOff { after: 10 }).await.unwrap_err();
    assert!(error.is_transport() && !error.is_retryable(), "{error:?}");

    sandbox.inject(Fault::Huge { bytes: 1 << 20 });
    let civic = builder().max_response_bytes(1 << 16).build().unwrap();
    let error = civic.exchange_code(sandbox.issue_token(&ada())).await.unwrap_err();
    assert!(error.is_malformed(), "{error:?}");

    let nobody = ClosedPort::new();
    let civic = builder().base_url(nobody.url()).build().unwrap();
    let error = civic.exchange_code("token").await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");

    // Large data, behind a link.
    let sandbox = Sandbox::builder().payload_size(0).start().await.unwrap();
    let civic = sandbox.client_builder().transport(own_transport::Ureq::new()).build().unwrap();
    assert_eq!(civic.exchange_code(sandbox.issue_token(&ada())).await.unwrap(), ada());
}

#[test]
fn an_http_stack_of_ones_own() {
    let agent = own_http_stack::agent();
    for sandbox in [Sandbox::builder(), Sandbox::builder().payload_size(0)] {
        let sandbox = block_on(sandbox.start()).unwrap();
        let civic = sandbox.client_builder().build().unwrap();
        let token = sandbox.issue_token(&ada());
        assert_eq!(own_http_stack::exchange(&civic, &agent, &token).unwrap(), ada());
        let error = own_http_stack::exchange(&civic, &agent, &token).unwrap_err();
        let error = error.downcast_ref::<civic_sip::Error>().unwrap();
        assert_eq!(error.status(), Some(400));
    }
}
