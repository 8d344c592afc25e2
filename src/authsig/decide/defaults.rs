//! Defaults: parameters that are stored at the server under a slug.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess};
use zeroize::Zeroizing;

use super::error::DefaultError;
use crate::authsig::error::shown;
use crate::authsig::query::MAX_QUERY_LEN;
use crate::authsig::request_names::{DECIDING, SET_BY_SERVER};
use crate::authsig::reserved;
use crate::encoding::json::{self, CowStr, OneOrMany, StrictObject};

const MAX_SLUG_LEN: usize = 64;

/// The smallest secret, in bytes, as for signers.
const MIN_SECRET_LEN: usize = 16;

/// The defaults that a request names, by slug.
pub type Defaults = BTreeMap<String, DefaultParams>;

/// Returns whether a default may be stored under this name: 1 to 64 of `A-Z a-z 0-9 _ -`.
///
/// ```
/// use civic_sip::authsig::decide::is_slug;
///
/// assert!(is_slug("my-app_2"));
/// assert!(!is_slug("my app"));
/// ```
pub fn is_slug(text: &str) -> bool {
    (1..=MAX_SLUG_LEN).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The parameters of one default.
///
/// They count only for names that the request does not have. `login`, `service`, `time`, `time_fudge`, `expires_at` and
/// `state` are written into the URL and signed; of the others, `redirect_url`, `notify_url`, `hide` and `provides` take
/// part in the decision, and nothing of them is shown or signed.
///
/// A `secret` signs in place of the server's key, with version 2, for the app that stored it. It has to be random
/// ([`Secret::generate`](crate::authsig::Secret::generate)): whoever gets a URL can try passwords against it.
///
/// ```
/// use civic_sip::authsig::decide::{DefaultError, DefaultParams, Defaults};
///
/// let params = DefaultParams::from_json(r#"{"redirect_url": "https://app.example/in", "provides": ["login", "time"]}"#)?;
/// let defaults = Defaults::from([("app".to_owned(), params)]);
///
/// let weak = DefaultParams::from_json(r#"{"secret": "swordfish"}"#);
/// assert_eq!(weak.unwrap_err(), DefaultError::WeakSecret);
/// # Ok::<(), DefaultError>(())
/// ```
#[derive(Clone)]
pub struct DefaultParams {
    values: BTreeMap<String, Vec<String>>,
    secret: Option<Zeroizing<String>>,
}

impl DefaultParams {
    /// Reads a JSON object of strings and lists of strings, at most 16 KiB.
    ///
    /// # Errors
    ///
    /// A [`DefaultError`] for what no default may say. Addresses and times are checked when a request names the default.
    ///
    /// ```
    /// use civic_sip::authsig::decide::{DefaultError, DefaultParams};
    ///
    /// let error = DefaultParams::from_json(r#"{"nonce": "x"}"#).unwrap_err();
    /// assert_eq!(error, DefaultError::Forbidden("nonce".to_owned()));
    /// ```
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, DefaultError> {
        let json = json.as_ref();
        if json.len() > MAX_QUERY_LEN {
            return Err(DefaultError::TooLong);
        }
        let Members(mut values) = json::object(json).ok_or(DefaultError::Malformed)?;
        let secret = values.remove("secret").map(secret).transpose()?;
        for (name, values) in &values {
            check(name, values)?;
        }
        Ok(Self { values, secret })
    }

    /// Returns the value of a parameter that takes one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name)?.first().map(String::as_str)
    }

    pub(super) fn get_all(&self, name: &str) -> Option<&[String]> {
        self.values.get(name).map(Vec::as_slice)
    }

    pub(super) fn secret(&self) -> Option<&str> {
        self.secret.as_ref().map(|secret| secret.as_str())
    }
}

/// Shows names only.
impl fmt::Debug for DefaultParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultParams")
            .field("names", &self.values.keys().collect::<Vec<_>>())
            .field("has_secret", &self.secret.is_some())
            .finish_non_exhaustive()
    }
}

fn secret(values: Vec<String>) -> Result<Zeroizing<String>, DefaultError> {
    let mut values = values.into_iter().map(Zeroizing::new);
    match (values.next(), values.next()) {
        (Some(secret), None) if secret.len() >= MIN_SECRET_LEN => Ok(secret),
        (Some(_), None) => Err(DefaultError::WeakSecret),
        _ => Err(DefaultError::BadValue("secret".to_owned())),
    }
}

fn check(name: &str, values: &[String]) -> Result<(), DefaultError> {
    if name == "default" || SET_BY_SERVER.contains(&name) {
        return Err(DefaultError::Forbidden(name.to_owned()));
    }
    let is_lookalike = reserved::looks_like(name).is_some()
        || reserved::looks_like_one_of(&DECIDING, name).is_some();
    if is_lookalike || name.contains(char::is_control) {
        return Err(DefaultError::BadName(shown(name)));
    }
    let is_single = reserved::is_reserved(name) || matches!(name, "redirect_url" | "notify_url");
    match values {
        [value] if !value.is_empty() => Ok(()),
        // The value of `hide`, and of what has no meaning here, is never looked at.
        _ if !is_single => Ok(()),
        _ => Err(DefaultError::BadValue(name.to_owned())),
    }
}

#[derive(Default)]
struct Members(BTreeMap<String, Vec<String>>);

impl<'de> StrictObject<'de> for Members {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        let OneOrMany(values) = map.next_value()?;
        let values = values.into_iter().map(|CowStr(value)| value.into_owned()).collect();
        match self.0.insert(name.to_owned(), values) {
            None => Ok(true),
            Some(_) => Err(A::Error::custom("a member stands twice")),
        }
    }
}
