//! The retries of an exchange: only where the token can't be lost by sending it again.

use std::time::{Duration, SystemTime};

use http::{Response, StatusCode};

use super::runtime::Instant;
use crate::crypto;
use crate::transport::{TransportError, retry_after};

/// Doubled with every retry.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The limits of one exchange.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) retries: u32,
}

/// The time and the retries that are left to one exchange.
pub(super) struct RetryBudget {
    limits: Limits,
    started: Instant,
    retries: u32,
}

impl RetryBudget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, started: Instant::now(), retries: 0 }
    }

    /// Returns the number of retries so far.
    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    /// Returns the time that is left of the time-out.
    pub(super) fn time_left(&self) -> Duration {
        self.limits.timeout.saturating_sub(self.started.elapsed())
    }

    /// Returns the time to wait before the next attempt; `None` if `outcome` is final.
    ///
    /// A date in `Retry-After` is compared with `now`.
    pub(super) fn next_wait(
        &mut self,
        outcome: &Result<Response<Vec<u8>>, TransportError>,
        now: SystemTime,
        time_left: Duration,
    ) -> Option<Duration> {
        let Limits { timeout, connect_timeout, retries } = self.limits;
        let (at_least, reserve) = match outcome {
            // With no time left for another failure to connect, the time-out would end an attempt in the middle, and
            // nothing would tell whether the token was sent.
            Err(TransportError::NotSent(_)) => (None, connect_timeout.min(timeout / 2)),
            Ok(response) if response.status() == StatusCode::TOO_MANY_REQUESTS => {
                (retry_after(response.headers(), now), Duration::from_secs(1).min(timeout / 4))
            }
            _ => return None,
        };
        if self.retries >= retries {
            return None;
        }
        let jitter = jitter();
        let backoff = FIRST_WAIT * 2_u32.pow(self.retries);
        let wait = match at_least {
            // Never earlier than `Retry-After`; later by up to the backoff, so that clients spread out.
            Some(at_least) => at_least.checked_add(backoff.mul_f64(jitter))?,
            None => backoff.mul_f64(0.5 + jitter / 2.0),
        };
        let latest = time_left.checked_sub(reserve)?;
        let wait = if wait <= latest { wait } else { at_least.filter(|wait| *wait <= latest)? };
        self.retries += 1;
        Some(wait)
    }
}

/// Returns a random number from 0 to 1. (Without random numbers no request can be made, so none is retried.)
fn jitter() -> f64 {
    crypto::random::<4>()
        .map_or(0.0, |bytes| f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::header::RETRY_AFTER;

    use super::*;

    const LIMITS: Limits = Limits {
        timeout: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(10),
        retries: 3,
    };
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
        RetryBudget::new(LIMITS).next_wait(outcome, UNIX_EPOCH, left)
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
            let mut budget = RetryBudget::new(LIMITS);
            for (made, longest) in [(0, 250), (1, 500), (2, 1000)] {
                assert_eq!(budget.retries(), made);
                let wait = budget.next_wait(&outcome, UNIX_EPOCH, ALL).unwrap();
                let longest = Duration::from_millis(longest);
                assert!(longest / 2 <= wait && wait <= longest, "{wait:?}");
            }
            assert_eq!(budget.next_wait(&outcome, UNIX_EPOCH, ALL), None);
            assert_eq!(budget.retries(), 3);
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
            let wait =
                RetryBudget::new(LIMITS).next_wait(&answer(429, Some(value)), now, ALL).unwrap();
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
        let limits = Limits { timeout: Duration::from_secs(4), ..LIMITS };
        let mut budget = RetryBudget::new(limits);
        assert!(budget.next_wait(&not_sent(), UNIX_EPOCH, Duration::from_secs(3)).is_some());
        assert_eq!(budget.next_wait(&not_sent(), UNIX_EPOCH, Duration::from_secs(2)), None);
    }
}
