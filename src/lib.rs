//! Client of the Civic Secure Identity Platform (SIP): exchanges a one-time token for verified personal data.
//!
//! A person approves a request in a wallet app; the browser passes a code token to your backend;
//! [`CivicSip::exchange_code`] exchanges it for [`UserData`].
//!
//! ```no_run
//! # async fn handler(token: &str) -> Result<(), civic_sip::Error> {
//! use civic_sip::{CivicSip, UserData};
//!
//! let civic = CivicSip::from_env()?;
//! let user: UserData = civic.exchange_code(token).await?;
//! println!("{} {:?}", user.user_id(), user.email());
//! # Ok(())
//! # }
//! ```
//!
//! - [`CivicSip`] is the client, [`CivicSipBuilder`] configures it; [`configure`] and [`exchange_code`] share one client
//!   in the whole process.
//! - [`CivicSip::request`] and [`CivicSip::response`] do the same without I/O; [`Transport`] sends with another HTTP stack.
//! - [`authsig`] signs and verifies links, and verifies identities; [`signatures`] shows which signature to use for what,
//!   and [`authsig_specification`] is for implementers in other languages.
//! - [`guide`] goes through all of it, from the credentials to production.
//! - [`Error`] tells in which of seven ways an exchange failed, and whether the token may be sent again.
//! - [`threat_model`] says who attacks, what stops them, and what is not promised.
#![cfg_attr(
    feature = "sandbox",
    doc = "- [`sandbox`] plays the hosted service, for development and tests; [`testing`] shows how to test an app with it."
)]
#![cfg_attr(feature = "blocking", doc = "- [`blocking`] is the client for code that is not async.")]
#![cfg_attr(
    feature = "axum",
    doc = "- [`axum`] has extractors for AuthSig URLs, and turns errors into responses."
)]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The crate runs in other people's processes: it must not panic or print.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented,
        clippy::exit,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

// Modules, each of which uses only those above it:
//
//     encoding     base64 and strict JSON            clock      the source of the time
//     crypto       two backends, one interface       transport  requests out, responses in; no protocol
//     user_data    labels, items, the document; reads with encoding
//     protocol     requests and the checks of responses; from crypto, encoding and user_data; no I/O
//     error        the errors of protocol, transport and user_data, as one type
//     client       protocol + transport + clock: configuration, retries, payload links
//     blocking     the client on a thread
//     authsig      signed URLs; from crypto, encoding, clock and transport, but not from the client
//     sandbox      the hosted service; from crypto, encoding, protocol, and the client's builder
//     axum         errors and AuthSig URLs in handlers

pub mod authsig;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod axum;
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
mod client;
mod clock;
mod crypto;
mod encoding;
mod error;
mod protocol;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
#[doc = include_str!("docs/testing.md")]
#[doc = concat!(
    "# A whole test for axum\n\nThe development dependencies are this crate with `sandbox`, `tokio` with `macros`, and ",
    "`tower` with `util`.\n\n```rust,ignore\n",
    include_str!("../examples/testing/axum.rs"),
    "```\n\n# A whole test for actix-web\n\nThe development dependency is this crate with `sandbox`.\n\n```rust,ignore\n",
    include_str!("../examples/testing/actix.rs"),
    "```\n\n# A whole test in JavaScript\n\nThe app, `app.mjs`, is beside it in `examples/testing`.\n\n```javascript\n",
    include_str!("../examples/testing/node.test.mjs"),
    "```\n",
)]
pub mod testing {}
#[doc = include_str!("docs/signatures.md")]
pub mod signatures {}
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod guide;
#[doc = concat!(
    include_str!("docs/authsig_specification.md"),
    "\n```json\n",
    include_str!("../tests/vectors/authsig_v2_v3.json"),
    "\n```\n",
)]
pub mod authsig_specification {}
#[doc = include_str!("docs/threat_model.md")]
pub mod threat_model {}
mod transport;
mod user_data;

pub use client::global::{Config, configure, exchange_code};
pub use client::{CivicSip, CivicSipBuilder, Environment, PayloadLink, Reply};
pub use error::{Error, MalformedError};
pub use http;
pub use protocol::error::{ApiError, VerificationError};
pub use transport::{BoxError, BoxFuture, SendOptions, Transport, TransportError};
pub use user_data::{IdentityDocument, OwnedIdentityDocument, UserData, UserDataItem, labels};

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
