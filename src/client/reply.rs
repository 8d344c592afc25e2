//! What an answer of the service holds: the data, or a link to it.

use std::fmt;

use http::header::{ACCEPT, HeaderValue};
use http::{Request, Uri};

use super::CivicSip;
#[cfg(feature = "client")]
use super::address;
use crate::error::ErrorSource;
use crate::protocol::response;
use crate::{Error, UserData};

/// What [`CivicSip::response`] found in an answer.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The verified data.
    UserData(UserData),
    /// A link to the data, too large for the answer itself.
    Payload(PayloadLink),
}

/// A link to a payload, good for about a minute. The URL is a secret: whoever has it can read the payload.
///
/// [`CivicSip::exchange_code`] follows it by itself. It leads to one of the hosts that are allowed: see
/// [`payload_hosts`](crate::CivicSipBuilder::payload_hosts). What address the host resolves to was not looked at.
///
/// Fetch it with a plain GET, without the headers of the exchange and without following redirects, and give what
/// comes to [`open`](Self::open).
#[derive(Clone)]
pub struct PayloadLink {
    client: CivicSip,
    url: String,
    uri: Uri,
    encrypted: bool,
    user_id: String,
}

impl PayloadLink {
    pub(super) fn new(
        client: CivicSip,
        url: &[u8],
        encrypted: bool,
        user_id: String,
    ) -> Result<Self, Error> {
        let url = String::from_utf8_lossy(url).into_owned();
        let uri = client.0.payload_hosts.check(&url).map_err(Error::envelope)?;
        Ok(Self { client, url, uri, encrypted, user_id })
    }

    /// Where the payload is: an https URL, or an http one on this machine.
    pub fn url(&self) -> &str {
        &self.url
    }

    #[cfg(feature = "client")]
    pub(super) fn is_loopback(&self) -> bool {
        address::is_loopback(&self.uri)
    }

    /// A plain GET.
    pub(super) fn request(&self) -> Request<Vec<u8>> {
        let mut request = Request::new(Vec::new());
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("*/*"));
        request
    }

    /// Verifies and opens what was found there, exactly as [`CivicSip::response`] does.
    ///
    /// # Errors
    ///
    /// `is_api` for a status other than 200; `is_malformed`, `is_verification` or `is_decryption` for what is wrong
    /// with the body.
    pub fn open(&self, status: u16, mut body: Vec<u8>) -> Result<UserData, Error> {
        response::success(ErrorSource::Store, status, &body)?;
        let length = body.trim_ascii_end().len();
        body.truncate(length);
        self.client.opener().open(&mut body, self.encrypted, self.user_id.clone())
    }
}

/// Shows neither the URL nor who it is about.
impl fmt::Debug for PayloadLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadLink").finish_non_exhaustive()
    }
}
