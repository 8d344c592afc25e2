//! Going on to an app of another origin, and notifying it.

use axum::Router;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse as _, Redirect};
use axum::routing::get;
use serde_json::{Value, json};

use crate::app::{App, Server, request, signed_url, verify};
use crate::stage::{Stage, password, start_browser, user};
use crate::webdriver::Browser;

/// Asserts that the browser is at the app, with a signed URL for it, and returns what the server says about that.
async fn arrived(browser: &Browser, app: &App) -> Value {
    browser.expect("h1", "The app").await;
    let location = browser.location().await;
    assert!(location.starts_with(&format!("{}&authsig=", app.redirect_url())), "{location}");
    let verified = verify(&signed_url(&location)).await;
    assert_eq!(verified["verified"], true, "{verified}");
    assert_eq!(verified["audience"], json!([app.redirect_url()]));
    verified
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_in_leads_to_a_listed_app() {
    let Some(browser) = start_browser().await else { return };
    let app = App::start().await;
    let server = Server::for_app(&app).await;
    let target = app.redirect_url();
    browser.open(&server.request(&[("login", "user_1"), ("redirect_url", &target)])).await;
    browser.expect("h1", "Log in").await;
    // The page after a mistake leads there as well.
    browser.submit_credentials(&user(1), "wrong password").await;
    browser.expect("[role=alert]", "is wrong").await;
    browser.submit_credentials(&user(1), &password(1)).await;
    assert_eq!(arrived(&browser, &app).await["login"], "user_1");
    browser.asked_only(&[&server.url, &app.origin]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_up_leads_to_a_listed_app() {
    let Some(browser) = start_browser().await else { return };
    let app = App::start().await;
    let server = Server::for_app(&app).await;
    let target = app.redirect_url();
    browser.open(&server.request(&[("provides[]", "login"), ("redirect_url", &target)])).await;
    browser.click("main p a[href^='/users']").await;
    browser.submit_credentials("ada", "a long password").await;
    assert_eq!(arrived(&browser, &app).await["login"], "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_form_leads_to_a_listed_app() {
    let Some(browser) = start_browser().await else { return };
    let app = App::start().await;
    let server = Server::for_app(&app).await;
    browser.open(&format!("{}/session", server.url)).await;
    browser.submit_credentials(&user(1), &password(1)).await;
    browser.expect("h1", "URLs that prove").await;
    browser.fill("#login", "user_1").await;
    browser.fill("#redirect_url", &app.redirect_url()).await;
    browser.click("#request button").await;
    browser.expect("h1", "Your request").await;
    browser.click("main .button").await;
    arrived(&browser, &app).await;
    browser.asked_only(&[&server.url, &app.origin]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_leads_to_the_app() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    let app = App::start().await;
    let target = app.redirect_url();
    browser
        .open(&request(&stage.demo.url, &[("login", "user_1"), ("redirect_url", &target)]))
        .await;
    browser.expect("h1", "Log in").await;
    browser.submit_credentials(&user(1), &password(1)).await;
    let host = app.origin.strip_prefix("http://").unwrap();
    browser.expect("h1", &format!("May {host} know who you are?")).await;
    assert!(browser.text(".sites").await.contains(&target));
    assert!(app.seen("/").is_empty(), "nobody hears of it before the consent");
    browser.click("main form button").await;
    assert_eq!(arrived(browser, &app).await["login"], "user_1");

    // It is not remembered.
    browser
        .open(&request(&stage.demo.url, &[("login", "user_1"), ("redirect_url", &target)]))
        .await;
    browser.expect("h1", "know who you are?").await;
    browser.click("main form a").await;
    browser.expect("h1", "URLs that prove").await;
    assert_eq!(app.seen("/").len(), 1);
    browser.asked_only(&[&stage.demo.url, &app.origin]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_notified_and_the_person_stays() {
    let Some(browser) = start_browser().await else { return };
    let app = App::start().await;
    let server = Server::for_app(&app).await;
    let target = app.notify_url();
    browser.open(&server.request(&[("login", "user_1"), ("notify_url", &target)])).await;
    browser.submit_credentials(&user(1), &password(1)).await;
    browser.expect("h1", "Your signed URL").await;
    let signed = browser.text("#signed-url").await;
    let seen = app.wait_for("/notify").await;
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!((&body["verified"], &body["url"]), (&json!(true), &json!(signed)));
    assert_eq!(body["data"]["login"], "user_1");
    assert!(seen.headers["webhook-id"].to_str().unwrap().starts_with("msg_"));
    assert!(!seen.headers.contains_key("webhook-signature"));
    let verified = verify(&signed).await;
    assert_eq!(verified["audience"], json!([target]));
    browser.asked_only(&[&server.url]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_notified_only_after_consent() {
    let Some(browser) = start_browser().await else { return };
    let app = App::start().await;
    let server = Server::for_app(&app).await;
    // Another address of the app than the listed one.
    let target = format!("{}/notify/other", app.origin);
    let params =
        [("login", "user_1"), ("notify_url", &*target), ("redirect_url", &*app.redirect_url())];
    browser.open(&server.request(&params)).await;
    browser.submit_credentials(&user(1), &password(1)).await;
    browser.expect("h1", "know who you are?").await;
    let sites = browser.text(".sites").await;
    assert!(sites.contains(&target) && sites.contains(&app.redirect_url()), "{sites}");
    assert!(app.seen("/").is_empty());
    browser.click("main form button").await;
    browser.expect("h1", "The app").await;
    let seen = app.wait_for("/notify/other").await;
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body["url"], signed_url(&browser.location().await));
}

/// A page with a form, and a redirect to the app after it, as the server would have them with a policy that does not list
/// the app.
async fn form_with_policy(app: &App, form_action: &str) -> String {
    let policy =
        format!("default-src 'none'; script-src 'unsafe-inline'; form-action {form_action}");
    let html = "<!DOCTYPE html><title>Form</title><link rel=icon href='data:,'><h1>Form</h1>
        <form method=post><button>Go</button></form><p id=refused>&nbsp;</p>
        <script>
          document.addEventListener('securitypolicyviolation', (event) => {
            document.getElementById('refused').textContent = event.effectiveDirective;
          });
        </script>";
    let show = async move || ([(CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response();
    let target = app.redirect_url();
    let router = Router::new().route("/", get(show).post(async move || Redirect::to(&target)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Why pages list the app: the tests above would not pass without.
#[tokio::test(flavor = "multi_thread")]
async fn the_browser_applies_form_action_to_redirects() {
    let Some(browser) = start_browser().await else { return };
    let app = App::start().await;
    browser.open(&form_with_policy(&app, "'self'").await).await;
    browser.click("button").await;
    browser.expect("#refused", "form-action").await;
    assert!(app.seen("/").is_empty());
    assert!(!browser.console().await.is_empty());

    browser.open(&form_with_policy(&app, &format!("'self' {}", app.origin)).await).await;
    browser.click("button").await;
    browser.expect("h1", "The app").await;
}
