//! The examples, run against the sandbox.
#![allow(dead_code, reason = "the examples are programs, too")]

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

#[test]
fn actix_web() {
    use actix_web::{App, HttpServer, rt};

    let sandbox = sandbox();
    let configure = actix_server::configure(sandbox.client_builder().build().unwrap());
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

    let login = format!("http://{address}/login");
    for _ in 0..4 {
        let token = as_json(&sandbox.issue_token(&ada()));
        let hello = (200, "hello ada@example.com".to_owned());
        assert_eq!(post(&login, "application/json", &token), hello);
        let refused = (400, "please start again".to_owned());
        assert_eq!(post(&login, "application/json", &token), refused);
    }
    sandbox.inject(Fault::WrongKey);
    let token = as_json(&sandbox.issue_token(&ada()));
    assert_eq!(post(&login, "application/json", &token).0, 502);
    block_on(handle.stop(false));
    server.join().unwrap();
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

    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let civic = builder().base_url(format!("http://{nobody}")).build().unwrap();
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
