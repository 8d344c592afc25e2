//! The client where Tokio is not, or only in part, and over a transport of one's own.

use std::sync::Mutex;
use std::time::Duration;

use crate::support::closed_port::ClosedPort;
use crate::support::*;
use civic_sip::sandbox::Sandbox;
use civic_sip::{BoxFuture, Error, SendOptions, Transport, TransportError, UserData};
use tokio::runtime::{Builder, Runtime};

type Outcome = Result<http::Response<Vec<u8>>, TransportError>;

/// Answers once, and keeps the request.
struct Once(Mutex<Option<Outcome>>);

impl Transport for Once {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Outcome> {
        assert_eq!(request.uri().path(), "/prod/scopeRequest/authCode");
        assert_eq!(options.max_response_bytes(), 64 * 1024 * 1024);
        assert!(options.timeout() <= Duration::from_secs(30));
        Box::pin(async { self.0.lock().unwrap().take().expect("asked once") })
    }
}

fn over(outcome: Outcome) -> Result<UserData, Error> {
    let civic = builder().transport(Once(Mutex::new(Some(outcome)))).build().unwrap();
    // No Tokio here.
    futures_executor::block_on(civic.exchange_code("token"))
}

fn assert_no_panic_but_config(outcome: Result<UserData, Error>) {
    let error = outcome.unwrap_err();
    assert!(error.is_config(), "{error:?}");
}

#[test]
fn outside_of_a_runtime() {
    assert_no_panic_but_config(futures_executor::block_on(client().exchange_code("token")));
}

#[test]
fn a_bad_token_is_refused_even_there() {
    let error = futures_executor::block_on(client().exchange_code("")).unwrap_err();
    assert!(error.is_malformed(), "{error:?}");
}

#[test]
fn an_answer_over_the_limit_is_refused_whoever_brings_it() {
    let body = envelope(&token(&claims(&items())), false);
    let open = |limit: usize| {
        let answer = http::Response::new(body.clone());
        let transport = Fixed(Mutex::new(Some(answer)));
        let civic = builder().transport(std::sync::Arc::new(transport)).max_response_bytes(limit);
        futures_executor::block_on(civic.build().unwrap().exchange_code("token"))
    };
    open(body.len()).unwrap();
    assert!(open(body.len() - 1).unwrap_err().is_malformed());
}

/// Answers whatever the limit.
struct Fixed(Mutex<Option<http::Response<Vec<u8>>>>);

impl Transport for Fixed {
    fn send<'a>(&'a self, _: http::Request<Vec<u8>>, _: SendOptions) -> BoxFuture<'a, Outcome> {
        Box::pin(async { Ok(self.0.lock().unwrap().take().expect("asked once")) })
    }
}

/// Documented rather than probed for: Tokio says what is missing.
#[test]
fn a_runtime_without_drivers_is_tokios_panic() {
    let nobody = ClosedPort::new();
    let civic = builder().base_url(nobody.url()).retries(0).build().unwrap();
    let run = |runtime: Runtime| {
        let exchange =
            std::panic::AssertUnwindSafe(|| runtime.block_on(civic.exchange_code("token")));
        std::panic::catch_unwind(exchange)
    };
    for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let panic = run(runtime.build().unwrap()).unwrap_err();
        let message = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|message| (*message).to_owned()));
        let message = message.unwrap();
        assert!(message.contains("enable_"), "{message}");
    }
    // The same client works in another runtime after that.
    let error =
        run(Builder::new_current_thread().enable_all().build().unwrap()).unwrap().unwrap_err();
    assert!(error.is_transport() && error.is_retryable(), "{error:?}");
}

/// A connection that another runtime drives is of no use while that stands still.
#[test]
fn one_client_in_runtimes_that_take_turns() {
    let current_thread = || Builder::new_current_thread().enable_all().build().unwrap();
    let user = UserData::new("ada", vec![]);
    let (one, other) = (current_thread(), current_thread());
    let sandbox = one.block_on(Sandbox::start()).unwrap();
    let civic = sandbox.client_builder().build().unwrap();
    for _ in 0..3 {
        for runtime in [&one, &other] {
            let exchange = civic.exchange_code(sandbox.issue_token(&user));
            assert_eq!(runtime.block_on(exchange).unwrap(), user);
        }
    }
    for _ in 0..40 {
        let exchange = civic.exchange_code(sandbox.issue_token(&user));
        assert_eq!(current_thread().block_on(exchange).unwrap(), user);
    }
}

#[test]
fn a_transport_of_ones_own_needs_no_runtime() {
    let body = envelope(&token(&claims(&items())), false);
    assert_eq!(over(Ok(http::Response::new(body))).unwrap().email(), Some("ada@example.com"));
    let refused = http::Response::builder().status(409).body(b"no".to_vec()).unwrap();
    assert_eq!(over(Ok(refused)).unwrap_err().status(), Some(409));
}

#[test]
fn failures_of_a_transport_keep_their_meaning() {
    use std::io::{Error as IoError, ErrorKind};

    let not_sent = over(Err(TransportError::NotSent("refused".into()))).unwrap_err();
    assert!(not_sent.is_transport() && not_sent.is_retryable());
    let timed_out = IoError::new(ErrorKind::TimedOut, "connecting");
    let connecting = over(Err(TransportError::NotSent(timed_out.into()))).unwrap_err();
    assert!(connecting.is_timeout() && connecting.is_retryable());
    let timeout = over(Err(TransportError::Timeout("slow".into()))).unwrap_err();
    assert!(timeout.is_timeout() && !timeout.is_retryable());
    let failed = over(Err(TransportError::Failed("reset".into()))).unwrap_err();
    assert!(failed.is_transport() && !failed.is_retryable());
    let source = std::error::Error::source(&failed).unwrap();
    assert_eq!(source.to_string(), "reset");
    let large = over(Err(TransportError::TooLarge("65 MiB".into()))).unwrap_err();
    assert!(large.is_malformed() && !large.is_retryable());
}

#[test]
fn futures_can_be_spawned() {
    fn spawnable<T: Send + 'static>(_: T) {}
    fn shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn throwable<T: std::error::Error + Send + Sync + 'static>() {}

    throwable::<Error>();
    let civic = client();
    shareable(&civic);
    let token = String::from("token");
    spawnable(civic_sip::exchange_code(token.as_str()));
    spawnable(async move { civic.exchange_code(token).await });
}
