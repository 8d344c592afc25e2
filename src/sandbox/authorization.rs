//! What the service demands of the `Authorization` header: `Civic <request JWT>.<digest>`.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::de::{Deserialize, Deserializer, MapAccess};
use serde_json::value::RawValue;

use super::credentials::Credentials;
use crate::VerificationError;
use crate::encoding::base64;
use crate::encoding::json::{self, CowStr, NumericDate, Strict, StrictObject};
use crate::protocol::{self, AUDIENCE, PATH, claims, jws};

/// A request may be good for this many seconds.
const MAX_LIFETIME: f64 = 180.0;

/// Checks each part of the header; the error says which one fails.
pub(super) fn check(
    header: &str,
    body: &[u8],
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(), &'static str> {
    let value = header
        .strip_prefix("Civic ")
        .ok_or("the Authorization header has to begin with `Civic `")?;
    // The gem's base64 ends in a line feed, of which some HTTP stacks leave white space.
    let (token, digest) = value
        .trim()
        .rsplit_once('.')
        .ok_or("the Authorization header has to be `Civic <JWT>.<digest>`")?;
    let mut token = token.as_bytes().to_vec();
    let claims =
        jws::verify(&mut token, std::slice::from_ref(&credentials.app_key)).map_err(|fault| {
            match fault {
                VerificationError::Algorithm => "the request JWT has to be signed with ES256",
                VerificationError::Critical => "the request JWT has critical extensions",
                VerificationError::Signature => "the request JWT is not signed with the app's key",
                _ => "the request JWT is no JWT",
            }
        })?;
    let claims: Claims<'_> =
        json::object(claims).ok_or("the claims of the request JWT have a wrong form")?;
    claims.check(credentials, now)?;
    let digest = base64::decode_wrapped(digest).ok_or("the digest is no base64")?;
    let digests = |body: &[u8]| credentials.digest_key.verify(body, &digest);
    if digests(body) || sorted(body).is_some_and(|sorted| digests(&sorted)) {
        Ok(())
    } else {
        Err("the digest does not match the body and the secret")
    }
}

/// The body with its members in alphabetical order, which is what the Node client digests.
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
    fn check(&self, credentials: &Credentials, now: SystemTime) -> Result<(), &'static str> {
        let is = |claim: &Option<CowStr<'_>>, value: &str| {
            claim.as_ref().is_some_and(|claim| claim.0 == value)
        };
        if !is(&self.iss, &credentials.app_id) {
            return Err("`iss` is not a known app id");
        }
        if !is(&self.sub, &credentials.app_id) {
            return Err("`sub` is not the app id");
        }
        if !self.aud.as_ref().is_some_and(|aud| protocol::same_audience(&aud.0, AUDIENCE)) {
            return Err("`aud` is not the service");
        }
        let NumericDate(exp) = self.exp.ok_or("`exp` is missing")?;
        let now = claims::seconds_since_epoch(now);
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

/// The gem puts the object into an array of one.
struct OneOrMany<'a>(Vec<Strict<Data<'a>>>);

impl<'de> Deserialize<'de> for OneOrMany<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        if text.starts_with('[') {
            serde_json::from_str(text).map(Self)
        } else {
            serde_json::from_str(text).map(|one| Self(vec![one]))
        }
        .map_err(serde::de::Error::custom)
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
