//! The authority: what a server signs, and for whom.

mod builder;

use std::time::SystemTime;

use super::allow_list::AllowList;
use super::consent::{Consent, Person, Subject};
use super::defaults::Defaults;
use super::error::{DefaultError, Refusal};
use super::request::{self, Request};
use super::signed::Signed;
use crate::authsig::address::Address;
use crate::authsig::error::VerifyError;
use crate::authsig::identity::Identity;
use crate::authsig::keys::PublicKeys;
use crate::authsig::signer::Signer;
use crate::authsig::time;
use crate::authsig::verifier::{Verifier, VerifierBuilder};
use crate::clock::Clock;

pub use builder::AuthorityBuilder;

/// The path below the base under which signed URLs are verified.
const VERIFIED: &str = "/verified";

/// The deciding part of an AuthSig server; see the [module](super).
///
/// ```
#[doc = include_str!("../../../docs/setup/authority.md")]
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
        AuthorityBuilder::new(base.into())
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
    #[doc = include_str!("../../../docs/setup/authority.md")]
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
    #[doc = include_str!("../../../docs/setup/authority.md")]
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
    #[doc = include_str!("../../../docs/setup/authority.md")]
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
