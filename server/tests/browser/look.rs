//! Every page in the light and in the dark, on a wide screen and on a phone.

use serde_json::{Value, json};

use crate::app::{App, Server, request};
use crate::stage::{Stage, start_browser};
use crate::webdriver::Browser;

const SCHEMES: [&str; 2] = ["light", "dark"];
const SIZES: [(&str, u32, u32); 2] = [("wide", 1280, 900), ("phone", 360, 740)];

/// Looks at the page that is shown in every scheme and size.
async fn look(browser: &Browser, page: &str) {
    let faults = browser.run(STRUCTURE_FAULTS).await;
    assert_eq!(faults, json!([]), "{page}");
    for (scheme, (size, width, height)) in
        SCHEMES.iter().flat_map(|scheme| SIZES.map(|size| (scheme, size)))
    {
        let about = format!("{page}-{scheme}-{size}");
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.devtools("Emulation.setEmulatedMedia", features).await;
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics(width, height)).await;
        assert_eq!(browser.run("return innerWidth").await, width, "{about}");
        let overflow = "return document.documentElement.scrollWidth - innerWidth";
        let overflow = browser.run(overflow).await;
        assert!(overflow.as_i64().is_some_and(|pixels| pixels <= 0), "{about}: {overflow} px");
        assert_eq!(browser.run(FAINT).await, json!([]), "{about}");
        assert_eq!(browser.run(SMALL_TARGETS).await, json!([]), "{about}");
        // The whole page is on the picture.
        let height = browser.run("return document.documentElement.scrollHeight").await;
        let height = u32::try_from(height.as_u64().unwrap()).unwrap();
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics(width, height)).await;
        browser.screenshot(&about).await;
    }
    browser.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
}

fn metrics(width: u32, height: u32) -> Value {
    json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
}

/// Fields without a label, headings that are missing or skip a level, ids that are there twice, a page without a title or
/// a language.
const STRUCTURE_FAULTS: &str = r"
    const faults = [];
    for (const field of document.querySelectorAll('input:not([type=hidden], [hidden]), select, textarea')) {
      const label = [...field.labels].map((label) => label.textContent.trim()).join('');
      if (!label) faults.push(`no label: ${field.outerHTML}`);
    }
    const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((heading) => +heading.tagName[1]);
    if (levels.filter((level) => level === 1).length !== 1) faults.push(`headings: ${levels}`);
    levels.forEach((level, index) => {
      if (level > (levels[index - 1] ?? 0) + 1) faults.push(`headings: ${levels}`);
    });
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    if (new Set(ids).size !== ids.length) faults.push(`ids: ${ids}`);
    for (const name of ['aria-describedby', 'aria-labelledby']) {
      for (const element of document.querySelectorAll(`[${name}]`)) {
        if (!document.getElementById(element.getAttribute(name))) faults.push(element.outerHTML);
      }
    }
    if (!document.title || document.documentElement.lang !== 'en') faults.push('title or language');
    if (document.querySelectorAll('main').length !== 1) faults.push('main');
    if (document.querySelector('[autofocus], [tabindex]') || document.activeElement !== document.body) {
      faults.push(`focus: ${document.activeElement.outerHTML}`);
    }
    return faults";

/// Texts with less contrast than 4.5 to 1 (WCAG 2.2, section 1.4.3), and borders of fields and buttons with less than 3 to
/// 1 (section 1.4.11).
const FAINT: &str = r"
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color) => {
      const [r, g, b] = rgba(color).slice(0, 3).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
      const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if (rgba(color)[3] === 255) return color;
      }
      return 'Canvas';
    };
    const faint = [];
    for (const element of document.body.querySelectorAll('*')) {
      if (!element.checkVisibility() || element.closest('script, .civic-modal')) continue;
      const style = getComputedStyle(element);
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      const least = contrast(style.color, ground(element));
      if ((text || element.matches('input')) && least < 4.5) faint.push(`${element.outerHTML}: ${least.toFixed(2)}`);
      if (element.matches('input:not([type=hidden], [type=checkbox])')) {
        const placeholder = contrast(getComputedStyle(element, '::placeholder').color, ground(element));
        if (placeholder < 4.5) faint.push(`placeholder: ${placeholder.toFixed(2)}`);
        const border = contrast(style.borderTopColor, ground(element.parentElement));
        if (border < 3) faint.push(`border of ${element.outerHTML}: ${border.toFixed(2)}`);
      }
    }
    return faint";

