//! Identities, verified with keys that are fetched from the server.

use std::future::{Future, pending, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use civic_sip::authsig::{
    ConfigProblem, Identity, Notification, Remote, RemoteBuilder, RemoteError, State, UrlError,
};
use civic_sip::{BoxFuture, SendOptions, Transport, TransportError, http};

use super::server::{APP, BASE, KEY, Key, STATE, identity_v2, parameters};
use super::*;

type Answer = BoxFuture<'static, Result<http::Response<Vec<u8>>, TransportError>>;

/// A server's `{base}/keys`, by a script, with a clock that the test sets.
#[derive(Clone)]
struct Keys(Arc<Inner>);

struct Inner {
    answer: Mutex<Box<dyn FnMut() -> Answer + Send>>,
    requests: AtomicU64,
    now: AtomicU64,
}

impl Keys {
    /// Answers every request alike.
    fn new(mut answer: impl FnMut() -> Response + Send + 'static) -> Self {
        Self::pending(move || Box::pin(ready(Ok(answer().into()))))
    }

    fn pending(answer: impl FnMut() -> Answer + Send + 'static) -> Self {
        Self(Arc::new(Inner {
            answer: Mutex::new(Box::new(answer)),
            requests: AtomicU64::new(0),
            now: AtomicU64::new(NOW),
        }))
    }

    /// Publishes the key that the server signs with, for as long as the header says.
    fn publishing(cache_control: &'static str) -> Self {
        Self::new(move || response(&KEY).header("cache-control", cache_control))
    }

    fn answer(&self, answer: impl FnMut() -> Answer + Send + 'static) {
        *self.0.answer.lock().unwrap() = Box::new(answer);
    }

    fn builder(&self) -> RemoteBuilder {
        let clock = self.0.clone();
        Remote::builder(BASE)
            .transport(self.clone())
            .clock(move || UNIX_EPOCH + Duration::from_secs(clock.now.load(Ordering::SeqCst)))
    }

    fn remote(&self) -> Remote {
        self.builder().audience(APP).build().unwrap()
    }

    /// How often the keys were asked for.
    fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::SeqCst)
    }

    fn set_clock(&self, now: u64) {
        self.0.now.store(now, Ordering::SeqCst);
    }

    fn pass(&self, seconds: u64) {
        self.0.now.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Transport for Keys {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        assert_eq!(request.method(), "GET");
        assert_eq!(request.uri(), "https://id.example/verify/keys");
        assert!(request.body().is_empty());
        assert_eq!(options.max_response_bytes(), 64 * 1024);
        assert_eq!(options.timeout(), Duration::from_secs(5));
        self.0.requests.fetch_add(1, Ordering::SeqCst);
        (self.0.answer.lock().unwrap())()
    }
}

struct Response(http::Response<Vec<u8>>);

impl Response {
    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.0.headers_mut().append(name, value.parse().unwrap());
        self
    }
}

impl From<Response> for http::Response<Vec<u8>> {
    fn from(response: Response) -> Self {
        response.0
    }
}

fn response(key: &Key) -> Response {
    Response(http::Response::new(key.public().to_jwks().into_bytes()))
}

fn status(status: u16) -> Answer {
    let response = response(&KEY).header("location", "https://evil.example/keys");
    let mut response = response.0;
    *response.status_mut() = status.try_into().unwrap();
    Box::pin(ready(Ok(response)))
}

fn failing() -> Answer {
    Box::pin(ready(Err(TransportError::Failed("no route".into()))))
}

fn url() -> String {
    KEY.identity(&parameters())
}

/// A URL signed with a key that the server does not publish.
fn unknown() -> String {
    Key::new(9).identity(&parameters())
}

async fn verify(remote: &Remote, url: &str) -> Result<Identity, RemoteError> {
    remote.verify_url(url).await
}

/// Polls a future once.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn the_servers_keys_verify() {
    let keys = Keys::publishing("max-age=300");
    let remote = keys.remote();
    let state: State = STATE.parse().unwrap();
    assert_eq!(remote.log_in(&url(), &state).await.unwrap().login(), "user_1");
    assert_eq!(remote.verify_url(&url()).await.unwrap().service(), "password");
    let body = format!(r#"{{"verified": true, "url": "{}", "data": {{}}}}"#, url());
    let notification = Notification::parse(body).unwrap();
    assert_eq!(remote.verify_notification(&notification).await.unwrap().login(), "user_1");
    assert_eq!(keys.requests(), 1);
    assert_eq!(remote.clone().verify_url(&url()).await.unwrap().login(), "user_1");
    assert_eq!(keys.requests(), 1);
}

