//! The contents of a verified link.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::error::{ReplayError, TimeError};
use super::query::Pair;
use super::replay::{Claim, KEPT_AFTER_EXPIRY, ReplayGuard};
use super::time::{self, Times};
use crate::clock::Clock;
use crate::crypto;

/// The service that a URL without `service` means.
pub(super) const DEFAULT_SERVICE: &str = "password";

/// Length of a nonce in base64url, of 128 bits.
pub(super) const NONCE_LEN: usize = 22;

/// The signed parameters of a link, and nothing else. Only a [`Verifier`](super::Verifier) creates one.
///
/// Handlers read this, never the framework's own query: that has ignored parameters, too, and may read names
/// differently.
///
/// ```
/// use civic_sip::authsig::{Signer, Verified, Verifier};
///
/// let url = Signer::new("at least sixteen bytes")?.sign_url("/join?login=user_1&team=blue")?;
/// let verified: Verified = Verifier::new("at least sixteen bytes")?.verify_url(&url)?;
/// assert_eq!((verified.login(), verified.get("team")), (Some("user_1"), Some("blue")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verified {
    /// The text that was signed.
    signed_text: String,
    /// All names and values, one after the other.
    decoded: String,
    pairs: Vec<Span>,
    key_id: Option<Arc<str>>,
    times: Times,
    clock: Clock,
}

/// The place of a name and its value in the decoded text.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    name_end: usize,
    value_end: usize,
}

impl Verified {
    /// Takes the pairs that the signature covers.
    pub(super) fn new<'p>(
        pairs: impl Iterator<Item = &'p Pair<'p>>,
        signed_text: String,
        key_id: Option<Arc<str>>,
        clock: Clock,
    ) -> Result<Self, TimeError> {
        let mut decoded = String::with_capacity(signed_text.len());
        let mut spans = Vec::with_capacity(8);
        // Neither is there twice: that was rejected.
        let (mut time, mut expires_at) = (None, None);
        for pair in pairs {
            match &*pair.name {
                "time" => time = Some(pair.value()),
                "expires_at" => expires_at = Some(pair.value()),
                _ => {}
            }
            let start = decoded.len();
            decoded.push_str(&pair.name);
            let name_end = decoded.len();
            decoded.push_str(pair.value());
            spans.push(Span { start, name_end, value_end: decoded.len() });
        }
        let times = Times::read(time, expires_at)?;
        Ok(Self { signed_text, decoded, pairs: spans, key_id, times, clock })
    }

    /// Returns the `login`.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/verifier.md")]
    /// let verified = verifier.verify_url(&signer.sign_url("/join?login=user_1")?)?;
    /// assert_eq!(verified.login(), Some("user_1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn login(&self) -> Option<&str> {
        self.get("login")
    }

    /// Returns the `service`; `password` if there is none.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/verifier.md")]
    /// let verified = verifier.verify_url(&signer.sign_url("/join?login=user_1")?)?;
    /// assert_eq!(verified.service(), "password");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn service(&self) -> &str {
        self.get("service").unwrap_or(DEFAULT_SERVICE)
    }

    /// Returns the `time`.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/verifier.md")]
    /// let verified = verifier.verify_url(&signer.sign_url("/join?time=1750000000")?)?;
    /// assert_eq!(verified.time().map(|time| time.timestamp()), Some(1_750_000_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.times.time
    }

    /// Returns the expiry. The link is refused from this second on.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/verifier.md")]
    /// let verified = verifier.verify_url(&signer.sign_url("/sale?expires_at=4102444799")?)?;
    /// assert_eq!(verified.expires_at().map(|time| time.timestamp()), Some(4_102_444_799));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.times.expires_at
    }

    /// Returns the value of a parameter; `None` if it is absent or repeated.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/verifier.md")]
    /// let verified = verifier.verify_url(&signer.sign_url("/join?team=blue&tag=a&tag=b")?)?;
    /// assert_eq!((verified.get("team"), verified.get("tag")), (Some("blue"), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.get_all(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// Returns all values of a parameter, in the order of the URL.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/verifier.md")]
    /// let verified = verifier.verify_url(&signer.sign_url("/files?tag=a&tag=b")?)?;
    /// assert!(verified.get_all("tag").eq(["a", "b"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_all<'v>(&'v self, name: &str) -> impl Iterator<Item = &'v str> {
        self.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Returns all names and values, in the order of the URL.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/verifier.md")]
    /// let verified = verifier.verify_url(&signer.sign_url("/join?team=blue")?)?;
    /// assert!(verified.iter().eq([("team", "blue")]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |from, to| self.decoded.get(from..to).unwrap_or_default();
        self.pairs
            .iter()
            .map(move |span| (text(span.start, span.name_end), text(span.name_end, span.value_end)))
    }

    /// Returns the id of the key that made the signature; `None` if that key has none.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/verifier.md")]
    /// let secrets = [("2027", "at least sixteen bytes")];
    /// let url = Signer::builder().secrets(secrets).build()?.sign_url("/join")?;
    /// let verified = Verifier::builder().secrets(secrets).build()?.verify_url(&url)?;
    /// assert_eq!(verified.key_id(), Some("2027"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Uses the link up: of all calls for one link and one guard a single one succeeds. Act only after it did.
    ///
    /// ```
    /// use std::time::Duration;
    /// use civic_sip::authsig::{MemoryGuard, ReplayError, Signer, Verifier};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let signer = Signer::builder()
    ///     .secret("at least sixteen bytes")
    ///     .expires_in(Duration::from_secs(3600))
    ///     .single_use()
    ///     .build()?;
    /// let url = signer.sign_url("/join?login=user_1")?;
    ///
    /// let guard = MemoryGuard::new(10_000);
    /// let verified = Verifier::new("at least sixteen bytes")?.verify_url(&url)?;
    /// verified.consume(&guard).await?;
    /// assert!(matches!(verified.consume(&guard).await, Err(ReplayError::Replayed)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReplayError::NotSingleUse`] for a link that no [`single_use`](super::SignerBuilder::single_use) signer made,
    /// [`ReplayError::Expired`] if it has expired meanwhile, [`ReplayError::Replayed`] if it was used before, and
    /// [`ReplayError::GuardFull`] and [`ReplayError::Guard`] if the guard could not remember it.
    pub async fn consume<G: ReplayGuard + ?Sized>(&self, guard: &G) -> Result<(), ReplayError> {
        guard.claim(self.claim()?).await
    }

    fn claim(&self) -> Result<Claim, ReplayError> {
        let nonce = self.get("nonce").ok_or(ReplayError::NotSingleUse("it has no nonce"))?;
        if !is_nonce(nonce) {
            return Err(ReplayError::NotSingleUse("its nonce is not one of a single-use signer"));
        }
        let expires_at = self.expires_at().ok_or(ReplayError::NotSingleUse("it has no expiry"))?;
        let now = self.clock.now();
        let instant = time::instant(now);
        time::check_expiry(Some(expires_at), instant).map_err(|_| ReplayError::Expired)?;
        // Ahead by then, and at most 100 years.
        let left = (expires_at - instant).to_std().map_err(|_| ReplayError::Expired)?;
        let key = crypto::sha256(self.signed_text.as_bytes());
        Ok(Claim::new(key, now, left.saturating_add(KEPT_AFTER_EXPIRY)))
    }

    pub(super) fn times(&self) -> &Times {
        &self.times
    }
}

/// 128 bits in base64url.
fn is_nonce(text: &str) -> bool {
    text.len() == NONCE_LEN
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Shows names only: values are personal data.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("names", &self.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}
