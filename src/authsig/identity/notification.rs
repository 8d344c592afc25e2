//! The body that notify_url receives.

use std::fmt;

use serde::de::MapAccess;
use serde_json::value::RawValue;

use super::identity::Identity;
use super::verifier::IdentityVerifier;
use crate::authsig::error::VerifyError;
use crate::encoding::json::{self, CowStr, StrictObject, set};

/// Longest body that is read, in bytes. A signed URL is the most of it, and a query has at most 16 KiB.
const MAX_LEN: usize = 64 * 1024;

/// The body that an AuthSig server posts to notify_url: `{"verified": true, "url": "…", "data": {…}}`.
///
/// Anybody can post one, so nothing in it counts before [`verify`](Self::verify) has verified the signed URL. It **never
/// lets a browser in**: somebody else may have caused it.
///
/// ```
/// # use civic_sip::authsig::{IdentityVerifier, Notification, PublicKeys, VerifyError};
/// # const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"_MOlySLBMwsek9AvsiXI7LKe7NGUmcukBnULvuW7yZU","y":"rE7RWcjNmLEsPkDRJwuQItJRNIh8flYuhYSrsUxcZpA"}]}"#;
/// # let verifier = IdentityVerifier::builder("https://id.example/verify")
/// #     .public_keys(PublicKeys::from_jwks(KEYS)?)
/// #     .audience("https://app.example/in")
/// #     .build()?;
/// let body = br#"{"verified": true, "url": "https://id.example/verify/verified?login=admin", "data": {}}"#;
/// let notification = Notification::parse(body)?;
/// assert_eq!(notification.verify(&verifier).unwrap_err(), VerifyError::MissingSignature);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Notification {
    url: String,
    data: Option<String>,
}

impl Notification {
    /// Parses the body of the request, of at most 64 KiB.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Notification`] if it is longer, is not of this form, does not say `"verified": true`, or has a
    /// member twice.
    ///
    /// ```
    /// use civic_sip::authsig::{Notification, VerifyError};
    ///
    /// let error = Notification::parse(r#"{"verified": false}"#).unwrap_err();
    /// assert_eq!(error, VerifyError::Notification("must say `\"verified\": true`"));
    /// ```
    pub fn parse(body: impl AsRef<[u8]>) -> Result<Self, VerifyError> {
        let body = body.as_ref();
        if body.len() > MAX_LEN {
            return Err(VerifyError::Notification("must not be longer than 64 KiB"));
        }
        let members: Members<'_> = json::object(body).ok_or(VerifyError::Notification(
            "must be a JSON object, without a member that stands twice",
        ))?;
        if members.verified != Some(true) {
            return Err(VerifyError::Notification("must say `\"verified\": true`"));
        }
        let url = members.url.ok_or(VerifyError::Notification("must have a `url`"))?;
        let data = members.data.map(|data| json::compact(data.get())).map(|data| {
            data.filter(|data| data.starts_with('{'))
                .ok_or(VerifyError::Notification("must have an object as its `data`"))
        });
        Ok(Self { url: url.0.into_owned(), data: data.transpose()? })
    }

    /// Verifies the signed URL.
    ///
    /// # Errors
    ///
    /// The errors of [`IdentityVerifier::verify_url`].
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// # let body = serde_json::json!({ "verified": true, "url": signed_url }).to_string();
    /// let identity = Notification::parse(body)?.verify(&verifier)?;
    /// assert_eq!(identity.login(), "user_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(&self, verifier: &IdentityVerifier) -> Result<Identity, VerifyError> {
        verifier.verify_url(&self.url)
    }

    /// Returns the signed URL, not yet verified, to be stored or passed on.
    ///
    /// ```
    /// # use civic_sip::authsig::Notification;
    /// let body = r#"{"verified": true, "url": "https://id.example/verify/verified?login=user_1"}"#;
    /// assert_eq!(Notification::parse(body)?.url(), "https://id.example/verify/verified?login=user_1");
    /// # Ok::<(), civic_sip::authsig::VerifyError>(())
    /// ```
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the parameters as JSON, for display. They are **not verified**, neither now nor by
    /// [`verify`](Self::verify).
    ///
    /// ```
    /// # use civic_sip::authsig::Notification;
    /// let body = r#"{"verified": true, "url": "https://id.example", "data": {"login": "user_1"}}"#;
    /// assert_eq!(Notification::parse(body)?.data(), Some(r#"{"login":"user_1"}"#));
    /// # Ok::<(), civic_sip::authsig::VerifyError>(())
    /// ```
    pub fn data(&self) -> Option<&str> {
        self.data.as_deref()
    }
}

/// Shows nothing: all of it is personal data.
impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Members<'de> {
    verified: Option<bool>,
    url: Option<CowStr<'de>>,
    /// The unparsed text, which takes less memory than parsed values.
    data: Option<&'de RawValue>,
}

impl<'de> StrictObject<'de> for Members<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "verified" => set(&mut self.verified, map),
            "url" => set(&mut self.url, map),
            "data" => set(&mut self.data, map),
            _ => Ok(false),
        }
    }
}
