//! One exchange over the network: the request, retries, a payload elsewhere, all within one time-out.

use std::time::Duration;

use http::Response;

use super::trace::Trace;
use super::{CivicSip, PayloadLink, Reply, Wire};
use crate::protocol::request;
use crate::transport::TransportError;
use crate::{Error, UserData};

type Outcome = Result<Response<Vec<u8>>, TransportError>;

impl CivicSip {
    pub(super) async fn exchange(&self, token: &str, trace: &Trace) -> Result<UserData, Error> {
        // A token that can't be sent is refused before anything else is looked at.
        request::check(token)?;
        self.0.wire.check()?;
        let mut patience = Patience::new(self);
        let answer = loop {
            // Made anew each time: its JWT is good for one use.
            let request = self.request(token)?;
            let outcome =
                self.0.wire.send(request, self.0.max_response_bytes, patience.left()).await;
            if let Ok(answer) = &outcome {
                trace.answered(answer.status());
            }
            if !patience.lasts(&outcome, self, trace).await {
                break outcome?;
            }
        };
        match self.response(answer.status().as_u16(), answer.into_body())? {
            Reply::UserData(user) => Ok(user),
            Reply::Payload(link) => {
                trace.follows_link();
                self.follow(&link, &mut patience, trace).await.map_err(Error::after_exchange)
            }
        }
    }

    async fn follow(
        &self,
        link: &PayloadLink,
        patience: &mut Patience,
        trace: &Trace,
    ) -> Result<UserData, Error> {
        let answer = loop {
            let outcome =
                self.0.wire.fetch_payload(link, self.0.max_response_bytes, patience.left()).await;
            #[cfg(feature = "client")]
            if outcome.as_ref().is_err_and(crate::transport::reqwest::is_blocked_address) {
                return Err(Error::envelope(
                    "the payload's link leads to a private address; see `payload_hosts`",
                ));
            }
            if !patience.lasts(&outcome, self, trace).await {
                break outcome?;
            }
        };
        link.open(answer.status().as_u16(), answer.into_body())
    }
}

impl Wire {
    fn check(&self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "client")]
            Self::Own(transport) => transport.check(),
            Self::Given(_) => Ok(()),
            #[cfg(not(feature = "client"))]
            Self::Absent => Err(Error::config(
                "there is nothing to send with: turn on the feature `client`, or give a `transport`",
            )),
        }
    }

    /// A transport of the user's own keeps its own time.
    #[cfg_attr(not(feature = "client"), expect(unused_variables))]
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        max_response_bytes: usize,
        within: Duration,
    ) -> Outcome {
        match self {
            #[cfg(feature = "client")]
            Self::Own(transport) => {
                transport.send_within(request, max_response_bytes, within).await
            }
            Self::Given(transport) => {
                let answer = transport.send(request, max_response_bytes).await?;
                // Its promise to stop earlier is not taken on trust.
                if answer.body().len() > max_response_bytes {
                    return Err(TransportError::TooLarge("the transport returned more".into()));
                }
                Ok(answer)
            }
            #[cfg(not(feature = "client"))]
            Self::Absent => Err(TransportError::NotSent("there is no transport".into())),
        }
    }

    async fn fetch_payload(
        &self,
        link: &PayloadLink,
        max_response_bytes: usize,
        within: Duration,
    ) -> Outcome {
        match self {
            #[cfg(feature = "client")]
            Self::Own(transport) => {
                let (request, loopback) = (link.request(), link.is_loopback());
                transport.fetch_payload(request, loopback, max_response_bytes, within).await
            }
            _ => self.send(link.request(), max_response_bytes, within).await,
        }
    }
}

/// The time and the retries that an exchange has left.
#[cfg(feature = "client")]
struct Patience {
    started: tokio::time::Instant,
    timeout: Duration,
    retries: super::retry::Retries,
}

#[cfg(feature = "client")]
impl Patience {
    fn new(client: &CivicSip) -> Self {
        Self {
            started: tokio::time::Instant::now(),
            timeout: client.0.limits.timeout,
            retries: super::retry::Retries::new(client.0.limits),
        }
    }

    fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.started.elapsed())
    }

    /// Whether to send again, after having waited for it.
    async fn lasts(&mut self, outcome: &Outcome, client: &CivicSip, trace: &Trace) -> bool {
        let Some(wait) = self.retries.next(outcome, client.now(), self.left()) else {
            return false;
        };
        let waited = crate::transport::runtime::wait(wait).await;
        if waited {
            trace.retries(self.retries.made(), wait, outcome);
        }
        waited
    }
}

/// Without Tokio there is nothing to wait with, so nothing is sent twice.
#[cfg(not(feature = "client"))]
struct Patience;

#[cfg(not(feature = "client"))]
impl Patience {
    fn new(_: &CivicSip) -> Self {
        Self
    }

    fn left(&self) -> Duration {
        Duration::MAX
    }

    async fn lasts(&mut self, _: &Outcome, _: &CivicSip, _: &Trace) -> bool {
        false
    }
}
