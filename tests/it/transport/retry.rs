//! What is tried again, and when, by a clock that stands still until somebody waits for it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use civic_sip::{BoxFuture, CivicSip, Error, SendOptions, Transport, TransportError};
use http::{Request, Response};
use tokio::time::Instant;

use crate::support::people::ada;
use crate::support::servers::Canned;

type Sent = (Instant, Request<Vec<u8>>);
type Outcome = Result<Response<Vec<u8>>, TransportError>;

/// Gives the outcomes in order, each after its time, and keeps the requests.
#[derive(Clone, Default)]
struct Scripted {
    outcomes: Arc<Mutex<VecDeque<(Duration, Outcome)>>>,
    requests: Arc<Mutex<Vec<Sent>>>,
}

impl Scripted {
    fn new(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let outcomes = outcomes.into_iter().map(|outcome| (Duration::ZERO, outcome)).collect();
        Self { outcomes: Arc::new(Mutex::new(outcomes)), ..Self::default() }
    }

    fn times(&self) -> Vec<Instant> {
        self.requests.lock().unwrap().iter().map(|(time, _)| *time).collect()
    }
}

impl Transport for Scripted {
    fn send<'a>(&'a self, request: Request<Vec<u8>>, _: SendOptions) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.requests.lock().unwrap().push((Instant::now(), request));
            let (takes, outcome) = self.outcomes.lock().unwrap().pop_front().expect("one too many");
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            outcome
        })
    }
}

fn answer(status: u16, body: &[u8]) -> Outcome {
    Ok(Response::builder().status(status).body(body.to_vec()).unwrap())
}

fn throttled(retry_after: &str) -> Outcome {
    Ok(Response::builder().status(429).header("Retry-After", retry_after).body(Vec::new()).unwrap())
}

fn not_sent() -> Outcome {
    Err(TransportError::NotSent("refused".into()))
}

fn client(canned: &Canned, transport: &Scripted) -> CivicSip {
    canned.sandbox.client_builder().transport(transport.clone()).build().unwrap()
}

