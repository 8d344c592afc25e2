//! The consent page shows everything, as it is.

use serde_json::json;

use crate::app::{App, request};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn long_hosts_are_shown_whole() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    let label = "accounts-google-com-".repeat(3).trim_end_matches('-').to_owned();
    let host = format!("{label}.{label}.{label}.evil.example:8443");
    let address = format!("https://{host}/{}?next={}", "a".repeat(400), "b%20".repeat(50));
    browser.devtools("Emulation.setDeviceMetricsOverride", phone()).await;
    let params = [("login", "user_1"), ("redirect_url", &*address)];
    browser.open(&request(&stage.demo.url, &params)).await;
    browser.expect("h1", &format!("May {host} know who you are?")).await;
    assert_eq!(browser.text(".host").await, host);
    assert_eq!(browser.text(".sites code").await, address);
    // Nothing is cut off.
    let cut = "return [...document.querySelectorAll('main *')].filter((element) =>
        getComputedStyle(element).display !== 'inline' && element.scrollWidth > element.clientWidth + 1
        || getComputedStyle(element).textOverflow === 'ellipsis').map((element) => element.outerHTML)";
    assert_eq!(browser.run(cut).await, json!([]));
}

fn phone() -> serde_json::Value {
    json!({"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_is_shown_that_looks_like_another() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    let params = [
        ("login", "user_1"),
        // Cyrillic letters, as browsers write them.
        ("redirect_url", "https://xn--80ak6aa92e.example/in?a=%D0%B0&b=%E2%80%AE"),
        ("note", "\u{202e}elpmaxe.live\u{202c}"),
        ("n\u{430}me", "100% & more = a+b"),
        ("p", "%E2%80%AE"),
        ("lines", "a\r\nb\tc\u{0}\u{200b}\u{a0}d"),
        ("html", "<b>bold</b><script>alert(1)</script>"),
    ];
    browser.open(&request(&stage.demo.url, &params)).await;
    browser.expect("h1", "May xn--80ak6aa92e.example know who you are?").await;
    let address = "https://xn--80ak6aa92e.example/in?a=%D0%B0&b=%E2%80%AE";
    assert_eq!(browser.text(".sites code").await, address);
    let shown = "return [...document.querySelectorAll('.params tr')].map((row) =>
        [row.querySelector('th').textContent, row.querySelector('td').textContent])";
    let shown = browser.run(shown).await;
    for pair in [
        json!(["note", "%E2%80%AEelpmaxe.live%E2%80%AC"]),
        json!(["n%D0%B0me", "100%25%20%26%20more%20%3D%20a%2Bb"]),
        json!(["p", "%25E2%2580%25AE"]),
        json!(["lines", "a%0D%0Ab%09c%00%E2%80%8B%C2%A0d"]),
        json!(["html", "<b>bold</b><script>alert(1)</script>"]),
    ] {
        assert!(shown.as_array().unwrap().contains(&pair), "{pair} is not in {shown}");
    }
    let page = browser.run("return document.documentElement.outerHTML").await;
    let foreign: Vec<char> =
        page.as_str().unwrap().chars().filter(|char| !char.is_ascii()).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    stage.asked_nobody_else().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_in_other_letters_is_refused() {
    let Some(stage) = Stage::set().await else { return };
    stage.log_in(1).await;
    for address in [
        "https://\u{430}pp.example/in",
        "https://app.example\u{3002}evil.example/",
        "https://a@b.example/",
    ] {
        let params = [("login", "user_1"), ("redirect_url", address)];
        stage.browser.open(&request(&stage.demo.url, &params)).await;
        stage.browser.expect("h1", "This did not work").await;
        assert_eq!(stage.browser.status().await, 403, "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sites_are_both_named() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    let params = [
        ("login", "user_1"),
        ("redirect_url", "https://app.example/in"),
        ("notify_url", "https://log.example/notify"),
    ];
    browser.open(&request(&stage.demo.url, &params)).await;
    browser.expect("h1", "May these two sites know who you are?").await;
    let hosts = "return [...document.querySelectorAll('.host')].map((host) => host.textContent)";
    assert_eq!(browser.run(hosts).await, json!(["app.example", "log.example"]));
    assert_eq!(browser.run("return document.activeElement.tagName").await, "BODY");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_that_opened_it_can_not_reach_it() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    let app = App::start().await;
    stage.log_in(1).await;
    browser.open(&app.redirect_url()).await;
    let target = app.redirect_url();
    let url = request(&stage.demo.url, &[("login", "user_1"), ("redirect_url", &target)]);
    browser.run(&format!("window.opened = window.open('{url}')")).await;
    browser.window(1).await;
    browser.expect("h1", "know who you are?").await;
    assert_eq!(browser.run("return window.opener").await, json!(null));
    browser.window(0).await;
    assert_eq!(browser.run("return opened.closed").await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pages_can_neither_frame_nor_submit_it() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    let app = App::start().await;
    stage.log_in(1).await;
    browser.open(&app.redirect_url()).await;
    let target = app.redirect_url();
    let url = request(&stage.demo.url, &[("login", "user_1"), ("redirect_url", &target)]);
    let frame = format!(
        "const frame = document.createElement('iframe');
         frame.src = '{url}';
         frame.onload = () => {{ document.querySelector('h1').textContent = 'framed'; }};
         document.body.append(frame)"
    );
    browser.run(&frame).await;
    browser.expect("h1", "framed").await;
    let console = browser.console().await;
    let is_refused = |entry: &serde_json::Value| entry.to_string().contains("frame-ancestors");
    assert!(console.iter().any(is_refused), "{console:?}");

    let url = url.replace("/verify/request?", "/verify/consent?");
    let submit = format!(
        "document.body.innerHTML = '<form method=post><input name=consent value=x></form>';
         document.forms[0].action = '{url}';
         document.forms[0].submit()"
    );
    browser.run(&submit).await;
    browser.expect("h1", "This did not work").await;
    assert_eq!(browser.status().await, 403);
    let told = browser.text("[role=alert]").await;
    assert!(told.contains(&app.origin) && told.contains(&stage.demo.url), "{told}");
    assert_eq!(app.seen("/in").len(), 1);
}
