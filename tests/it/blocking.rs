//! The blocking client: in plain threads, where it should not be, and dropped anywhere.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use civic_sip::sandbox::Sandbox;
use civic_sip::{BoxFuture, Environment, SendOptions, Transport, TransportError, blocking};
use futures_executor::block_on;
use tokio::runtime::{Builder, Runtime};

use crate::support::people::ada;

fn sandbox() -> Sandbox {
    block_on(Sandbox::start()).unwrap()
}

fn client(sandbox: &Sandbox) -> blocking::CivicSip {
    blocking::CivicSipBuilder::from(sandbox.client_builder()).build().unwrap()
}

/// Fails the test instead of hanging it.
fn soon<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = mpsc::channel();
    let thread = thread::spawn(move || done.send(what()).unwrap());
    match wait.recv_timeout(Duration::from_secs(60)) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a hang"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().unwrap_err())
        }
    }
}

#[test]
fn it_exchanges_in_plain_threads() {
    let sandbox = sandbox();
    let civic = client(&sandbox);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let civic = civic.clone();
                for _ in 0..8 {
                    let token = sandbox.issue_token(&ada());
                    assert_eq!(civic.exchange_code(&token).unwrap(), ada());
                    let error = civic.exchange_code(&token).unwrap_err();
                    assert_eq!(error.status(), Some(400));
                }
            });
        }
    });
}

#[test]
fn the_builder_is_that_of_the_async_client() {
    let sandbox = sandbox();
    let civic = blocking::CivicSip::builder()
        .app_id(sandbox.app_id())
        .private_signing_key(sandbox.private_signing_key())
        .secret(sandbox.secret())
        .environment(Environment::Dev)
        .base_url(sandbox.base_url())
        .stage_in_url(true)
        .sip_public_key(sandbox.sip_public_key())
        .audience("https://api.civic.com/sip/")
        .leeway(Duration::from_secs(1))
        .timeout(Duration::from_secs(10))
        .connect_timeout(Duration::from_secs(1))
        .proxy("http://proxy.example.com:3128")
        .max_response_bytes(1 << 20)
        .payload_hosts(["example.com"])
        .clock(SystemTime::now)
        .build()
        .unwrap();
    let token = sandbox.issue_token(&ada());
    let request = civic.request(&token).unwrap();
    assert!(request.uri().to_string().ends_with("/dev/scopeRequest/authCode"));
    assert_eq!(civic.exchange_code(&token).unwrap(), ada());
    assert!(civic.response(500, Vec::new()).unwrap_err().is_api());
    assert!(!format!("{civic:?}").contains(sandbox.secret()));

    let error = blocking::CivicSip::new("", "", "").unwrap_err();
    assert!(error.is_config());
    let error = blocking::CivicSip::builder().proxy("x").build().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("proxy"));
    assert!(blocking::CivicSip::from_env().unwrap_err().is_config());
}

fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut builder| builder.enable_all().build().unwrap())
}

#[test]
fn inside_of_async_tasks_it_blocks_and_does_not_panic() {
    let sandbox = Arc::new(sandbox());
    for runtime in runtimes() {
        let sandbox = Arc::clone(&sandbox);
        soon(move || {
            runtime.block_on(async {
                // Built, used and dropped inside.
                let civic = client(&sandbox);
                let token = sandbox.issue_token(&ada());
                assert_eq!(civic.exchange_code(token).unwrap(), ada());
                let task = tokio::spawn({
                    let (civic, token) = (civic.clone(), sandbox.issue_token(&ada()));
                    async move { civic.exchange_code(token) }
                });
                assert_eq!(task.await.unwrap().unwrap(), ada());
                let token = sandbox.issue_token(&ada());
                let task = tokio::task::spawn_blocking(move || civic.exchange_code(token));
                assert_eq!(task.await.unwrap().unwrap(), ada());
            });
        });
    }
}

#[test]
fn it_does_not_wait_for_connections_of_the_runtime_that_it_blocks() {
    let sandbox = sandbox();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    soon(move || {
        runtime.block_on(async {
            let civic = sandbox.client_builder().build().unwrap();
            // Leaves a connection that this runtime drives.
            civic.exchange_code(sandbox.issue_token(&ada())).await.unwrap();
            let blocking = blocking::CivicSip::from(civic.clone());
            assert_eq!(blocking.exchange_code(sandbox.issue_token(&ada())).unwrap(), ada());
            assert_eq!(civic.exchange_code(sandbox.issue_token(&ada())).await.unwrap(), ada());
        });
    });
}

