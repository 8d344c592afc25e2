//! The decisions of an AuthSig server about requests, with no I/O.
//!
//! An [`Authority`] is given a request's query, who is logged in, the stored defaults, the person's consent and the time.
//! It refuses, or returns a [`Signed`] URL with the address to redirect the person to and the notification to send. The
//! server adds accounts, sessions, pages, storage, and a
#![cfg_attr(feature = "client", doc = "[`Notifier`](super::Notifier).")]
#![cfg_attr(not(feature = "client"), doc = "`Notifier` (feature `client`).")]
//!
//! ```
//! use std::time::SystemTime;
//! use civic_sip::authsig::PrivateKey;
//! use civic_sip::authsig::decide::{Authority, Defaults, Person, Refusal};
//!
//! let authority = Authority::builder("https://id.example/verify")
//!     .private_key(PrivateKey::generate()?)
//!     .allow("https://app.example/in")
//!     .build()?;
//!
//! let person = Person::new("user_1", "the id of the session, from the cookie");
//! let decide = |query| authority.decide(query, Some(&person), &Defaults::new(), None, SystemTime::now());
//!
//! let signed = decide("login=user_1&redirect_url=https%3A%2F%2Fapp.example%2Fin")?;
//! let redirect = signed.redirect().unwrap();
//! assert!(redirect.starts_with("https://app.example/in?authsig=https%3A%2F%2Fid.example%2Fverify%2Fverified%3Flogin"));
//!
//! assert!(matches!(decide("login=user_2"), Err(Refusal::WrongLogin)));
//! let elsewhere = decide("login=user_1&redirect_url=https%3A%2F%2Felsewhere.example%2F");
//! assert!(matches!(elsewhere, Err(Refusal::NeedsConsent(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Duties of a server
//!
//! - **Look up the defaults** that [`slugs`] names, and pass those that exist.
//! - **Ask the person** if the answer is [`Refusal::NeedsConsent`]: show the whole hosts of both addresses and what they
//!   will learn. Decide again with the [`Consent`] once the person has confirmed by POST, in a form of the server. A GET must
//!   never count as consent.
//! - **Redirect** with status 303, and only to [`Signed::redirect`]; don't show the URL if [`Signed::is_hidden`].
//! - **Serve `{base}/verified`** by [`Authority::verify`], and `{base}/keys` by [`Authority::jwks`].
//! - **Restrict who stores defaults**: parameters of a default take part in decisions about others.

mod allow_list;
mod authority;
mod consent;
mod defaults;
mod error;
#[cfg(feature = "client")]
pub(super) mod notifier;
mod request;
mod signed;

pub use authority::{Authority, AuthorityBuilder};
pub use consent::{Consent, ConsentRequest, Person};
pub use defaults::{DefaultParams, Defaults, is_slug};
pub use error::{DefaultError, Refusal};
pub use request::{redirect_url, slugs};
pub use signed::{Delivery, Signed};
