//! Signing as the original does.

use super::{Settings, bcrypt, shared_setters};
use crate::authsig::error::Error;
use crate::authsig::location;
use crate::authsig::query::{self, MAX_QUERY_LEN};

/// The cost that the original signs with.
const DEFAULT_COST: u32 = 10;

/// Signs URLs as the original server does. Read [what that cannot promise](super).
///
/// Everyone who signs with the secret has to check first that `login`, `service` and `time` are true.
#[derive(Clone, Debug)]
#[must_use]
pub struct Signer {
    settings: Settings,
    cost: u32,
}

impl Signer {
    /// A signer with the house secret. If it is empty, signing fails.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self { settings: Settings::new(secret.as_ref()), cost: DEFAULT_COST }
    }

    shared_setters!(
        "Signs no other names than these, and no value that contains one of them followed by a colon: verifiers may rely on it.\n\nNames that could not be told apart (empty, with a colon, or one that is the end of another or of `secret`) make every signing fail."
    );

    /// The cost of bcrypt, 4 to 16 (10): the work doubles with each step.
    pub fn cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }

    /// Signs the query of an absolute URL, or of one that begins with a single `/`. The rest comes back untouched.
    ///
    /// This takes tens of milliseconds of processor time.
    ///
    /// # Errors
    ///
    /// Those of [`sign_query`](Self::sign_query), and [`Error::BadUrl`].
    pub fn sign_url(&self, url: &str) -> Result<String, Error> {
        let parts = location::split(url)?;
        Ok(parts.with_query(&self.sign_query(parts.query)?))
    }

    /// Signs a bare query, with no `?` before it: `signature` is appended to it.
    ///
    /// # Errors
    ///
    /// An [`Error`] that names the cause: the signer is set up wrongly, the query is not one that a verifier would
    /// take or has a signature already, or [`Error::NulInDigest`].
    pub fn sign_query(&self, query: &str) -> Result<String, Error> {
        self.settings.check()?;
        if !(4..=16).contains(&self.cost) {
            return Err(Error::BadCost);
        }
        let pairs = query::parse(query)?;
        if pairs.iter().any(|pair| pair.name == "signature") {
            return Err(Error::AlreadySigned);
        }
        let digest = bcrypt::digest(&self.settings.read(&pairs)?.text)?;
        let mut signed = query.to_owned();
        query::append(&mut signed, "signature", &bcrypt::sign(&digest, self.cost)?);
        if signed.len() > MAX_QUERY_LEN { Err(Error::QueryTooLong) } else { Ok(signed) }
    }

    /// [`sign_url`](Self::sign_url) on one of Tokio's blocking threads.
    ///
    /// # Errors
    ///
    /// Those of [`sign_url`](Self::sign_url), and [`Error::NoRuntime`] outside of a Tokio runtime.
    #[cfg(any(feature = "client", feature = "redis"))]
    pub async fn sign_url_async(&self, url: impl Into<String>) -> Result<String, Error> {
        let (signer, url) = (self.clone(), url.into());
        super::off_thread(move || signer.sign_url(&url)).await
    }
}
