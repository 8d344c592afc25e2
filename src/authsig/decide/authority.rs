//! The authority: what a server signs, and for whom.

use std::fmt;
use std::time::SystemTime;

use super::allow_list::AllowList;
use super::consent::{Consent, Person, Subject};
use super::defaults::Defaults;
use super::error::{DefaultError, Refusal};
use super::request::{self, Request};
use super::signed::Signed;
use crate::authsig::address::{self, Address};
use crate::authsig::error::{ConfigError, ConfigProblem, VerifyError, shown_address};
use crate::authsig::identity::Identity;
use crate::authsig::keys::{PrivateKey, PublicKeys};
use crate::authsig::signer::Signer;
use crate::authsig::time;
use crate::authsig::verifier::{Verifier, VerifierBuilder};
use crate::clock::Clock;

/// The path below the base under which signed URLs are verified.
const VERIFIED: &str = "/verified";

/// The deciding part of an AuthSig server; see the [module](super).
///
/// ```
#[doc = include_str!("../../docs/setup/authority.md")]
/// let authority = Authority::builder("https://id.example/verify").private_key(key).build()?;
/// let nobody = authority.decide("login=user_1", None, &Defaults::new(), None, SystemTime::now());
/// assert!(matches!(nobody, Err(Refusal::NotLoggedIn)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Authority {
    base: String,
    signer: Signer,
    verifier: Verifier,
    keys: PublicKeys,
    allowed: AllowList,
    loopback_http: bool,
}

