//! Reading, writing and checking times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Utc};

use super::error::TimeError;
use crate::clock::Clock;

/// The longest time that a signed `time` may be ahead of the verifier's clock.
pub(super) const MAX_AHEAD: TimeDelta = TimeDelta::seconds(60);

/// The longest validity and the highest age, 100 years: longer ones are milliseconds, or a switch.
pub(super) const MAX_SPAN: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);

/// The time by a clock.
pub(super) fn now(clock: &Clock) -> DateTime<Utc> {
    instant(clock.now())
}

/// Unlike chrono's own conversion this does not panic. Times beyond its range become its first or last one: to a clock
/// that is so wrong every time is past, or too far ahead.
pub(super) fn instant(time: SystemTime) -> DateTime<Utc> {
    let since = |duration| TimeDelta::from_std(duration).ok();
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => since(after)
            .and_then(|delta| DateTime::UNIX_EPOCH.checked_add_signed(delta))
            .unwrap_or(DateTime::<Utc>::MAX_UTC),
        Err(before) => since(before.duration())
            .and_then(|delta| DateTime::UNIX_EPOCH.checked_sub_signed(delta))
            .unwrap_or(DateTime::<Utc>::MIN_UTC),
    }
}

/// The times of a URL.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl Times {
    /// Reads the values of `time` and `expires_at`: one that can't be read is an error, never absent.
    pub(super) fn read(time: Option<&str>, expires_at: Option<&str>) -> Result<Self, TimeError> {
        Ok(Self { time: read("time", time)?, expires_at: read("expires_at", expires_at)? })
    }

    /// Rejects times that no URL can have at this moment. The clock is asked only if there are any.
    pub(super) fn check(&self, clock: &Clock) -> Result<(), TimeError> {
        if self.time.is_none() && self.expires_at.is_none() {
            return Ok(());
        }
        let now = now(clock);
        if self.time.is_some_and(|time| time - now > MAX_AHEAD) {
            return Err(TimeError::Ahead);
        }
        check_expiry(self.expires_at, now)?;
        let is_too_far = |expires_at: DateTime<Utc>| is_longer(expires_at - now, MAX_SPAN);
        if self.expires_at.is_some_and(is_too_far) {
            return Err(TimeError::TooFarAhead);
        }
        Ok(())
    }
}

fn read(name: &'static str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, TimeError> {
    text.map(|text| parse_instant(text).ok_or(TimeError::Unreadable(name))).transpose()
}

/// A URL is refused from the second of `expires_at` on.
pub(super) fn check_expiry(
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), TimeError> {
    if expires_at.is_some_and(|expires_at| now.timestamp() >= expires_at.timestamp()) {
        return Err(TimeError::Expired);
    }
    Ok(())
}

/// Returns whether the span is longer than the limit.
pub(super) fn is_longer(span: TimeDelta, limit: Duration) -> bool {
    TimeDelta::from_std(limit).is_ok_and(|limit| span > limit)
}

/// Writes a time as RFC 3339, in whole seconds. `None` for years that it can't write.
pub(super) fn to_rfc3339(time: SystemTime) -> Option<String> {
    let time = instant(time);
    (0..=9999).contains(&time.year()).then(|| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Parses epoch seconds, or RFC 3339 with its offset.
pub(super) fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return DateTime::from_timestamp(text.parse().ok()?, 0);
    }
    // chrono also takes a space for the `T`, and a typographic minus.
    let has_t = text.as_bytes().get(10).is_some_and(|byte| matches!(byte, b'T' | b't'));
    if !text.is_ascii() || !has_t {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_beyond_all_ranges_do_not_panic() {
        for time in [
            UNIX_EPOCH.checked_add(Duration::from_secs(1 << 62)),
            UNIX_EPOCH.checked_sub(Duration::from_secs(1 << 62)),
        ] {
            let clock = Clock::new(move || time.unwrap());
            let times = Times::read(Some("1800000000"), Some("1900000000")).unwrap();
            assert!(times.check(&clock).is_err());
        }
        let last = Times::read(None, Some("8210266876799")).unwrap();
        assert_eq!(last.check(&Clock::default()), Err(TimeError::TooFarAhead));
    }
}
