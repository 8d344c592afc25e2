//! The `Authorization` header of the exchange: `Civic <request JWT>.<digest>`.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, MapAccess};
use serde_json::value::RawValue;

use super::credentials::Credentials;
use super::state::State;
use crate::VerificationError;
use crate::encoding::base64;
use crate::encoding::json::{self, CowStr, NumericDate, Strict, StrictObject};
use crate::protocol::{self, AUDIENCE, PATH, jws};

/// The part of a request that decides about the response.
pub(super) struct ExchangeRequest<'a> {
    pub(super) authorization: Option<&'a str>,
    /// The header `Host`.
    pub(super) host: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// The base URL of the service, without `/sip`.
const SERVICE: &str = "https://api.civic.com";

/// Seconds for which a request is accepted after `iat`, even if `exp` is earlier.
///
/// Clocks may be a minute apart, and one client's requests are valid for 180 milliseconds.
const MIN_LIFETIME: f64 = 90.0;

/// The time from `iat` to `exp` in the service's own clients, in seconds.
const STRICT_LIFETIME: f64 = 180.0;

/// The largest age of a request in strict mode, in seconds.
const STRICT_AGE: f64 = 30.0;

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
    check_token(state, request.host, token)?;
    check_digest(&state.credentials, request.body, digest)
}

fn check_token(state: &State, host: Option<&str>, token: &str) -> Result<(), &'static str> {
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
    let app_id = &state.credentials.app_id;
    if !is(&claims.iss, app_id) {
        return Err("`iss` is not a known app id");
    }
    if !is(&claims.sub, app_id) {
        return Err("`sub` is not the app id");
    }
    if !claims.aud.as_ref().is_some_and(|aud| is_audience(state, host, &aud.0)) {
        return Err("`aud` is not the service");
    }
    if state.settings.strict {
        claims.check_times_strictly(state.now())?;
    } else {
        claims.check_times(state.now())?;
    }
    let data = claims.data.as_ref().ok_or("`data` is missing")?;
    if !data.names_exchange(state.settings.strict) {
        return Err("`data` does not name this method and path");
    }
    Ok(())
}

/// Returns `true` for the service, or for an address of this sandbox: clients derive `aud` from their base URL.
fn is_audience(state: &State, host: Option<&str>, aud: &str) -> bool {
    if state.settings.strict {
        return protocol::same_audience(aud, AUDIENCE);
    }
    let aud = aud.strip_suffix('/').unwrap_or(aud);
    let base = aud.strip_suffix("/sip").unwrap_or(aud);
    let settings = &state.settings;
    let authority = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
    base == SERVICE
        || base == settings.base_url
        || [base, aud].contains(&&*settings.public_url)
        // The name by which this client reaches the sandbox, such as `localhost:4000`.
        || (authority.is_some() && authority == host)
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
    iat: Option<NumericDate>,
    exp: Option<NumericDate>,
    data: Option<OneOrMany<'a>>,
}

impl<'a> StrictObject<'a> for Claims<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "iss" => json::set(&mut self.iss, map),
            "sub" => json::set(&mut self.sub, map),
            "aud" => json::set(&mut self.aud, map),
            "iat" => json::set(&mut self.iat, map),
            "exp" => json::set(&mut self.exp, map),
            "data" => json::set(&mut self.data, map),
            _ => Ok(false),
        }
    }
}

impl Claims<'_> {
    /// Accepts every lifetime: one client's requests are valid for three months.
    fn check_times(&self, now: f64) -> Result<(), &'static str> {
        let NumericDate(exp) = self.exp.ok_or("`exp` is missing")?;
        let is_recent =
            self.iat.is_some_and(|NumericDate(iat)| iat < exp && now < iat + MIN_LIFETIME);
        if exp <= now && !is_recent {
            return Err("the request JWT has expired");
        }
        Ok(())
    }

    fn check_times_strictly(&self, now: f64) -> Result<(), &'static str> {
        let NumericDate(exp) = self.exp.ok_or("`exp` is missing")?;
        let NumericDate(iat) = self.iat.ok_or("`iat` is missing")?;
        if exp <= now {
            return Err("the request JWT has expired");
        }
        // A second for rounding.
        if (exp - iat - STRICT_LIFETIME).abs() > 1.0 {
            return Err("`exp` is not 180 seconds after `iat`");
        }
        if iat > now + 1.0 || iat < now - STRICT_AGE {
            return Err("`iat` is not the current time");
        }
        Ok(())
    }
}

fn is(claim: &Option<CowStr<'_>>, value: &str) -> bool {
    claim.as_ref().is_some_and(|claim| claim.0 == value)
}

/// One object or a list of objects: the gem sends a list of one.
enum OneOrMany<'a> {
    One(Strict<Data<'a>>),
    Many(Vec<Strict<Data<'a>>>),
}

impl<'de> Deserialize<'de> for OneOrMany<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let result = if text.starts_with('[') {
            serde_json::from_str(text).map(Self::Many)
        } else {
            serde_json::from_str(text).map(Self::One)
        };
        result.map_err(serde::de::Error::custom)
    }
}

impl OneOrMany<'_> {
    fn names_exchange(&self, strict: bool) -> bool {
        match self {
            Self::One(Strict(data)) => data.names_exchange(),
            Self::Many(list) if strict || list.len() != 1 => false,
            Self::Many(list) => list.iter().all(|Strict(data)| data.names_exchange()),
        }
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

impl Data<'_> {
    fn names_exchange(&self) -> bool {
        is(&self.method, "POST") && is(&self.path, PATH)
    }
}
