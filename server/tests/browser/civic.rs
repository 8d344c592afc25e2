//! Logging in with Civic, by the sandbox in the demo.

use crate::app::verify;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_with_civic() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    browser.resize(1280, 900).await;
    stage.open("/verify/request?provides[]=login&service=civic&state=x").await;
    browser.expect("h1", "Log in").await;
    browser.click("main a[href^='/session/civic']").await;
    browser.expect("h1", "Log in with Civic").await;
    let sandbox = "return new URL(document.querySelector('script').src).origin";
    let sandbox = browser.run(sandbox).await.as_str().unwrap().to_owned();
    assert_ne!(sandbox, stage.demo.url);
    browser.click("#civic button").await;
    // Cancelling leaves everything as it was.
    browser.enter("#civic-sr-frame").await;
    browser.click("#cancel").await;
    browser.leave().await;
    browser.expect("#message", "You cancelled").await;
    browser.click("#civic button").await;
    browser.enter("#civic-sr-frame").await;
    browser.find("#code").await;
    browser.screenshot("civic-modal").await;
    browser.click("#wallet").await;
    browser.window(1).await;
    browser.click("#approve").await;
    browser.expect("#result", "Approved").await;
    browser.window(0).await;
    browser.leave().await;
    browser.expect("h1", "Your signed URL").await;
    let verified = verify(&browser.text("#signed-url").await).await;
    assert_eq!((&verified["verified"], &verified["service"]), (&true.into(), &"civic".into()));
    let login = verified["login"].as_str().unwrap();
    assert!(browser.text("nav").await.contains(login), "{login}");
    assert_eq!(verified["data"]["state"], "x");
    // Neither an account with a password nor anybody else's login.
    stage.open("/verify/request?login=user_1").await;
    browser.expect("h1", "Somebody else is logged in").await;
    stage.open("/account").await;
    browser.expect("main", &format!("You are {login}, by Civic.")).await;
    assert_eq!(browser.run("return document.querySelectorAll('[type=password]').length").await, 0);
    browser.asked_only(&[&stage.demo.url, &sandbox]).await;
}
