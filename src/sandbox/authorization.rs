//! The `Authorization` header of the exchange: `Civic <request JWT>.<digest>`.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, MapAccess};
use serde_json::value::RawValue;

use super::credentials::Credentials;
use super::exchange::ExchangeRequest;
use super::state::State;
use crate::VerificationError;
use crate::encoding::base64;
use crate::encoding::json::{self, CowStr, NumericDate, Strict, StrictObject};
use crate::protocol::{self, AUDIENCE, PATH, jws};

/// Seconds for which a request may be valid.
const MAX_LIFETIME: f64 = 180.0;

/// Checks each part of the header; the error is the message of the response.
pub(super) fn check(state: &State, request: &ExchangeRequest<'_>) -> Result<(), &'static str> {
    let header = request.authorization.ok_or("the Authorization header is missing")?;
    let value =
        header.strip_prefix("Civic ").ok_or("the Authorization header must begin with `Civic `")?;
    // The gem's base64 ends in a line feed, of which some HTTP stacks leave white space.
    let (token, digest) = value
        .trim()
        .rsplit_once('.')
        .ok_or("the Authorization header must be `Civic <JWT>.<digest>`")?;
    check_token(state, token)?;
    check_digest(&state.credentials, request.body, digest)
}

fn check_token(state: &State, token: &str) -> Result<(), &'static str> {
    let mut token = token.as_bytes().to_vec();
    let app_key = std::slice::from_ref(&state.credentials.app_key);
    let claims = jws::verify(&mut token, app_key).map_err(|error| match error {
        VerificationError::Algorithm => "the request JWT must be signed with ES256",
        VerificationError::Critical => "the request JWT has critical extensions",
        VerificationError::Signature => "the request JWT is not signed with the app's key",
        _ => "the request JWT is not a JWT",
    })?;
    let claims: Claims<'_> =
        json::object(claims).ok_or("the claims of the request JWT are malformed")?;
    claims.check(&state.credentials.app_id, state.now())
}

fn check_digest(credentials: &Credentials, body: &[u8], digest: &str) -> Result<(), &'static str> {
    let digest = base64::decode_wrapped(digest).ok_or("the digest is no base64")?;
    let key = &credentials.digest_key;
    if key.verify(body, &digest) || sorted(body).is_some_and(|body| key.verify(&body, &digest)) {
        Ok(())
    } else {
        Err("the digest does not match the body and the secret")
    }
}

/// Returns the body with its members in alphabetical order, as the Node client digests it.
fn sorted(body: &[u8]) -> Option<Vec<u8>> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    serde_json::to_vec(&members).ok()
}

#[derive(Default)]
struct Claims<'a> {
    iss: Option<CowStr<'a>>,
    sub: Option<CowStr<'a>>,
    aud: Option<CowStr<'a>>,
    exp: Option<NumericDate>,
    data: Option<OneOrMany<'a>>,
}

impl<'a> StrictObject<'a> for Claims<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "iss" => json::set(&mut self.iss, map),
            "sub" => json::set(&mut self.sub, map),
            "aud" => json::set(&mut self.aud, map),
            "exp" => json::set(&mut self.exp, map),
            "data" => json::set(&mut self.data, map),
            _ => Ok(false),
        }
    }
}

impl Claims<'_> {
    fn check(&self, app_id: &str, now: f64) -> Result<(), &'static str> {
        if !is(&self.iss, app_id) {
            return Err("`iss` is not a known app id");
        }
        if !is(&self.sub, app_id) {
            return Err("`sub` is not the app id");
        }
        if !self.aud.as_ref().is_some_and(|aud| protocol::same_audience(&aud.0, AUDIENCE)) {
            return Err("`aud` is not the service");
        }
        let NumericDate(exp) = self.exp.ok_or("`exp` is missing")?;
        if exp <= now {
            return Err("the request JWT has expired");
        }
        if exp > now + MAX_LIFETIME {
            return Err("`exp` is more than 3 minutes away");
        }
        match self.data.as_ref().map(|data| &*data.0) {
            Some([Strict(data)]) if is(&data.method, "POST") && is(&data.path, PATH) => Ok(()),
            _ => Err("`data` does not name this method and path"),
        }
    }
}

fn is(claim: &Option<CowStr<'_>>, value: &str) -> bool {
    claim.as_ref().is_some_and(|claim| claim.0 == value)
}

/// One object or a list of objects: the gem sends a list of one.
struct OneOrMany<'a>(Vec<Strict<Data<'a>>>);

impl<'de> Deserialize<'de> for OneOrMany<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let result = if text.starts_with('[') {
            serde_json::from_str(text)
        } else {
            serde_json::from_str(text).map(|one| vec![one])
        };
        result.map(Self).map_err(serde::de::Error::custom)
    }
}

#[derive(Default)]
struct Data<'a> {
    method: Option<CowStr<'a>>,
    path: Option<CowStr<'a>>,
}

impl<'a> StrictObject<'a> for Data<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "method" => json::set(&mut self.method, map),
            "path" => json::set(&mut self.path, map),
            _ => Ok(false),
        }
    }
}
