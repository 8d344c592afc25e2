//! The rest of the client's public API.

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::support::*;
use civic_sip::{
    BoxFuture, Environment, SendOptions, Transport, TransportError, UserData, UserDataItem, http,
    labels,
};
use serde_json::json;

const OTHER_KEY: &str = "049a45998638cfb3c4b211d72030d9ae8329a242db63bfb0076a54e7647370a8ac\
                         5708b57af6065805d5a6be72332620932dbb35e8d318fce18e7c980a0eb26aa1";

type Outcome = Result<http::Response<Vec<u8>>, TransportError>;

/// Returns the same body for every request.
struct Canned(Vec<u8>);

impl Transport for Canned {
    fn send<'a>(&'a self, _: http::Request<Vec<u8>>, _: SendOptions) -> BoxFuture<'a, Outcome> {
        Box::pin(async { Ok(http::Response::new(self.0.clone())) })
    }
}

/// Never responds.
struct Hangs;

impl Transport for Hangs {
    fn send<'a>(&'a self, _: http::Request<Vec<u8>>, _: SendOptions) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn any_of_several_service_keys_verifies() {
    let body = || envelope(&token(&claims(&items())), false);
    for keys in [&[SIP_PUBLIC_KEY, OTHER_KEY][..], &[OTHER_KEY, SIP_PUBLIC_KEY]] {
        let civic = builder().sip_public_keys(keys.iter().copied()).build().unwrap();
        assert!(open_with(&civic, body()).is_ok());
    }
    let civic = builder().sip_public_keys([OTHER_KEY]).build().unwrap();
    assert!(open_with(&civic, body()).unwrap_err().is_verification());
}

#[test]
fn service_keys_are_checked_when_the_client_is_built() {
    for keys in [vec![], vec![""], vec![OTHER_KEY, "04"]] {
        let error = builder().sip_public_keys(keys.iter().copied()).build().unwrap_err();
        assert!(error.is_config() && error.to_string().contains("sip_public_key"), "{error}");
    }
}

#[test]
fn a_builder_can_be_cloned() {
    let builder = builder();
    let prod = builder.clone().build().unwrap();
    let dev = builder.environment(Environment::Dev).build().unwrap();
    let path = |civic: &civic_sip::CivicSip| civic.request("t").unwrap().uri().path().to_owned();
    assert_eq!(path(&prod), "/prod/scopeRequest/authCode");
    assert_eq!(path(&dev), "/dev/scopeRequest/authCode");
    assert_eq!(prod.app_id(), APP_ID);
}

#[test]
fn environments_have_a_text_form() {
    for (environment, text) in [(Environment::Prod, "prod"), (Environment::Dev, "dev")] {
        assert_eq!(environment.to_string(), text);
        assert_eq!(text.parse::<Environment>().unwrap(), environment);
        assert_eq!(serde_json::to_value(environment).unwrap(), json!(text));
        assert_eq!(serde_json::from_value::<Environment>(json!(text)).unwrap(), environment);
    }
    for bad in ["", "Prod", "staging", " prod"] {
        assert!(bad.parse::<Environment>().unwrap_err().is_config(), "{bad}");
        assert!(serde_json::from_value::<Environment>(json!(bad)).is_err(), "{bad}");
    }
}

#[test]
fn an_api_error_has_status_and_body() {
    let error = client().response(409, b"insufficient funds".to_vec()).unwrap_err();
    let civic_sip::Error::Api(api) = &error else { panic!("{error:?}") };
    assert_eq!((api.status(), api.body()), (409, "insufficient funds"));
    assert_eq!((error.status(), error.body()), (Some(409), Some("insufficient funds")));
}

#[test]
fn only_a_single_valid_owned_value_is_trusted() {
    let item = |value: &str, valid, owner| UserDataItem::new("x", value, valid, owner);
    let trusted =
        |items: Vec<UserDataItem>| UserData::new("1", items).trusted("x").map(str::to_owned);
    assert_eq!(trusted(vec![item("v", true, true)]).as_deref(), Some("v"));
    for items in [
        vec![],
        vec![item("v", false, true)],
        vec![item("v", true, false)],
        vec![item("", true, true)],
        vec![item("v", true, true), item("v", true, true)],
        vec![item("v", true, true), item("w", false, false)],
    ] {
        assert_eq!(trusted(items.clone()), None, "{items:?}");
    }
}

