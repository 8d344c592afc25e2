//! A login on axum: one client in the shared state, and errors that answer for themselves.
//!
//! ```text
//! cargo run --example sandbox        # in another terminal; paste the CIVIC_* lines that it prints
//! cargo run --example axum_server
//! curl -H 'content-type: application/json' -d '{"token": "…"}' http://127.0.0.1:3000/login
//! ```
//!
//! It starts no session, so there is nothing that another site could do in somebody's name. `axum_app` has a session, and
//! all that it needs.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use civic_sip::authsig::Verifier;
use civic_sip::axum::{AuthSig, LinkKind, LinkVerifier};
use civic_sip::{CivicSip, Error};
use serde::{Deserialize, Serialize};

/// Shared by all handlers, which therefore share one connection pool.
pub(crate) struct App {
    pub(crate) civic: CivicSip,
    pub(crate) invitations: LinkVerifier,
}

/// The links that `/invited` accepts.
enum Invitation {}

impl LinkKind<Arc<App>> for Invitation {
    type Guard = (); // they may be opened more than once

    fn verifier(app: &Arc<App>) -> &LinkVerifier {
        &app.invitations
    }

    fn guard(_: &Arc<App>) -> &() {
        &()
    }
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[derive(Serialize)]
struct Greeting {
    user_id: String,
    email: Option<String>,
}

/// The page sends the token that civic.sip.js gave it. An `Error` becomes a problem document.
///
/// `Json` takes nothing but `application/json`, which forms of other sites can't send.
async fn login(
    State(app): State<Arc<App>>,
    Json(Login { token }): Json<Login>,
) -> Result<Json<Greeting>, Error> {
    let user = app.civic.exchange_code(token).await?;
    let email = user.email().map(str::to_owned);
    Ok(Json(Greeting { user_id: user.user_id().to_owned(), email }))
}

/// Runs for a signed invitation alone; anything else is answered by 403.
async fn invited(invitation: AuthSig<Invitation>) -> String {
    format!("welcome, {}", invitation.login().unwrap_or("stranger"))
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/login", post(login))
        .route("/invited", get(invited))
        .with_state(Arc::new(app))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let invitations = Verifier::builder()
        .secret(std::env::var("INVITATION_SECRET").unwrap_or_default())
        .purpose("invitation")
        .public_url("http://127.0.0.1:3000")
        .build()?;
    let app = App { civic: CivicSip::from_env()?, invitations: LinkVerifier::new(invitations)? };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, router(app)).await?)
}
