//! The protocol without an HTTP stack and without a runtime.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use civic_sip::CivicSip;

fn main() {
    let civic = CivicSip::new(
        "app42",
        "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4",
        "50c0c3273d5a7ca8a04287f82c6d0111",
    )
    .expect("a client");
    let request = civic.request("token").expect("a request");
    assert_eq!(request.uri().host(), Some("api.civic.com"));
    assert!(civic.response(200, b"{}".to_vec()).expect_err("no envelope").is_malformed());

    let mut exchange = pin!(civic.exchange_code("token"));
    match exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) => assert!(error.is_config(), "{error}"),
        _ => panic!("there is nothing to send with"),
    }
    println!("a request of {} bytes", request.body().len());
}