#[test]
fn items_can_be_taken_out() {
    let user =
        UserData::new("1", vec![UserDataItem::new(labels::VERIFICATION_LEVEL, "true", true, true)]);
    assert_eq!(user.verification_level(), Some("true"));
    assert_eq!((&user).into_iter().count(), 1);
    assert_eq!(user.clone().into_iter().collect::<Vec<_>>(), user.clone().into_items());
}

#[test]
fn an_owned_document_is_what_can_be_trusted() {
    let item = |label, value, valid| UserDataItem::new(label, value, valid, true);
    let user = UserData::new(
        "1",
        vec![
            item(labels::DOCUMENT_TYPE, "Passport", true),
            item(labels::DOCUMENT_NUMBER, "X1234567", false),
            item(labels::DOCUMENT_DATE_OF_BIRTH, "1980-1-30", true),
        ],
    );
    let document = user.identity_document().unwrap().to_owned();
    drop(user);
    assert_eq!(document.document_type.as_deref(), Some("Passport"));
    assert_eq!(document.number, None);
    let json = serde_json::to_value(&document).unwrap();
    assert_eq!(json["dateOfBirth"], "1980-01-30");
    assert_eq!(serde_json::from_value::<civic_sip::OwnedIdentityDocument>(json).unwrap(), document);
    assert!(!format!("{document:?}").contains("Passport"));
}

#[cfg(feature = "client")]
#[tokio::test(start_paused = true)]
async fn a_transport_that_hangs_is_a_time_out() {
    let builder = builder().transport(Hangs).timeout(Duration::from_secs(7));
    let started = tokio::time::Instant::now();
    let error = builder.build().unwrap().exchange_code("token").await.unwrap_err();
    assert!(error.is_timeout() && !error.is_retryable(), "{error:?}");
    assert_eq!(started.elapsed().as_secs(), 7);
}

/// Returns the thread on which a response is verified, and whether that succeeds.
fn verifying_thread(size: usize) -> (civic_sip::CivicSipBuilder, Arc<Mutex<Vec<ThreadId>>>) {
    let picture = json!([{"label": labels::DOCUMENT_IMAGE, "value": "A".repeat(size)}]);
    let body = envelope(&token(&claims(&picture)), false);
    let threads = Arc::<Mutex<Vec<ThreadId>>>::default();
    let seen = Arc::clone(&threads);
    let builder = builder().transport(Canned(body)).clock(move || {
        seen.lock().unwrap().push(thread::current().id());
        at(NOW as f64)
    });
    (builder, threads)
}

#[cfg(feature = "client")]
#[tokio::test]
async fn a_large_response_is_verified_on_another_thread() {
    for (size, elsewhere) in [(1000, false), (300_000, true)] {
        let (builder, threads) = verifying_thread(size);
        builder.build().unwrap().exchange_code("token").await.unwrap();
        let last = *threads.lock().unwrap().last().unwrap();
        assert_eq!(last != thread::current().id(), elsewhere, "{size}");
    }
}

/// All threads for blocking work may be busy, for instance with callers that wait for exchanges.
#[cfg(feature = "client")]
#[test]
fn a_verification_that_gets_no_thread_is_a_time_out() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (release, busy) = std::sync::mpsc::channel::<()>();
    let (builder, _) = verifying_thread(300_000);
    let civic = builder.timeout(Duration::from_millis(10)).build().unwrap();
    let error = runtime.block_on(async {
        tokio::task::spawn_blocking(move || busy.recv());
        civic.exchange_code("token").await.unwrap_err()
    });
    drop(release);
    assert!(error.is_timeout() && !error.is_retryable(), "{error:?}");
}

#[test]
fn without_a_runtime_a_large_response_is_verified_inline() {
    let (builder, threads) = verifying_thread(300_000);
    futures_executor::block_on(builder.build().unwrap().exchange_code("token")).unwrap();
    let here = thread::current().id();
    assert!(threads.lock().unwrap().iter().all(|thread| *thread == here));
}

/// The threads that verify are not the one for I/O, which all callers share.
#[cfg(feature = "blocking")]
#[test]
fn blocking_callers_do_not_wait_for_each_others_verification() {
    let (builder, threads) = verifying_thread(300_000);
    let civic = civic_sip::blocking::CivicSipBuilder::from(builder).build().unwrap();
    civic.exchange_code("token").unwrap();
    let threads = threads.lock().unwrap();
    assert_ne!(threads.first(), threads.last());
}
