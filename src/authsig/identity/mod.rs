//! Identities that an AuthSig server vouches for: asking it who somebody is, and verifying its answer.

mod audience;
mod error;
mod fetched_keys;
#[allow(clippy::module_inception, reason = "the room is named for the type")]
mod identity;
mod notification;
mod remote;
mod request;
mod state;
mod verifier;

pub use error::RemoteError;
pub use identity::Identity;
pub use notification::Notification;
pub use remote::{Remote, RemoteBuilder};
pub use request::Request;
pub use state::State;
pub use verifier::{IdentityVerifier, IdentityVerifierBuilder};
