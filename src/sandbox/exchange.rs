//! The exchange of a code token for user data, apart from HTTP.

use serde::de::MapAccess;

use super::authorization::{self, ExchangeRequest};
use super::credentials::random_id;
use super::error::ErrorResponse;
use super::response::{Envelope, ResponseBuilder};
use super::state::State;
use crate::UserData;
use crate::encoding::json::{self, CowStr, StrictObject};

/// Seconds for which a payload link works.
const LINK_LIFETIME: f64 = 60.0;

/// A code token that was exchanged.
pub(super) struct Redeemed {
    pub(super) user: UserData,
    /// The client can fetch a large payload from a link.
    accepts_link: bool,
}

/// Checks the request and returns the body of the response.
pub(super) fn exchange(
    state: &State,
    request: &ExchangeRequest<'_>,
) -> Result<String, ErrorResponse> {
    let redeemed = redeem(state, request)?;
    let builder = ResponseBuilder::new(&state.credentials, state.now());
    let token = builder.token(redeemed.user.items()).ok_or_else(ErrorResponse::internal)?;
    Ok(deliver(state, token, &redeemed)?.to_json())
}

/// Checks the request and uses up its code token.
pub(super) fn redeem(
    state: &State,
    request: &ExchangeRequest<'_>,
) -> Result<Redeemed, ErrorResponse> {
    authorization::check(state, request).map_err(|message| ErrorResponse::new(401, message))?;
    let (token, accepts_link) = parse_body(request.body).ok_or_else(|| {
        ErrorResponse::new(400, "the body must be a JSON object with the string `authToken`")
    })?;
    match state.tokens.remove(&token, state.now()) {
        Some((user, false)) => Ok(Redeemed { user, accepts_link }),
        Some((_, true)) => Err(ErrorResponse::new(400, "the code token has expired")),
        None => Err(ErrorResponse::new(400, "the code token is unknown or was exchanged before")),
    }
}

/// Puts the signed token into the envelope, or behind a link in it.
pub(super) fn deliver(
    state: &State,
    token: String,
    redeemed: &Redeemed,
) -> Result<Envelope, ErrorResponse> {
    let user_id = redeemed.user.user_id();
    if !redeemed.accepts_link || token.len() <= state.settings.payload_size {
        return Ok(Envelope::new(token, user_id));
    }
    let id = random_id().ok_or_else(ErrorResponse::internal)?;
    let link = format!("{}/payloads/{id}", state.settings.base_url);
    let size = token.len();
    state.payloads.insert(id, token, size, state.now() + LINK_LIFETIME);
    Ok(Envelope::with_link(link, user_id))
}

/// Returns the code token, and whether the client accepts a link.
fn parse_body(body: &[u8]) -> Option<(String, bool)> {
    let body: Body<'_> = json::object(body)?;
    Some((body.auth_token?.0.into_owned(), body.allows_link.unwrap_or(false)))
}

#[derive(Default)]
struct Body<'a> {
    auth_token: Option<CowStr<'a>>,
    allows_link: Option<bool>,
}

impl<'a> StrictObject<'a> for Body<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "authToken" => json::set(&mut self.auth_token, map),
            "allowS3UploadedPayload" => json::set(&mut self.allows_link, map),
            _ => Ok(false),
        }
    }
}
