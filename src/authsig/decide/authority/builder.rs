//! Configuring an authority.

use std::fmt;

use super::{Authority, verifying};
use crate::authsig::address::{self, Address};
use crate::authsig::decide::allow_list::AllowList;
use crate::authsig::error::{ConfigError, ConfigProblem, shown_address};
use crate::authsig::keys::{PrivateKey, PublicKeys};
use crate::authsig::signer::Signer;

/// Configures an [`Authority`].
///
/// ```
/// # use civic_sip::authsig::{PrivateKey, decide::Authority};
/// # let (key, old_key) = (PrivateKey::generate()?, PrivateKey::generate()?);
/// let authority = Authority::builder("https://id.example/verify")
///     .private_key(key)
///     .retired_keys(old_key.public_key())
///     .allow("https://app.example/in")
///     .build()?;
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct AuthorityBuilder {
    base: String,
    private_keys: Vec<PrivateKey>,
    retired_keys: Vec<PublicKeys>,
    addresses: Vec<String>,
    origins: Vec<String>,
    loopback_http: bool,
}

impl AuthorityBuilder {
    pub(super) fn new(base: String) -> Self {
        Self {
            base,
            private_keys: Vec::new(),
            retired_keys: Vec::new(),
            addresses: Vec::new(),
            origins: Vec::new(),
            loopback_http: false,
        }
    }

    /// Signs version 3 with this key.
    ///
    /// ```
    /// # use civic_sip::authsig::{PrivateKey, decide::Authority};
    /// # let builder = Authority::builder("https://id.example/verify");
    /// let key = PrivateKey::generate()?; // once; the server keeps `to_pem()`
    /// let authority = builder.private_key(key).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn private_key(mut self, key: PrivateKey) -> Self {
        self.private_keys.push(key);
        self
    }

    /// Goes on publishing and verifying keys that sign no more. A key has to stay until the last URL signed with it is of
    /// no use.
    ///
    /// ```
    #[doc = include_str!("../../../docs/setup/authority.md")]
    /// # use civic_sip::authsig::PublicKeys;
    /// let old_key = PrivateKey::generate()?;
    /// let authority = builder.retired_keys(old_key.public_key()).build()?;
    /// assert_eq!(PublicKeys::from_jwks(&authority.jwks())?.ids().count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retired_keys(mut self, keys: PublicKeys) -> Self {
        self.retired_keys.push(keys);
        self
    }

    /// Redirects to and notifies this address without asking the person: it has to be this very address, query included.
    /// May be called for several.
    ///
    /// ```
    #[doc = include_str!("../../../docs/setup/authority.md")]
    /// let authority = builder.allow("https://app.example/in").build()?;
    /// let query = "login=user_1&redirect_url=https%3A%2F%2Fapp.example%2Fin";
    /// let signed = authority.decide(query, Some(&person), &Defaults::new(), None, SystemTime::now())?;
    /// assert!(signed.redirect().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow(mut self, address: impl Into<String>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// Does the same for all addresses of an origin, `https://demo.example`. For demonstrations: a single page there that
    /// redirects on, or shows its own URL, gives away who a visitor is.
    ///
    /// ```
    #[doc = include_str!("../../../docs/setup/authority.md")]
    /// let authority = builder.allow_origin("https://demo.example").build()?;
    /// let query = "login=user_1&redirect_url=https%3A%2F%2Fdemo.example%2Fany";
    /// let signed = authority.decide(query, Some(&person), &Defaults::new(), None, SystemTime::now())?;
    /// assert!(signed.redirect().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Accepts addresses with plain http on this machine, for development. They need consent like any other.
    ///
    /// ```
    #[doc = include_str!("../../../docs/setup/authority.md")]
    /// let authority = builder.loopback_http().allow("http://127.0.0.1:3000/in").build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn loopback_http(mut self) -> Self {
        self.loopback_http = true;
        self
    }

    /// Makes the authority.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with everything that is wrong.
    ///
    /// ```
    /// # use civic_sip::authsig::{ConfigProblem, decide::Authority};
    /// let error = Authority::builder("https://id.example/verify").build().unwrap_err();
    /// assert_eq!(error.problems(), [ConfigProblem::NoKey]);
    /// ```
    pub fn build(self) -> Result<Authority, ConfigError> {
        let mut problems = Vec::new();
        problems.extend(address::parse_base(&self.base).err());
        let keys = self.private_keys.as_slice();
        match keys {
            [_] => {}
            [] => problems.push(ConfigProblem::NoKey),
            _ => problems.push(ConfigProblem::SeveralKeySources),
        }
        let allowed = AllowList {
            addresses: self.parse_all(&self.addresses, Address::parse, &mut problems),
            origins: self.parse_all(&self.origins, Address::parse_origin, &mut problems),
        };
        ConfigError::check(problems)?;

        let private_key = keys.first().ok_or(ConfigProblem::NoKey)?;
        let keys = self.retired_keys.into_iter().fold(private_key.public_key(), PublicKeys::merge);
        let signer = Signer::builder().private_key(private_key.clone());
        Ok(Authority {
            signer: signer.identities().public_url(&self.base).build()?,
            verifier: verifying(&self.base).public_keys(keys.clone()).build()?,
            base: self.base,
            keys,
            allowed,
            loopback_http: self.loopback_http,
        })
    }

    fn parse_all(
        &self,
        texts: &[String],
        parse: fn(&str) -> Result<Address, &'static str>,
        problems: &mut Vec<ConfigProblem>,
    ) -> Vec<Address> {
        let mut addresses = Vec::with_capacity(texts.len());
        for text in texts {
            match parse(text) {
                Ok(address) if address.is_https() || self.loopback_http => addresses.push(address),
                Ok(_) => problems.push(ConfigProblem::AllowedAddress {
                    address: shown_address(text),
                    problem: "must begin with `https://`, or `loopback_http` be set",
                }),
                Err(problem) => {
                    problems.push(ConfigProblem::AllowedAddress {
                        address: shown_address(text),
                        problem,
                    });
                }
            }
        }
        addresses
    }
}

/// Shows no key.
impl fmt::Debug for AuthorityBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorityBuilder")
            .field("base", &self.base)
            .field("allow", &self.addresses)
            .field("allow_origin", &self.origins)
            .field("loopback_http", &self.loopback_http)
            .finish_non_exhaustive()
    }
}
