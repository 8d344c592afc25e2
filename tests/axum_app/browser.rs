//! The whole way in a real browser: log-in, a team, an invitation, and somebody else who accepts it.
//!
//! Skipped, with a line that says so, where Chromium and its driver are not installed. `CIVIC_SCREENSHOTS=folder`
//! keeps pictures of what was seen.

use std::io::Write as _;

use serde_json::json;

use crate::support::World;
use crate::webdriver::Browser;

/// Clicks through the modal and the wallet as this person, and comes back to the page. The wallet opens in a window of
/// its own.
async fn log_in(browser: &Browser, person: &str, wallet: usize) {
    browser.click("#login button").await;
    browser.enter("#civic-sr-frame").await;
    browser.click("#wallet").await;
    browser.window(wallet).await;
    browser.click(&format!("input[value={person}]")).await;
    browser.click("#approve").await;
    browser.expect("#result", "Approved").await;
    browser.window(0).await;
}

/// Nothing is wider than the window.
async fn assert_fits(browser: &Browser) {
    let overflow = "return document.documentElement.scrollWidth - innerWidth";
    let overflow = browser.run(overflow).await;
    assert!(overflow.as_i64().is_some_and(|pixels| pixels <= 0), "{overflow} px");
}

async fn whole_way(arguments: &[&str], theme: &str) {
    let Some(browser) = Browser::start_with(arguments).await else {
        // Not by a macro: what those print, the test runner keeps to itself.
        let line = b"browser tests skipped: chromium and chromedriver are not installed\n";
        let _ = std::io::stderr().write_all(line);
        return;
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let world = World::at(&url).await;
    let router = world.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let picture = async |name: &str| {
        assert_fits(&browser).await;
        browser.screenshot(&format!("axum_app-{theme}-{name}")).await;
    };
    browser.resize(1280, 900).await;
    browser.open(&url).await;
    browser.expect("h1", "Log in").await;
    picture("1-login").await;
    log_in(&browser, "ada", 1).await;
    browser.expect("main", "Logged in as ada.winterbourne@example.com").await;
    picture("2-home").await;
    browser.run("document.querySelector('#name').value = 'Reading room & friends'").await;
    browser.click("form[action='/teams'] button").await;
    browser.expect("li", "Reading room & friends").await;
    picture("3-team").await;
    browser.click("li button").await;
    browser.expect("h1", "Invite somebody to Reading room & friends").await;
    picture("4-created").await;
    let link = browser.run("return document.querySelector('#link').value").await;
    browser.click("a").await;
    browser.click("header button").await;
    browser.expect("h1", "Log in").await;

    // Somebody else, on a phone.
    browser.resize(390, 844).await;
    browser.open(link.as_str().unwrap()).await;
    browser.expect("h1", "You are invited to Reading room & friends").await;
    assert_eq!(browser.run("return location.pathname + location.search").await, "/invitation");
    picture("5-invited-phone").await;
    browser.click("a.button").await;
    browser.expect("h1", "Log in").await;
    picture("6-login-phone").await;
    log_in(&browser, "bruno", 2).await;
    browser.expect("button", "Join the team").await;
    picture("7-join-phone").await;
    browser.click("main button").await;
    browser.expect("li", "2 members").await;
    picture("8-home-phone").await;
    browser.open(link.as_str().unwrap()).await;
    browser.click("main a").await;
    browser.expect("h1", "Your teams").await;
    browser.click("header button").await;
    browser.expect("h1", "Log in").await;

    // The invitation was used, which the third one hears.
    browser.open(link.as_str().unwrap()).await;
    browser.click("a.button").await;
    log_in(&browser, "dagny", 3).await;
    browser.click("main button").await;
    browser.expect("main", "the URL has been used already").await;
    picture("9-used-phone").await;
    // No policy stood in the way of anything.
    let log = browser.post("/se/log", json!({"type": "browser"})).await.to_string();
    assert!(!log.contains("Security Policy"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_by_day() {
    whole_way(&[], "light").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_at_night() {
    whole_way(&["--blink-settings=preferredColorScheme=0"], "dark").await;
}
