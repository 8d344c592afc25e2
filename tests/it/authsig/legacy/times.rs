//! Times, expiry and age.

use civic_sip::authsig::{QueryError, TimeError};

use super::*;

const YEAR: u64 = 31_536_000;

/// Signs and verifies a URL with names that make all readings agree.
fn times(query: &str, verifier: VerifierBuilder) -> Result<Identity, VerifyError> {
    let names = [&NAMES[..], &["expires_at", "z"]].concat();
    let signer = signing().only_names(&names).build().unwrap();
    // `z` finds a digest without a NUL byte.
    let signed = sign_first_with(&signer, (0..9).map(|i| format!("login=user_1&{query}&z={i}")));
    verifier.only_names(&names).build().unwrap().verify_query(&signed)
}

fn aged(seconds: u64) -> VerifierBuilder {
    verifying().max_age(Duration::from_secs(seconds))
}

#[test]
fn every_form_of_a_time_is_read() {
    for text in [
        "2013-05-21T17:17:19Z",
        "2013-05-21T19:17:19%2B02:00",
        "2013-05-21T17:17:19.0Z",
        "Tue+May+21+17:17:19+UTC+2013",
        "1369156639",
    ] {
        let verified = times(&format!("time={text}"), verifying()).unwrap();
        assert_eq!(verified.time().unwrap().timestamp() as u64, NOW, "{text}");
        let before = verifying().clock(at(NOW - 1));
        let verified = times(&format!("expires_at={text}"), before).unwrap();
        assert_eq!(verified.expires_at().unwrap().timestamp() as u64, NOW, "{text}");
    }
}

#[test]
fn a_time_that_is_partial_or_ambiguous_is_refused() {
    for text in [
        "17:17:19",
        "2013-05-21",
        "May+21",
        "Tue+May+21+17:17:19+2013",
        "Wed+May+21+17:17:19+UTC+2013",
        "Tue+May+21+17:17:19+UTC+2013+",
        "tue+may+21+17:17:19+utc+2013",
        "Tue+May++21+17:17:19+UTC+2013",
        "Tue+May+21+17:17:19+UTC+%2B2013",
        "Tue+May+21+17:17:19+UTC+02013",
        "2013-05-21T17:17:19",
        "2013-05-21+17:17:19Z",
        "today",
        "-1",
        "%2B1369156639",
        "1369156639.5",
        "1369156639+",
        "99999999999999999999",
        "Tue+May+21+17:17:19+UTC+13",
        "Tue,+21+May+2013+17:17:19+GMT",
        "20130521T171719Z",
        "2013052117",
        "1970010100",
        "2013052124",
        "1999123123",
    ] {
        for name in ["time", "expires_at"] {
            assert_eq!(
                times(&format!("{name}={text}"), verifying()).unwrap_err(),
                TimeError::Unreadable(name).into(),
                "{text}"
            );
        }
    }
}

#[test]
fn ten_digits_that_are_no_hour_of_any_day_are_epoch_seconds() {
    for digits in ["1369156639", "1970130100", "1971023012", "1970010125", "1969123123"] {
        let verified = times(&format!("time={digits}"), verifying().clock(at(2_000_000_000)));
        assert_eq!(verified.unwrap().time().unwrap().timestamp().to_string(), digits);
    }
}

#[test]
fn an_expired_url_is_refused_from_that_second_on() {
    let then = |seconds: u64| times(&format!("expires_at={seconds}"), verifying());
    assert!(then(NOW + 1).is_ok());
    for seconds in [NOW, NOW - 1, 0] {
        assert_eq!(then(seconds).unwrap_err(), TimeError::Expired.into(), "{seconds}");
    }
}

