//! The server's pages in a real browser.
//!
//! Skipped, with a line that says so, where Chromium and its driver are not installed. `CIVIC_SCREENSHOTS=folder` keeps
//! pictures of all pages.

#[path = "../../../tests/web_login/webdriver.rs"]
mod webdriver;

mod account;
mod app;
mod civic;
mod consent;
mod demo;
mod flow;
mod keyboard;
mod look;
mod redirects;
mod stage;
