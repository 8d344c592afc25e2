//! What it costs to make a client.

use std::hint::black_box;

use civic_sip::{BoxFuture, CivicSip, SendOptions, Transport, TransportError};

use crate::measure::{Row, compare};
use crate::sip::Fixture;

struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(
        &'a self,
        _: http::Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async { Err(TransportError::NotSent("nowhere".into())) })
    }
}

pub fn with_a_transport(fixture: &Fixture) -> Row {
    let crypto = fixture.bare_operations();
    compare(
        "building a client with a given Transport",
        "5 P-256 signs",
        1.0,
        || drop(black_box(fixture.builder().transport(Nowhere).build().unwrap())),
        || (0..5).for_each(|_| crypto.sign()),
    )
}

pub fn new(fixture: &Fixture) -> Row {
    compare(
        "CivicSip::new",
        "a bare reqwest client",
        1.1,
        || {
            drop(black_box(
                CivicSip::new("app", fixture.private_signing_key(), fixture.secret()).unwrap(),
            ))
        },
        || drop(black_box(reqwest::Client::builder().build().unwrap())),
    )
}
