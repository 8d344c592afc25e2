//! The contents of a response: the data, or a link to it.

use std::fmt;

use http::header::{ACCEPT, HeaderValue};
use http::{Request, Uri};

use super::CivicSip;
use crate::protocol::app::Payload;
use crate::{Error, UserData};

/// The contents of a response, from [`CivicSip::response`].
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
    pub fn url(&self) -> &str {
        &self.payload.url
    }

    /// Verifies the payload and returns the data, with all the checks of [`CivicSip::response`].
    ///
    /// # Errors
    ///
    /// `is_api` for a status other than 200; `is_malformed`, `is_verification` or `is_decryption` for a body that is
    /// rejected.
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
