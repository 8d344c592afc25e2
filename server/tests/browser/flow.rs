//! Signing up, logging in, asking for a URL and visiting it.

use serde_json::json;

use crate::stage::{Stage, password, user};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_up_asks_and_visits_the_url() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.open("/").await;
    browser.click("nav a[href='/users']").await;
    browser.submit_credentials("Ada.Winterbourne", "a long password").await;
    // Folded, and logged in at once.
    browser.expect("nav", "ada.winterbourne").await;
    assert_eq!(browser.location().await, stage.url("/"));

    let request = stage.url("/verify/request");
    browser.expect("#preview output", &format!("{request}?")).await;
    browser.fill("#login", "ada.winterbourne").await;
    browser.fill("#state", "a b&c").await;
    let asked = format!("{request}?login=ada.winterbourne&state=a+b%26c");
    assert_eq!(browser.text("#preview output").await, asked);
    browser.click("#request button").await;
    browser.expect("h1", "Your signed URL").await;
    assert_eq!(browser.location().await, asked);
    let signed = browser.text("#signed-url").await;
    assert_eq!(browser.run("return document.getElementById('signed-url').href").await, *signed);
    assert!(signed.starts_with(&stage.url("/verify/verified?login=ada.winterbourne&")), "{signed}");

    browser.click("#signed-url").await;
    browser.expect("h1", "Verified").await;
    assert_eq!(browser.location().await, signed);
    assert_eq!(browser.status().await, 200);
    let told = browser.text("main").await;
    for part in ["ada.winterbourne of the service password", "nobody in particular", "a%20b%26c"] {
        assert!(told.contains(part), "{told}");
    }
    stage.asked_nobody_else().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_with_another_letter_is_not_verified() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    stage.open("/verify/request?login=user_1&a=b").await;
    let signed = browser.text("#signed-url").await;
    let at = |part: &str| signed.find(part).unwrap() + part.len();
    // In the login, in another value, in the signature, and in a name.
    for index in [at("login=user_1") - 1, at("&a=b") - 1, at("&signature=") + 20, at("&a") - 1] {
        let letter = if &signed[index..=index] == "c" { "d" } else { "c" };
        let changed = [&signed[..index], letter, &signed[index + 1..]].concat();
        browser.open(&changed).await;
        assert_eq!(browser.text("h1").await, "Not verified", "{changed}");
        assert_eq!(browser.status().await, 403, "{changed}");
    }
    browser.open(&format!("{signed}&b=c")).await;
    assert_eq!(browser.text("h1").await, "Not verified");
    // As it was, it still is.
    browser.open(&signed).await;
    assert_eq!(browser.text("h1").await, "Verified");
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_in_leads_back_to_the_request() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    let request = "/verify/request?login=user_1&state=%C3%A4+%26b";
    stage.open(request).await;
    browser.expect("h1", "Log in").await;
    browser.submit_credentials(&user(1), &password(2)).await;
    browser.expect("[role=alert]", "The login or the password is wrong.").await;
    assert_eq!(browser.status().await, 401);
    assert_eq!(browser.run("return document.getElementById('login').value").await, "user_1");
    assert_eq!(browser.run("return document.getElementById('password').value").await, "");
    browser.fill("#password", &password(1)).await;
    browser.click("main form button").await;
    browser.expect("h1", "Your signed URL").await;
    assert_eq!(browser.location().await, stage.url(request));
    assert_eq!(browser.run("return document.cookie").await, "", "no script can read the session");

    browser.click("nav button").await;
    browser.expect("nav", "Log in").await;
    assert_eq!(browser.location().await, stage.url("/"));
    stage.open(request).await;
    browser.expect("h1", "Log in").await;
    stage.asked_nobody_else().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_works_without_script() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    browser.turn_off_scripts().await;
    stage.open("/").await;
    browser.find("#request").await;
    assert_eq!(browser.run("return document.getElementById('preview').hidden").await, true);
    browser.fill("#login", "user_1").await;
    browser.click("summary").await;
    browser.click("input[value=time]").await;
    browser.click("#request button").await;
    browser.expect("h1", "Log in").await;
    browser.submit_credentials(&user(1), &password(1)).await;
    browser.expect("h1", "Your signed URL").await;
    // Empty fields are no parameters.
    let asked = stage.url("/verify/request?login=user_1&provides%5B%5D=time");
    assert_eq!(browser.location().await, asked);
    browser.click("#signed-url").await;
    browser.expect("h1", "Verified").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_is_hidden_where_the_request_says_so() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    stage.open("/").await;
    browser.fill("#login", "user_1").await;
    browser.click("summary").await;
    browser.click("input[name=hide]").await;
    browser.click("#request button").await;
    browser.expect("h1", "Done").await;
    assert_eq!(browser.location().await, stage.url("/verify/request?login=user_1&hide=1"));
    let page = browser.run("return document.documentElement.outerHTML").await;
    let page = page.as_str().unwrap();
    assert!(!page.contains("signature") && !page.contains("/verify/verified"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_logs_out_and_the_right_person_comes_back() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(2).await;
    stage.open("/verify/request?login=user_1&state=x").await;
    browser.expect("h1", "Somebody else is logged in").await;
    assert_eq!(browser.status().await, 403);
    assert!(browser.text("main").await.contains("You are logged in as user_2 of"));
    browser.click("main form button").await;
    browser.expect("h1", "Log in").await;
    browser.submit_credentials(&user(1), &password(1)).await;
    browser.expect("h1", "Your signed URL").await;
    assert!(browser.text("#signed-url").await.contains("?login=user_1&state=x&"));
    stage.asked_nobody_else().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_notified() {
    let Some(mut stage) = Stage::set().await else { return };
    let notify_url = stage.url("/test-notifier");
    stage.log_in(1).await;
    stage.open("/").await;
    stage.browser.fill("#login", "user_1").await;
    stage.browser.fill("#notify_url", &notify_url).await;
    stage.browser.click("#request button").await;
    stage.browser.expect("h1", "Your signed URL").await;
    assert!(stage.browser.text("main").await.contains("also being sent"));
    let line = stage.demo.wait_for_log("notification came");
    assert!(line.contains("user_1") && !line.contains("not verified"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_in_words() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.open("/users").await;
    browser.submit_credentials("user_1", "a long password").await;
    browser.expect("[role=alert]", "This login is taken.").await;
    browser.submit_credentials("ada@example.com", "a long password").await;
    browser.expect("[role=alert]", "1 to 64 letters").await;
    stage.log_in(1).await;
    for (path, status) in [
        ("/nowhere", json!(404)),
        ("/verify/request", json!(403)),
        ("/verify/request?login=user_1&secret=x", json!(403)),
        ("/verify/request?login=user_1&redirect_url=javascript:alert(1)", json!(403)),
        ("/verify/request?login=user_1&time=yesterday", json!(403)),
    ] {
        stage.open(path).await;
        browser.expect("h1", "This did not work").await;
        assert_eq!(browser.status().await, status, "{path}");
        let told = browser.text("[role=alert]").await;
        assert!(told.len() > 15 && told.ends_with('.'), "{path}: {told}");
    }
    stage.asked_nobody_else().await;
}
