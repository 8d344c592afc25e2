//! A login on actix-web: one client in the app's data.
//!
//! ```text
//! cargo run --example sandbox        # in another terminal; paste the CIVIC_* lines that it prints
//! cargo run --example actix_server
//! curl -H 'content-type: application/json' -d '{"token": "…"}' http://127.0.0.1:3000/login
//! ```

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, ServiceConfig, post};
use actix_web::{App, HttpResponse, HttpServer, ResponseError, rt};
use civic_sip::{CivicSip, Error};
use serde::Deserialize;

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// actix-web asks for a type of one's own.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Refused(#[from] Error);

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            // The same token may be sent again, later.
            error if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            error if error.status() == Some(400) => StatusCode::BAD_REQUEST,
            error if error.is_timeout() => StatusCode::GATEWAY_TIMEOUT,
            error if error.is_config() => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    /// What went wrong is for the log; the page gets to know what to do.
    fn error_response(&self) -> HttpResponse {
        eprintln!("login failed: {self}");
        let hint =
            if self.0.is_retryable() { "please wait a moment" } else { "please start again" };
        HttpResponse::build(self.status_code()).body(hint)
    }
}

/// The page sends the token that civic.sip.js gave it.
async fn login(civic: Data<CivicSip>, login: Json<Login>) -> Result<String, Refused> {
    let user = civic.exchange_code(&login.token).await?;
    Ok(format!("hello {}", user.email().unwrap_or("you")))
}

/// The clones of the client share one connection pool, also across actix's threads.
pub(crate) fn configure(civic: CivicSip) -> impl Fn(&mut ServiceConfig) + Clone {
    let civic = Data::new(civic);
    move |config| {
        config.app_data(civic.clone()).route("/login", post().to(login));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let configure = configure(CivicSip::from_env()?);
    let server = HttpServer::new(move || App::new().configure(configure.clone()));
    Ok(rt::System::new().block_on(server.bind("127.0.0.1:3000")?.run())?)
}
