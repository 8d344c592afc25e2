//! Signed URLs: links that an app signs for itself, and identities that an AuthSig server signs.
//!
//! The two are kept apart: no link is accepted as an identity, and no identity as a link.
//!
//! # Links
//!
//! An app signs links for itself: invitations, password resets, downloads, callbacks. [`Signer`] signs them, [`Verifier`]
//! verifies them, and [`Verified`] has the signed parameters.
//!
//! ```
//! use std::time::Duration;
//! use civic_sip::authsig::{Secret, Signer, Verified, Verifier};
//!
//! let secret = Secret::generate()?; // kept in the configuration
//! let signer = Signer::builder()
//!     .secret(&secret)
//!     .purpose("invitation")
//!     .public_url("https://app.example")
//!     .expires_in(Duration::from_secs(3600))
//!     .build()?;
//! let url: String = signer.link("/join").param("team", "blue").sign()?;
//!
//! let verifier = Verifier::builder()
//!     .secret(&secret)
//!     .purpose("invitation")
//!     .public_url("https://app.example")
//!     .require_expiry()
//!     .build()?;
//! let verified: Verified = verifier.verify_url(&url)?;
//! assert_eq!(verified.get("team"), Some("blue"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Rules for apps:
//!
//! - Read [`Verified`], never the framework's own query: that also has ignored parameters, and frameworks differ in how
//!   they read repeated names, brackets and unusual characters. Verifiers reject what frameworks could read differently.
//! - Give each kind of link a [purpose](SignerBuilder::purpose). The path is signed, the method of the request is not.
//! - Set the [public URL](SignerBuilder::public_url). Without it the signature covers path and query only, so the
//!   host of a URL proves nothing.
//! - Give links an [expiry](SignerBuilder::expires_in) and [require](VerifierBuilder::require_expiry) it. For a link that works
//!   once, sign with [`single_use`](SignerBuilder::single_use) and call [`Verified::consume`] **before** acting. Verifying
//!   alone does not use a link up, since mail scanners open links.
//! - To end a link when a password changes, put a fingerprint of the password's hash into a parameter or the purpose.
//!
//! # Identities
//!
//! An app sends a browser to an AuthSig server with a [`Request`], and the server sends it back with a signed URL that says
//! who the person is. [`Remote`] verifies it with the keys that the server publishes, [`IdentityVerifier`] with keys that the
//! app has, offline and years later. Both return an [`Identity`].
//!
//! ```no_run
//! use civic_sip::authsig::{Identity, Remote, Request, State};
//!
//! # async fn handler(signed_url: &str, stored_state: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let state = State::generate()?; // keep it in the session of this browser, for this attempt
//! let url = Request::new("https://id.example/verify")
//!     .provides(["login"])
//!     .redirect_url("https://app.example/in")
//!     .state(&state)
//!     .url()?;
//!
//! // The browser comes back to https://app.example/in?authsig=<signed URL>.
//! let remote = Remote::builder("https://id.example/verify").audience("https://app.example/in").build()?;
//! let identity: Identity = remote.log_in(signed_url, &stored_state.parse()?).await?;
//! # Ok(()) }
//! ```
//!
//! Rules for apps:
//!
//! - Log a browser in by [`log_in`](Remote::log_in) only. [`verify_url`](Remote::verify_url) and [`Notification`] say that a
//!   person was identified, but not that it is this browser's user: anybody can send a browser with a URL that they have
//!   seen, or with their own.
//! - Once the person is logged in, delete the state and change the id of the session.
//! - Identify a person by base URL, service and login together. The same login of another service or server is another
//!   person.
//! - Set the [audience](RemoteBuilder::audience): without it, another app could log in as a person with the URL that the
//!   person made for that app.
//!
//! # Version 2 and version 3
//!
//! A [secret](SignerBuilder::secret) makes version 2 (`signature=v2.…`, HMAC-SHA256): anyone who can verify can sign. A
//! [`PrivateKey`] makes version 3 (`signature=v3.…`, ES256): anyone who has the [`PublicKeys`] can verify, and only the
//! owner can sign. Both sign this text:
//!
//! ```text
//! authsig-v2
//! <purpose>
//! <address>
//! <name>=<value>&<name>=<value>…
//! ```
//!
//! The address is the path, with a public URL scheme, host and port as well, and empty for a bare query. The decoded
//! parameters follow in the order of the URL, every byte but `A-Z a-z 0-9 - . _ ~` written as `%XX`. So no two links
//! share a text. Queries over 16 KiB or 256 parameters are rejected.

mod address;
pub mod decide;
mod error;
mod identity;
mod keys;
#[cfg(feature = "authsig-legacy")]
#[cfg_attr(docsrs, doc(cfg(feature = "authsig-legacy")))]
pub mod legacy;
mod link;
mod query;
mod replay;
mod request_names;
mod reserved;
mod scope;
mod signer;
mod time;
mod url;
mod verified;
mod verifier;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use decide::notifier::{Notifier, NotifierBuilder, NotifyError, NotifyResponse};
pub use error::{
    ConfigError, ConfigProblem, QueryError, ReplayError, SignError, TimeError, UrlError,
    VerifyError,
};
pub use identity::{
    Identity, IdentityVerifier, IdentityVerifierBuilder, Notification, Remote, RemoteBuilder,
    RemoteError, Request, State,
};
pub use keys::{PrivateKey, PublicKeys, Secret};
pub use link::Link;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use replay::RedisGuard;
pub use replay::{Claim, ClaimFuture, MemoryGuard, ReplayGuard};
pub use signer::{Signer, SignerBuilder};
pub use verified::Verified;
pub use verifier::{Verifier, VerifierBuilder};
