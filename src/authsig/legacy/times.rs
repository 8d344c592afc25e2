//! Reading and checking the times of a legacy URL.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::parameters::Parameters;
use crate::authsig::error::{TimeError, VerifyError};
use crate::authsig::time::{self, MAX_AHEAD, MAX_SPAN, Times};

/// `time_fudge` where there is none, and the most of it that `time` may be ahead, in seconds.
const DEFAULT_FUDGE: i64 = 300;

/// Reads the times of a URL, and rejects those that none can have now.
pub(super) fn check(
    parameters: &Parameters,
    now: DateTime<Utc>,
    max_age: Option<Duration>,
) -> Result<Times, VerifyError> {
    let times =
        Times { time: read(parameters, "time")?, expires_at: read(parameters, "expires_at")? };
    time::check_expiry(times.expires_at, now)?;
    if times.expires_at.is_some_and(|expires_at| time::is_longer(expires_at - now, MAX_SPAN)) {
        return Err(TimeError::TooFarAhead.into());
    }
    let fudge = parameters.get("time_fudge").map_or(Some(DEFAULT_FUDGE), parse_fudge);
    if let Some(time) = times.time {
        // The server allowed a time ahead by `time_fudge`, which the asker chose.
        let believed = TimeDelta::seconds(fudge.unwrap_or(0).min(DEFAULT_FUDGE));
        if time - now > MAX_AHEAD + believed {
            return Err(TimeError::Ahead.into());
        }
    }
    let Some(max_age) = max_age else { return Ok(times) };
    let time = times.time.ok_or_else(|| VerifyError::Missing("time".to_owned()))?;
    // The URL may have been signed as long before `time` as the server allowed.
    let fudge =
        fudge.and_then(TimeDelta::try_seconds).ok_or(TimeError::Unreadable("time_fudge"))?;
    let age = (now - time).checked_add(&fudge).ok_or(VerifyError::TooOld)?;
    if time::is_longer(age, max_age) { Err(VerifyError::TooOld) } else { Ok(times) }
}

fn read(parameters: &Parameters, name: &'static str) -> Result<Option<DateTime<Utc>>, TimeError> {
    parameters.get(name).map(|text| parse(text).ok_or(TimeError::Unreadable(name))).transpose()
}

/// Parses RFC 3339 with its offset, the full form, or epoch seconds that Ruby does not take for a date.
fn parse(text: &str) -> Option<DateTime<Utc>> {
    let parsed = time::parse_instant(text).or_else(|| parse_full(text));
    parsed.filter(|_| !reads_as_hours(text))
}

fn parse_fudge(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Returns whether ten digits are also `YYYYMMDDhh` from 1970 on, which Ruby takes for a date.
fn reads_as_hours(text: &str) -> bool {
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

/// Parses `Tue May 21 17:17:19 UTC 2013`, as Ruby and `date` write it: nothing partial, no other spelling.
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
