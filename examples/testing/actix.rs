//! How an actix-web app tests its login.

use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig, post};
use actix_web::{App, HttpResponse, test};
use civic_sip::CivicSip;
use civic_sip::sandbox::{Fault, Person, Sandbox, ScopeRequest};

/// The app. Yours is in a library of its own, and gets the client as a value, too.
fn app(civic: CivicSip) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(Data::new(civic)).route("/login", post().to(login));
    }
}

async fn login(civic: Data<CivicSip>, token: String) -> HttpResponse {
    match civic.exchange_code(token).await {
        Ok(user) => match user.email() {
            Some(email) => HttpResponse::Ok().body(format!("Hello, {email}")),
            None => HttpResponse::Forbidden().body("we need your e-mail address"),
        },
        Err(error) if error.is_api() => HttpResponse::Unauthorized().body("please start again"),
        Err(_) => HttpResponse::BadGateway().body("please try again later"),
    }
}

/// Sends a code token to the app.
async fn log_in(sandbox: &Sandbox, token: String) -> (StatusCode, String) {
    let civic = sandbox.client_builder().build().unwrap();
    let app = test::init_service(App::new().configure(app(civic))).await;
    let request = test::TestRequest::post().uri("/login").set_payload(token).to_request();
    let response = test::call_service(&app, request).await;
    let status = response.status();
    let body = test::read_body(response).await;
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[actix_web::test]
async fn ada_logs_in_once_with_one_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = sandbox.issue_token_for(Person::Ada, ScopeRequest::BasicSignup);
    let (status, body) = log_in(&sandbox, token.clone()).await;
    assert_eq!((status, &*body), (StatusCode::OK, "Hello, ada.winterbourne@example.com"));
    assert_eq!(log_in(&sandbox, token).await.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn an_address_of_somebody_else_is_rejected() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = sandbox.issue_token_for(Person::Chioma, ScopeRequest::BasicSignup);
    assert_eq!(log_in(&sandbox, token).await.0, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn a_forged_response_is_rejected() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.inject(Fault::WrongKey);
    let token = sandbox.issue_token_for(Person::Ada, ScopeRequest::BasicSignup);
    assert_eq!(log_in(&sandbox, token).await.0, StatusCode::BAD_GATEWAY);
}
