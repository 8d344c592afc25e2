//! When the same token is sent again without asking anybody: only where it can't be lost by that.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{Response, StatusCode};

use crate::crypto;
use crate::transport::TransportError;

const MAX_RETRIES: u32 = 3;

/// Doubled with every retry.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The times that one exchange has to keep to.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
}

/// The retries of one exchange.
pub(crate) struct Retries {
    limits: Limits,
    made: u32,
}

impl Retries {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, made: 0 }
    }

    /// How many there have been.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// How long to wait before sending again; `None` if the outcome stands.
    ///
    /// `now` is the time that a date in `Retry-After` is compared with, `left` what is left of the time-out.
    pub(crate) fn next(
        &mut self,
        outcome: &Result<Response<Vec<u8>>, TransportError>,
        now: SystemTime,
        left: Duration,
    ) -> Option<Duration> {
        let Limits { timeout, connect_timeout } = self.limits;
        let (at_least, room) = match outcome {
            // Where there is no time for another failure to connect, the time-out would strike in the middle of an
            // attempt, and nobody could say any more whether the token was sent.
            Err(TransportError::NotSent(_)) => (None, connect_timeout.min(timeout / 2)),
            Ok(answer) if answer.status() == StatusCode::TOO_MANY_REQUESTS => {
                (retry_after(answer, now), Duration::from_secs(1).min(timeout / 4))
            }
            _ => return None,
        };
        if self.made == MAX_RETRIES {
            return None;
        }
        let spread = jitter();
        let backoff = FIRST_WAIT * 2_u32.pow(self.made);
        let wait = match at_least {
            // Never earlier than asked for; later by up to the backoff, so that a crowd comes back one by one.
            Some(at_least) => at_least.checked_add(backoff.mul_f64(spread))?,
            None => backoff.mul_f64(0.5 + spread / 2.0),
        };
        let latest = left.checked_sub(room)?;
        let wait = if wait <= latest { wait } else { at_least.filter(|wait| *wait <= latest)? };
        self.made += 1;
        Some(wait)
    }
}

/// RFC 9110, section 10.2.3: seconds or a date. What is neither is as if it were not there.
fn retry_after(answer: &Response<Vec<u8>>, now: SystemTime) -> Option<Duration> {
    let value = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than can be counted are too many to wait for.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// From 0 to 1. A system without random numbers refuses requests before it gets here.
fn jitter() -> f64 {
    crypto::random::<4>()
        .map_or(0.0, |bytes| f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const LIMITS: Limits =
        Limits { timeout: Duration::from_secs(30), connect_timeout: Duration::from_secs(10) };
    const ALL: Duration = Duration::from_secs(30);

    type Outcome = Result<Response<Vec<u8>>, TransportError>;

    fn answer(status: u16, retry_after: Option<&str>) -> Outcome {
        let mut response = Response::builder().status(status);
        if let Some(value) = retry_after {
            response = response.header(RETRY_AFTER, value);
        }
        Ok(response.body(Vec::new()).unwrap())
    }

    fn not_sent() -> Outcome {
        Err(TransportError::NotSent("refused".into()))
    }

    fn wait(outcome: &Outcome, left: Duration) -> Option<Duration> {
        Retries::new(LIMITS).next(outcome, UNIX_EPOCH, left)
    }

    #[test]
    fn nothing_that_may_have_been_sent_is_sent_again() {
        for outcome in [
            Err(TransportError::Timeout("late".into())),
            Err(TransportError::Failed("reset".into())),
            Err(TransportError::TooLarge("long".into())),
            answer(200, None),
            answer(202, Some("1")),
            answer(301, Some("1")),
            answer(400, Some("1")),
            answer(401, None),
            answer(408, Some("1")),
            answer(500, Some("1")),
            answer(502, None),
            answer(503, Some("1")),
            answer(504, None),
        ] {
            assert_eq!(wait(&outcome, ALL), None, "{outcome:?}");
        }
    }

    #[test]
    fn three_times_and_each_time_later() {
        for outcome in [not_sent(), answer(429, None)] {
            let mut retries = Retries::new(LIMITS);
            for (made, longest) in [(0, 250), (1, 500), (2, 1000)] {
                assert_eq!(retries.made(), made);
                let wait = retries.next(&outcome, UNIX_EPOCH, ALL).unwrap();
                let longest = Duration::from_millis(longest);
                assert!(longest / 2 <= wait && wait <= longest, "{wait:?}");
            }
            assert_eq!(retries.next(&outcome, UNIX_EPOCH, ALL), None);
            assert_eq!(retries.made(), 3);
        }
    }

    #[test]
    fn waits_differ() {
        let waits = [(); 8].map(|()| wait(&not_sent(), ALL));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }

    #[test]
    fn retry_after_is_the_least() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        for (value, least) in [
            ("0", 0),
            ("1", 1),
            (" 17 ", 17),
            ("Sun, 06 Nov 1994 08:49:42 GMT", 5),
            ("Sunday, 06-Nov-94 08:49:42 GMT", 5),
            ("Sun Nov  6 08:49:42 1994", 5),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ] {
            let wait = Retries::new(LIMITS).next(&answer(429, Some(value)), now, ALL).unwrap();
            let least = Duration::from_secs(least);
            assert!(least <= wait && wait <= least + FIRST_WAIT, "{value}: {wait:?}");
        }
    }

    #[test]
    fn a_retry_after_that_says_nothing_is_ignored() {
        for value in ["", "soon", "-1", "1.5", "1s", "+1"] {
            let wait = wait(&answer(429, Some(value)), ALL).unwrap();
            assert!(wait <= FIRST_WAIT, "{value}: {wait:?}");
        }
    }

    #[test]
    fn nobody_waits_longer_than_the_time_out_leaves() {
        for value in ["30", "3600", "18446744073709551615", "99999999999999999999999"] {
            assert_eq!(wait(&answer(429, Some(value)), ALL), None, "{value}");
        }
        let later = "Fri, 31 Dec 9999 23:59:59 GMT";
        assert_eq!(wait(&answer(429, Some(later)), ALL), None);
        // The jitter is dropped before the retry is.
        let second = Duration::from_secs(1);
        assert_eq!(wait(&answer(429, Some("1")), 2 * second), Some(second));
        assert_eq!(wait(&answer(429, Some("1")), second), None);
        assert_eq!(wait(&answer(429, None), second), None);
        assert_eq!(wait(&answer(429, Some("0")), Duration::ZERO), None);
    }

    #[test]
    fn no_attempt_begins_that_could_not_fail_to_connect_in_time() {
        assert!(wait(&not_sent(), Duration::from_secs(11)).is_some());
        assert_eq!(wait(&not_sent(), Duration::from_secs(10)), None);
        // Where connecting may take as long as everything, half of the time has to do.
        let limits =
            Limits { timeout: Duration::from_secs(4), connect_timeout: LIMITS.connect_timeout };
        let mut retries = Retries::new(limits);
        assert!(retries.next(&not_sent(), UNIX_EPOCH, Duration::from_secs(3)).is_some());
        assert_eq!(retries.next(&not_sent(), UNIX_EPOCH, Duration::from_secs(2)), None);
    }
}
