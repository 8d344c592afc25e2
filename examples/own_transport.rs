//! The async client over an HTTP client of one's own: ureq here, on the threads that Tokio keeps for blocking work.
//!
//! ```text
//! cargo run --example sandbox        # in another terminal; paste the CIVIC_* lines that it prints
//! cargo run --example own_transport -- <code token>
//! ```
//!
//! For https, turn on ureq's feature `rustls`.

use std::env::{args, var};
use std::io::ErrorKind;

use civic_sip::{BoxFuture, CivicSip, SendOptions, Transport, TransportError};
use http::{Request, Response};
use ureq::{Agent, Error};

type Outcome = Result<Response<Vec<u8>>, TransportError>;
pub(crate) struct Ureq(Agent);

impl Ureq {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            // The client judges statuses itself, and must see redirects.
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self(config.new_agent())
    }
}

impl Transport for Ureq {
    fn send(&self, request: Request<Vec<u8>>, options: SendOptions) -> BoxFuture<'_, Outcome> {
        let agent = self.0.clone();
        Box::pin(async move {
            let send = move || send(&agent, request, options);
            tokio::task::spawn_blocking(send).await.map_err(|e| TransportError::Failed(e.into()))?
        })
    }
}

fn send(agent: &Agent, request: Request<Vec<u8>>, options: SendOptions) -> Outcome {
    let request = agent.configure_request(request).timeout_global(Some(options.timeout())).build();
    let (parts, mut body) = agent.run(request).map_err(failed)?.into_parts();
    // One more than the limit: ureq takes the limit itself for too much.
    let limit = u64::try_from(options.max_response_bytes()).unwrap_or(u64::MAX).saturating_add(1);
    let body = body.with_config().limit(limit).read_to_vec().map_err(failed)?;
    Ok(Response::from_parts(parts, body))
}

/// `NotSent` promises that nothing left, so that the token may be sent again: where in doubt, it is `Failed`.
fn failed(error: Error) -> TransportError {
    match error {
        Error::HostNotFound | Error::ConnectionFailed => TransportError::NotSent(error.into()),
        Error::Io(e) if e.kind() == ErrorKind::ConnectionRefused => {
            TransportError::NotSent(e.into())
        }
        Error::Timeout(_) => TransportError::Timeout(error.into()),
        Error::BodyExceedsLimit(_) => TransportError::TooLarge(error.into()),
        // Others may show the URL, which can be a secret.
        _ => TransportError::Failed("ureq failed".into()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = args().nth(1).ok_or("usage: own_transport <code token>")?;
    let civic = CivicSip::builder()
        .app_id(var("CIVIC_APP_ID")?)
        .private_signing_key(var("CIVIC_PRIVATE_SIGNING_KEY")?)
        .secret(var("CIVIC_SECRET")?)
        .base_url(var("CIVIC_BASE_URL")?)
        .sip_public_key(var("CIVIC_SIP_PUBLIC_KEY")?)
        .transport(Ureq::new())
        .build()?;
    println!("{}", serde_json::to_string_pretty(&civic.exchange_code(token).await?)?);
    Ok(())
}
