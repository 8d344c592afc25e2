//! Behaviour of the public API, by area. Tests that change the state of the whole process are programs of their own.

mod support;

mod authsig;
mod sip;
mod threat_model;

#[cfg(all(feature = "axum", feature = "sandbox"))]
mod axum;
#[cfg(all(feature = "blocking", feature = "sandbox"))]
mod blocking;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "sandbox")]
mod transport;