/// Things to click that are smaller than 44 by 44 pixels (WCAG 2.2, section 2.5.5), links in sentences left out.
const SMALL_TARGETS: &str = r"
    const small = [];
    for (const element of document.querySelectorAll('a, button, summary, input:not([type=hidden])')) {
      if (!element.checkVisibility() || element.closest('.civic-modal')) continue;
      const style = getComputedStyle(element);
      if (element.matches('a') && style.display === 'inline' && element.closest('li, p, dd')) continue;
      const target = element.matches('[type=checkbox]') ? element.closest('label') : element;
      const { width, height } = target.getBoundingClientRect();
      if (width < 44 || height < 44) small.push(`${element.outerHTML}: ${width} × ${height}`);
    }
    return small";

#[tokio::test(flavor = "multi_thread")]
async fn pages_for_strangers_are_legible() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.open("/").await;
    look(browser, "home").await;
    browser.click("summary").await;
    browser.run("document.activeElement.blur()").await;
    look(browser, "home-open").await;
    stage.open("/users").await;
    look(browser, "sign-up").await;
    browser.submit_credentials("user_1", "a long password").await;
    browser.expect("[role=alert]", "taken").await;
    look(browser, "sign-up-taken").await;
    stage.open("/session").await;
    look(browser, "log-in").await;
    browser.submit_credentials("user_1", "a wrong password").await;
    browser.expect("[role=alert]", "wrong").await;
    look(browser, "log-in-wrong").await;
    stage.open("/nowhere").await;
    look(browser, "error").await;
    stage.open("/verify/verified?login=user_1&signature=x").await;
    look(browser, "not-verified").await;
    stage.asked_nobody_else().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_for_people_are_legible() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    look(browser, "home-logged-in").await;
    stage.open("/account").await;
    look(browser, "account").await;
    let ask = async |params: &[(&str, &str)]| browser.open(&request(&stage.demo.url, params)).await;
    ask(&[("login", "user_2")]).await;
    look(browser, "wrong-person").await;
    ask(&[("login", "user_1"), ("hide", "1")]).await;
    look(browser, "hidden").await;
    ask(&[
        ("login", "user_1"),
        ("redirect_url", "https://app.example/in"),
        ("state", "0f9c2b7e"),
        ("expires_at", "2040-01-31T12:00:00Z"),
    ])
    .await;
    look(browser, "consent").await;
    let address = format!(
        "https://{}.example:8443/notify?a={}",
        "long-name-".repeat(6).trim_end_matches('-'),
        "b".repeat(300)
    );
    ask(&[
        ("login", "user_1"),
        ("redirect_url", "https://app.example/in?shop=7&basket=0f9c2b7e"),
        ("notify_url", &address),
        ("note", "100% \u{e4}\u{202e}"),
        (&"n".repeat(200), &"v".repeat(500)),
    ])
    .await;
    look(browser, "consent-long").await;
    let notify_url = stage.url("/test-notifier");
    ask(&[
        ("login", "user_1"),
        ("notify_url", &notify_url),
        ("state", "0f9c2b7e"),
        ("expires_at", "2040-01-31T12:00:00Z"),
    ])
    .await;
    look(browser, "signed").await;
    browser.click("#signed-url").await;
    browser.expect("h1", "Verified").await;
    look(browser, "verified").await;
    stage.asked_nobody_else().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_request_is_legible() {
    let Some(browser) = start_browser().await else { return };
    let app = App::start().await;
    let server = Server::for_app(&app).await;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("login", "user_1")
        .append_pair("redirect_url", &app.redirect_url())
        .finish();
    browser.open(&format!("{}/compose?{query}", server.url)).await;
    look(&browser, "compose").await;
    browser.asked_only(&[&server.url]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_civic_are_legible() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.open("/session/civic").await;
    look(browser, "civic").await;
    // A person of Civic has a long login.
    browser.click("#civic button").await;
    browser.enter("#civic-sr-frame").await;
    browser.click("#wallet").await;
    browser.window(1).await;
    browser.click("#approve").await;
    browser.expect("#result", "Approved").await;
    browser.window(0).await;
    browser.leave().await;
    browser.find("nav .person").await;
    stage.open("/account").await;
    look(browser, "account-civic").await;
    assert_eq!(browser.console().await, Vec::<Value>::new());
}
