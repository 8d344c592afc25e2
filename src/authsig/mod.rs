//! Signed URLs that prove who someone is: AuthSig, its original signature and a better one.
//!
//! An app sends a person to an AuthSig server, `/verify/request?login=user_1`. If that person is logged in there as
//! `user_1`, the server answers with a signed URL, `/verify/verified?login=user_1&signature=…`, and whoever gets that
//! URL can check it. Everything in its query is signed, and any parameter may be added.
//!
//! The signature of version 2 is also good for any signed link of one's own, with no server at all: login links,
//! invitations, callbacks.
//!
//! ```
//! use civic_sip::authsig::{Signer, Verified, Verifier};
//!
//! let signer = Signer::new("at least sixteen bytes");
//! let url: String = signer.sign_url("https://id.example/verify/verified?login=user_1")?;
//!
//! let verified: Verified = Verifier::new("at least sixteen bytes").verify_url(&url)?;
//! assert_eq!(verified.login(), Some("user_1"));
//! assert_eq!(verified.service(), "password");
//! # Ok::<(), civic_sip::authsig::Error>(())
//! ```
//!
//! # Which to use
//!
//! | you have | use | it proves |
//! |---|---|---|
//! | links of your own, signed and verified by you | [`Signer`] and [`Verifier`] with a [`purpose`](Signer::purpose) | every parameter |
//! | an AuthSig server that signs version 2, and its secret | [`Verifier`] | who was identified; every other parameter is what the asker asked for |
//! | an original AuthSig server, and its secret | `legacy::Verifier` (feature `authsig-legacy`); read [what it can't promise](#what-is-wrong-with-the-original) | login, service, time, expiry, if the text has one reading only |
//! | a server of either kind, but no secret | [`Remote`] | as above, by the word of the server |
//! | to ask a server | [`Request`], and [`Notification`] for its answer | – |
//! | a server to write | [`decide`] | – |
//!
//! # What to do with a verified URL
//!
//! - Read [`Verified`], never the framework's own query: that has unsigned parameters, too, and frameworks differ in
//!   how they read repeated names, brackets and odd characters. What they could differ in is refused.
//! - A link for one's own use needs a [`purpose`](Signer::purpose), or a secret that no AuthSig server signs with: such
//!   a server signs whatever parameters it is asked to. [Bind](Signer::bind_to) it to its address, too, where one
//!   secret serves several.
//! - Give it an [expiry](Signer::expires_in). What is to happen once needs [`Signer::single_use`], and
//!   [`Verified::consume`] **before** it happens; verifying alone uses nothing up, since mail scanners open links.
//! - Secrets have at least 16 bytes; 32 random ones are best. To replace one, see [`Signer::with_keys`].
//!
//! # The signature of version 2
//!
//! `signature=v2.<mac>`, or `v2.<key id>.<mac>`: the HMAC-SHA256, in unpadded base64url, of
//!
//! ```text
//! authsig-v2
//! <purpose>
//! <URL bound to>
//! <name>=<value>&<name>=<value>…
//! ```
//!
//! with the decoded parameters sorted by the bytes of their names, and every byte but `A-Z a-z 0-9 - . _ ~` written
//! as `%XX`. So no two sets of parameters share a text. Queries over 16 KiB or 256 parameters are refused.
//!
//! # What is wrong with the original
//!
//! Its signed text has nothing between parameters, so that one text, and one signature, belongs to many URLs; it lets
//! the query replace the secret; bcrypt stops at a NUL byte of the digest; and a signature may ask for days of work.
//! The module `legacy` refuses each of these, and tells what it can't refuse.

mod checks;
pub mod decide;
mod error;
mod guard;
mod keys;
#[cfg(feature = "authsig-legacy")]
#[cfg_attr(docsrs, doc(cfg(feature = "authsig-legacy")))]
pub mod legacy;
mod location;
mod names;
mod notification;
mod query;
mod remote;
mod request;
mod settings;
mod signer;
mod time;
mod verified;
mod verifier;

pub use error::Error;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use guard::RedisGuard;
pub use guard::{Claim, ClaimFuture, MemoryGuard, ReplayGuard};
pub use notification::Notification;
pub use remote::Remote;
pub use request::{Request, Time};
pub use signer::Signer;
pub use verified::Verified;
pub use verifier::Verifier;
