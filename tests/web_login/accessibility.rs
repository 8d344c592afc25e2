//! The pages with keyboard and screen reader, on a phone, and in the dark.

use civic_sip::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::web_login;
use crate::webdriver::Browser;

const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";
const SPACE: &str = " ";
const DOWN: &str = "\u{e015}";

/// The example, and a browser with these arguments that looks at its page.
struct Stage {
    browser: Browser,
    // It stops when it is dropped.
    _sandbox: Sandbox,
}

impl Stage {
    async fn set(arguments: &[&str]) -> Option<Self> {
        let browser = Browser::start_with(arguments).await?;
        let sandbox = Sandbox::start().await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let civic = sandbox.client_builder().build().unwrap();
        let app = web_login::app(url.trim_end_matches('/'), civic, sandbox.script_url());
        tokio::spawn(async move { axum::serve(listener, app).await });
        browser.open(&url).await;
        Some(Self { browser, _sandbox: sandbox })
    }

    async fn has(&self, css: &str, role: &str, name: &str) {
        let found = self.browser.role_and_name(css).await;
        assert_eq!(found, (role.to_owned(), name.to_owned()), "{css}");
    }

    /// What the focus is on: the role and name that a screen reader says.
    async fn focused(&self) -> String {
        let (role, name) = self.browser.role_and_name(":focus").await;
        format!("{role}: {name}")
    }

    /// Nothing is wider than the window, and every text stands out from what is behind it.
    async fn is_legible(&self, about: &str) {
        let overflow = "return document.documentElement.scrollWidth - innerWidth";
        let overflow = self.browser.run(overflow).await;
        assert!(overflow.as_i64().is_some_and(|pixels| pixels <= 0), "{about}: {overflow} px");
        let faint = self.browser.run(FAINT_TEXTS).await;
        assert_eq!(faint, json!([]), "{about}");
    }
}

/// Texts with less contrast than 4.5 to 1 (WCAG 2.2, section 1.4.3).
const FAINT_TEXTS: &str = r"
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return canvas.getImageData(0, 0, 1, 1).data;
    };
    const luminance = (color) => {
      const [r, g, b] = [...rgba(color)].slice(0, 3).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if (rgba(color)[3] === 255) {
          return color;
        }
      }
      return 'Canvas';
    };
    const faint = [];
    for (const element of document.body.querySelectorAll('*')) {
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!text || !element.checkVisibility() || element.closest('script, .civic-modal')) {
        continue;
      }
      const [one, other] = [getComputedStyle(element).color, ground(element)].map(luminance).sort();
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (contrast < 4.5) {
        faint.push(`${element.textContent.trim()}: ${contrast.toFixed(2)}`);
      }
    }
    return faint";

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_flow_by_keyboard_and_screen_reader() {
    // The driver tells roles and names only within the process of the page.
    let one_process = ["--disable-site-isolation-trials", "--disable-features=SitePerProcess"];
    let Some(stage) = Stage::set(&one_process).await else { return };
    let browser = &stage.browser;
    browser.press(TAB).await;
    assert_eq!(stage.focused().await, "radio: E-mail address and phone number");
    browser.press(TAB).await;
    assert_eq!(stage.focused().await, "button: Continue with Civic");
    browser.press(ENTER).await;
    stage.has("dialog.civic-window", "dialog", "Continue with Civic").await;
    browser.enter("#civic-sr-frame").await;
    browser.find("#wallet:focus").await;
    assert_eq!(stage.focused().await, "link: Open the wallet here");
    stage.has("#code", "image", "QR code with the address of the wallet page").await;
    stage.has("#countdown", "timer", "").await;
    stage.has("h1", "heading", "Continue with Civic").await;
    browser.press(TAB).await;
    assert_eq!(stage.focused().await, "button: Cancel");
    browser.run("document.getElementById('wallet').focus()").await;
    browser.press(ENTER).await;

    browser.window(1).await;
    browser.find("#approve").await;
    stage.has("fieldset", "group", "Answer as").await;
    browser.press(TAB).await;
    assert_eq!(stage.focused().await, "radio: Ada Winterbourne Everything verified");
    browser.press(DOWN).await;
    let bruno = "radio: Bruno Castellane Phone number no longer valid, dates without zeros";
    assert_eq!(stage.focused().await, bruno);
    browser.press(TAB).await;
    assert_eq!(stage.focused().await, "switch: E-mail address: still valid");
    browser.press(TAB).await;
    assert_eq!(stage.focused().await, "switch: E-mail address: owned by this person");
    browser.press(TAB).await;
    assert_eq!(stage.focused().await, "switch: Phone number: still valid");
    browser.press(SPACE).await;
    let switched = browser.run("return document.activeElement.checked").await;
    assert_eq!(switched, true, "the phone number is valid again");
    for expected in
        ["switch: Phone number: owned by this person", "button: Deny", "button: Approve"]
    {
        browser.press(TAB).await;
        assert_eq!(stage.focused().await, expected);
    }
    browser.press(ENTER).await;
    browser.find("#result:focus").await;
    stage.has("#result", "status", "").await;
    assert!(browser.text("#result").await.starts_with("Approved"));

    browser.window(0).await;
    browser.leave().await;
    browser.expect("h1", "Hello, bruno.castellane@example.com").await;
    let flags = browser.run("return document.querySelectorAll('.no').length").await;
    assert_eq!(flags, 0);
    browser.press(TAB).await;
    assert_eq!(stage.focused().await, "button: Log out");
    browser.press(ENTER).await;
    browser.expect("h1", "Welcome").await;
}

/// Looks at every page, in this color scheme and at these widths.
async fn look_at_all_pages(stage: &Stage, scheme: &str) {
    let browser = &stage.browser;
    let sizes = [(1280, 900, "wide"), (360, 740, "phone")];
    let look = async |page: &str| {
        for (width, height, size) in sizes {
            browser.resize(width, height).await;
            let about = format!("{scheme}-{size}-{page}");
            stage.is_legible(&about).await;
            browser.screenshot(&about).await;
        }
    };
    look("login").await;
    browser.click("input[value=PROOF_OF_IDENTITY]").await;
    browser.click("button[type=submit]").await;
    browser.enter("#civic-sr-frame").await;
    browser.find("#code").await;
    look("modal").await;
    browser.click("#wallet").await;
    browser.window(1).await;
    browser.find("#approve").await;
    browser.click("input[value=dagny]").await;
    look("wallet").await;
    browser.click("#approve").await;
    browser.expect("#result", "Approved").await;
    look("approved").await;
    browser.run("location.reload()").await;
    browser.expect("h1", "not available").await;
    look("used").await;
    let index: Value = browser.run("return new URL('/', location.href).href").await;
    browser.open(index.as_str().unwrap()).await;
    browser.expect("h1", "sandbox").await;
    look("index").await;
    browser.window(0).await;
    browser.leave().await;
    browser.expect("h1", "Hello, Dagny").await;
    look("session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_legible_in_the_light() {
    let Some(stage) = Stage::set(&[]).await else { return };
    look_at_all_pages(&stage, "light").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_legible_in_the_dark() {
    let Some(stage) = Stage::set(&["--blink-settings=preferredColorScheme=0"]).await else {
        return;
    };
    let dark = "return matchMedia('(prefers-color-scheme: dark)').matches";
    assert_eq!(stage.browser.run(dark).await, true);
    look_at_all_pages(&stage, "dark").await;
}
