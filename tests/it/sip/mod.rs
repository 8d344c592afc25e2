//! Requests, responses and the client that sends and opens them.

mod client;
mod config;
mod envelope;
#[cfg(feature = "sandbox")]
mod exchange;
#[cfg(feature = "sandbox")]
mod runtime;
mod user_data;
mod vectors;
mod verification;
