//! For apps on [axum]: AuthSig URLs as an extractor, and the client's errors as responses.
//!
//! ```
//! use axum::Router;
//! use axum::extract::{FromRef, State};
//! use axum::routing::{get, post};
//! use civic_sip::authsig::Verifier;
//! use civic_sip::axum::AuthSig;
//! use civic_sip::{CivicSip, Error};
//!
//! #[derive(Clone)]
//! struct App {
//!     civic: CivicSip,
//!     verifier: Verifier,
//! }
//!
//! impl FromRef<App> for Verifier {
//!     fn from_ref(app: &App) -> Self {
//!         app.verifier.clone()
//!     }
//! }
//!
//! /// Gets here with a valid signature only; without, the answer is 403.
//! async fn invited(AuthSig(invitation): AuthSig) -> String {
//!     format!("hello {}", invitation.login().unwrap_or("you"))
//! }
//!
//! /// Trades a token of the browser; errors answer for themselves.
//! async fn login(State(app): State<App>, token: String) -> Result<String, Error> {
//!     let user = app.civic.exchange_code(token).await?;
//!     Ok(user.user_id().to_owned())
//! }
//!
//! fn router(app: App) -> Router {
//!     Router::new()
//!         .route("/invited", get(invited))
//!         .route("/login", post(login))
//!         .with_state(app)
//! }
//! ```

mod authsig;
mod error;
mod problem;

pub use authsig::{AuthSig, AuthSigRejection};
