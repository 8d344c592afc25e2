//! The whole flow in a real browser: page, modal, wallet, exchange, session.
//!
//! Skipped, with a line that says so, where Chromium and its driver are not installed. `CIVIC_SCREENSHOTS=folder`
//! keeps pictures of what was seen.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, SystemTime};

use civic_sip::sandbox::{Sandbox, SandboxBuilder};
use serde_json::Value;

use crate::web_login;
use crate::webdriver::Browser;

const ESCAPE: &str = "\u{e00c}";
const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";

static SKIPPED: Once = Once::new();

/// The example with a sandbox, and a browser that looks at its page.
struct Stage {
    browser: Browser,
    url: String,
    sandbox: Sandbox,
    /// How many seconds the sandbox's clock is ahead.
    ahead: Arc<AtomicU64>,
}

impl Stage {
    /// `None`, and a line that says so, if there is no browser.
    async fn set(adjust: impl FnOnce(SandboxBuilder) -> SandboxBuilder) -> Option<Self> {
        let Some(browser) = Browser::start().await else {
            SKIPPED.call_once(|| {
                // Not by a macro: what those print, the test runner keeps to itself.
                let line = b"browser tests skipped: chromium and chromedriver are not installed\n";
                let _ = std::io::stderr().write_all(line);
            });
            return None;
        };
        let ahead = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&ahead);
        let builder = Sandbox::builder()
            .clock(move || SystemTime::now() + Duration::from_secs(clock.load(Ordering::Relaxed)));
        let sandbox = adjust(builder).start().await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Another host than the sandbox's, as in real life.
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let civic = sandbox.client_builder().build().unwrap();
        let app = web_login::app(url.trim_end_matches('/'), civic, sandbox.script_url());
        tokio::spawn(async move { axum::serve(listener, app).await });
        browser.resize(1280, 900).await;
        browser.open(&url).await;
        // What the page's own script hears, in the order it hears it.
        browser
            .run(
                "window.heard = [];
                 for (const name of ['auth-code-received', 'user-cancelled', 'civic-sip-error']) {
                   civicSip.on(name, (event) => heard.push([name, event]));
                 }",
            )
            .await;
        Some(Self { browser, url, sandbox, ahead })
    }

    /// Clicks the button and looks into the modal.
    async fn open_modal(&self) {
        self.browser.click("button[type=submit]").await;
        self.browser.enter("#civic-sr-frame").await;
        self.browser.find("#code").await;
    }

    async fn heard(&self) -> Value {
        self.browser.run("return heard").await
    }

    /// Clicks the link beside the code, and looks at the wallet.
    async fn open_wallet(&self) {
        self.browser.click("#wallet").await;
        self.browser.window(1).await;
        self.browser.find("#approve").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_goes_through() {
    let Some(stage) = Stage::set(|builder| builder).await else { return };
    let browser = &stage.browser;
    browser.screenshot("1-page").await;
    browser.click("input[value=PROOF_OF_IDENTITY]").await;
    stage.open_modal().await;
    assert!(browser.text("#countdown").await.contains("expires in"));
    browser.screenshot("2-modal").await;
    stage.open_wallet().await;
    browser.resize(412, 915).await;
    assert_eq!(browser.text("#title").await, "Proof of identity");
    assert_eq!(format!("{}/", browser.text("#origin").await), stage.url);
    browser.screenshot("3-wallet").await;
    browser.click("input[value=bruno]").await;
    browser.click("input[name=owner][value='contact.personal.email']").await;
    browser.screenshot("4-wallet-bruno").await;
    browser.run("document.querySelector('.item img').scrollIntoView({block: 'center'})").await;
    browser.screenshot("4-wallet-picture").await;
    browser.click("#approve").await;
    browser.expect("#result", "Approved").await;
    browser.screenshot("5-approved").await;

    browser.window(0).await;
    browser.resize(1280, 900).await;
    browser.expect("h1", "Hello, Bruno Castellane").await;
    browser.screenshot("6-greeting").await;
    let table = browser.text("table").await;
    for value in ["bruno.castellane@example.com", "D-2209-8841", "2021-1-01", "USA"] {
        assert!(table.contains(value), "{table}");
    }
    // Phone number: revoked. E-mail address: switched to somebody else's.
    let flags = browser
        .run("return [...document.querySelectorAll('tbody tr')].map((row) => [...row.querySelectorAll('span')].map((flag) => flag.innerText).join())")
        .await;
    assert_eq!(flags[0], "yes,no");
    assert_eq!(flags[1], "no,yes");
    assert_eq!(flags[2], "yes,yes");
    let picture = "const image = document.querySelector('td img'); return [image.complete, image.naturalWidth, image.naturalHeight]";
    assert_eq!(browser.run(picture).await, serde_json::json!([true, 96, 120]));
    assert_eq!(browser.run("return document.cookie").await, "", "no script can read the session");

    browser.resize(412, 915).await;
    browser.screenshot("7-greeting-phone").await;
    // The session lives on, and ends by logging out.
    browser.open(&stage.url).await;
    browser.expect("h1", "Hello, Bruno").await;
    browser.click("form[action='/logout'] button").await;
    browser.expect("h1", "Welcome").await;
    browser.screenshot("8-page-phone").await;
    stage.open_modal().await;
    browser.screenshot("9-modal-phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_denies() {
    let Some(stage) = Stage::set(|builder| builder).await else { return };
    let browser = &stage.browser;
    stage.open_modal().await;
    stage.open_wallet().await;
    assert_eq!(browser.text("#title").await, "Basic sign-up");
    browser.click("#deny").await;
    browser.expect("#result", "Denied").await;
    let wallet = browser.run("return location.href").await;

    browser.window(0).await;
    browser.leave().await;
    browser.expect("#message", "You cancelled").await;
    let cancelled = r#"[["user-cancelled",{"event":"scoperequest:user-cancelled"}]]"#;
    assert_eq!(stage.heard().await.to_string(), cancelled);
    assert_eq!(browser.run("return document.querySelectorAll('dialog[open]').length").await, 0);
    // The code served once.
    browser.open(wallet.as_str().unwrap()).await;
    browser.expect("main", "cancelled").await;
    browser.screenshot("denied-wallet").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_expires() {
    let Some(stage) = Stage::set(|builder| builder).await else { return };
    let browser = &stage.browser;
    stage.open_modal().await;
    stage.open_wallet().await;
    stage.ahead.store(301, Ordering::Relaxed);
    // The wallet is too late.
    browser.click("#approve").await;
    browser.expect("#result", "This code has expired").await;

    browser.window(0).await;
    browser.enter("#civic-sr-frame").await;
    browser.expect("#status", "The code has expired").await;
    browser.screenshot("expired").await;
    browser.click("#cancel").await;
    browser.leave().await;
    browser.expect("#message", "The code has expired").await;
    // One event only: closing the window is no second.
    let heard = stage.heard().await;
    assert_eq!(heard.as_array().unwrap().len(), 1, "{heard}");
    assert_eq!(heard[0][0], "civic-sip-error");
    assert_eq!(heard[0][1]["type"], "expired");
    // And one can start again.
    stage.open_modal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_done_with_the_keyboard() {
    let Some(stage) = Stage::set(|builder| builder).await else { return };
    let browser = &stage.browser;
    // Escape in the frame, which has the focus when the modal opens.
    browser.run("document.querySelector('button').focus()").await;
    browser.press(ENTER).await;
    browser.enter("#civic-sr-frame").await;
    browser.find("#code").await;
    browser.press(ESCAPE).await;
    browser.leave().await;
    browser.expect("#message", "You cancelled").await;
    // Escape in the page, where the modal still has to tell its frame.
    browser.run("heard.length = 0; document.querySelector('button').click()").await;
    browser.enter("#civic-sr-frame").await;
    browser.find("#code").await;
    browser.leave().await;
    browser.run("document.querySelector('dialog').focus(); document.activeElement.blur()").await;
    browser.press(ESCAPE).await;
    browser.expect("#message", "You cancelled").await;
    let heard = stage.heard().await;
    assert_eq!(heard.as_array().unwrap().len(), 1, "{heard}");
    // And through to the end: Enter on the link opens the wallet, Tab goes from field to field.
    browser.run("document.querySelector('button').focus()").await;
    browser.press(ENTER).await;
    browser.enter("#civic-sr-frame").await;
    browser.find("#wallet:focus").await;
    browser.press(ENTER).await;
    browser.window(1).await;
    browser.find("#approve").await;
    browser.press(TAB).await;
    browser.find("input[name=person]:focus").await;
    browser.press(TAB).await;
    browser.find("input[role=switch]:focus").await;
    browser.run("document.querySelector('#approve').focus()").await;
    browser.press(ENTER).await;
    browser.expect("#result", "Approved").await;
    browser.window(0).await;
    browser.leave().await;
    browser.expect("h1", "Hello, ada.winterbourne@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_on_the_list_hears_why() {
    let list = |builder: SandboxBuilder| builder.domains(["shop.example.com"]);
    let Some(stage) = Stage::set(list).await else { return };
    stage.browser.click("button[type=submit]").await;
    stage.browser.expect("#message", "not on the app's list").await;
    let heard = stage.heard().await;
    assert_eq!(heard[0][0], "civic-sip-error");
    assert_eq!(heard[0][1]["type"], "unauthorized");
    assert_eq!(stage.sandbox.pending_faults(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_from_elsewhere_are_not_believed() {
    let Some(stage) = Stage::set(|builder| builder).await else { return };
    let browser = &stage.browser;
    stage.open_modal().await;
    let id = browser.run("return location.pathname.split('/')[2]").await;
    browser.leave().await;
    // The page itself speaks in the name of the frame: the origin is another, so nothing is heard.
    let forged = format!(
        "window.postMessage({{civicSip: {id}, type: 'granted', response: 'forged'}}, '*');
         return new Promise((done) => setTimeout(done, 0))"
    );
    browser.run(&forged).await;
    assert_eq!(stage.heard().await, serde_json::json!([]));
    // The frame ends it, and is heard: the listener was there all the time.
    browser.enter("#civic-sr-frame").await;
    browser.click("#cancel").await;
    browser.leave().await;
    browser.expect("#message", "You cancelled").await;
    assert_eq!(stage.heard().await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_introduction_comes_first_unless_it_is_hidden() {
    let Some(stage) = Stage::set(|builder| builder).await else { return };
    let browser = &stage.browser;
    let app_id = stage.sandbox.app_id();
    // As a page of the hosted service has it, with the names of scope requests on the instance.
    browser
        .run(&format!(
            "const introduced = new civic.sip({{appId: '{app_id}'}});
             introduced.on('user-cancelled', (event) => heard.push(event));
             introduced.signup({{scopeRequest: introduced.ScopeRequests.PROOF_OF_AGE}});"
        ))
        .await;
    browser.enter("#civic-sr-frame").await;
    browser.find("#intro").await;
    assert_eq!(browser.run("return document.getElementById('code').hidden").await, true);
    browser.screenshot("intro").await;
    browser.click("#continue").await;
    browser.find("#code").await;
    assert_eq!(browser.run("return document.getElementById('intro').hidden").await, true);
    browser.click("#cancel").await;
    browser.leave().await;
    // Back on the page, with nothing left of the modal.
    browser.click("button[type=submit]").await;
    browser.find("dialog.civic-window").await;
    let cancelled = r#"[{"event":"scoperequest:user-cancelled"}]"#;
    assert_eq!(stage.heard().await.to_string(), cancelled);
    assert_eq!(browser.run("return document.querySelectorAll('dialog[open]').length").await, 1);
}