#[tokio::test]
async fn what_identities_are_refused_for_is_refused() {
    let keys = Keys::publishing("max-age=300");
    let remote = keys.remote();
    let state: State = STATE.parse().unwrap();
    let other = State::generate().unwrap();
    refused!(remote.log_in(&url(), &other).await, RemoteError::Verify(VerifyError::WrongState));
    for (parameters, error) in [
        (parameters().with("audience", "https://other.example/"), VerifyError::WrongAudience),
        (parameters().without("audience"), VerifyError::Missing("audience".into())),
        (parameters().without("state"), VerifyError::Missing("state".into())),
        (parameters().with("time", NOW - 301), VerifyError::TooOld),
        (parameters().with("service", "google"), VerifyError::WrongService),
    ] {
        match remote.log_in(&KEY.identity(&parameters), &state).await {
            Err(RemoteError::Verify(found)) => assert_eq!(found, error),
            other => panic!("{other:?}"),
        }
    }
    let forged = url().replace("user_1", "admin");
    refused!(verify(&remote, &forged).await, RemoteError::Verify(VerifyError::Mismatch));
}

#[tokio::test]
async fn a_url_that_no_key_could_verify_asks_nobody() {
    let keys = Keys::publishing("max-age=300");
    let remote = keys.remote();
    for url in [
        String::new(),
        "https://id.example/verify/verified".to_owned(),
        "https://id.example/verify/verified?login=user_1&signature=v3.x.y".to_owned(),
        url().replace("id.example", "evil.example"),
        url() + "&secret=x",
        url() + "&login=admin",
        identity_v2(SECRET, &parameters()),
    ] {
        refused!(verify(&remote, &url).await, RemoteError::Verify(_));
    }
    refused!(
        verify(&remote, &url().replace("/verified", "/request")).await,
        RemoteError::Verify(VerifyError::Url(UrlError::Mismatch))
    );
    assert_eq!(keys.requests(), 0);
}

#[tokio::test]
async fn any_status_but_200_is_refused() {
    for number in [201, 203, 204, 206, 301, 302, 303, 304, 307, 308, 400, 403, 404, 429, 500, 503] {
        let keys = Keys::pending(move || status(number));
        match verify(&keys.remote(), &url()).await {
            Err(RemoteError::Status(found)) => assert_eq!(found, number),
            other => panic!("{other:?}"),
        }
        assert_eq!(keys.requests(), 1, "a redirect was followed");
    }
}

#[tokio::test]
async fn a_response_without_usable_keys_is_refused() {
    for body in [
        &b""[..],
        b"{}",
        b"[]",
        b"{\"keys\": []}",
        b"{\"keys\": [{\"kty\": \"RSA\"}]}",
        b"<html>",
        b"{\"keys\": \"\xff\"}",
    ] {
        let keys = Keys::new(move || Response(http::Response::new(body.to_vec())));
        refused!(verify(&keys.remote(), &url()).await, RemoteError::Keys(_));
    }
}

