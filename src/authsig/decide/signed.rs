//! The results of a request that was granted.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::authsig::address::Address;
use crate::authsig::verified::Verified;

/// A signed URL, and what follows from it.
///
/// ```
#[doc = include_str!("../../docs/setup/authority.md")]
/// let signed = decide("login=user_1&redirect_url=https%3A%2F%2Fapp.example%2Fin")?;
/// assert!(signed.redirect().is_some_and(|url| url.starts_with("https://app.example/in?authsig=")));
/// assert!(signed.notification().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Signed {
    url: String,
    verified: Verified,
    redirect: Option<String>,
    delivery: Option<Delivery>,
    hide: bool,
}

impl Signed {
    pub(super) fn new(
        url: String,
        verified: Verified,
        redirect: Option<&Address>,
        notify: Option<&Address>,
        hide: bool,
    ) -> Self {
        let redirect = redirect.map(|address| address.with_signed_url(&url));
        let body = || json!({ "verified": true, "url": url, "data": data(&verified) }).to_string();
        let delivery = notify.map(|address| Delivery::new(address.audience(), body()));
        Self { url, verified, redirect, delivery, hide }
    }

    /// Returns the signed URL, `{base}/verified?…`. Don't show it to the person if [`is_hidden`](Self::is_hidden).
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let signed = decide("login=user_1")?;
    /// assert!(signed.url().starts_with("https://id.example/verify/verified?login=user_1&"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns where to redirect the person, with status 303: `redirect_url` with `authsig=<signed URL>` added.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let signed = decide("login=user_1&redirect_url=https%3A%2F%2Fapp.example%2Fin")?;
    /// assert!(signed.redirect().is_some_and(|url| url.starts_with("https://app.example/in?authsig=")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn redirect(&self) -> Option<&str> {
        self.redirect.as_deref()
    }

    /// Returns what to post, and where.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let signed = decide("login=user_1&notify_url=https%3A%2F%2Fapp.example%2Fnotify")?;
    /// let delivery = signed.notification().ok_or("there is one")?;
    /// assert_eq!(delivery.address(), "https://app.example/notify");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn notification(&self) -> Option<&Delivery> {
        self.delivery.as_ref()
    }

    /// Returns whether the person must not be shown the URL.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// assert!(decide("login=user_1&hide=1")?.is_hidden());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_hidden(&self) -> bool {
        self.hide
    }

    /// Returns the addresses that the URL was made for; none if a person made it by hand.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let signed = decide("login=user_1&redirect_url=https%3A%2F%2Fapp.example%2Fin")?;
    /// assert!(signed.audience().eq(["https://app.example/in"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.verified.get("audience").into_iter().flat_map(|audience| audience.split(' '))
    }

    /// Returns the signed parameters, in the order of the URL.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let signed = decide("login=user_1&order=17")?;
    /// assert!(signed.params().any(|(name, value)| (name, value) == ("order", "17")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.verified.iter()
    }
}

/// Shows nothing of the URL: it proves who somebody is.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("redirects", &self.redirect.is_some())
            .field("notifies", &self.delivery.is_some())
            .field("hide", &self.hide)
            .finish_non_exhaustive()
    }
}

/// A notification to be delivered: an address, and a body in JSON.
///
/// ```
/// use civic_sip::authsig::decide::Delivery;
///
/// // As it was stored, to be sent again.
/// let delivery = Delivery::new("https://app.example/notify", r#"{"verified": true, "url": "…", "data": {}}"#)
///     .with_webhook_id("6f1c6f34");
/// assert_eq!(delivery.address(), "https://app.example/notify");
/// ```
#[derive(Clone)]
pub struct Delivery {
    address: String,
    body: String,
    webhook_id: Option<String>,
}

impl Delivery {
    /// Makes a delivery.
    ///
    /// ```
    /// # use civic_sip::authsig::decide::Delivery;
    /// let delivery = Delivery::new("https://app.example/notify", r#"{"verified": true, "url": "…"}"#);
    /// assert_eq!(delivery.webhook_id(), None);
    /// ```
    pub fn new(address: impl Into<String>, body: impl Into<String>) -> Self {
        Self { address: address.into(), body: body.into(), webhook_id: None }
    }

    /// Sets the header `webhook-id` (Standard Webhooks): the same for each attempt, so that the receiver can tell that it
    /// got a notification before.
    ///
    /// ```
    /// # use civic_sip::authsig::decide::Delivery;
    /// let delivery = Delivery::new("https://app.example/notify", "{}").with_webhook_id("6f1c6f34");
    /// assert_eq!(delivery.webhook_id(), Some("6f1c6f34"));
    /// ```
    #[must_use]
    pub fn with_webhook_id(mut self, id: impl Into<String>) -> Self {
        self.webhook_id = Some(id.into());
        self
    }

    /// Returns the address that the body is posted to.
    ///
    /// ```
    /// # use civic_sip::authsig::decide::Delivery;
    /// let delivery = Delivery::new("https://app.example/notify", "{}");
    /// assert_eq!(delivery.address(), "https://app.example/notify");
    /// ```
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the body: `{"verified": true, "url": "<signed URL>", "data": {…the signed parameters…}}`.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/authority.md")]
    /// let signed = decide("login=user_1&notify_url=https%3A%2F%2Fapp.example%2Fnotify")?;
    /// let body = signed.notification().map(|delivery| delivery.body()).unwrap_or_default();
    /// assert_eq!(serde_json::from_str::<serde_json::Value>(body)?["data"]["login"], "user_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns the header `webhook-id`.
    ///
    /// ```
    /// # use civic_sip::authsig::decide::Delivery;
    /// let delivery = Delivery::new("https://app.example/notify", "{}").with_webhook_id("6f1c6f34");
    /// assert_eq!(delivery.webhook_id(), Some("6f1c6f34"));
    /// ```
    pub fn webhook_id(&self) -> Option<&str> {
        self.webhook_id.as_deref()
    }
}

/// Shows neither address nor body.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("webhook_id", &self.webhook_id).finish_non_exhaustive()
    }
}

/// The signed parameters under their own names, repeated ones as lists.
fn data(verified: &Verified) -> Value {
    let mut data = Map::new();
    for (name, value) in verified.iter() {
        match data.get_mut(name) {
            None => {
                data.insert(name.to_owned(), value.into());
            }
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    data.into()
}
