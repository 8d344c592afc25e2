//! The example of a web login: in a browser, and by requests that no browser of a well-meaning person sends.

#[path = "../../examples/web_login.rs"]
mod web_login;

mod accessibility;
mod browser;
mod library;
mod requests;
mod webdriver;
