//! No transport at all: the crate makes the request and opens the answer, and what lies between is one's own. Here it
//! is ureq, and nothing is async.
//!
//! ```text
//! cargo run --example sandbox        # in another terminal; paste the CIVIC_* lines that it prints
//! cargo run --example own_http_stack -- <code token>
//! ```
//!
//! For https, turn on ureq's feature `rustls`. With `default-features = false` and a cryptography backend, the crate
//! itself brings no HTTP client and no runtime.

use std::error::Error;
use std::time::Duration;

use civic_sip::{CivicSip, Reply, UserData};
use ureq::Agent;

/// Pictures of documents make answers of some megabytes.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;

pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        // The crate judges statuses itself; redirects are never followed.
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent()
}

/// Sends the token **once**: if anything fails after that, the person has to start again.
pub(crate) fn exchange(
    civic: &CivicSip,
    agent: &Agent,
    token: &str,
) -> Result<UserData, Box<dyn Error>> {
    let mut answer = agent.run(civic.request(token)?)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?;
    match civic.response(status, body)? {
        Reply::UserData(user) => Ok(user),
        // Large data waits at a link: fetched without the headers of the exchange, within a minute. The host was
        // checked; whether it resolves to a private address is for one's own HTTP client to look at.
        Reply::Payload(link) => {
            let mut answer = agent.get(link.url()).call()?;
            let status = answer.status().as_u16();
            let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?;
            Ok(link.open(status, body)?)
        }
        other => Err(format!("unexpected reply: {other:?}").into()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let token = std::env::args().nth(1).ok_or("usage: own_http_stack <code token>")?;
    let user = exchange(&CivicSip::from_env()?, &agent(), &token)?;
    println!("{}", serde_json::to_string_pretty(&user)?);
    Ok(())
}
