//! A browser that looks at a server, and what all tests do with it.

use std::io::Write as _;
use std::sync::Once;

use serde_json::{Value, json};

use crate::demo::Demo;
use crate::webdriver::Browser;

static SKIPPED: Once = Once::new();

/// The demo, and a browser.
pub(crate) struct Stage {
    pub(crate) browser: Browser,
    pub(crate) demo: Demo,
}

impl Stage {
    /// `None`, and a line that says so, if there is no browser.
    pub(crate) async fn set() -> Option<Self> {
        let browser = start_browser().await?;
        Some(Self { browser, demo: Demo::start() })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        [&*self.demo.url, path].concat()
    }

    pub(crate) async fn open(&self, path: &str) {
        self.browser.open(&self.url(path)).await;
    }

    /// Logs in as one of the people of the demo, user_1 to user_5.
    pub(crate) async fn log_in(&self, number: u8) {
        self.open("/session").await;
        self.browser.submit_credentials(&user(number), &password(number)).await;
        self.browser.expect("nav", &user(number)).await;
    }

    /// Asserts that no page reported anything in the console, and that nobody but the server was asked for anything.
    pub(crate) async fn asked_nobody_else(&self) {
        self.browser.asked_only(&[&self.demo.url]).await;
    }
}

pub(crate) fn user(number: u8) -> String {
    format!("user_{number}")
}

pub(crate) fn password(number: u8) -> String {
    format!("password_{number}")
}

/// `None`, and a line that says so, if there is no browser.
pub(crate) async fn start_browser() -> Option<Browser> {
    let browser = Browser::start().await;
    if browser.is_none() {
        SKIPPED.call_once(|| {
            // Not by a macro: what those print, the test runner keeps to itself.
            let line = b"browser tests skipped: chromium and chromedriver are not installed\n";
            let _ = std::io::stderr().write_all(line);
        });
    }
    browser
}

impl Browser {
    /// Writes into a field, instead of what is in it.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        self.click(css).await;
        self.run("document.activeElement.select()").await;
        self.press(text).await;
    }

    /// Fills in and submits the form of the page for log-in or sign-up.
    pub(crate) async fn submit_credentials(&self, login: &str, password: &str) {
        self.fill("#login", login).await;
        self.fill("#password", password).await;
        self.click("main form button").await;
    }

    /// The status of the response that is shown.
    pub(crate) async fn status(&self) -> Value {
        self.run("return performance.getEntriesByType('navigation')[0].responseStatus").await
    }

    pub(crate) async fn location(&self) -> String {
        self.run("return location.href").await.as_str().unwrap_or_default().to_owned()
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, params: Value) {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": params})).await;
    }

    /// Pages run no script from here on.
    pub(crate) async fn turn_off_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }

    /// What pages reported in the console, statuses of responses left out.
    pub(crate) async fn console(&self) -> Vec<Value> {
        let entries = self.post("/se/log", json!({"type": "browser"})).await;
        let entries = entries.as_array().expect("a list of entries").iter();
        entries.filter(|entry| entry["source"] != "network").cloned().collect()
    }

    /// Asserts that pages reported nothing in the console, and requested nothing of other origins than these.
    pub(crate) async fn asked_only(&self, origins: &[&str]) {
        assert_eq!(self.console().await, Vec::<Value>::new());
        let urls = self.requested().await;
        assert!(!urls.is_empty(), "no request is logged");
        for url in urls {
            let is_listed =
                |origin: &&str| url.strip_prefix(*origin).is_some_and(|rest| rest.starts_with('/'));
            // The new tab page, which the browser brings with it, and what is within a page.
            let is_local = ["chrome:", "chrome-untrusted:", "data:"]
                .iter()
                .any(|scheme| url.starts_with(scheme));
            assert!(is_local || origins.iter().any(is_listed), "requested {url}");
        }
    }

    /// The URLs that the browser requested since it was last asked.
    pub(crate) async fn requested(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({"type": "performance"})).await;
        let entries = entries.as_array().expect("a list of entries").iter();
        entries
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
            .map(|entry| entry["message"].clone())
            .filter(|message| message["method"] == "Network.requestWillBeSent")
            .filter_map(|message| Some(message["params"]["request"]["url"].as_str()?.to_owned()))
            .collect()
    }
}
