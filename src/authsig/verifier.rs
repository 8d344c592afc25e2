//! Verifying URLs, version 2.

use std::time::{Duration, SystemTime};

use super::checks::{Checks, check_setters};
use super::error::Error;
use super::keys::{Keys, Signature};
use super::location;
use super::settings::{Settings, shared_setters};
use super::time::Clock;
use super::verified::{Proof, Verified};

/// Verifies URLs signed by [`Signer`](super::Signer) with the same secret, purpose and URL bound to.
///
/// Verifying has no side effect: a mail scanner that opens a link does not use it up. See
/// [`Verified::consume`] for links that are good only once.
///
/// ```
/// use std::time::Duration;
/// use civic_sip::authsig::{Error, Signer, Verifier};
///
/// let signed = Signer::new("at least sixteen bytes")
///     .purpose("password-reset")
///     .expires_in(Duration::from_secs(600))
///     .sign_query("login=user_1")?;
/// let verifier = Verifier::new("at least sixteen bytes").purpose("password-reset").require_expiry();
/// assert_eq!(verifier.verify_query(&signed)?.login(), Some("user_1"));
///
/// let forged = signed.replace("user_1", "admin");
/// assert!(matches!(verifier.verify_query(&forged), Err(Error::Mismatch)));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Verifier {
    settings: Settings,
    checks: Checks,
}

impl Verifier {
    /// A verifier with one secret, of at least 16 bytes: with fewer, verifying fails.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self::with(Keys::single(secret.as_ref()))
    }

    /// A verifier with keys that have ids. A signature that names a key is tried with that one alone, one without
    /// an id with every key.
    pub fn with_keys(
        keys: impl IntoIterator<Item = (impl Into<String>, impl AsRef<[u8]>)>,
    ) -> Self {
        Self::with(Keys::with_ids(keys))
    }

    fn with(keys: Keys) -> Self {
        Self { settings: Settings::new(keys), checks: Checks::default() }
    }

    shared_setters!();
    check_setters!();

    /// Verifies an absolute URL, or one that begins with a single `/`, as a request line has it.
    ///
    /// # Errors
    ///
    /// Those of [`verify_query`](Self::verify_query), [`Error::BadUrl`], and [`Error::Elsewhere`] for an absolute
    /// URL that is not the one bound to.
    pub fn verify_url(&self, url: &str) -> Result<Verified, Error> {
        self.settings.check()?;
        let parts = location::split(url)?;
        self.settings.check_location(&parts)?;
        self.verify_query(parts.query)
    }

    /// Whether signatures are bound to a URL with another path than this one.
    #[cfg(feature = "axum")]
    pub(crate) fn is_bound_elsewhere(&self, path: &str) -> bool {
        self.settings.bound_path().is_some_and(|bound| bound != path)
    }

    /// Verifies a bare query, with no `?` before it.
    ///
    /// # Errors
    ///
    /// An [`Error`] that names the cause: the verifier is set up wrongly, the query can't be read in one way only,
    /// the signature is missing, malformed or another, or what was signed is not what is demanded.
    pub fn verify_query(&self, query: &str) -> Result<Verified, Error> {
        let mut pairs = self.settings.read(query)?;
        let signature = pairs
            .iter()
            .position(|pair| pair.name == "signature")
            .map(|at| pairs.remove(at))
            .ok_or(Error::MissingSignature)?;
        let signature = Signature::parse(signature.value())?;
        self.settings.retain_signed(&mut pairs);
        let text = self.settings.text(&pairs)?;
        let key_id = self.settings.keys.verify(&text, &signature)?.map(str::to_owned);
        let verified =
            Verified::new(&pairs, Proof::V2 { text, key_id }, self.settings.clock.clone())?;
        self.checks.check(&verified, &self.settings.clock)?;
        Ok(verified)
    }
}
