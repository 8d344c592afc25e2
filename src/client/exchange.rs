//! One exchange over the network: the request with its retries, the payload where there is one, within one time-out.

use std::time::Duration;

use http::{Request, Response};

use super::retry::RetryBudget;
use super::runtime;
use super::trace::Trace;
use super::{CivicSip, PayloadLink, Reply};
use crate::transport::{SendOptions, Transport};
use crate::{Error, UserData};

/// Larger bodies are verified on another thread: at 1 ms per MB they would hold up the other tasks of this one.
const MAX_INLINE: usize = 256 * 1024;

/// A response that arrives just in time is still verified.
const MIN_VERIFICATION: Duration = Duration::from_secs(1);

pub(super) async fn exchange(
    client: &CivicSip,
    token: &str,
    trace: &Trace,
) -> Result<UserData, Error> {
    let mut budget = RetryBudget::new(client.0.limits);
    let transport = &*client.0.transport;
    // A new request for each attempt: its JWT is valid once.
    let response =
        send_with_retries(client, transport, || client.request(token), &mut budget, trace).await?;
    trace.record_status(response.status());
    match verify(client, response, CivicSip::response, &budget).await? {
        Reply::UserData(user) => Ok(user),
        Reply::Payload(link) => {
            trace.follows_link();
            fetch(link, &mut budget, trace).await.map_err(Error::after_exchange)
        }
    }
}

async fn fetch(
    link: PayloadLink,
    budget: &mut RetryBudget,
    trace: &Trace,
) -> Result<UserData, Error> {
    let client = link.client().clone();
    let transport = &*client.0.payload_transport;
    let response =
        send_with_retries(&client, transport, || Ok(link.request()), budget, trace).await?;
    verify(&link, response, PayloadLink::open, budget).await
}

async fn send_with_retries(
    client: &CivicSip,
    transport: &dyn Transport,
    request: impl Fn() -> Result<Request<Vec<u8>>, Error>,
    budget: &mut RetryBudget,
    trace: &Trace,
) -> Result<Response<Vec<u8>>, Error> {
    loop {
        let options = SendOptions::new()
            .with_timeout(budget.time_left())
            .with_max_response_bytes(client.0.max_response_bytes);
        let outcome = transport.send(request()?, options).await;
        let wait = budget.next_wait(&outcome, client.now(), budget.time_left());
        match wait {
            Some(wait) if runtime::sleep(wait).await => {
                trace.record_retry(budget.retries(), wait, &outcome);
            }
            _ => return outcome.map_err(Error::from_transport),
        }
    }
}

async fn verify<C: Clone + Send + 'static, T: Send + 'static>(
    context: &C,
    response: Response<Vec<u8>>,
    open: fn(&C, u16, Vec<u8>) -> Result<T, Error>,
    budget: &RetryBudget,
) -> Result<T, Error> {
    let (status, body) = (response.status().as_u16(), response.into_body());
    if body.len() <= MAX_INLINE {
        return open(context, status, body);
    }
    let context = context.clone();
    let limit = budget.time_left().max(MIN_VERIFICATION);
    runtime::run_blocking(limit, move || open(&context, status, body)).await
}