#[tokio::test]
async fn a_response_of_more_than_64_kib_is_refused() {
    let padded = |len: usize| {
        let mut body = KEY.public().to_jwks().into_bytes();
        body.resize(len, b' ');
        Keys::new(move || Response(http::Response::new(body.clone())))
    };
    assert!(verify(&padded(64 * 1024).remote(), &url()).await.is_ok());
    match verify(&padded(64 * 1024 + 1).remote(), &url()).await {
        Err(RemoteError::Transport(error)) => {
            assert!(matches!(*error, TransportError::TooLarge(_)), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_after_5_s() {
    let keys = Keys::pending(|| Box::pin(pending()));
    let started = tokio::time::Instant::now();
    match verify(&keys.remote(), &url()).await {
        Err(RemoteError::Transport(error)) => {
            assert!(matches!(*error, TransportError::Timeout(_)), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(started.elapsed().as_secs(), 5);
}

/// Returns whether the keys of a response are still kept after some seconds.
async fn is_kept(response: fn() -> Response, seconds: u64) -> bool {
    let keys = Keys::new(response);
    let remote = keys.remote();
    verify(&remote, &url()).await.unwrap();
    keys.answer(failing);
    keys.pass(seconds);
    verify(&remote, &url()).await.is_ok()
}

#[tokio::test]
async fn keys_are_kept_as_max_age_less_age_says_within_limits() {
    let lifetimes: [(fn() -> Response, u64); 19] = [
        (|| response(&KEY), 60),
        (|| response(&KEY).header("cache-control", "public"), 60),
        (|| response(&KEY).header("cache-control", "no-store"), 60),
        (|| response(&KEY).header("cache-control", "max-age=300"), 300),
        (|| response(&KEY).header("cache-control", "public, MAX-AGE=\"300\", x=1"), 300),
        (|| response(&KEY).header("cache-control", "s-maxage=3000"), 60),
        (|| response(&KEY).header("cache-control", "max-age=0"), 60),
        (|| response(&KEY).header("cache-control", "max-age=59"), 60),
        (|| response(&KEY).header("cache-control", "max-age=3600"), 3600),
        (|| response(&KEY).header("cache-control", "max-age=31536000"), 3600),
        (|| response(&KEY).header("cache-control", "max-age=99999999999999999999999"), 3600),
        (|| response(&KEY).header("cache-control", "max-age=-300"), 60),
        (|| response(&KEY).header("cache-control", "max-age=3e2"), 60),
        (|| response(&KEY).header("cache-control", "max-age=300, max-age=x"), 60),
        (
            || {
                response(&KEY)
                    .header("cache-control", "max-age=300")
                    .header("cache-control", "max-age=200")
            },
            200,
        ),
        (|| response(&KEY).header("cache-control", "max-age=300").header("age", "100"), 200),
        (|| response(&KEY).header("cache-control", "max-age=300").header("age", "250"), 60),
        (|| response(&KEY).header("cache-control", "max-age=300").header("age", "-1"), 60),
        (|| response(&KEY).header("cache-control", "max-age=9000").header("age", "8000"), 1000),
    ];
    for (index, (response, seconds)) in lifetimes.into_iter().enumerate() {
        assert!(is_kept(response, seconds - 1).await, "case {index}");
        assert!(!is_kept(response, seconds).await, "case {index}");
    }
}

#[tokio::test]
async fn a_stale_key_is_never_used() {
    let keys = Keys::publishing("max-age=300");
    let remote = keys.remote();
    verify(&remote, &url()).await.unwrap();
    keys.answer(failing);
    keys.pass(299);
    assert!(verify(&remote, &url()).await.is_ok());
    assert_eq!(keys.requests(), 1);
    keys.pass(1);
    refused!(verify(&remote, &url()).await, RemoteError::Transport(_));
    assert_eq!(keys.requests(), 2);
}

#[tokio::test]
async fn a_revoked_key_is_refused_once_the_keys_are_fetched_again() {
    let keys = Keys::publishing("max-age=300");
    let remote = keys.remote();
    verify(&remote, &url()).await.unwrap();
    let other = || response(&Key::new(9));
    keys.answer(move || Box::pin(ready(Ok(other().into()))));
    keys.pass(300);
    refused!(verify(&remote, &url()).await, RemoteError::Verify(VerifyError::UnknownKey));
    assert!(verify(&remote, &unknown()).await.is_ok());
    assert_eq!(keys.requests(), 2);
}

#[tokio::test]
async fn a_key_revoked_early_is_refused_as_soon_as_another_id_is_asked_for() {
    let keys = Keys::publishing("max-age=3600");
    let remote = keys.remote();
    verify(&remote, &url()).await.unwrap();
    keys.answer(|| Box::pin(ready(Ok(response(&Key::new(9)).into()))));
    keys.pass(30);
    assert!(verify(&remote, &url()).await.is_ok());
    assert!(verify(&remote, &unknown()).await.is_ok());
    refused!(verify(&remote, &url()).await, RemoteError::Verify(VerifyError::UnknownKey));
}

#[tokio::test]
async fn a_clock_that_was_set_back_keeps_no_key() {
    let keys = Keys::publishing("max-age=3600");
    let remote = keys.remote();
    keys.pass(100);
    verify(&remote, &url()).await.unwrap();
    keys.answer(failing);
    keys.set_clock(NOW);
    refused!(verify(&remote, &url()).await, RemoteError::Transport(_));
    // And it does not keep the server from being asked again.
    keys.answer(|| Box::pin(ready(Ok(response(&KEY).into()))));
    keys.set_clock(NOW - 50);
    assert!(verify(&remote, &url()).await.is_ok());
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_at_most_every_30_s() {
    let keys = Keys::publishing("max-age=3600");
    let remote = keys.remote();
    for passed in [0, 1, 28] {
        keys.pass(passed);
        refused!(verify(&remote, &unknown()).await, RemoteError::Verify(VerifyError::UnknownKey));
        assert_eq!(keys.requests(), 1);
    }
    keys.pass(1);
    refused!(verify(&remote, &unknown()).await, RemoteError::Verify(VerifyError::UnknownKey));
    assert_eq!(keys.requests(), 2);
    refused!(verify(&remote, &unknown()).await, RemoteError::Verify(VerifyError::UnknownKey));
    assert_eq!(keys.requests(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_when_it_is_named() {
    let keys = Keys::publishing("max-age=3600");
    let remote = keys.remote();
    verify(&remote, &url()).await.unwrap();
    let both = KEY.public().merge(Key::new(9).public()).to_jwks().into_bytes();
    keys.answer(move || Box::pin(ready(Ok(http::Response::new(both.clone())))));
    keys.pass(30);
    assert!(verify(&remote, &unknown()).await.is_ok());
    assert!(verify(&remote, &url()).await.is_ok());
    assert_eq!(keys.requests(), 2);
}

#[tokio::test]
async fn after_a_failure_the_server_is_asked_at_most_every_30_s() {
    let keys = Keys::pending(failing);
    let remote = keys.remote();
    for passed in [0, 1, 28] {
        keys.pass(passed);
        refused!(verify(&remote, &url()).await, RemoteError::Transport(_));
        assert_eq!(keys.requests(), 1);
    }
    keys.answer(|| Box::pin(ready(Ok(response(&KEY).into()))));
    refused!(verify(&remote, &url()).await, RemoteError::Transport(_));
    keys.pass(1);
    assert!(verify(&remote, &url()).await.is_ok());
    assert_eq!(keys.requests(), 2);
}

#[tokio::test]
async fn a_failure_takes_no_fresh_key_away() {
    let keys = Keys::publishing("max-age=3600");
    let remote = keys.remote();
    verify(&remote, &url()).await.unwrap();
    keys.answer(|| status(503));
    keys.pass(30);
    refused!(verify(&remote, &unknown()).await, RemoteError::Status(503));
    assert!(verify(&remote, &url()).await.is_ok());
    // Nobody knows whether the key is one of the server's.
    refused!(verify(&remote, &unknown()).await, RemoteError::Status(503));
    assert_eq!(keys.requests(), 2);
}

/// Answers when the test says so.
struct Gate(Vec<tokio::sync::oneshot::Sender<()>>);

fn gated(keys: &Keys) -> Arc<Mutex<Gate>> {
    let gate = Arc::new(Mutex::new(Gate(Vec::new())));
    let opened = gate.clone();
    keys.answer(move || {
        let (open, wait) = tokio::sync::oneshot::channel();
        opened.lock().unwrap().0.push(open);
        Box::pin(async move {
            wait.await.map_err(|_| TransportError::Failed("closed".into()))?;
            Ok(response(&KEY).header("cache-control", "max-age=300").into())
        })
    });
    gate
}

fn open(gate: &Mutex<Gate>) {
    gate.lock().unwrap().0.pop().unwrap().send(()).unwrap();
}

/// Lets spawned tasks run.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_request_serves_all_who_wait() {
    let keys = Keys::pending(failing);
    let gate = gated(&keys);
    let remote = keys.remote();
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let remote = remote.clone();
            tokio::spawn(async move { verify(&remote, &url()).await })
        })
        .collect();
    settle().await;
    assert_eq!(keys.requests(), 1);
    open(&gate);
    for waiting in waiting {
        assert!(waiting.await.unwrap().is_ok());
    }
    assert_eq!(keys.requests(), 1);
}

#[tokio::test]
async fn a_known_fresh_id_never_waits() {
    let keys = Keys::publishing("max-age=300");
    let remote = keys.remote();
    verify(&remote, &url()).await.unwrap();
    let gate = gated(&keys);
    keys.pass(30);
    let asking = tokio::spawn({
        let remote = remote.clone();
        async move { verify(&remote, &unknown()).await }
    });
    settle().await;
    assert_eq!(keys.requests(), 2);
    let url = url();
    assert!(matches!(poll(pin!(verify(&remote, &url))), Poll::Ready(Ok(_))));
    open(&gate);
    refused!(asking.await.unwrap(), RemoteError::Verify(VerifyError::UnknownKey));
}

#[tokio::test]
async fn a_visitor_who_goes_away_stops_nobody() {
    let keys = Keys::pending(failing);
    let gate = gated(&keys);
    let remote = keys.remote();
    let first = tokio::spawn({
        let remote = remote.clone();
        async move { verify(&remote, &url()).await }
    });
    let second = tokio::spawn({
        let remote = remote.clone();
        async move { verify(&remote, &url()).await }
    });
    settle().await;
    first.abort();
    second.abort();
    settle().await;
    // Nor do those who come and go have the server asked again.
    for _ in 0..10 {
        assert!(poll(pin!(verify(&remote, &url()))).is_pending());
    }
    settle().await;
    assert_eq!(keys.requests(), 1);
    open(&gate);
    assert!(verify(&remote, &url()).await.is_ok());
    assert_eq!(keys.requests(), 1);
}

#[test]
fn without_a_runtime_those_who_wait_take_over_from_one_who_goes_away() {
    let keys = Keys::pending(failing);
    let gate = gated(&keys);
    let remote = keys.remote();
    let url = url();
    let mut first = Box::pin(verify(&remote, &url));
    let mut second = Box::pin(verify(&remote, &url));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(keys.requests(), 1);
    drop(first);
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(keys.requests(), 2);
    open(&gate);
    assert!(matches!(poll(second.as_mut()), Poll::Ready(Ok(_))));
    assert_eq!(futures_executor::block_on(verify(&remote, &url)).unwrap().login(), "user_1");
}

/// Counts how often it wakes somebody.
#[derive(Default)]
struct Woken(AtomicU64);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn all_who_wait_are_woken() {
    let keys = Keys::pending(failing);
    let gate = gated(&keys);
    let remote = keys.remote();
    let url = url();
    let mut first = Box::pin(verify(&remote, &url));
    let mut others: Vec<_> = (0..3).map(|_| Box::pin(verify(&remote, &url))).collect();
    assert!(poll(first.as_mut()).is_pending());
    let woken = Arc::new(Woken::default());
    for other in &mut others {
        let waker = Waker::from(woken.clone());
        assert!(other.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let own = Arc::new(Woken::default());
        let waker = Waker::from(own.clone());
        assert!(other.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(own.0.load(Ordering::SeqCst), 0);
    }
    open(&gate);
    assert!(matches!(poll(first.as_mut()), Poll::Ready(Ok(_))));
    assert!(woken.0.load(Ordering::SeqCst) > 0);
    for other in &mut others {
        assert!(matches!(poll(other.as_mut()), Poll::Ready(Ok(_))));
    }
    assert_eq!(keys.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_5_s_for_the_request_of_another() {
    // The other one is in a runtime that has stopped, and can't be woken.
    let keys = Keys::pending(|| Box::pin(pending()));
    let remote = keys.remote();
    let stopped = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let asking = {
        let _entered = stopped.enter();
        let remote = remote.clone();
        stopped.spawn(async move { verify(&remote, &url()).await })
    };
    std::thread::spawn(move || {
        stopped.block_on(settle());
        stopped
    })
    .join()
    .map(std::mem::forget)
    .unwrap();
    assert_eq!(keys.requests(), 1);
    refused!(verify(&remote, &url()).await, RemoteError::Transport(_));
    assert!(!asking.is_finished());
}

#[tokio::test]
async fn a_transport_that_panics_is_an_error() {
    let keys = Keys::pending(|| Box::pin(async { panic!("a bug of the transport") }));
    let remote = keys.remote();
    refused!(verify(&remote, &url()).await, RemoteError::Transport(_));
    keys.answer(|| Box::pin(ready(Ok(response(&KEY).into()))));
    assert!(verify(&remote, &url()).await.is_ok());
}

#[cfg(feature = "axum")]
#[test]
fn a_stranger_gets_403_and_a_server_that_is_away_503() {
    use axum::response::IntoResponse as _;
    use civic_sip::axum::AuthSigRejection;

    let status = |error: RemoteError| AuthSigRejection::from(error).into_response().status();
    for error in [
        VerifyError::WrongState,
        VerifyError::WrongAudience,
        VerifyError::UnknownKey,
        VerifyError::TooOld,
        VerifyError::Notification("must have a `url`"),
    ] {
        assert_eq!(status(error.into()), 403);
    }
    let failed = RemoteError::Transport(Arc::new(TransportError::Failed("no route".into())));
    for error in [RemoteError::Status(404), failed] {
        assert_eq!(status(error), 503);
    }
}

/// The crate's own HTTP stack, and a server on a socket.
#[cfg(feature = "sandbox")]
#[tokio::test]
async fn over_the_crates_own_stack_keys_are_fetched_and_no_redirect_is_followed() {
    use crate::support::servers::{Service, http};

    let jwks = KEY.public().to_jwks();
    let elsewhere = Service::answering(http(200, &[], jwks.as_bytes())).await;
    let location = format!("location: {}/verify/keys", elsewhere.url());
    for (answer, is_good) in [
        (http(200, &["cache-control: max-age=300"], jwks.as_bytes()), true),
        (http(302, &[&location], jwks.as_bytes()), false),
        (http(307, &[&location], b""), false),
    ] {
        let service = Service::answering(answer).await;
        let base = format!("{}/verify", service.url());
        let remote = Remote::builder(&base).audience(APP).clock(at(NOW)).build().unwrap();
        let url = KEY.identity_at(&base, &parameters());
        for _ in 0..2 {
            match remote.verify_url(&url).await {
                Ok(identity) => assert!(is_good && identity.login() == "user_1"),
                Err(RemoteError::Status(302 | 307)) => assert!(!is_good),
                Err(other) => panic!("{other:?}"),
            }
        }
        let requests = service.requests();
        assert_eq!(requests.len(), 1);
        assert!(
            requests[0].head.starts_with("GET /verify/keys HTTP/1.1"),
            "{:?}",
            requests[0].head
        );
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[cfg(feature = "client")]
#[test]
fn over_the_crates_own_stack_a_runtime_is_needed() {
    let base = "http://127.0.0.1:9/verify";
    let remote = Remote::builder(base).audience(APP).clock(at(NOW)).build().unwrap();
    let url = KEY.identity_at(base, &parameters());
    match futures_executor::block_on(remote.verify_url(&url)) {
        Err(RemoteError::Transport(error)) => {
            assert!(matches!(*error, TransportError::Unusable(_)), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_audience_and_a_base_have_to_be_configured() {
    let keys = Keys::pending(failing);
    let problems = |builder: RemoteBuilder| builder.build().unwrap_err().problems().to_vec();
    assert_eq!(problems(keys.builder()), [ConfigProblem::NoAudience]);
    assert_eq!(
        problems(keys.builder().audience(APP).any_audience()),
        [ConfigProblem::SeveralAudiences]
    );
    for base in ["", "http://id.example", "https://id.example/?x", "https://user@id.example"] {
        let found = problems(Remote::builder(base).transport(keys.clone()).audience(APP));
        assert!(matches!(found[..], [ConfigProblem::Base(_)]), "{base}: {found:?}");
    }
    assert!(keys.builder().audience(APP).also_for([APP]).service("x").build().is_ok());
}

#[test]
fn without_an_http_stack_a_transport_has_to_be_configured() {
    let has_client = cfg!(feature = "client");
    let has_tls = has_client && cfg!(any(feature = "rustls", feature = "native-tls"));
    for (base, is_reached) in [(BASE, has_tls), ("http://127.0.0.1:1", has_client)] {
        match Remote::builder(base).audience(APP).build() {
            Ok(_) => assert!(is_reached, "{base}"),
            Err(error) => {
                assert!(!is_reached, "{base}");
                assert_eq!(error.problems(), [ConfigProblem::NoTransport]);
            }
        }
    }
    assert!(Keys::pending(failing).builder().audience(APP).build().is_ok());
}

#[test]
fn remote_can_be_shared_between_threads() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    fn is_send<T: Send>(_: T) {}
    shared::<Remote>();
    shared::<RemoteBuilder>();
    shared::<RemoteError>();
    let remote = Keys::pending(failing).remote();
    is_send(remote.verify_url(""));
    is_send(remote.log_in("", &STATE.parse().unwrap()));
}
