//! Client of the Civic Secure Identity Platform (SIP).
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod authsig;
#[cfg(feature = "blocking")]
pub mod blocking;
mod client;
mod crypto;
mod error;
mod protocol;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod transport;
mod user_data;

pub use client::global::{Config, configure, exchange_code};
pub use client::{CivicSip, CivicSipBuilder, Environment, PayloadLink, Reply};
pub use error::{ApiError, Error, MalformedError, VerificationError};
pub use transport::{BoxError, BoxFuture, Transport, TransportError};
pub use user_data::{IdentityDocument, UserData, UserDataItem};
