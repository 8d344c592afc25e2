//! What an answer of the service holds: the data, or a link to it.

use std::fmt;

use super::{CivicSip, address};
use crate::protocol::response;
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
    pub(super) fn new(
        client: CivicSip,
        url: &[u8],
        encrypted: bool,
        user_id: String,
    ) -> Result<Self, Error> {
        let url = String::from_utf8_lossy(url).into_owned();
        address::parse(&url).map_err(|_| Error::envelope("the payload's link is no https URL"))?;
        Ok(Self { client, url, encrypted, user_id })
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
    pub fn open(&self, status: u16, mut body: Vec<u8>) -> Result<UserData, Error> {
        response::success(status, &body)?;
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
