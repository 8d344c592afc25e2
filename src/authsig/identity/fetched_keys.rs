//! The public keys of a server, fetched when they are needed.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use http::header::{ACCEPT, AGE, CACHE_CONTROL, HeaderMap};
use http::{Request, Response, StatusCode, Uri};

use super::error::RemoteError;
use crate::authsig::error::{ConfigProblem, VerifyError};
use crate::authsig::keys::PublicKeys;
use crate::clock::Clock;
use crate::transport::{self, Limited, SendOptions, Transport, TransportError};

/// The time that fetching may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// The shortest and the longest time that keys are kept, whatever the server says.
const MIN_LIFETIME: Duration = Duration::from_secs(60);
const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The time between two requests for a key that is not there, or after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Fetches `{base}/keys`, one request at a time, and keeps what it says for as long as it says.
pub(super) struct FetchedKeys {
    uri: Uri,
    transport: Limited,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Option<FreshKeys>,
    last: Option<Attempt>,
    is_fetching: bool,
    waiting: Vec<Waker>,
}

struct FreshKeys {
    keys: PublicKeys,
    fetched_at: SystemTime,
    lifetime: Duration,
}

/// The last request that came to an end.
struct Attempt {
    started_at: SystemTime,
    failure: Option<RemoteError>,
}

/// The next step for a key.
enum Step {
    Return(Result<PublicKeys, RemoteError>),
    Fetch(Permit),
    Wait,
}

impl FetchedKeys {
    pub(super) fn new(
        base: &str,
        transport: Arc<dyn Transport>,
        clock: Clock,
    ) -> Result<Self, ConfigProblem> {
        let uri = transport::url::parse(&format!("{base}/keys")).map_err(ConfigProblem::Base)?;
        Ok(Self { uri, transport: Limited::new(transport), clock, state: Mutex::default() })
    }

    /// Returns keys that are fresh and have this id. It waits only if there are none.
    pub(super) async fn with_id(self: &Arc<Self>, id: &str) -> Result<PublicKeys, RemoteError> {
        loop {
            match self.next_step(id) {
                Step::Return(result) => return result,
                Step::Fetch(permit) => {
                    let keys = run(permit.fetch()).await?;
                    return if keys.get(id).is_some() { Ok(keys) } else { Err(unknown_key()) };
                }
                Step::Wait => {
                    let waiting = poll_fn(|context| self.poll_idle(context));
                    // The other request keeps the same time, but the task that sends it may have been stopped.
                    transport::timeout(TIMEOUT, waiting).await.ok_or_else(timed_out)?;
                }
            }
        }
    }

    fn next_step(self: &Arc<Self>, id: &str) -> Step {
        let now = self.clock.now();
        let mut state = self.lock();
        let fresh =
            state.keys.as_ref().filter(|keys| is_within(keys.fetched_at, now, keys.lifetime));
        if let Some(FreshKeys { keys, .. }) = fresh.filter(|fresh| fresh.keys.get(id).is_some()) {
            return Step::Return(Ok(keys.clone()));
        }
        if state.is_fetching {
            return Step::Wait;
        }
        if let Some(last) = &state.last
            && is_within(last.started_at, now, RETRY_AFTER)
        {
            return Step::Return(Err(last.failure.clone().unwrap_or_else(unknown_key)));
        }
        state.is_fetching = true;
        Step::Fetch(Permit { keys: Arc::clone(self), started_at: now })
    }

    /// Ready when nothing is being fetched.
    fn poll_idle(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if !state.is_fetching {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to fetch. Whoever drops it lets another one.
struct Permit {
    keys: Arc<FetchedKeys>,
    started_at: SystemTime,
}

impl Permit {
    async fn fetch(self) -> Result<PublicKeys, RemoteError> {
        let result = self.send().await;
        let mut state = self.keys.lock();
        state.last =
            Some(Attempt { started_at: self.started_at, failure: result.as_ref().err().cloned() });
        let (keys, lifetime) = result?;
        let fresh = FreshKeys { keys: keys.clone(), fetched_at: self.started_at, lifetime };
        state.keys = Some(fresh);
        Ok(keys)
    }

    async fn send(&self) -> Result<(PublicKeys, Duration), RemoteError> {
        let mut request = Request::new(Vec::new());
        *request.uri_mut() = self.keys.uri.clone();
        request.headers_mut().insert(ACCEPT, http::HeaderValue::from_static("application/json"));
        let options =
            SendOptions::new().with_timeout(TIMEOUT).with_max_response_bytes(MAX_RESPONSE_BYTES);
        let response = self.keys.transport.send(request, options).await;
        read(&response.map_err(RemoteError::transport)?)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.keys.lock();
            state.is_fetching = false;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Runs to its end even if the caller goes away, where there is a Tokio runtime: a visitor who hangs up must not have the
/// server asked again and again.
async fn run(
    fetch: impl Future<Output = Result<PublicKeys, RemoteError>> + Send + 'static,
) -> Result<PublicKeys, RemoteError> {
    #[cfg(feature = "client")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        return runtime.spawn(fetch).await.unwrap_or_else(|error| {
            Err(RemoteError::transport(TransportError::Failed(error.into())))
        });
    }
    fetch.await
}

fn read(response: &Response<Vec<u8>>) -> Result<(PublicKeys, Duration), RemoteError> {
    if response.status() != StatusCode::OK {
        return Err(RemoteError::Status(response.status().as_u16()));
    }
    let jwks = std::str::from_utf8(response.body())
        .map_err(|_| ConfigProblem::PublicKeys("must be UTF-8").into());
    let keys = jwks.and_then(PublicKeys::from_jwks).map_err(RemoteError::Keys)?;
    Ok((keys, lifetime(response.headers())))
}

/// The time that keys are kept: `max-age` less `Age` (RFC 9111, section 4.2), within limits.
fn lifetime(headers: &HeaderMap) -> Duration {
    let max_age = max_age(headers).unwrap_or_default();
    let age = headers.get_all(AGE).iter().map(|age| age.to_str().ok().and_then(seconds));
    // An age that can't be read may be any.
    let age = age.map(|age| age.unwrap_or(Duration::MAX)).max().unwrap_or_default();
    max_age.saturating_sub(age).clamp(MIN_LIFETIME, MAX_LIFETIME)
}

/// The shortest `max-age`; `None` if there is none, or one that can't be read.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let mut shortest = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().ok()?.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            if name.trim().eq_ignore_ascii_case("max-age") {
                let age = seconds(value)?;
                shortest = Some(shortest.map_or(age, |shortest: Duration| shortest.min(age)));
            }
        }
    }
    shortest
}

/// Reads `delta-seconds` (RFC 9111, section 1.2.2), in quotation marks or not.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // More than can be counted is as good as for ever.
    is_number.then(|| Duration::from_secs(digits.parse().unwrap_or(u64::MAX)))
}

/// Returns whether less than `span` has passed. A clock that was set back says nothing about that.
fn is_within(since: SystemTime, now: SystemTime, span: Duration) -> bool {
    now.duration_since(since).is_ok_and(|passed| passed < span)
}

fn unknown_key() -> RemoteError {
    VerifyError::UnknownKey.into()
}

fn timed_out() -> RemoteError {
    let problem = "another request for the keys takes too long";
    RemoteError::transport(TransportError::Timeout(problem.into()))
}