/// Waits that lie between `least` and `most` milliseconds.
fn assert_waits(transport: &Scripted, bounds: &[(u64, u64)]) {
    let times = transport.times();
    assert_eq!(times.len(), bounds.len() + 1);
    for (pair, (least, most)) in times.windows(2).zip(bounds) {
        let waited = pair[1] - pair[0];
        let bounds = Duration::from_millis(*least)..=Duration::from_millis(*most + 1);
        assert!(bounds.contains(&waited), "{waited:?} is not within {bounds:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_is_sent_again_later_and_later() {
    let canned = Canned::new().await;
    let transport =
        Scripted::new([not_sent(), not_sent(), not_sent(), answer(200, &canned.answer)]);
    assert_eq!(client(&canned, &transport).exchange_code("token").await.unwrap(), ada());
    assert_waits(&transport, &[(125, 250), (250, 500), (500, 1000)]);
}

#[tokio::test(start_paused = true)]
async fn three_times_are_enough() {
    let canned = Canned::new().await;
    for outcome in [not_sent as fn() -> Outcome, || answer(429, b""), || throttled("0")] {
        let transport = Scripted::new((0..4).map(|_| outcome()));
        let error = client(&canned, &transport).exchange_code("token").await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        assert_eq!(transport.times().len(), 4);
    }
    // All in all.
    let transport = Scripted::new([not_sent(), throttled("1"), not_sent(), throttled("1")]);
    let error = client(&canned, &transport).exchange_code("token").await.unwrap_err();
    assert_eq!(error.status(), Some(429));
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_a_request_of_its_own() {
    let canned = Canned::new().await;
    let transport = Scripted::new([throttled("1"), throttled("1"), answer(200, &canned.answer)]);
    client(&canned, &transport).exchange_code("token").await.unwrap();
    let requests = transport.requests.lock().unwrap();
    let headers: BTreeSet<_> =
        requests.iter().map(|(_, request)| request.headers()["authorization"].as_bytes()).collect();
    assert_eq!(headers.len(), 3);
    assert!(requests.iter().all(|(_, request)| request.body() == requests[0].1.body()));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_sent_is_not_sent_again() {
    let canned = Canned::new().await;
    let outcomes: [fn() -> Outcome; 10] = [
        || Err(TransportError::Failed("reset".into())),
        || Err(TransportError::Timeout("late".into())),
        || Err(TransportError::TooLarge("long".into())),
        || answer(202, b""),
        || answer(401, b""),
        || answer(408, b""),
        || answer(500, b""),
        || answer(503, b""),
        || answer(504, b""),
        || answer(200, b"{}"),
    ];
    for outcome in outcomes {
        let transport = Scripted::new([outcome()]);
        let error = client(&canned, &transport).exchange_code("token").await.unwrap_err();
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!(transport.times().len(), 1);
    }
    // Nor after something that was.
    let transport = Scripted::new([not_sent(), Err(TransportError::Failed("reset".into()))]);
    let error = client(&canned, &transport).exchange_code("token").await.unwrap_err();
    assert!(error.is_transport() && !error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_is_sent_when_the_service_says() {
    let canned = Canned::new().await;
    let fine = || answer(200, &canned.answer);

    let transport = Scripted::new([throttled("7"), fine()]);
    client(&canned, &transport).exchange_code("token").await.unwrap();
    assert_waits(&transport, &[(7000, 7250)]);

    // A date, by the client's clock.
    let now = SystemTime::now();
    let date = httpdate(now + Duration::from_secs(5));
    let transport = Scripted::new([throttled(&date), fine()]);
    let builder = canned.sandbox.client_builder().transport(transport.clone());
    builder.clock(move || now).build().unwrap().exchange_code("token").await.unwrap();
    assert_waits(&transport, &[(4000, 5250)]);

    let transport = Scripted::new([answer(429, b""), throttled("soon"), fine()]);
    client(&canned, &transport).exchange_code("token").await.unwrap();
    assert_waits(&transport, &[(125, 250), (250, 500)]);
}

/// IMF-fixdate (RFC 9110, section 5.6.7).
fn httpdate(time: SystemTime) -> String {
    let time: chrono::DateTime<chrono::Utc> = time.into();
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_past_the_time_out() {
    let canned = Canned::new().await;
    for (retry_after, timeout) in [("30", 30), ("3600", 30), ("5", 5), ("18446744073709551616", 30)]
    {
        let transport = Scripted::new([throttled(retry_after)]);
        let builder = canned.sandbox.client_builder().transport(transport.clone());
        let civic = builder.timeout(Duration::from_secs(timeout)).build().unwrap();
        let started = Instant::now();
        let error = civic.exchange_code("token").await.unwrap_err();
        assert_eq!((error.status(), error.is_retryable()), (Some(429), true));
        assert!(started.elapsed() < Duration::from_millis(10));
        assert_eq!(transport.times().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn slow_failures_to_connect_end_before_the_time_out_does() {
    let canned = Canned::new().await;
    let transport = Scripted::default();
    for _ in 0..2 {
        let timed_out = std::io::Error::from(std::io::ErrorKind::TimedOut);
        let outcome = Err(TransportError::NotSent(timed_out.into()));
        transport.outcomes.lock().unwrap().push_back((Duration::from_secs(10), outcome));
    }
    let started = Instant::now();
    let error = client(&canned, &transport).exchange_code("token").await.unwrap_err();
    // A third attempt could be cut off by the time-out, and nobody would know what became of the token.
    assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(21));
}

#[tokio::test(start_paused = true)]
async fn a_payload_is_asked_for_again_on_the_same_terms() {
    let canned = Canned::new().await;
    let link = canned.linking_to("https://civic.s3.amazonaws.com/x");
    let transport = Scripted::new([
        not_sent(),
        answer(200, &link),
        not_sent(),
        throttled("2"),
        answer(200, &canned.payload()),
    ]);
    assert_eq!(client(&canned, &transport).exchange_code("token").await.unwrap(), ada());
    assert_waits(&transport, &[(125, 250), (0, 0), (250, 500), (2000, 3000)]);

    let transport =
        Scripted::new([answer(200, &link), not_sent(), not_sent(), not_sent(), not_sent()]);
    let error = client(&canned, &transport).exchange_code("token").await.unwrap_err();
    assert!(error.is_transport() && !error.is_retryable(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_ends_the_waiting() {
    let canned = Canned::new().await;
    let transport = Scripted::new([throttled("20")]);
    let civic = client(&canned, &transport);
    let exchange = tokio::time::timeout(Duration::from_secs(1), civic.exchange_code("token"));
    assert!(exchange.await.is_err());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(transport.times().len(), 1);
}

#[test]
fn where_nothing_can_wait_nothing_is_sent_again() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let canned = runtime.block_on(Canned::new());
    let transport = Scripted::new([not_sent()]);
    let civic = client(&canned, &transport);
    let refused = |result: Result<_, Error>| assert!(result.unwrap_err().is_retryable());
    refused(futures_executor::block_on(civic.exchange_code("token")));
}
