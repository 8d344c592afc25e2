//! The claims of the service's token (RFC 7519, section 4.1).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::MapAccess;

use super::error::{ProtocolError, VerificationError};
use super::{ISSUER, same_audience};
use crate::encoding::json::{self, CowStr, NumericDate, OneOrMany, Span, StrictObject};

#[derive(Default)]
pub(super) struct Claims<'a> {
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

impl<'a> Claims<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, VerificationError> {
        json::object(text).ok_or(VerificationError::Claims)
    }

    /// Checks issuer, audience and subject.
    pub(super) fn check_parties(
        &self,
        app_id: &str,
        audience: &str,
    ) -> Result<(), VerificationError> {
        if self.iss.as_ref().ok_or(VerificationError::Missing("iss"))?.0 != ISSUER {
            return Err(VerificationError::Issuer);
        }
        let audiences = &self.aud.as_ref().ok_or(VerificationError::Missing("aud"))?.0;
        if !audiences.iter().any(|one| same_audience(&one.0, audience)) {
            return Err(VerificationError::Audience);
        }
        if self.sub.as_ref().ok_or(VerificationError::Missing("sub"))?.0 != app_id {
            return Err(VerificationError::Subject);
        }
        Ok(())
    }

    /// Checks the time of issue, the expiry and the beginning of validity.
    pub(super) fn check_times(
        &self,
        now: SystemTime,
        leeway: Duration,
    ) -> Result<(), VerificationError> {
        let NumericDate(exp) = self.exp.ok_or(VerificationError::Missing("exp"))?;
        let NumericDate(iat) = self.iat.ok_or(VerificationError::Missing("iat"))?;
        if exp <= iat {
            return Err(VerificationError::Lifetime);
        }
        let now = seconds_since_epoch(now);
        let leeway = leeway.as_secs_f64();
        if now >= exp + leeway {
            return Err(VerificationError::Expired(duration(now - exp)));
        }
        let valid_from = self.nbf.map_or(iat, |NumericDate(nbf)| iat.max(nbf));
        if valid_from > now + leeway {
            return Err(VerificationError::NotYet(duration(valid_from - now)));
        }
        Ok(())
    }

    /// Returns the claim `data` as a part of `text`, the text of the claims.
    pub(super) fn into_data(self, text: &[u8]) -> Result<Span, ProtocolError> {
        let data = self.data.ok_or(ProtocolError::Items("the claim `data` is missing"))?;
        Ok(data.span(text))
    }
}

pub(crate) fn seconds_since_epoch(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
