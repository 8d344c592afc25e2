//! A person's own account.

use crate::stage::{Stage, password, user};

/// Logs in as a program does, and returns the cookie.
async fn cookie(stage: &Stage, login: &str, password: &str) -> Option<String> {
    let policy = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().no_proxy().redirect(policy).build().unwrap();
    let body = format!("login={login}&password={password}");
    let request = http.post(stage.url("/session")).body(body);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.send().await.unwrap();
    let cookie = response.headers().get("set-cookie")?.to_str().unwrap();
    Some(cookie.split(';').next().unwrap().to_owned())
}

/// Returns whether a session with this cookie counts.
async fn is_logged_in(stage: &Stage, cookie: &str) -> bool {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.get(stage.url("/verify/request?login=user_1")).header("cookie", cookie);
    let response = request.header("accept", "application/json").send().await.unwrap();
    response.status() == 200
}

const ROWS: &str = "return document.querySelectorAll('tbody tr').length";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_all_sessions() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    let other = cookie(&stage, &user(1), &password(1)).await.unwrap();
    assert!(is_logged_in(&stage, &other).await);
    browser.click("nav a").await;
    browser.expect("h1", "Your account").await;
    assert_eq!(browser.run(ROWS).await, 2);
    browser.fill("#password", "wrong password").await;
    browser.fill("#new-password", "a new password").await;
    browser.click("form[action='/account/password'] button").await;
    browser.expect("[role=alert]", "The password is wrong.").await;
    assert!(is_logged_in(&stage, &other).await);

    browser.fill("#password", &password(1)).await;
    browser.fill("#new-password", "a new password").await;
    browser.click("form[action='/account/password'] button").await;
    browser.expect("tbody", "this one").await;
    // This one goes on, under another id.
    assert_eq!(browser.run(ROWS).await, 1);
    assert!(!is_logged_in(&stage, &other).await);
    assert_eq!(cookie(&stage, &user(1), &password(1)).await, None);
    assert!(cookie(&stage, &user(1), "a+new+password").await.is_some());
    stage.asked_nobody_else().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sessions_can_be_ended() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    let other = cookie(&stage, &user(1), &password(1)).await.unwrap();
    stage.open("/account").await;
    browser.click("form[action='/account/sessions/end'] button").await;
    browser.expect("tbody", "this one").await;
    assert_eq!(browser.run(ROWS).await, 1);
    assert!(!is_logged_in(&stage, &other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_be_deleted() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    let other = cookie(&stage, &user(1), &password(1)).await.unwrap();
    stage.open("/account").await;
    browser.fill("#delete-password", "wrong password").await;
    browser.click("button.danger").await;
    browser.expect("[role=alert]", "The password is wrong.").await;
    browser.fill("#delete-password", &password(1)).await;
    browser.click("button.danger").await;
    browser.expect("nav", "Log in").await;
    assert!(!is_logged_in(&stage, &other).await);
    assert_eq!(cookie(&stage, &user(1), &password(1)).await, None);
    stage.open("/users").await;
    browser.submit_credentials("user_1", "a long password").await;
    browser.expect("[role=alert]", "This login is taken.").await;
}
