//! The signature of the original AuthSig server (feature `authsig-legacy`): for the time until everyone speaks
//! [version 2](super).
//!
//! It is bcrypt (`$2a$`) of the SHA-256 of all parameters, the secret among them, sorted by name and written
//! `name:value` **with nothing between them**. So one signed text has many readings, and one signature fits many
//! URLs: `login=attacker&a=zlogin:adminm:` signs the text of `a=z&login=admin&m=login:attacker`. The original accepts
//! all of them.
//!
//! [`Verifier`] accepts a URL only if **every** reading of its signed text has the same `login`, `service`, `time` and
//! `expires_at`. These four are proven, and nothing else is: every other parameter is what the asker chose to have
//! signed, in one of its readings. [`Verified`] gives them only by [`asked_for`](Verified::asked_for).
//!
//! With no assumption that refuses most URLs that have more parameters than `login` and either `service` or an epoch
//! `time`. What is known of the signing side makes more of them pass:
//!
//! - [`only_names`](Verifier::only_names): it signs no other names, and no values that contain one of them followed
//!   by a colon. The [`Signer`] keeps to that for the names it is given. **It is not true of the original server**,
//!   which signs anything: do not claim it for that one.
//! - [`logins`](Verifier::logins): which logins could ever have existed.
//!
//! # What the legacy signature cannot promise
//!
//! - The promise holds only where **everyone** who signs with the secret does so after checking login, service and
//!   time. The original does not: asked with `notify_url`, it posts a valid signature for any login to any address,
//!   to a caller who is not even logged in. A URL signed by an original server that can be reached from outside
//!   therefore proves nothing at all; let it be asked only by those you trust, or put
//!   [`decide`](super::decide) in its place.
//! - 11.8 % of all texts can't be signed: their digest has a NUL byte, at which bcrypt stops. Change any parameter.
//! - Nothing is single-use, bound to a URL or kept to a purpose, and a signature costs tens of milliseconds.
//! - `time` is the asker's: the server checks only that it is within `time_fudge`, which the asker chooses, too.
//!
//! ```
//! use civic_sip::authsig::legacy::{Signer, Verifier};
//!
//! let names = ["login", "service", "time", "time_fudge", "redirect_url"];
//! let signer = Signer::new("house secret").cost(4).only_names(names);
//! let url = signer.sign_url("https://id.example/verify/verified?login=user_1&redirect_url=https%3A%2F%2Fapp.example")?;
//! let verified = Verifier::new("house secret").only_names(names).verify_url(&url)?;
//! assert_eq!(verified.login(), Some("user_1"));
//! assert_eq!(verified.asked_for("redirect_url"), Some("https://app.example"));
//! # Ok::<(), civic_sip::authsig::Error>(())
//! ```

mod ambiguity;
mod bcrypt;
mod parameters;
mod rack;
mod signer;
mod verified;
mod verifier;

pub use signer::Signer;
pub use verified::Verified;
pub use verifier::Verifier;

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::error::Error;
use super::names;
use super::query::Pair;
use ambiguity::Names;
use parameters::Parameters;

/// What a signer and a verifier have to agree on.
#[derive(Clone)]
struct Settings {
    secret: Zeroizing<Vec<u8>>,
    defaults: BTreeMap<String, String>,
    only_names: Option<Result<Names, Error>>,
}

impl Settings {
    fn new(secret: &[u8]) -> Self {
        Self {
            secret: Zeroizing::new(secret.to_vec()),
            defaults: BTreeMap::new(),
            only_names: None,
        }
    }

    fn set_only_names(&mut self, names: impl IntoIterator<Item = impl AsRef<str>>) {
        self.only_names = Some(parameters::listed(names));
    }

    fn set_defaults(
        &mut self,
        defaults: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) {
        self.defaults =
            defaults.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    }

    fn check(&self) -> Result<(), Error> {
        let stored = self.defaults.get("secret");
        if self.secret.is_empty() || stored.is_some_and(|secret| secret.is_empty()) {
            return Err(Error::EmptySecret);
        }
        let Some(names) = self.only_names()? else { return Ok(()) };
        let others = self.defaults.iter().filter(|(name, _)| *name != "secret");
        others.into_iter().try_for_each(|(name, value)| names.check(name, value))
    }

    fn only_names(&self) -> Result<Option<&Names>, Error> {
        self.only_names.as_ref().map(|names| names.as_ref().map_err(Clone::clone)).transpose()
    }

    /// The parameters and the text that is signed for them.
    fn read(&self, pairs: &[Pair<'_>]) -> Result<Read<'_>, Error> {
        // What is stored takes part only where the URL names it.
        let names_default = pairs.iter().any(|pair| names::base(&pair.name) == "default");
        let nothing = BTreeMap::new();
        let defaults = if names_default { &self.defaults } else { &nothing };
        let parameters = Parameters::read(pairs, defaults)?;
        if let Some(names) = self.only_names()? {
            parameters.check_names(names)?;
        }
        // It may replace the house secret.
        let secret = match self.defaults.get("secret").filter(|_| names_default) {
            Some(secret) => secret.as_bytes(),
            None => &self.secret,
        };
        let text = Zeroizing::new(parameters.text(secret));
        parameters.check_size(&text)?;
        Ok(Read { parameters, secret, text })
    }
}

/// A query, read as the original server does.
struct Read<'s> {
    parameters: Parameters,
    secret: &'s [u8],
    /// What is signed.
    text: Zeroizing<Vec<u8>>,
}

/// Defaults may hold a secret: their names are enough.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("defaults", &self.defaults.keys())
            .field("only_names", &self.only_names)
            .finish_non_exhaustive()
    }
}

/// The setters that both sides share, documented once.
macro_rules! shared_setters {
    ($only_names:literal) => {
        #[doc = $only_names]
        pub fn only_names(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
            self.settings.set_only_names(names);
            self
        }

        /// Takes stored parameters into the signed text that are not in the URL, as the slugs of its `default` say.
        ///
        /// Parameters of the URL come before them; a `secret` among them takes the place of the house secret. They count
        /// only for a URL that has a `default`.
        ///
        /// **They have to be what is stored under the slugs of the very URL in hand**, looked up for each URL, and a slug
        /// under which nothing is stored has to be refused: otherwise the text may have been signed without them.
        pub fn defaults(
            mut self,
            defaults: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
        ) -> Self {
            self.settings.set_defaults(defaults);
            self
        }
    };
}
use shared_setters;

/// Moves work off the async threads.
#[cfg(any(feature = "client", feature = "redis"))]
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    // `spawn_blocking` itself would panic without a runtime.
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
    runtime.spawn_blocking(work).await.map_err(|_| Error::NoRuntime)?
}
