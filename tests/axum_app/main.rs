//! The example of a whole app: its people, everybody who tries to get in without being one, and a real browser.

#[path = "../../examples/axum_app/main.rs"]
mod axum_app;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../web_login/webdriver.rs"]
mod webdriver;

mod browser;
mod invitations;
mod login;
mod support;
