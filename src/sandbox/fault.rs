//! Faults on demand.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::lock;

/// More faults than this don't wait.
const MAX_WAITING: usize = 1_000;

/// Longer than any client waits.
const MAX_DELAY: Duration = Duration::from_secs(600);

/// What goes wrong with the next exchange: for tests of how an app takes it.
///
/// [`Sandbox::inject`](super::Sandbox::inject) puts one at the end of a queue, and `POST /faults` does the same for
/// tests in other languages: a JSON object, or a list of them. Every request that reaches the exchange takes one fault
/// from the queue, whatever comes of it. The names and members in JSON stand with each variant.
///
/// Those that replace the answer (`Status`, `Throttled`, `Redirect`, `Huge`) leave the code token as it is. The others
/// spoil the answer to an exchange that took place, so the token is used up; if the request is refused anyway, they
/// change nothing about the refusal but when and how much of it arrives.
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
    /// An error of the service: `is_api`. `{"fault": "status", "status": 503, "body": "out of order"}`
    Status {
        /// From 200 to 599; anything else is sent as 500.
        status: u16,
        /// The body, as plain text.
        #[serde(default)]
        body: String,
    },
    /// 429, and how long to wait: `is_api`, `is_retryable`. `{"fault": "throttled", "seconds": 2}`
    Throttled {
        /// For the header `Retry-After` (RFC 9110, section 10.2.3), in whole seconds; without it there is no header.
        #[serde(default, rename = "seconds", deserialize_with = "seconds")]
        retry_after: Option<Duration>,
    },
    /// 307 to another address, which no client may follow: `is_api`. `{"fault": "redirect", "location": "https://…"}`
    Redirect {
        /// The header `Location`; left out if no header can have that value.
        location: String,
    },
    /// The answer comes this much later, by the real clock: `is_timeout` if the client waits for less. At most ten
    /// minutes. `{"fault": "delay", "millis": 2000}`
    Delay {
        /// How much later.
        #[serde(rename = "millis", deserialize_with = "millis")]
        by: Duration,
    },
    /// The connection breaks in the middle of the body: `is_transport`. `{"fault": "cut-off", "after": 10}`
    CutOff {
        /// So many bytes of the body come before it breaks, or all but one of them.
        after: usize,
    },
    /// A body that does not seem to end, and announces no length: `is_malformed` where the client's limit is lower.
    /// `{"fault": "huge", "bytes": 1000000000}`
    Huge {
        /// How many bytes there are.
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
    /// Signed by another key than the service's: `is_verification`. `{"fault": "wrong-key"}`
    WrongKey,
    /// Not signed, with `"alg": "none"` (RFC 7518, section 3.6): `is_verification`. `{"fault": "unsigned"}`
    Unsigned,
    /// Signed with HS256 by the text of the service's public key, which everybody knows (RFC 8725, section 2.1):
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
    /// A ciphertext whose padding is wrong: `is_decryption`. `{"fault": "broken-padding"}`
    BrokenPadding,
    /// Decrypts to something else than a list of items: `is_malformed`. `{"fault": "not-a-list"}`
    NotAList,
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let delay = Duration::from_millis(u64::deserialize(deserializer)?);
    if delay > MAX_DELAY {
        return Err(de::Error::custom("a delay may be ten minutes at most"));
    }
    Ok(delay)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
}

impl Fault {
    /// How long the answer waits.
    pub(super) fn delay(&self) -> Option<Duration> {
        match self {
            Self::Delay { by } => Some((*by).min(MAX_DELAY)),
            _ => None,
        }
    }
}

/// Faults that wait for a request.
#[derive(Default)]
pub(super) struct Faults(Mutex<VecDeque<Fault>>);

impl Faults {
    /// All of them, or none if they are too many.
    pub(super) fn push(
        &self,
        faults: impl IntoIterator<Item = Fault>,
    ) -> Result<usize, &'static str> {
        let mut waiting = lock(&self.0);
        let before = waiting.len();
        waiting.extend(faults.into_iter().take(MAX_WAITING + 1));
        if waiting.len() > MAX_WAITING {
            waiting.truncate(before);
            return Err("more than 1000 faults would be waiting");
        }
        Ok(waiting.len())
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
