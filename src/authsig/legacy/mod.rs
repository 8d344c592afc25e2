//! The signature of the original AuthSig server (feature `authsig-legacy`): for URLs that were stored, and for moving
//! off it. Nothing else in the crate accepts it.
//!
//! It is bcrypt (`$2a$`) of the SHA-256 of all parameters, the secret among them, sorted by name and written
//! `name:value` **with nothing between them**. So one signed text has many readings, and one signature fits many
//! URLs: the text of `login=attacker&a=zlogin:adminm:` is also that of `a=z&login=admin&m=login:attacker`. The
//! original accepts all of them.
//!
//! ```
//! use civic_sip::authsig::legacy::{Signer, Verifier};
//!
//! let names = ["login", "service", "time", "time_fudge", "redirect_url"];
//! let signer = Signer::builder().secret("house secret").only_names(names).cost(4).build()?;
//! let url = signer.sign_url("https://id.example/verify/verified?login=user_1&redirect_url=https%3A%2F%2Fapp.example")?;
//!
//! let verifier = Verifier::builder().secret("house secret").only_names(names).build()?;
//! let identity = verifier.verify_url(&url)?;
//! assert_eq!(identity.login(), "user_1");
//! assert_eq!(identity.asked_for("redirect_url"), Some("https://app.example"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The promise of a verifier
//!
//! A [`Verifier`] accepts a URL only if **every** reading of its signed text has the same `login`, `service`, `time`
//! and `expires_at`. These four are proven, if everyone who signs with the secret checks them first. Everything else
//! is what an asker chose to have signed, in one of its readings: [`asked_for`](super::Identity::asked_for) returns it. The
//! service and the login together say who somebody is; the login alone does not.
//!
//! With no assumption, most URLs are rejected that have more parameters than `login` and either `service` or a `time`
//! in epoch seconds. Two assumptions about the signing side make more of them pass:
//!
//! - [`only_names`](VerifierBuilder::only_names): it signs no other names, and no value that contains one of them
//!   followed by a colon. A [`Signer`] keeps to the names it is given. **The original server does not**: it signs
//!   anything, and assuming this of it accepts forged URLs.
//! - [`logins`](VerifierBuilder::logins): no other logins have ever existed.
//!
//! # Rejections
//!
//! | cause | error |
//! |---|---|
//! | the signed text can be read otherwise | [`LegacyError::Ambiguous`] |
//! | `default`, which stands for parameters that can't be known any more | [`LegacyError::Default`] |
//! | `secret` in any form, which would replace the house secret | [`QueryError::Secret`](super::QueryError::Secret) |
//! | a repeated or empty `login`, `service`, `time` or `expires_at` | [`QueryError::Repeated`](super::QueryError::Repeated), [`QueryError::Empty`](super::QueryError::Empty) |
//! | one of these nested or in brackets | [`QueryError::Lookalike`](super::QueryError::Lookalike) |
//! | whatever else version 2 rejects in a query | [`QueryError`](super::QueryError) |
//! | other brackets than `name[]` | [`LegacyError::Parameter`] |
//! | a name or a value that `only_names` excludes | [`LegacyError::UnlistedName`], [`LegacyError::NameInValue`] |
//! | a login that `logins` excludes | [`LegacyError::UnknownLogin`] |
//! | a bcrypt cost above `max_cost`, before any hashing | [`LegacyError::CostTooHigh`] |
//! | more than 256 colons, or 1,024 logins to check | [`LegacyError::TooComplex`] |
//! | a digest with a NUL byte, where bcrypt stops | [`VerifyError::Mismatch`](super::VerifyError::Mismatch) |
//! | a time that is read in part, or ambiguously | [`TimeError`](super::TimeError) |
//!
//! `time` and `expires_at` are RFC 3339 with an offset, the full form `Tue May 21 17:17:19 UTC 2013`, or epoch
//! seconds that Ruby does not take for a date (`YYYYMMDDhh`).
//!
//! # Limits
//!
//! - The promise holds only where **everyone** who signs with the secret checks login, service and time first. The
//!   original does not: asked with `notify_url`, it posts a valid signature for any login to any address, even if
//!   nobody is logged in. A URL signed by an original server that strangers can reach proves nothing at all.
//! - No purpose, audience or address is signed, and nothing is single-use: whoever sees a URL can use it anywhere the
//!   secret is known, until it expires. So it must not let a browser in.
//! - `time` is the asker's choice within `time_fudge`, which is the asker's choice, too.
//! - 11.8 % of all texts can't be signed, since their digest has a NUL byte. [`LegacyError::NulInDigest`] tells the
//!   signing side, which must not tell the asker: it depends on the secret.
//! - Signing and verifying take tens of milliseconds of processor time.

mod ambiguity;
mod bcrypt;
mod parameters;
mod rack;
mod settings;
mod signer;
mod times;
mod verifier;

pub use super::error::LegacyError;
pub use signer::{Signer, SignerBuilder};
pub use verifier::{Verifier, VerifierBuilder};

/// Runs work on one of Tokio's blocking threads.
#[cfg(any(feature = "client", feature = "redis"))]
async fn spawn_blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<LegacyError> + Send + 'static,
{
    // `spawn_blocking` itself would panic without a runtime.
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| LegacyError::NoRuntime)?;
    match runtime.spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            // From `logins`: it goes on as in the blocking method.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(LegacyError::NoRuntime.into()),
        },
    }
}
