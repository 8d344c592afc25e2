//! AuthSig (draft docs).

mod checks;
pub mod decide;
mod error;
mod guard;
mod keys;
#[cfg(feature = "authsig-legacy")]
pub mod legacy;
mod location;
mod names;
mod notification;
mod original;
mod query;
mod readings;
mod remote;
mod request;
mod ruby;
mod settings;
mod signer;
mod time;
mod verified;
mod verifier;

pub use error::Error;
#[cfg(feature = "redis")]
pub use guard::RedisGuard;
pub use guard::{Claim, ClaimFuture, MemoryGuard, ReplayGuard};
pub use notification::Notification;
pub use remote::Remote;
pub use request::{Request, Time};
pub use signer::Signer;
pub use verified::Verified;
pub use verifier::Verifier;
