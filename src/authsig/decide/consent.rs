//! The person who is logged in, and that person's consent.

use std::fmt;
use std::sync::Arc;

use crate::authsig::address::Address;
use crate::authsig::query;
use crate::authsig::verified::DEFAULT_SERVICE;
use crate::crypto::HmacKey;
use crate::encoding::base64;

/// Separates the text of consents from whatever else a session id may be the key of.
const DOMAIN: &str = "authsig-consent";

/// Somebody who is logged in at the server.
///
/// ```
/// use civic_sip::authsig::decide::Person;
///
/// let person = Person::new("user_1", "the id of the session, from the cookie");
/// let other = Person::new("c6d5795f", "the id of the session, from the cookie").with_service("civic");
/// assert_eq!((person.service(), other.service()), ("password", "civic"));
/// ```
#[derive(Clone)]
pub struct Person {
    login: String,
    service: String,
    /// `None` if the session has no secret.
    session: Option<Arc<HmacKey>>,
}

impl Person {
    /// Makes a person with an account of the server's own, of the service `password`.
    ///
    /// `session` is a secret of the session, such as its id: [`Consent`] counts within the session alone, and nobody who
    /// does not know this secret can make one up. With an empty one no consent ever counts.
    ///
    /// ```
    /// use civic_sip::authsig::decide::Person;
    ///
    /// let person = Person::new("user_1", "the id of the session, from the cookie");
    /// assert!(!format!("{person:?}").contains("user_1"));
    /// ```
    pub fn new(login: impl Into<String>, session: impl AsRef<[u8]>) -> Self {
        let session = Some(session.as_ref()).filter(|session| !session.is_empty());
        Self {
            login: login.into(),
            service: DEFAULT_SERVICE.to_owned(),
            session: session.map(|session| Arc::new(HmacKey::new(session))),
        }
    }

    /// Sets the service that the login belongs to.
    ///
    /// ```
    /// # use civic_sip::authsig::decide::Person;
    /// let person = Person::new("c6d5795f", "the id of the session").with_service("civic");
    /// assert_eq!(person.service(), "civic");
    /// ```
    #[must_use]
    pub fn with_service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// Returns the login.
    ///
    /// ```
    /// # use civic_sip::authsig::decide::Person;
    /// assert_eq!(Person::new("user_1", "the id of the session").login(), "user_1");
    /// ```
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Returns the service.
    ///
    /// ```
    /// # use civic_sip::authsig::decide::Person;
    /// assert_eq!(Person::new("user_1", "the id of the session").service(), "password");
    /// ```
    pub fn service(&self) -> &str {
        &self.service
    }
}

/// Shows neither login nor session.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("service", &self.service).finish_non_exhaustive()
    }
}

/// A person's consent to one request.
///
/// It comes from a [`ConsentRequest`] and counts for the person, the session, the query and the effective addresses of that
/// one alone. The server puts it into the form that the person confirms, in a hidden field, and passes it on when the form
/// comes back by POST. It does not remember it.
///
/// It can't be forged by another site, since it depends on the session's secret; check where the form comes from all the
/// same (`Origin`, `Sec-Fetch-Site`), and forbid other sites to frame the page.
///
/// ```
#[doc = include_str!("../../docs/setup/authority.md")]
/// let query = "login=user_1&redirect_url=https%3A%2F%2Fshop.example%2Fin";
/// let Err(Refusal::NeedsConsent(request)) = decide(query) else { panic!("it is not on the list") };
///
/// let consent = Consent::new(request.consent().as_str()); // from the hidden field of the form
/// let now = SystemTime::now();
/// let signed = authority.decide(query, Some(&person), &Defaults::new(), Some(&consent), now)?;
/// assert!(signed.redirect().is_some_and(|url| url.starts_with("https://shop.example/in?authsig=")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Consent(String);

impl Consent {
    /// Takes the text of [`as_str`](Self::as_str), as the form brought it back. Any other text is no consent to anything.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let query = "login=user_1&redirect_url=https%3A%2F%2Fshop.example%2Fin";
    /// let forged = Consent::new("yes");
    /// let now = SystemTime::now();
    /// assert!(authority.decide(query, Some(&person), &Defaults::new(), Some(&forged), now).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text: 43 characters of base64url.
    ///
    /// ```
    /// # use civic_sip::authsig::decide::Consent;
    /// # let consent = Consent::new("c".repeat(43));
    /// let field = format!(r#"<input type="hidden" name="consent" value="{}">"#, consent.as_str());
    /// assert_eq!(consent.as_str().len(), 43);
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows nothing of it.
impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consent").finish_non_exhaustive()
    }
}

