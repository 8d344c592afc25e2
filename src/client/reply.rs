//! The contents of a response: the data, or a link to it.

use std::fmt;

use http::header::{ACCEPT, HeaderValue};
use http::{Request, Uri};

use super::CivicSip;
use crate::protocol::app::Payload;
use crate::{Error, UserData};

/// The contents of a response, from [`CivicSip::response`].
///
/// ```
#[doc = include_str!("../docs/setup/reply.md")]
/// match reply {
///     Reply::UserData(user) => assert_eq!(user.user_id(), "36a59d10"),
///     Reply::Payload(link) => panic!("so little data needs no link: {link:?}"),
///     _ => {}
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reply {
    /// The verified data.
    UserData(UserData),
    /// A link to the data, which is too large for the response.
    Payload(PayloadLink),
}

/// A link to a payload, valid for about a minute. The URL is a secret: whoever has it can read the payload.
///
/// [`CivicSip::exchange_code`] follows it. It leads to one of the allowed hosts: see
/// [`payload_hosts`](crate::CivicSipBuilder::payload_hosts). The addresses that the host resolves to were not checked.
///
/// Fetch it with a plain GET, without the headers of the exchange and without following redirects, and pass status and
/// body to [`open`](Self::open).
///
/// ```
#[doc = include_str!("../docs/setup/large_reply.md")]
/// let Reply::Payload(link) = reply else { panic!("the sandbox sends links alone") };
/// let response = http.get(link.url()).send().await?;
/// let user = link.open(response.status().as_u16(), response.bytes().await?.to_vec())?;
/// assert_eq!(user.user_id(), "36a59d10");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PayloadLink {
    client: CivicSip,
    payload: Payload,
    uri: Uri,
}

impl PayloadLink {
    pub(super) fn new(client: CivicSip, payload: Payload) -> Result<Self, Error> {
        let uri = client.0.payload_hosts.check(&payload.url).map_err(Error::envelope)?;
        Ok(Self { client, payload, uri })
    }

    /// Returns the URL of the payload: an https URL, or an http one of this machine.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/large_reply.md")]
    /// if let Reply::Payload(link) = reply {
    ///     assert!(link.url().starts_with(sandbox.base_url()));
    /// }
    /// # Ok(()) }
    /// ```
    pub fn url(&self) -> &str {
        &self.payload.url
    }

    /// Verifies the payload and returns the data, with all the checks of [`CivicSip::response`].
    ///
    /// # Errors
    ///
    /// `is_api` for a status other than 200; `is_malformed`, `is_verification` or `is_decryption` for a body that is
    /// rejected.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/large_reply.md")]
    /// if let Reply::Payload(link) = reply {
    ///     assert_eq!(link.open(403, Vec::new()).unwrap_err().status(), Some(403)); // a minute is over
    ///     assert!(link.open(200, b"no token".to_vec()).unwrap_err().is_verification());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn open(&self, status: u16, body: Vec<u8>) -> Result<UserData, Error> {
        let inner = &self.client.0;
        inner
            .app
            .payload(&self.payload, status, body, inner.clock.now())
            .map_err(Error::from_protocol)
    }

    pub(super) fn client(&self) -> &CivicSip {
        &self.client
    }

    pub(super) fn request(&self) -> Request<Vec<u8>> {
        let mut request = Request::new(Vec::new());
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("*/*"));
        request
    }
}

/// Shows neither the URL nor the person.
impl fmt::Debug for PayloadLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadLink").finish_non_exhaustive()
    }
}
