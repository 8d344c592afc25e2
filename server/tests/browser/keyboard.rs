//! Everything by keyboard, and as a screen reader tells it.

use crate::app::App;
use crate::stage::{Stage, password, user};

const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";
const SPACE: &str = " ";

/// Role and name of what is focused.
async fn focused(stage: &Stage) -> String {
    let (role, name) = stage.browser.role_and_name(":focus").await;
    format!("{role}: {name}")
}

/// Presses Tab for each of these, and asserts that they are focused in this order.
async fn tab_through(stage: &Stage, expected: &[&str]) {
    for expected in expected {
        stage.browser.press(TAB).await;
        assert_eq!(focused(stage).await, *expected);
    }
}

async fn nothing_is_focused(stage: &Stage) {
    let active = "return document.activeElement === document.body";
    assert_eq!(stage.browser.run(active).await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_in_asking_and_agreeing_by_keyboard() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    let app = App::start().await;
    stage.open("/").await;
    tab_through(
        &stage,
        &["link: AuthSig", "link: Log in", "link: Sign up", "textbox: Login", "textbox: State"],
    )
    .await;
    stage.open("/session").await;
    browser.expect("h1", "Log in").await;
    nothing_is_focused(&stage).await;
    tab_through(&stage, &["link: AuthSig", "textbox: Login"]).await;
    browser.press(&user(1)).await;
    tab_through(&stage, &["textbox: Password"]).await;
    browser.press(&password(1)).await;
    browser.press(ENTER).await;

    browser.expect("nav", "user_1").await;
    tab_through(
        &stage,
        &["link: AuthSig", "link: Account: user_1", "button: Log out", "textbox: Login"],
    )
    .await;
    browser.press(&user(1)).await;
    tab_through(&stage, &["textbox: State", "textbox: Redirect to"]).await;
    browser.press(&app.redirect_url()).await;
    tab_through(&stage, &["textbox: Notify"]).await;
    browser.press(TAB).await;
    browser.find("summary:focus").await;
    browser.press(ENTER).await;
    tab_through(
        &stage,
        &[
            "textbox: Service",
            "textbox: Default",
            "textbox: Time",
            "textbox: Expires at",
            "checkbox: login",
            "checkbox: service",
            "checkbox: time",
        ],
    )
    .await;
    browser.press(SPACE).await;
    tab_through(
        &stage,
        &["checkbox: Do not show the signed URL to the person", "button: Ask for a signed URL"],
    )
    .await;
    browser.press(ENTER).await;
    browser.expect("h1", "Your request").await;
    tab_through(
        &stage,
        &[
            "link: AuthSig",
            "link: Account: user_1",
            "button: Log out",
            "link: Ask for a signed URL",
        ],
    )
    .await;
    browser.press(ENTER).await;

    browser.expect("h1", "know who you are?").await;
    nothing_is_focused(&stage).await;
    // What a person presses who did not expect the question agrees to nothing.
    browser.press(ENTER).await;
    browser.press(SPACE).await;
    assert!(app.seen("/").is_empty());
    tab_through(
        &stage,
        &["link: AuthSig", "link: Account: user_1", "button: Log out", "button: I agree"],
    )
    .await;
    browser.press(ENTER).await;
    browser.expect("h1", "The app").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_focused_can_be_seen() {
    let Some(stage) = Stage::set().await else { return };
    let browser = &stage.browser;
    stage.log_in(1).await;
    for page in ["/", "/account"] {
        stage.open(page).await;
        let mut focused = 0;
        loop {
            browser.press(TAB).await;
            let outline = browser.run(OUTLINE).await;
            if outline.is_null() {
                break;
            }
            assert_eq!(outline["style"], "solid", "{page}: {outline}");
            assert!(outline["width"].as_f64().is_some_and(|pixels| pixels >= 2.0), "{outline}");
            focused += 1;
        }
        assert!(focused >= 7, "{page}: {focused}");
    }
}

/// The outline of what is focused, `null` behind the last element of the page.
const OUTLINE: &str = "
    const element = document.activeElement;
    if (element === document.body) return null;
    const style = getComputedStyle(element);
    return {of: element.outerHTML, style: style.outlineStyle, width: parseFloat(style.outlineWidth)}";
