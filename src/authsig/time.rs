//! Reading times, and telling the time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::error::Error;

/// How far a signed time may be ahead of the verifier's clock.
pub(super) const MAX_AHEAD: TimeDelta = TimeDelta::seconds(60);

/// Where the time comes from; the system's clock unless another is given.
#[derive(Clone, Default)]
pub(super) struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    pub(super) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(clock)))
    }

    pub(super) fn system_time(&self) -> SystemTime {
        self.0.as_ref().map_or_else(SystemTime::now, |clock| clock())
    }

    pub(super) fn now(&self) -> Result<DateTime<Utc>, Error> {
        instant(self.system_time())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(given)" } else { "Clock(system)" })
    }
}

/// Unlike chrono's own conversion this does not panic on times beyond its range.
pub(super) fn instant(time: SystemTime) -> Result<DateTime<Utc>, Error> {
    let delta = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => TimeDelta::from_std(after).ok(),
        Err(before) => TimeDelta::from_std(before.duration()).ok().map(|delta| -delta),
    };
    delta
        .and_then(|delta| DateTime::UNIX_EPOCH.checked_add_signed(delta))
        .ok_or(Error::TimeOutOfRange)
}

/// The way back; `None` where the system can't express it.
pub(super) fn system_time(instant: DateTime<Utc>) -> Option<SystemTime> {
    let since = instant.signed_duration_since(DateTime::UNIX_EPOCH);
    match since.to_std() {
        Ok(after) => UNIX_EPOCH.checked_add(after),
        Err(_) => UNIX_EPOCH.checked_sub((-since).to_std().ok()?),
    }
}

/// Whether more than `limit` lies between the two; a limit beyond all times is never passed.
pub(super) fn is_longer(span: TimeDelta, limit: Duration) -> bool {
    TimeDelta::from_std(limit).is_ok_and(|limit| span > limit)
}

/// Epoch seconds, or RFC 3339 with its offset.
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

/// Epoch seconds, which every reader of times understands; RFC 3339 where they could be taken for a date.
pub(super) fn write(time: DateTime<Utc>) -> String {
    let seconds = time.timestamp().to_string();
    if seconds.starts_with('-') || reads_as_hours(&seconds) {
        return time.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    }
    seconds
}

/// `YYYYMMDDhh` from 1970 on is ten digits, as epoch seconds from 2001 to 2286 are: Ruby takes it for a date.
pub(super) fn reads_as_hours(text: &str) -> bool {
    let number = |from, to| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day), Some(hour)) =
        (number(0, 4), number(4, 6), number(6, 8), number(8, 10))
    else {
        return false;
    };
    let is_date =
        i32::try_from(year).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some());
    text.len() == 10 && year >= 1970 && is_date && hour <= 24
}

/// What [`parse_instant`] reads, or the full form `Tue May 21 17:17:19 UTC 2013`.
pub(super) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    parse_instant(text).or_else(|| parse_full(text))
}

/// The form that Ruby and `date` write; nothing partial, no other spelling of it.
fn parse_full(text: &str) -> Option<DateTime<Utc>> {
    // Years of more or fewer than four digits are beyond what anyone writes, and what chrono can calculate with.
    let (_, year) = text.rsplit_once(' ')?;
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let time = NaiveDateTime::parse_from_str(text, "%a %b %e %H:%M:%S UTC %Y").ok()?;
    ["%e", "%d", "%-d"]
        .iter()
        .any(|day| time.format(&format!("%a %b {day} %H:%M:%S UTC %Y")).to_string() == text)
        .then(|| time.and_utc())
}
