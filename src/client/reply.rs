//! What an answer of the service holds: the data, or a link to it.

use std::fmt;

use super::{CivicSip, address};
use crate::protocol::response::{self, Envelope};
use crate::{Error, UserData};

/// What [`CivicSip::response`] found in an answer.
#[derive(Debug)]
pub enum Reply {
    /// The verified data.
    UserData(UserData),
    /// A link to the data, too large for the answer itself.
    Payload(PayloadLink),
}

/// A link to a payload, good for about a minute. The URL is a secret: whoever has it can read the payload.
///
/// Fetch it with a plain GET, without the headers of the exchange and without following redirects, and give what
/// comes to [`open`](Self::open).
pub struct PayloadLink {
    client: CivicSip,
    url: String,
    encrypted: bool,
    user_id: String,
}

impl PayloadLink {
    pub(super) fn new(client: CivicSip, envelope: Envelope<'_>) -> Result<Self, Error> {
        let url = envelope.data.0.into_owned();
        address::parse(&url).map_err(|_| Error::envelope("the payload's link is no https URL"))?;
        Ok(Self { client, url, encrypted: envelope.encrypted, user_id: envelope.user_id })
    }

    /// Where the payload is: an https URL, or an http one on this machine.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Verifies and opens what was found there, exactly as [`CivicSip::response`] does.
    ///
    /// # Errors
    ///
    /// `is_api` for a status other than 200; `is_malformed`, `is_verification` or `is_decryption` for what is wrong
    /// with the body.
    pub fn open(&self, status: u16, body: Vec<u8>) -> Result<UserData, Error> {
        let body = response::success(status, &body)?;
        let token = std::str::from_utf8(body)
            .map_err(|_| Error::envelope("the payload is no token"))?
            .trim_ascii_end();
        self.client.opener().open(token, self.encrypted, self.user_id.clone())
    }
}

/// Shows neither the URL nor who it is about.
impl fmt::Debug for PayloadLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadLink").finish_non_exhaustive()
    }
}
