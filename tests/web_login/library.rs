//! The browser library, in pages that were written for the hosted service's.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use civic_sip::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::webdriver::Browser;

/// A sandbox, and a browser that shows a page of another origin.
pub(crate) struct Page {
    pub(crate) browser: Browser,
    pub(crate) sandbox: Sandbox,
}

impl Page {
    /// `None` if there is no browser. In the HTML, `{script}` and `{app}` are the library's address and the app's id.
    async fn open(html: &str) -> Option<Self> {
        let browser = Browser::start().await?;
        let sandbox = Sandbox::start().await.unwrap();
        let html = html
            .replace("{script}", &sandbox.script_url())
            .replace("{base}", sandbox.base_url())
            .replace("{app}", sandbox.app_id());
        let app = Router::new().route("/", get(async move || Html(html)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        tokio::spawn(async move { axum::serve(listener, app).await });
        browser.resize(1280, 900).await;
        browser.open(&url).await;
        Some(Self { browser, sandbox })
    }

    /// Opens a page with an instance, `civicSip`, and a list of the events that it emits, `heard`.
    async fn with_instance() -> Option<Self> {
        let page = Self::open(INSTANCE).await?;
        page.browser.find("h1").await;
        Some(page)
    }

    async fn run(&self, script: &str) -> Value {
        self.browser.run(script).await
    }

    /// Waits until so many events were heard.
    async fn heard(&self, count: usize) -> Value {
        self.browser.expect("#count", &count.to_string()).await;
        self.run("return heard").await
    }

    /// Enters the modal's frame and returns the wallet's address.
    async fn wallet_url(&self) -> String {
        self.browser.enter("#civic-sr-frame").await;
        self.browser.find("#wallet").await;
        let url = self.run("return document.getElementById('wallet').href").await;
        url.as_str().unwrap().to_owned()
    }

    async fn grant(&self, wallet_url: &str) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("{wallet_url}/grant")).body(r#"{"person":"ada"}"#);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

const INSTANCE: &str = "<!DOCTYPE html><title>Page</title><h1>Page</h1><p id=count>0</p>
    <script src='{script}'></script>
    <script>
      const civicSip = new civic.sip({appId: '{app}', hideIntro: true});
      const heard = [];
      for (const name of ['auth-code-received', 'user-cancelled', 'read', 'civic-sip-error']) {
        civicSip.on(name, (event) => {
          heard.push([name, event]);
          document.getElementById('count').textContent = heard.length;
        });
      }
    </script>";

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_an_event_emitter_and_knows_the_scope_requests() {
    let Some(page) = Page::with_instance().await else { return };
    let calls = page
        .run(
            "const sip = new civic.sip({appId: 'any'});
             const calls = [];
             const listener = (name) => (...values) => calls.push(name + values.join(','));
             const [on, added, once] = [listener('on'), listener('added'), listener('once')];
             const chained = sip.on('a', on).addEventListener('a', added).once('a', once) === sip;
             sip.emit('a', 1, 2).emit('a', 3);
             const before = [sip.listeners('a').length, sip.hasListeners('a'), sip.hasListeners('b')];
             sip.off('a', on);
             sip.emit('a', 4);
             sip.removeListener('a', added);
             sip.emit('a', 5);
             sip.once('a', once).removeEventListener('a', once);
             sip.emit('a', 6);
             sip.on('a', on).on('b', on).removeAllListeners('a');
             sip.emit('a', 7).emit('b', 8);
             sip.on('a', on).removeAllListeners();
             sip.emit('a', 9).emit('b', 9);
             sip.on('a', function () { calls.push(this === sip); }).emit('a');
             const others = [];
             new civic.sip({appId: 'any'}).on('a', (value) => others.push(value));
             sip.off('a', () => {}).off('unknown');
             return {chained, before, calls, others, after: sip.hasListeners('b')};",
        )
        .await;
    assert_eq!(
        calls,
        json!({
            "chained": true,
            "before": [2, true, false],
            "calls": ["on1,2", "added1,2", "once1,2", "on3", "added3", "added4", "on8", true],
            "others": [],
            "after": false,
        })
    );
    let expected = json!({
        "ANONYMOUS_LOGIN": "Anonymous_Login",
        "BASIC_LOGIN": "Login",
        "BASIC_SIGNUP": "civicBasic",
        "CIVIC_BASIC": "civicBasic",
        "LEGAL": "Legal",
        "ID_VERIFICATION": "id_verification",
        "PASSPORT": "passport",
        "DRIVER_LICENSE": "driversLicense",
        "PROOF_OF_RESIDENCE": "proofOfResidence",
        "PROOF_OF_IDENTITY": "proofOfIdentity",
        "PROOF_OF_AGE": "proofOfAge",
    });
    assert_eq!(page.run("return civicSip.ScopeRequests").await, expected);
    assert_eq!(page.run("return civic.sip.ScopeRequests").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_ask_opens_the_modal() {
    let Some(page) = Page::with_instance().await else { return };
    for (call, title) in [
        (
            "signup({style: 'popup', scopeRequest: civicSip.ScopeRequests.PROOF_OF_AGE})",
            "Proof of age",
        ),
        ("login({style: 'popup', scopeRequest: 'proofOfResidence'})", "Proof of residence"),
        ("start({scopeRequest: 'LEGAL'})", "Legal identity"),
        ("signup({style: 'popup'})", "Basic sign-up"),
        ("signup()", "Basic sign-up"),
        ("login({scopeRequest: undefined})", "Basic sign-up"),
    ] {
        // Through a proxy, in which frameworks wrap objects.
        page.run(&format!("heard.length = 0; new Proxy(civicSip, {{}}).{call}")).await;
        page.browser.enter("#civic-sr-frame").await;
        page.browser.expect("header", title).await;
        page.browser.click("#cancel").await;
        page.browser.leave().await;
        let heard = page.heard(1).await;
        assert_eq!(heard[0][0], "user-cancelled", "{call}");
    }
    // A second call while the modal is open changes nothing.
    page.run("heard.length = 0; civicSip.signup(); civicSip.signup()").await;
    page.browser.enter("#civic-sr-frame").await;
    page.browser.click("#cancel").await;
    page.browser.leave().await;
    page.heard(1).await;
    assert_eq!(page.run("return document.querySelectorAll('.civic-modal').length").await, 1);
    // What is refused is told by an event, and the modal closes.
    page.run("heard.length = 0; civicSip.signup({scopeRequest: 'PROOF_OF_NOTHING'})").await;
    let heard = page.heard(1).await;
    assert_eq!(
        (&heard[0][0], &heard[0][1]["type"]),
        (&json!("civic-sip-error"), &json!("bad-request"))
    );
    assert_eq!(page.run("return document.querySelectorAll('dialog[open]').length").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_and_configure() {
    let Some(page) = Page::open(
        "<!DOCTYPE html><title>Page</title>
         <script src='{script}'></script>
         <script>
           const order = [];
           const civicSip = new civic.sip({appId: 'somebody else'});
           civicSip.ready(() => order.push(`ready: ${document.body.childElementCount}`));
           order.push('after');
         </script>
         <h1>Page</h1><p id=count>0</p>",
    )
    .await
    else {
        return;
    };
    page.browser.find("h1").await;
    assert_eq!(page.run("return order").await, json!(["after", "ready: 2"]));
    assert_eq!(page.run("let now; civicSip.ready(() => { now = true; }); return now").await, true);
    // The app of the constructor is unknown; the configured one is not.
    let app = page.sandbox.app_id();
    page.run(&format!(
        "civicSip.configure({{appId: '{app}', hideIntro: true}}); civicSip.signup()"
    ))
    .await;
    page.wallet_url().await;
    page.browser.leave().await;
    for wrong in ["new civic.sip()", "new civic.sip({})", "new civic.sip({appId: 7})"] {
        let script =
            format!("try {{ {wrong}; return 'no error'; }} catch (error) {{ return error.name; }}");
        assert_eq!(page.run(&script).await, "TypeError", "{wrong}");
    }
    // Without an app id, the one before stays.
    let script = "civicSip.configure({hideIntro: false}); civicSip.configure(); return civicSip";
    assert_eq!(page.run(script).await["_config"], json!({"appId": app, "hideIntro": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_order_and_have_the_form_that_pages_know() {
    let Some(page) = Page::with_instance().await else { return };
    page.run("civicSip.signup({style: 'popup', scopeRequest: 'civicBasic'})").await;
    let wallet_url = page.wallet_url().await;
    page.browser.leave().await;
    assert_eq!(page.run("return heard").await, json!([]));
    // A plain GET of what the QR code says, as by a wallet app.
    assert_eq!(reqwest::get(&wallet_url).await.unwrap().status(), 200);
    let heard = page.heard(1).await;
    assert_eq!(heard, json!([["read", {"event": "scoperequest:read"}]]));
    page.grant(&wallet_url).await;
    let heard = page.heard(2).await;
    let event = &heard[1][1];
    assert_eq!(heard[1][0], "auth-code-received");
    assert_eq!(
        (&event["event"], &event["type"], &event["clientVersion"]),
        (&json!("scoperequest:auth-code-received"), &json!("code"), &json!("v3"))
    );
    let civic = page.sandbox.client_builder().build().unwrap();
    let user = civic.exchange_code(event["response"].as_str().unwrap()).await.unwrap();
    assert_eq!(user.email(), Some("ada.winterbourne@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_added_on_read_hears_the_code() {
    let Some(page) = Page::with_instance().await else { return };
    // Read and granted between two polls: both events come, one after the other.
    page.run(
        "civicSip.removeAllListeners();
         civicSip.on('read', () => civicSip.on('auth-code-received', (event) => {
           document.getElementById('count').textContent = event.type;
         }));
         civicSip.signup()",
    )
    .await;
    let wallet_url = page.wallet_url().await;
    page.grant(&wallet_url).await;
    page.browser.leave().await;
    page.browser.expect("#count", "code").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_find_the_modal_and_show_content_of_their_own_in_it() {
    let Some(page) = Page::with_instance().await else { return };
    // As a WordPress plugin does: at once after `signup`, and again with the code.
    let found = page
        .run(
            "civicSip.on('auth-code-received', () => {
               const modal = document.querySelector('div.civic-modal.civic-qrcode');
               modal.classList.add('civic-show');
               modal.querySelectorAll('iframe').forEach((frame) => frame.remove());
               modal.querySelector('.civic-content').innerHTML =
                 '<h3>You are new here</h3><button id=register>Register</button>';
             });
             civicSip.signup();
             const modal = document.querySelector('div.civic-modal.civic-qrcode');
             return [
               modal.querySelectorAll('.civic-window .civic-content#civic-iframe-zone iframe#civic-sr-frame').length,
               modal.classList.contains('civic-show'),
               document.body.className,
             ]",
        )
        .await;
    assert_eq!(found, json!([1, true, "civic-hit-the-lights civic-no-scroll"]));
    let wallet_url = page.wallet_url().await;
    page.grant(&wallet_url).await;
    page.browser.leave().await;
    page.browser.expect(".civic-modal h3", "You are new here").await;
    assert_eq!(page.run("return document.body.className").await, "");
    page.browser.screenshot("plugin").await;
    page.browser.click("#register").await;
    // And it can be closed, and opened for another login.
    let hidden = "const modal = document.querySelector('.civic-modal');
         modal.classList.remove('civic-show');
         return getComputedStyle(modal).display";
    assert_eq!(page.run(hidden).await, "none");
    page.run("civicSip.signup()").await;
    page.wallet_url().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_load_the_style_sheet_itself() {
    let Some(page) = Page::open(
        "<!DOCTYPE html><title>Page</title>
         <link rel=stylesheet href='{base}/css/civic-modal.min.css'>
         <h1>Page</h1><div class='civic-modal civic-qrcode'>A modal of the page</div>",
    )
    .await
    else {
        return;
    };
    page.browser.find("h1").await;
    let display = "return getComputedStyle(document.querySelector('.civic-modal')).display";
    assert_eq!(page.run(display).await, "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_can_be_injected() {
    let Some(page) = Page::with_instance().await else { return };
    page.run(
        "civic.sip.injectButton('h1');
         civic.sip.injectButton(document.getElementById('count'), 'Sign up');
         document.querySelector('#count button').addEventListener('click', () => civicSip.signup());",
    )
    .await;
    let role_and_name = page.browser.role_and_name("h1 button#show-qrcode").await;
    assert_eq!(role_and_name, ("button".to_owned(), "Log in with Civic".to_owned()));
    assert_eq!(page.browser.role_and_name("#count button").await.1, "Sign up");
    page.browser.screenshot("button").await;
    page.browser.click("#count button").await;
    page.wallet_url().await;
    page.browser.leave().await;
    let script =
        "try { civic.sip.injectButton('#nowhere'); } catch (error) { return error.message; }";
    assert!(page.run(script).await.as_str().unwrap().contains("needs an element"));
}

#[tokio::test(flavor = "multi_thread")]
async fn module_loaders_get_the_constructor() {
    // Each loader says where it puts what it was given.
    let amd = "const define = (names, factory) => { window.loaded = [names.length, factory()]; };
               define.amd = {};";
    let common_js = "var exports = {}; var module = {exports};
                     window.addEventListener('load', () => { window.loaded = [0, module.exports]; });";
    for loader in [amd, common_js] {
        let html = format!(
            "<!DOCTYPE html><title>Page</title><h1>Page</h1>
             <script>{loader}</script><script src='{{script}}'></script>"
        );
        let Some(page) = Page::open(&html).await else { return };
        page.browser.find("h1").await;
        let app = page.sandbox.app_id();
        let script = format!(
            "const [dependencies, Sip] = window.loaded;
             new Sip({{appId: '{app}', hideIntro: true}}).signup();
             return [dependencies, typeof civic]"
        );
        assert_eq!(page.run(&script).await, json!([0, "undefined"]), "{loader}");
        page.wallet_url().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_finds_the_sandbox_that_its_library_came_from() {
    let Some(page) = Page::open("<!DOCTYPE html><title>Page</title><h1>Page</h1>").await else {
        return;
    };
    page.browser.find("h1").await;
    let library = reqwest::get(page.sandbox.script_url()).await.unwrap().text().await.unwrap();
    let app = page.sandbox.app_id();
    // The text of the library, as a part of another script.
    let bundle = serde_json::to_string(&format!(
        "{library}; new civic.sip({{appId: '{app}', hideIntro: true}}).signup()"
    ));
    let script = format!(
        "const script = document.createElement('script');
         script.textContent = {};
         document.body.append(script)",
        bundle.unwrap()
    );
    page.run(&script).await;
    page.wallet_url().await;
}
