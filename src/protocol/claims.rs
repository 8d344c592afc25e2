//! The claims of the answer's token (RFC 7519, section 4.1), checked one after the other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::MapAccess;

use super::{ISSUER, same_audience};
use crate::encoding::json::{self, CowStr, NumericDate, OneOrMany, Span, StrictObject};
use crate::{Error, VerificationError};

/// What a token has to say, and when.
pub(crate) struct Expected<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) leeway: Duration,
    pub(crate) now: SystemTime,
}

/// Checks the claims and returns where the `data` in them is.
pub(crate) fn verified_data(claims: &[u8], expected: &Expected<'_>) -> Result<Span, Error> {
    let members: Claims<'_> = json::object(claims).ok_or(VerificationError::Claims)?;
    members.check(expected)?;
    let data = members.data.ok_or(Error::data("the claim `data` is missing"))?;
    Ok(data.span(claims))
}

#[derive(Default)]
struct Claims<'a> {
    iss: Option<CowStr<'a>>,
    aud: Option<OneOrMany<'a>>,
    sub: Option<CowStr<'a>>,
    exp: Option<NumericDate>,
    iat: Option<NumericDate>,
    nbf: Option<NumericDate>,
    data: Option<CowStr<'a>>,
}

impl<'a> StrictObject<'a> for Claims<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "iss" => json::set(&mut self.iss, map),
            "aud" => json::set(&mut self.aud, map),
            "sub" => json::set(&mut self.sub, map),
            "exp" => json::set(&mut self.exp, map),
            "iat" => json::set(&mut self.iat, map),
            "nbf" => json::set(&mut self.nbf, map),
            "data" => json::set(&mut self.data, map),
            _ => Ok(false),
        }
    }
}

impl Claims<'_> {
    fn check(&self, expected: &Expected<'_>) -> Result<(), VerificationError> {
        use VerificationError as Fault;

        if self.iss.as_ref().ok_or(Fault::Missing("iss"))?.0 != ISSUER {
            return Err(Fault::Issuer);
        }
        let audiences = &self.aud.as_ref().ok_or(Fault::Missing("aud"))?.0;
        if !audiences.iter().any(|audience| same_audience(&audience.0, expected.audience)) {
            return Err(Fault::Audience);
        }
        if self.sub.as_ref().ok_or(Fault::Missing("sub"))?.0 != expected.app_id {
            return Err(Fault::Subject);
        }
        let NumericDate(exp) = self.exp.ok_or(Fault::Missing("exp"))?;
        let NumericDate(iat) = self.iat.ok_or(Fault::Missing("iat"))?;
        if exp <= iat {
            return Err(Fault::Lifetime);
        }
        let now = seconds_since_epoch(expected.now);
        let leeway = expected.leeway.as_secs_f64();
        if now >= exp + leeway {
            return Err(Fault::Expired(positive(now - exp)));
        }
        let valid_from = self.nbf.map_or(iat, |NumericDate(nbf)| iat.max(nbf));
        if valid_from > now + leeway {
            return Err(Fault::NotYet(positive(valid_from - now)));
        }
        Ok(())
    }
}

pub(crate) fn seconds_since_epoch(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

fn positive(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
