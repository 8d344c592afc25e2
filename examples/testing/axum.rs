//! How an axum app tests its login.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use civic_sip::CivicSip;
use civic_sip::sandbox::{Fault, Person, Sandbox, ScopeRequest};
use tower::ServiceExt as _;

/// The app. Yours is in a library of its own, and gets the client as a value, too.
fn app(civic: CivicSip) -> Router {
    Router::new().route("/login", post(login)).with_state(civic)
}

async fn login(State(civic): State<CivicSip>, token: String) -> (StatusCode, String) {
    match civic.exchange_code(token).await {
        Ok(user) => match user.email() {
            Some(email) => (StatusCode::OK, format!("Hello, {email}")),
            None => (StatusCode::FORBIDDEN, "we need your e-mail address".to_owned()),
        },
        Err(error) if error.is_api() => (StatusCode::UNAUTHORIZED, "please start again".to_owned()),
        Err(_) => (StatusCode::BAD_GATEWAY, "please try again later".to_owned()),
    }
}

/// Starts the app with a sandbox of its own.
async fn start() -> (Router, Sandbox) {
    let sandbox = Sandbox::start().await.unwrap();
    let civic = sandbox.client_builder().build().unwrap();
    (app(civic), sandbox)
}

async fn log_in(app: &Router, token: String) -> (StatusCode, String) {
    let request = Request::post("/login").body(Body::from(token)).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1024).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn ada_logs_in_once_with_one_token() {
    let (app, sandbox) = start().await;
    let token = sandbox.issue_token_for(Person::Ada, ScopeRequest::BasicSignup);
    let (status, body) = log_in(&app, token.clone()).await;
    assert_eq!((status, &*body), (StatusCode::OK, "Hello, ada.winterbourne@example.com"));
    assert_eq!(log_in(&app, token).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_address_of_somebody_else_is_rejected() {
    let (app, sandbox) = start().await;
    let token = sandbox.issue_token_for(Person::Chioma, ScopeRequest::BasicSignup);
    assert_eq!(log_in(&app, token).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_forged_response_is_rejected() {
    let (app, sandbox) = start().await;
    sandbox.inject(Fault::WrongKey);
    let token = sandbox.issue_token_for(Person::Ada, ScopeRequest::BasicSignup);
    assert_eq!(log_in(&app, token).await.0, StatusCode::BAD_GATEWAY);
}