#[test]
fn it_may_be_dropped_anywhere() {
    let sandbox = Arc::new(sandbox());
    let used = || {
        let civic = client(&sandbox);
        civic.exchange_code(sandbox.issue_token(&ada())).unwrap();
        civic
    };
    drop(used());
    drop(client(&sandbox));
    for runtime in runtimes() {
        let (one, other, unused) = (used(), used(), client(&sandbox));
        runtime.block_on(async move {
            drop((one, unused));
            tokio::spawn(async move { drop(other) }).await.unwrap();
        });
        let last = used();
        runtime.spawn(async move {
            let _last = last;
            std::future::pending::<()>().await;
        });
        drop(runtime);
    }
    let last = used();
    thread::spawn(move || drop(last)).join().unwrap();
    thread_local!(static LAST: Mutex<Option<blocking::CivicSip>> = const { Mutex::new(None) });
    let last = used();
    thread::spawn(move || LAST.with(|slot| *slot.lock().unwrap() = Some(last))).join().unwrap();
}

/// Does what it is told with each request.
struct Calls<F>(F);

impl<F> Transport for Calls<F>
where
    F: Fn() -> Result<http::Response<Vec<u8>>, TransportError> + Send + Sync,
{
    fn send<'a>(
        &'a self,
        _: http::Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async move { (self.0)() })
    }
}

#[test]
fn a_transport_that_panics_is_an_error_and_the_client_goes_on() {
    let sandbox = sandbox();
    let first = Mutex::new(true);
    let transport = Calls(move || {
        if std::mem::take(&mut *first.lock().unwrap_or_else(|poisoned| poisoned.into_inner())) {
            panic!("on purpose");
        }
        Ok(http::Response::builder().status(400).body(Vec::new()).unwrap())
    });
    let builder = blocking::CivicSipBuilder::from(sandbox.client_builder());
    let civic = builder.transport(transport).build().unwrap();
    soon(move || {
        let error = civic.exchange_code("token").unwrap_err();
        assert!(error.is_transport() && !error.is_retryable(), "{error:?}");
        assert_eq!(civic.exchange_code("token").unwrap_err().status(), Some(400));
    });
}

#[test]
fn a_transport_that_waits_for_its_own_client_is_told_so() {
    let sandbox = sandbox();
    let itself = Arc::new(Mutex::new(None::<blocking::CivicSip>));
    let (inside, seen) = (Arc::clone(&itself), Arc::new(Mutex::new(None)));
    let saw = Arc::clone(&seen);
    let transport = Calls(move || {
        let civic = inside.lock().unwrap().take().unwrap();
        *saw.lock().unwrap() = Some(civic.exchange_code("token"));
        // The last but one is dropped on the client's own thread.
        drop(civic);
        Err(TransportError::Failed("on purpose".into()))
    });
    let builder = blocking::CivicSipBuilder::from(sandbox.client_builder());
    let civic = builder.transport(transport).build().unwrap();
    *itself.lock().unwrap() = Some(civic.clone());
    soon(move || assert!(civic.exchange_code("token").unwrap_err().is_transport()));
    assert!(seen.lock().unwrap().take().unwrap().unwrap_err().is_config());
}

#[test]
fn the_configured_client_serves_both_kinds_of_callers() {
    assert!(blocking::exchange_code("token").unwrap_err().is_config());
    let sandbox = sandbox();
    let configure = |sandbox: &Sandbox| {
        civic_sip::configure(|config| {
            config.app_id = sandbox.app_id().into();
            config.private_signing_key = sandbox.private_signing_key().into();
            config.secret = sandbox.secret().into();
            config.base_url = Some(sandbox.base_url().into());
            config.sip_public_key = Some(sandbox.sip_public_key().into());
        })
        .unwrap();
    };
    configure(&sandbox);
    assert_eq!(blocking::exchange_code(sandbox.issue_token(&ada())).unwrap(), ada());
    for runtime in runtimes() {
        runtime.block_on(async {
            let token = sandbox.issue_token(&ada());
            assert_eq!(civic_sip::exchange_code(token).await.unwrap(), ada());
            let token = sandbox.issue_token(&ada());
            assert_eq!(blocking::exchange_code(token).unwrap(), ada());
        });
    }
    let other = self::sandbox();
    configure(&other);
    assert!(blocking::exchange_code(sandbox.issue_token(&ada())).unwrap_err().is_api());
    assert_eq!(blocking::exchange_code(other.issue_token(&ada())).unwrap(), ada());
}
