//! Faults that tests inject.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::error::ErrorResponse;
use super::lock::lock;

mod response;

pub(super) use response::exchange_with_fault;

/// The largest number of faults in the queue.
const MAX_PENDING: usize = 1_000;

/// Longer than any client waits.
const MAX_DELAY: Duration = Duration::from_secs(600);

/// A fault of the service, for tests of how an app handles it.
///
/// [`Sandbox::inject`](super::Sandbox::inject) appends one to a queue. `POST /faults` does the same for tests in other
/// languages; its body is a JSON object or a list of them, in the form that each variant shows. Every request to the
/// exchange takes one fault from the queue.
///
/// `Status`, `Throttled`, `Redirect` and `Huge` replace the response and leave the code token unused. The others change
/// the response of an exchange that took place, so the code token is used up. If the sandbox rejects the request anyway,
/// only `Delay` and `CutOff` have an effect.
///
/// ```
/// # async fn run() -> Result<(), civic_sip::Error> {
/// use civic_sip::UserData;
/// use civic_sip::sandbox::{Fault, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// let civic = sandbox.client_builder().build()?;
/// let token = sandbox.issue_token(&UserData::new("36a59d10", vec![]));
///
/// sandbox.inject(Fault::WrongKey);
/// assert!(civic.exchange_code(&token).await.unwrap_err().is_verification());
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// An error response of the service: `is_api`. `{"fault": "status", "status": 503, "body": "out of order"}`
    Status {
        /// The status, from 200 to 599; anything else is sent as 500.
        status: u16,
        /// The body, as plain text.
        #[serde(default)]
        body: String,
    },
    /// A 429 response: `is_api`, `is_retryable`. `{"fault": "throttled", "seconds": 2}`
    ///
    /// This crate's client retries by itself, within its time-out.
    Throttled {
        /// The header `Retry-After` (RFC 9110, section 10.2.3), in whole seconds, if any.
        #[serde(default, rename = "seconds", deserialize_with = "seconds")]
        retry_after: Option<Duration>,
    },
    /// A 307 redirect, which no client may follow: `is_api`. `{"fault": "redirect", "location": "https://…"}`
    Redirect {
        /// The header `Location`; omitted if it is no valid header value.
        location: String,
    },
    /// A response that is delayed by real time, at most ten minutes: `is_timeout` if the client's time-out is shorter.
    /// `{"fault": "delay", "millis": 2000}`
    Delay {
        /// The delay.
        #[serde(rename = "millis", deserialize_with = "millis")]
        by: Duration,
    },
    /// A connection that closes in the middle of the body: `is_transport`. `{"fault": "cut-off", "after": 10}`
    CutOff {
        /// The number of bytes that are sent before it closes, at most all but one.
        after: usize,
    },
    /// A large body without `Content-Length`: `is_malformed` if the client's limit is lower.
    /// `{"fault": "huge", "bytes": 1000000000}`
    Huge {
        /// The length of the body.
        bytes: u64,
    },
    /// A body that is not JSON: `is_malformed`. `{"fault": "not-json"}`
    NotJson,
    /// An envelope without `data`: `is_malformed`. `{"fault": "missing-data"}`
    MissingData,
    /// An envelope without `userId`: `is_malformed`. `{"fault": "missing-user-id"}`
    MissingUserId,
    /// An envelope that names another cipher than `aes`: `is_malformed`. `{"fault": "unknown-cipher"}`
    UnknownCipher,
    /// A token signed with another key than the service's: `is_verification`. `{"fault": "wrong-key"}`
    WrongKey,
    /// A token without signature, with `"alg": "none"` (RFC 7518, section 3.6): `is_verification`. `{"fault": "unsigned"}`
    Unsigned,
    /// A token signed with HS256 and the text of the service's public key, which is no secret (RFC 8725, section 2.1):
    /// `is_verification`. `{"fault": "wrong-algorithm"}`
    WrongAlgorithm,
    /// A token that expired half an hour ago: `is_verification`. `{"fault": "expired"}`
    Expired,
    /// A token that becomes valid in half an hour: `is_verification`. `{"fault": "not-yet-valid"}`
    NotYetValid,
    /// A token for another app (`sub`): `is_verification`. `{"fault": "other-app"}`
    OtherApp,
    /// A token of another service (`iss`): `is_verification`. `{"fault": "wrong-issuer"}`
    WrongIssuer,
    /// A token for another audience (`aud`): `is_verification`. `{"fault": "wrong-audience"}`
    WrongAudience,
    /// A ciphertext with invalid padding: `is_decryption`. `{"fault": "broken-padding"}`
    BrokenPadding,
    /// A plaintext that is no list of items: `is_malformed`. `{"fault": "not-a-list"}`
    NotAList,
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let delay = Duration::from_millis(u64::deserialize(deserializer)?);
    if delay > MAX_DELAY {
        return Err(de::Error::custom("`millis` must be at most 600000"));
    }
    Ok(delay)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
}

impl Fault {
    /// The delay of the response.
    pub(super) fn delay(&self) -> Option<Duration> {
        match self {
            Self::Delay { by } => Some((*by).min(MAX_DELAY)),
            _ => None,
        }
    }
}

/// The faults that are still to strike.
#[derive(Default)]
pub(super) struct FaultQueue(Mutex<VecDeque<Fault>>);

impl FaultQueue {
    /// Appends all of the faults, or none if there are too many, and returns the length of the queue.
    pub(super) fn push(
        &self,
        faults: impl IntoIterator<Item = Fault>,
    ) -> Result<usize, ErrorResponse> {
        let mut queue = lock(&self.0);
        let before = queue.len();
        queue.extend(faults.into_iter().take(MAX_PENDING + 1));
        if queue.len() > MAX_PENDING {
            queue.truncate(before);
            return Err(ErrorResponse::new(429, "more than 1000 faults would be pending"));
        }
        Ok(queue.len())
    }

    pub(super) fn take(&self) -> Option<Fault> {
        lock(&self.0).pop_front()
    }

    pub(super) fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}
