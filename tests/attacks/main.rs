//! Attacks that were tried once, tried again by each run: answers, URLs and requests, what is wrong with each, and the
//! error that it must get.
//!
//! Each line of `*.jsonl` is a case. One without an error is a control: it has to pass, so that the attacks beside it are
//! known to fail for their own reason. `generate/` makes the files:
//!
//! ```text
//! cargo run -p civic-sip-dev --example attacks
//! ```

mod case;
mod decide;
mod identities;
#[cfg(feature = "authsig-legacy")]
mod legacy;
mod links;
mod properties;
mod responses;
#[cfg(feature = "client")]
mod sockets;
