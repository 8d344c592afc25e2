//! Verifying links.

mod builder;

use std::fmt;
use std::time::Duration;

use super::error::{ConfigError, UrlError, VerifyError};
use super::keys::{PublicKeys, Signature, VerifyingKeys};
use super::query::Pair;
use super::reserved;
use super::scope::Scope;
use super::time;
use super::url::{self, Address};
use super::verified::Verified;
use crate::clock::Clock;

pub use builder::VerifierBuilder;

/// Verifies links signed by a [`Signer`](super::Signer) with the same key, purpose and public URL.
///
/// Verifying has no side effect: a mail scanner that opens a link does not use it up. See [`Verified::consume`] for
/// links that are good only once.
///
/// ```
/// use civic_sip::authsig::{Signer, Verifier, VerifyError};
///
/// let url = Signer::new("at least sixteen bytes")?.sign_url("/join?login=user_1")?;
/// let verifier = Verifier::new("at least sixteen bytes")?;
/// assert_eq!(verifier.verify_url(&url)?.login(), Some("user_1"));
///
/// let forged = url.replace("user_1", "admin");
/// assert_eq!(verifier.verify_url(&forged).unwrap_err(), VerifyError::Mismatch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: VerifyingKeys,
    scope: Scope,
    demands: Demands,
}

impl Verifier {
    /// Makes a verifier with one secret, of at least 16 bytes.
    ///
    /// # Errors
    ///
    /// The errors of [`VerifierBuilder::build`].
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = Verifier::new("at least sixteen bytes")?;
    /// assert_eq!(Verifier::new("too short").unwrap_err().problems(), [ConfigProblem::WeakSecret]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::builder().secret(secret).build()
    }

    /// Returns a builder that configures a verifier.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let verifier = Verifier::builder().secret("at least sixteen bytes").require_expiry().build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::default()
    }

    /// Verifies an absolute URL, or one that begins with a single `/`, as a request line has it.
    ///
    /// Without a [`public_url`](VerifierBuilder::public_url) the signature covers the path and the query alone: the host
    /// of an absolute URL proves nothing.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`] that says why the URL is not accepted.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let url = signer.sign_url("/join?team=blue")?;
    /// assert_eq!(verifier.verify_url(&url)?.get("team"), Some("blue"));
    /// assert_eq!(verifier.verify_url("/join?team=blue").unwrap_err(), VerifyError::MissingSignature);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_url(&self, url: &str) -> Result<Verified, VerifyError> {
        let parts = url::split(url)?;
        let address = Address::new(parts.before_query, self.scope.public_url.as_ref())?;
        self.verify(parts.query, address.signed())
    }

    /// Verifies a bare query, with no `?` before it, that [`Signer::sign_query`](super::Signer::sign_query) signed.
    ///
    /// # Errors
    ///
    /// The errors of [`verify_url`](Self::verify_url).
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/verifier.md")]
    /// let query = signer.sign_query("login=user_1")?;
    /// assert_eq!(verifier.verify_query(&query)?.login(), Some("user_1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_query(&self, query: &str) -> Result<Verified, VerifyError> {
        self.verify(query, ["", ""])
    }

    #[cfg(feature = "axum")]
    pub(crate) fn has_purpose(&self) -> bool {
        self.scope.has_purpose()
    }

    /// Verifies a URL that has to be at the public URL followed by this path, and nowhere else.
    pub(super) fn verify_at(&self, url: &str, path: &str) -> Result<Verified, VerifyError> {
        let (query, address) = self.split_at(url, path)?;
        self.verify(query, address)
    }

    /// Returns the id of the public key that made the signature of such a URL, as the URL says: nothing is verified.
    pub(super) fn public_key_id(&self, url: &str, path: &str) -> Result<String, VerifyError> {
        let (query, _) = self.split_at(url, path)?;
        match signature(&reserved::read(query)?)? {
            Signature::V2 { .. } => Err(VerifyError::UnknownKey),
            Signature::V3 { key_id, .. } => Ok(key_id.to_owned()),
        }
    }

    /// Returns the same verifier with other public keys.
    pub(super) fn with_public_keys(&self, keys: PublicKeys) -> Self {
        let keys = VerifyingKeys { public: Some(keys), ..self.keys.clone() };
        Self { keys, ..self.clone() }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.scope.clock
    }

    /// Returns the query and the signed address of a URL at the public URL followed by this path.
    fn split_at<'a>(
        &'a self,
        url: &'a str,
        path: &'a str,
    ) -> Result<(&'a str, [&'a str; 2]), VerifyError> {
        let parts = url::split(url)?;
        let public_url = self.scope.public_url.as_ref();
        let address = Address::new(parts.before_query, public_url)?.signed();
        if Address::new(path, public_url)?.signed() != address {
            return Err(UrlError::Mismatch.into());
        }
        Ok((parts.query, address))
    }

    /// Returns a verifier with another clock.
    pub(super) fn with_clock(&self, clock: Clock) -> Self {
        Self { scope: self.scope.with_clock(clock), ..self.clone() }
    }

    fn verify(&self, query: &str, address: [&str; 2]) -> Result<Verified, VerifyError> {
        let pairs = reserved::read(query)?;
        let signature = signature(&pairs)?;
        let text = self.scope.text(signature.version().domain(), address, &pairs);
        let key_id = self.keys.verify(&text, &signature)?;
        let signed = pairs.iter().filter(|pair| self.scope.covers(pair));
        let verified = Verified::new(signed, text, key_id, self.scope.clock.clone())?;
        verified.times().check(&self.scope.clock)?;
        self.demands.check(&verified, &self.scope.clock)?;
        Ok(verified)
    }
}

fn signature<'p>(pairs: &'p [Pair<'_>]) -> Result<Signature<'p>, VerifyError> {
    let signature = pairs.iter().find(|pair| pair.name == "signature");
    Signature::parse(signature.ok_or(VerifyError::MissingSignature)?.value())
}

/// The demands of a verifier beyond a signature. They look at signed parameters alone.
#[derive(Clone, Default)]
struct Demands {
    service: Option<String>,
    login: Option<String>,
    max_age: Option<Duration>,
    required: Vec<String>,
    require_expiry: bool,
}

impl Demands {
    fn check(&self, verified: &Verified, clock: &Clock) -> Result<(), VerifyError> {
        if let Some(max_age) = self.max_age {
            let time = verified.time().ok_or_else(|| VerifyError::missing("time"))?;
            if time::is_longer(time::now(clock) - time, max_age) {
                return Err(VerifyError::TooOld);
            }
        }
        if self.require_expiry && verified.expires_at().is_none() {
            return Err(VerifyError::missing("expires_at"));
        }
        if self.service.as_ref().is_some_and(|service| service != verified.service()) {
            return Err(VerifyError::WrongService);
        }
        if self.login.as_ref().is_some_and(|login| Some(&**login) != verified.login()) {
            return Err(VerifyError::WrongLogin);
        }
        match self.required.iter().find(|name| verified.get_all(name).next().is_none()) {
            Some(name) => Err(VerifyError::missing(name)),
            None => Ok(()),
        }
    }
}

/// Shows nothing of who is expected.
impl fmt::Debug for Demands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demands")
            .field("max_age", &self.max_age)
            .field("required", &self.required)
            .field("require_expiry", &self.require_expiry)
            .finish_non_exhaustive()
    }
}
