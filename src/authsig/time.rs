//! Reading, writing and checking times.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, TimeDelta, Utc};

use super::error::TimeError;

/// How far a signed `time` may be ahead of the verifier's clock.
pub(super) const MAX_AHEAD: TimeDelta = TimeDelta::seconds(60);

/// The longest validity and the highest age, 100 years: longer ones are milliseconds, or a switch.
pub(super) const MAX_SPAN: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);

/// The source of the time: the system's clock, or another.
#[derive(Clone, Default)]
pub(super) struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    pub(super) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(clock)))
    }

    pub(super) fn system_time(&self) -> SystemTime {
        self.0.as_ref().map_or_else(SystemTime::now, |clock| clock())
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        instant(self.system_time())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(custom)" } else { "Clock(system)" })
    }
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
        let now = clock.now();
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

/// A URL is dead from the second on that `expires_at` names.
pub(super) fn check_expiry(
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), TimeError> {
    if expires_at.is_some_and(|expires_at| now >= expires_at) {
        return Err(TimeError::Expired);
    }
    Ok(())
}

/// Returns whether the span is longer than the limit.
pub(super) fn is_longer(span: TimeDelta, limit: Duration) -> bool {
    TimeDelta::from_std(limit).is_ok_and(|limit| span > limit)
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

/// `YYYYMMDDhh` from 1970 on is ten digits, as epoch seconds from 2001 to 2286 are: Ruby takes it for a date.
#[cfg(feature = "authsig-legacy")]
pub(super) fn reads_as_hours(text: &str) -> bool {
    let number = |from, to| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day), Some(hour)) =
        (number(0, 4), number(4, 6), number(6, 8), number(8, 10))
    else {
        return false;
    };
    let is_date = i32::try_from(year)
        .is_ok_and(|year| chrono::NaiveDate::from_ymd_opt(year, month, day).is_some());
    text.len() == 10 && year >= 1970 && is_date && hour <= 24
}

/// What [`parse_instant`] reads, or the full form `Tue May 21 17:17:19 UTC 2013`.
#[cfg(feature = "authsig-legacy")]
pub(super) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    parse_instant(text).or_else(|| parse_full(text))
}

/// The form that Ruby and `date` write; nothing partial, no other spelling of it.
#[cfg(feature = "authsig-legacy")]
fn parse_full(text: &str) -> Option<DateTime<Utc>> {
    // Years of more or fewer than four digits are beyond what anyone writes, and what chrono can calculate with.
    let (_, year) = text.rsplit_once(' ')?;
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let time = chrono::NaiveDateTime::parse_from_str(text, "%a %b %e %H:%M:%S UTC %Y").ok()?;
    ["%e", "%d", "%-d"]
        .iter()
        .any(|day| time.format(&format!("%a %b {day} %H:%M:%S UTC %Y")).to_string() == text)
        .then(|| time.and_utc())
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
