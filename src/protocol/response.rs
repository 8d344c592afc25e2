//! The status and the envelope of a response.

use serde::de::MapAccess;

use super::error::{ApiError, ErrorSource, ProtocolError};
use crate::encoding::json::{self, CowStr, Span, StrictObject};

/// The members that stand outside of the signed token. TLS alone vouches for them.
pub(super) struct Envelope {
    /// The token, or a link to it.
    pub(super) data: Span,
    pub(super) user_id: String,
    pub(super) encrypted: bool,
    /// `data` is a link.
    pub(super) processed: bool,
}

/// Accepts status 200 alone.
pub(super) fn check_status(
    source: ErrorSource,
    status: u16,
    body: &[u8],
) -> Result<(), ProtocolError> {
    if status == 200 { Ok(()) } else { Err(ApiError::new(source, status, body).into()) }
}

impl Envelope {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ProtocolError> {
        let members: Members<'_> = json::object(body)
            .ok_or(ProtocolError::Envelope("it is not a JSON object with the expected members"))?;
        if members.alg.is_some_and(|alg| alg.0 != "aes") {
            return Err(ProtocolError::Envelope("`alg` is not `aes`"));
        }
        let user_id = members.user_id.ok_or(ProtocolError::Envelope("`userId` is missing"))?.0;
        if user_id.is_empty() {
            return Err(ProtocolError::Envelope("`userId` is empty"));
        }
        let data = members.data.ok_or(ProtocolError::Envelope("`data` is missing"))?;
        Ok(Self {
            data: data.span(body),
            user_id: user_id.into_owned(),
            // The gem ignores the member and always decrypts.
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
