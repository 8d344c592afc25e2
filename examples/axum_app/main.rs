//! A whole app to start from: people log in with Civic, and invite others to their teams by signed links.
//!
//! ```sh
//! cargo run -p civic-sip-dev --example axum_app
//! ```
//!
//! It is then at <http://localhost:8080>, with no account: without `CIVIC_APP_ID` it starts a sandbox. What it uses is in
//! `dev/Cargo.toml`. The environment:
//!
//! | variable | | without it |
//! |---|---|---|
//! | `CIVIC_…` | the account at the hosted service, as `CivicSip::from_env` reads it | a sandbox |
//! | `CIVIC_LIBRARY_URL` | the origin of the browser library | `https://hosted-sip.civic.com` |
//! | `DATABASE_URL` | an SQLite database, created if it is missing | `sqlite:axum_app.db` |
//! | `INVITATION_SECRET` | signs the invitations | a new one at each start |
//! | `PORT` | on which the app listens, at 127.0.0.1 | `8080` |
//! | `PUBLIC_URL` | the origin in the browser's address bar | `http://localhost:PORT` |

mod app;
mod error;
mod invitations;
mod login;
mod store;
mod teams;

use std::net::Ipv4Addr;

use civic_sip::CivicSip;
use civic_sip::authsig::Secret;
use civic_sip::sandbox::Sandbox;

pub(crate) use app::{App, router};
pub(crate) use invitations::{signer, verifier};
pub(crate) use store::Store;

const HOSTED_LIBRARY: &str = "https://hosted-sip.civic.com";

#[tokio::main]
#[allow(dead_code, reason = "the test of this example has a main of its own")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let port: u16 = variable("PORT").map_or(Ok(8080), |port| port.parse())?;
    let public_url = variable("PUBLIC_URL").unwrap_or_else(|| format!("http://localhost:{port}"));
    let database = variable("DATABASE_URL").unwrap_or_else(|| "sqlite:axum_app.db".to_owned());
    let secret = match variable("INVITATION_SECRET") {
        Some(secret) => secret,
        None => {
            println!("No INVITATION_SECRET is set, so invitations are void after a restart");
            Secret::generate()?.as_str().to_owned()
        }
    };
    let sandbox;
    let (civic, library_url) = if variable("CIVIC_APP_ID").is_some() {
        let library_url = variable("CIVIC_LIBRARY_URL");
        (CivicSip::from_env()?, library_url.unwrap_or_else(|| HOSTED_LIBRARY.to_owned()))
    } else {
        // User ids depend on the app id: with a fixed one, people are the same ones after a restart.
        sandbox = Sandbox::builder().app_id("axum_app").start().await?;
        println!("No CIVIC_APP_ID is set, so there is a sandbox at {}", sandbox.base_url());
        (sandbox.client_builder().build()?, sandbox.base_url().to_owned())
    };
    let app = App {
        civic,
        library_url,
        store: Store::open(&database).await?,
        signer: signer(&secret, &public_url).build()?,
        verifier: verifier(&secret, &public_url).build()?,
        public_url,
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("Open {}", app.public_url);
    axum::serve(listener, router(app)).await?;
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