/// The question whether a person agrees to a request.
///
/// Show both addresses, with the whole host, and the parameters; percent-encode what is not plain ASCII, so that no text
/// can pass itself off as something else.
///
/// ```
#[doc = include_str!("../../docs/setup/authority.md")]
/// let query = "login=user_1&redirect_url=https%3A%2F%2Fshop.example%2Fin";
/// let Err(Refusal::NeedsConsent(request)) = decide(query) else { panic!("it is not on the list") };
/// assert_eq!(request.redirect_url(), Some("https://shop.example/in"));
/// assert!(request.params().any(|(name, value)| (name, value) == ("login", "user_1")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ConsentRequest {
    redirect_url: Option<String>,
    notify_url: Option<String>,
    params: Vec<(String, String)>,
    consent: Consent,
}

impl ConsentRequest {
    /// Returns the address that the person is redirected to, which gets the signed URL.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let query = "login=user_1&redirect_url=https%3A%2F%2Fshop.example%2Fin";
    /// if let Err(Refusal::NeedsConsent(request)) = decide(query) {
    ///     assert_eq!(request.redirect_url(), Some("https://shop.example/in"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn redirect_url(&self) -> Option<&str> {
        self.redirect_url.as_deref()
    }

    /// Returns the address that is notified, which gets the signed URL.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let query = "login=user_1&notify_url=https%3A%2F%2Fshop.example%2Fnotify";
    /// if let Err(Refusal::NeedsConsent(request)) = decide(query) {
    ///     assert_eq!(request.notify_url(), Some("https://shop.example/notify"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn notify_url(&self) -> Option<&str> {
        self.notify_url.as_deref()
    }

    /// Returns the parameters that both are told, in the order of the URL.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let query = "login=user_1&redirect_url=https%3A%2F%2Fshop.example%2Fin";
    /// if let Err(Refusal::NeedsConsent(request)) = decide(query) {
    ///     assert_eq!(request.params().next(), Some(("login", "user_1")));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the consent, to be used once the person has confirmed.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let query = "login=user_1&redirect_url=https%3A%2F%2Fshop.example%2Fin";
    /// if let Err(Refusal::NeedsConsent(request)) = decide(query) {
    ///     assert_eq!(request.consent().as_str().len(), 43);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn consent(&self) -> &Consent {
        &self.consent
    }
}

/// Shows no addresses and no parameters.
impl fmt::Debug for ConsentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentRequest")
            .field("redirects", &self.redirect_url.is_some())
            .field("notifies", &self.notify_url.is_some())
            .finish_non_exhaustive()
    }
}

/// The subject of a consent.
pub(super) struct Subject<'s> {
    pub(super) person: &'s Person,
    pub(super) query: &'s str,
    pub(super) redirect: Option<&'s Address>,
    pub(super) notify: Option<&'s Address>,
}

impl Subject<'_> {
    /// Returns whether the consent is to this. Compared in constant time.
    pub(super) fn has(&self, consent: &Consent) -> bool {
        let mac = base64::decode_url_array::<32>(consent.0.as_bytes());
        let session = self.person.session.as_ref();
        mac.zip(session).is_some_and(|(mac, session)| session.verify(self.text().as_bytes(), &mac))
    }

    pub(super) fn ask(&self, params: Vec<(String, String)>) -> ConsentRequest {
        let mac = self.person.session.as_ref().map(|session| session.sign(self.text().as_bytes()));
        ConsentRequest {
            redirect_url: self.redirect.map(|address| address.as_str().to_owned()),
            notify_url: self.notify.map(|address| address.as_str().to_owned()),
            params,
            consent: Consent(mac.map(base64::encode_url).unwrap_or_default()),
        }
    }

    /// One text for each subject: none of the parts has a line feed, once encoded.
    fn text(&self) -> String {
        [
            DOMAIN,
            &query::encoded(&self.person.login),
            &query::encoded(&self.person.service),
            &query::encoded(self.query),
            self.redirect.map_or("", Address::as_str),
            self.notify.map_or("", Address::as_str),
        ]
        .join("\n")
    }
}