#[test]
fn an_expiry_more_than_100_years_ahead_is_refused() {
    let century = 36_525 * 24 * 60 * 60;
    let then = |seconds: u64| times(&format!("expires_at={seconds}"), verifying());
    assert!(then(NOW + century).is_ok());
    for seconds in [NOW + century + 1, NOW * 1000] {
        assert_eq!(then(seconds).unwrap_err(), TimeError::TooFarAhead.into(), "{seconds}");
    }
}

#[test]
fn age_counts_from_time_less_all_of_time_fudge() {
    let minute_ago = format!("time={}", NOW - 60);
    for (fudge, age) in [("", 360), ("&time_fudge=10", 70), ("&time_fudge=100000", 100_060)] {
        let query = format!("{minute_ago}{fudge}");
        assert!(times(&query, aged(age)).is_ok(), "{query}");
        assert_eq!(times(&query, aged(age - 1)).unwrap_err(), VerifyError::TooOld, "{query}");
    }
    let endless = format!("time={NOW}&time_fudge={}", i64::MAX);
    refused!(
        times(&endless, aged(1000)),
        VerifyError::TooOld | VerifyError::Time(TimeError::Unreadable("time_fudge"))
    );
}

#[test]
fn an_age_needs_a_time() {
    let expected = VerifyError::Missing("time".to_owned());
    assert_eq!(times("hide=1", aged(1000)).unwrap_err(), expected);
}

#[test]
fn an_age_needs_a_time_fudge_that_can_be_read() {
    for fudge in ["x", "-5", "1e3", "+5", "%2B5", "0x5", "99999999999999999999"] {
        let query = format!("time={}&time_fudge={fudge}", NOW - 60);
        assert_eq!(
            times(&query, aged(1000)).unwrap_err(),
            TimeError::Unreadable("time_fudge").into(),
            "{fudge}"
        );
        assert!(times(&query, verifying()).is_ok());
    }
    let empty = with_signature("login=a&time=1&time_fudge=", SIGNATURE);
    refused!(verifier().verify_query(&empty), VerifyError::Query(QueryError::Empty("time_fudge")));
}

#[test]
fn ahead_of_now_at_most_300_seconds_of_time_fudge_are_believed() {
    // And the minute by which clocks may differ.
    for (ahead, fudge, is_ok) in [
        (360, "", true),
        (361, "", false),
        (60, "&time_fudge=0", true),
        (61, "&time_fudge=0", false),
        (90, "&time_fudge=30", true),
        (91, "&time_fudge=30", false),
        (360, "&time_fudge=99999999", true),
        (361, "&time_fudge=99999999", false),
        (361, "&time_fudge=9223372036854775807", false),
        (61, "&time_fudge=x", false),
    ] {
        let result = times(&format!("time={}{fudge}", NOW + ahead), verifying());
        match result {
            Ok(_) if is_ok => {}
            Err(VerifyError::Time(TimeError::Ahead)) if !is_ok => {}
            other => panic!("{ahead} {fudge} {other:?}"),
        }
    }
}

#[test]
fn a_time_that_was_far_ahead_does_not_become_fresh_by_waiting() {
    let postdated = format!("time={}&time_fudge={}", NOW + YEAR, YEAR + 1);
    assert_eq!(times(&postdated, verifying()).unwrap_err(), TimeError::Ahead.into());
    let then = aged(3600).clock(at(NOW + YEAR));
    assert_eq!(times(&postdated, then).unwrap_err(), VerifyError::TooOld);
}

/// With nothing known of the signing side, `time_fudge` may have been part of another value.
#[test]
fn an_age_needs_a_time_fudge_that_all_readings_agree_on() {
    let exists = |login: &str| login.starts_with("user_") && login.len() == 6;
    let query = |i: u32| format!("login=user_{i}&time=1369156639&time_fudge=1");
    let signed = sign_first((0..9).map(query));
    let verifier = verifying().logins(exists);
    refused!(
        verifier.clone().max_age(Duration::from_secs(1000)).build().unwrap().verify_query(&signed),
        VerifyError::Legacy(LegacyError::Ambiguous(_))
    );
}
