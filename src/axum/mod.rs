//! For apps on [axum]: signed links as extractors, and the client's errors as responses.
//!
//! An app names each kind of link with a type of its own, here `Reset`, and says by a [`LinkKind`] where in its state the
//! verifier is. [`AuthSig<Reset>`](AuthSig) then verifies the URL of a request; [`SingleUse<Reset>`](SingleUse) uses the
//! link up as well. Handlers read what these give, never the framework's own query.
//!
//! ```
//! use std::sync::Arc;
//! use axum::Router;
//! use axum::extract::State;
//! use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY};
//! use axum::response::{Html, IntoResponse};
//! use axum::routing::{get, post};
//! use civic_sip::authsig::MemoryGuard;
//! use civic_sip::axum::{AuthSig, LinkKind, LinkVerifier, SingleUse};
//! use civic_sip::{CivicSip, Error};
//!
//! struct App {
//!     civic: CivicSip,
//!     resets: LinkVerifier,
//!     guard: MemoryGuard,
//! }
//!
//! /// Links that set a new password.
//! enum Reset {}
//!
//! impl LinkKind<Arc<App>> for Reset {
//!     type Guard = MemoryGuard;
//!
//!     fn verifier(app: &Arc<App>) -> &LinkVerifier {
//!         &app.resets
//!     }
//!
//!     fn guard(app: &Arc<App>) -> &MemoryGuard {
//!         &app.guard
//!     }
//! }
//!
//! /// Opened from the mail: changes nothing. The form posts to the URL of the page.
//! async fn form(_: AuthSig<Reset>) -> impl IntoResponse {
//!     (
//!         [(REFERRER_POLICY, "no-referrer"), (CACHE_CONTROL, "no-store")],
//!         Html("<form method=post><input type=password name=password><button>Set</button></form>"),
//!     )
//! }
//!
//! async fn reset(link: SingleUse<Reset>, _body: String) -> String {
//!     format!("a new password for {}", link.login().unwrap_or_default())
//! }
//!
//! /// Exchanges a token of the browser; errors answer for themselves.
//! async fn login(State(app): State<Arc<App>>, token: String) -> Result<String, Error> {
//!     let user = app.civic.exchange_code(token).await?;
//!     Ok(user.user_id().to_owned())
//! }
//!
//! fn router(app: App) -> Router {
//!     Router::new()
//!         .route("/reset", get(form).post(reset))
//!         .route("/login", post(login))
//!         .with_state(Arc::new(app))
//! }
//! ```
//!
//! # Single use
//!
//! Mail scanners and previews open links by GET. So a page that is opened by GET uses nothing up: it verifies with
//! [`AuthSig`] and shows a form that posts to its own URL, and the handler of the POST takes [`SingleUse`]. The link in
//! the URL of the POST is what authorises it; no cookie does, so it needs no CSRF token.
//!
//! # Pages behind links
//!
//! The URL of such a page is a key. The app has to see to it that it does not get around:
//!
//! - `Referrer-Policy: no-referrer`, or the browser sends the whole URL along to every page of the same site, and to the
//!   servers of others if a policy of the page allows it. No scripts, images or styles of others on the page.
//! - `Cache-Control: no-store`, or browsers and caches keep the page. The rejections have it already.
//! - Leave the query out of access logs and of error reports.
//! - Redirect to a URL without the signature once the link has done its work.

mod authsig;
mod error;
mod kind;
mod problem;
mod rejection;

pub use authsig::{AuthSig, SingleUse};
pub use kind::{LinkKind, LinkVerifier};
pub use rejection::AuthSigRejection;
