//! An answer of the service, from status and bytes to [`UserData`].

use serde::de::MapAccess;

use super::claims::{self, Expected};
use super::{ciphertext, jws};
use crate::crypto::{CbcKey, VerifyingKey};
use crate::encoding::json::{self, CowStr, Span, StrictObject};
use crate::error::{ApiError, ErrorSource};
use crate::{Error, UserData, user_data};

/// What an answer is opened with.
pub(crate) struct Opener<'a> {
    pub(crate) service_key: &'a VerifyingKey,
    pub(crate) cbc_key: &'a CbcKey,
    pub(crate) expected: Expected<'a>,
}

/// What stands outside the signed token; TLS alone vouches for it.
pub(crate) struct Envelope {
    /// Where in the body the token is, or the link to it.
    pub(crate) data: Span,
    pub(crate) user_id: String,
    pub(crate) encrypted: bool,
    pub(crate) processed: bool,
}

/// Any status but 200 is an error.
pub(crate) fn success(by: ErrorSource, status: u16, body: &[u8]) -> Result<(), Error> {
    if status == 200 { Ok(()) } else { Err(Error::Api(ApiError::new(by, status, body))) }
}

impl Envelope {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let members: Members<'_> =
            json::object(body).ok_or(Error::envelope("it is no JSON object of the right form"))?;
        if members.alg.is_some_and(|alg| alg.0 != "aes") {
            return Err(Error::envelope("`alg` is not `aes`"));
        }
        let user_id = members.user_id.ok_or(Error::envelope("`userId` is missing"))?.0;
        if user_id.is_empty() {
            return Err(Error::envelope("`userId` is empty"));
        }
        Ok(Self {
            data: members.data.ok_or(Error::envelope("`data` is missing"))?.span(body),
            user_id: user_id.into_owned(),
            // The gem never looks at it: absent means encrypted.
            encrypted: members.encrypted.unwrap_or(true),
            processed: members.processed.unwrap_or(false),
        })
    }
}

#[derive(Default)]
struct Members<'a> {
    data: Option<CowStr<'a>>,
    user_id: Option<CowStr<'a>>,
    encrypted: Option<bool>,
    alg: Option<CowStr<'a>>,
    processed: Option<bool>,
}

impl<'a> StrictObject<'a> for Members<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "data" => json::set(&mut self.data, map),
            "userId" => json::set(&mut self.user_id, map),
            "encrypted" => json::set(&mut self.encrypted, map),
            "alg" => json::set(&mut self.alg, map),
            "processed" => json::set(&mut self.processed, map),
            _ => Ok(false),
        }
    }
}

impl Opener<'_> {
    /// Verifies the token, checks its claims, decrypts what is in it and reads the items, in this order, each in the
    /// buffer of the one before.
    pub(crate) fn open(
        &self,
        token: &mut [u8],
        encrypted: bool,
        user_id: String,
    ) -> Result<UserData, Error> {
        let claims = jws::verify(token, self.service_key)?;
        let mut data = claims::verified_data(claims, &self.expected)?;
        let data = data.bytes(claims);
        let items = if encrypted { ciphertext::decrypt(data, self.cbc_key)? } else { &*data };
        let items = user_data::read_items(items)?;
        Ok(UserData::new(user_id, items))
    }
}