impl Authority {
    /// Returns a builder that configures an authority, which signs `{base}/verified`: `https://id.example/verify`.
    ///
    /// ```
    /// # use civic_sip::authsig::{PrivateKey, decide::Authority};
    /// let builder = Authority::builder("https://id.example/verify").private_key(PrivateKey::generate()?);
    /// let authority = builder.build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn builder(base: impl Into<String>) -> AuthorityBuilder {
        AuthorityBuilder {
            base: base.into(),
            private_keys: Vec::new(),
            retired_keys: Vec::new(),
            addresses: Vec::new(),
            origins: Vec::new(),
            loopback_http: false,
        }
    }

    /// Decides about one request.
    ///
    /// - `query`: the request's query, as received;
    /// - `person`: who is logged in, if anybody is;
    /// - `defaults`: what is stored under the [slugs](super::slugs) that the query names;
    /// - `consent`: what the person agreed to;
    /// - `now`: the time.
    ///
    /// The request's own parameters are signed, with what [defaults](super::DefaultParams) decided, the `time` and the
    /// `audience` added.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]: [`NotLoggedIn`](Refusal::NotLoggedIn) and [`NeedsConsent`](Refusal::NeedsConsent) can be remedied,
    /// all others are final.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let (defaults, now) = (Defaults::new(), SystemTime::now());
    /// let signed = authority.decide("login=user_1", Some(&person), &defaults, None, now)?;
    /// assert!(signed.url().starts_with("https://id.example/verify/verified?login=user_1&time="));
    ///
    /// let other = authority.decide("login=user_2", Some(&person), &defaults, None, now);
    /// assert!(matches!(other, Err(Refusal::WrongLogin)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide(
        &self,
        query: &str,
        person: Option<&Person>,
        defaults: &Defaults,
        consent: Option<&Consent>,
        now: SystemTime,
    ) -> Result<Signed, Refusal> {
        let clock = Clock::new(move || now);
        let mut request = Request::parse(query)?;
        // Before the defaults: nothing tells a stranger what is stored.
        let person = person.ok_or(Refusal::NotLoggedIn)?;
        request.add_defaults(defaults)?;
        request.provide(person, time::now(&clock))?;
        request.check_person(person)?;
        request.check_times(&clock)?;

        let redirect = self.address(&request, "redirect_url")?;
        let notify = self.address(&request, "notify_url")?;
        if redirect.as_ref().is_some_and(Address::has_signed_url) {
            let problem = "must not have a parameter `authsig`";
            return Err(Refusal::BadAddress { name: "redirect_url", problem });
        }
        let addresses = [&redirect, &notify];
        if let Some(audience) = audience(addresses.into_iter().flatten()) {
            request.set("audience", audience);
        }
        let (hide, secret) = (request.has("hide"), request.secret());
        let params = request.into_signed();

        let is_allowed = |address: &Address| self.allowed.contains(address);
        let subject =
            Subject { person, query, redirect: redirect.as_ref(), notify: notify.as_ref() };
        if !addresses.into_iter().flatten().all(is_allowed)
            && !consent.is_some_and(|consent| subject.has(consent))
        {
            return Err(Refusal::NeedsConsent(Box::new(subject.ask(params))));
        }

        let (signer, verifier) = match secret {
            None => (self.signer.with_clock(clock.clone()), self.verifier.with_clock(clock)),
            Some(secret) => self.stored_key(secret, &clock)?,
        };
        let path = [VERIFIED, "?", &request::write(&params)].concat();
        let url = signer.sign_url(&path).map_err(Refusal::Unsigned)?;
        let verified = verifier.verify_at(&url, VERIFIED).map_err(Refusal::Unverified)?;
        Ok(Signed::new(url, verified, redirect.as_ref(), notify.as_ref(), hide))
    }

    /// Verifies the query of a request to `{base}/verified`.
    ///
    /// It knows the server's own keys alone: a URL signed with a stored `secret` is for the app that stored it, and is
    /// rejected here. It has no effect.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`] that says why the URL is not accepted.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// # let signed = decide("login=user_1")?;
    /// let (_, query) = signed.url().split_once('?').ok_or("no query")?;
    /// assert_eq!(authority.verify(query, SystemTime::now())?.login(), "user_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(&self, query: &str, now: SystemTime) -> Result<Identity, VerifyError> {
        let url = [VERIFIED, "?", query].concat();
        let verifier = self.verifier.with_clock(Clock::new(move || now));
        Identity::from_verified(&verifier.verify_at(&url, VERIFIED)?)
    }

    /// Returns whether an address is on the allow list, so that it needs no consent.
    ///
    /// ```
    /// use civic_sip::authsig::PrivateKey;
    /// use civic_sip::authsig::decide::Authority;
    ///
    /// let authority = Authority::builder("https://id.example/verify")
    ///     .private_key(PrivateKey::generate()?)
    ///     .allow("https://app.example/in")
    ///     .build()?;
    /// assert!(authority.allows("https://app.example/in"));
    /// assert!(!authority.allows("https://app.example/in?a=b"));
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn allows(&self, address: &str) -> bool {
        Address::parse(address).is_ok_and(|address| self.allowed.contains(&address))
    }

    /// Returns the JWK set that `{base}/keys` publishes.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// assert_eq!(authority.jwks(), key.public_key().to_jwks());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn jwks(&self) -> String {
        self.keys.to_jwks()
    }

    /// Parses the effective address of a parameter.
    fn address(
        &self,
        request: &Request<'_>,
        name: &'static str,
    ) -> Result<Option<Address>, Refusal> {
        let bad = |problem| Refusal::BadAddress { name, problem };
        let Some(text) = request.get(name) else { return Ok(None) };
        let address = Address::parse(text).map_err(bad)?;
        if !address.is_https() && !self.loopback_http {
            return Err(bad("must begin with `https://`"));
        }
        Ok(Some(address))
    }

    /// Makes the keys of an app that stored a secret.
    fn stored_key(&self, secret: &str, clock: &Clock) -> Result<(Signer, Verifier), Refusal> {
        let signer = Signer::builder().identities().public_url(&self.base).secret(secret).build();
        let verifier = verifying(&self.base).secret(secret).build();
        match (signer, verifier) {
            (Ok(signer), Ok(verifier)) => {
                Ok((signer.with_clock(clock.clone()), verifier.with_clock(clock.clone())))
            }
            // The base is good, so that it is the secret that is not.
            _ => Err(DefaultError::WeakSecret.into()),
        }
    }
}

/// Configures a verifier that demands what every identity has.
fn verifying(base: &str) -> VerifierBuilder {
    Verifier::builder().identities().public_url(base).require("login").require("time")
}

/// Joins the addresses, each once, sorted by bytes.
fn audience<'a>(addresses: impl Iterator<Item = &'a Address>) -> Option<String> {
    let mut addresses: Vec<String> = addresses.map(Address::audience).collect();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() { None } else { Some(addresses.join(" ")) }
}

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
    #[doc = include_str!("../../docs/setup/authority.md")]
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
    #[doc = include_str!("../../docs/setup/authority.md")]
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
    #[doc = include_str!("../../docs/setup/authority.md")]
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
    #[doc = include_str!("../../docs/setup/authority.md")]
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
                Ok(_) => problems.push(ConfigProblem::AllowedAddress(
                    shown_address(text),
                    "must begin with `https://`, or `loopback_http` be set",
                )),
                Err(problem) => {
                    problems.push(ConfigProblem::AllowedAddress(shown_address(text), problem))
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
