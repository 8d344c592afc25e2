//! Times, at both edges.

use civic_sip::authsig::{SignError, TimeError, VerifyError};

use super::*;

const CENTURY: u64 = 36_525 * 86_400;

/// Both say the same of a query with these times.
fn time_error(query: &str) -> TimeError {
    let error = match signer().sign_query(query) {
        Err(SignError::Time(error)) => error,
        other => panic!("{query}: {other:?}"),
    };
    assert_eq!(
        verifier().verify_query(&forged_query(query)).unwrap_err(),
        VerifyError::Time(error),
        "{query}"
    );
    error
}

/// A fraction of a second does not lengthen a life.
#[test]
fn an_expiry_is_a_whole_second() {
    let query = "expires_at=2027-01-15T08:00:00.9Z";
    let url = signing().clock(at(NOW - 1)).build().unwrap().sign_query(query).unwrap();
    assert!(verifying().clock(at(NOW - 1)).build().unwrap().verify_query(&url).is_ok());
    let dead = verifying().clock(at(NOW)).build().unwrap().verify_query(&url);
    refused!(dead, VerifyError::Time(TimeError::Expired));
}

#[test]
fn a_url_is_dead_from_its_expiry_on() {
    let query = signing().expires_in(Duration::from_secs(3600)).build().unwrap();
    let query = query.sign_query("login=user_1").unwrap();
    assert!(query.starts_with(&format!("login=user_1&expires_at={}&signature=", NOW + 3600)));
    let when = |clock: Duration| {
        let clock = move || UNIX_EPOCH + clock;
        Verifier::builder().secret(SECRET).clock(clock).build().unwrap().verify_query(&query)
    };
    let expiry = Duration::from_secs(NOW + 3600);
    assert_eq!(when(expiry).unwrap_err(), VerifyError::Time(TimeError::Expired));
    assert!(when(expiry).unwrap_err().is_expired());
    let verified = when(expiry - Duration::from_nanos(1)).unwrap();
    assert_eq!(verified.expires_at().unwrap().timestamp() as u64, NOW + 3600);
    assert_eq!(when(expiry * 2).unwrap_err(), VerifyError::Time(TimeError::Expired));
}

#[test]
fn an_expiry_is_rounded_down_to_whole_seconds() {
    let time = UNIX_EPOCH + Duration::from_millis(NOW * 1000 + 5999);
    let query = signing().expires_at(time).build().unwrap().sign_query("").unwrap();
    assert!(query.starts_with(&format!("expires_at={}&", NOW + 5)));
}

#[test]
fn an_expiry_in_the_past_is_refused() {
    for past in
        ["1799999999", "1800000000", "0", "2027-01-15T08:00:00Z", "2027-01-15T09:59:59%2B02:00"]
    {
        refused!(
            signer().sign_query(&format!("expires_at={past}")),
            SignError::Time(TimeError::Expired)
        );
    }
    assert_eq!(time_error("expires_at=1800000000"), TimeError::Expired);
    assert!(through("expires_at=1800000001").is_ok());
    // A signer outlives the time that it was given.
    let clock = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(NOW));
    let seen = clock.clone();
    let signer = Signer::builder()
        .secret(SECRET)
        .clock(move || {
            UNIX_EPOCH + Duration::from_secs(seen.load(std::sync::atomic::Ordering::SeqCst))
        })
        .expires_at(at(NOW + 10)())
        .build()
        .unwrap();
    assert!(signer.sign_query("").is_ok());
    clock.store(NOW + 10, std::sync::atomic::Ordering::SeqCst);
    refused!(signer.sign_query(""), SignError::Time(TimeError::Expired));
}

#[test]
fn an_expiry_more_than_100_years_ahead_is_refused() {
    assert!(through(&format!("expires_at={}", NOW + CENTURY)).is_ok());
    assert_eq!(time_error(&format!("expires_at={}", NOW + CENTURY + 1)), TimeError::TooFarAhead);
    assert_eq!(time_error(&format!("expires_at={}", NOW * 1000)), TimeError::TooFarAhead);
}

#[test]
fn a_time_that_can_t_be_read_is_refused() {
    for name in ["expires_at", "time"] {
        for bad in [
            "-1",
            "%2B1900000000",
            "1.9e9",
            "1900000000.0",
            "0x7fffffff",
            "tomorrow",
            "null",
            "99999999999999999999",
            "9223372036854775807",
            "18446744073709551616",
            "2030-01-01",
            "2030-01-01T00%3A00%3A00",
            "2030-01-01%2000%3A00%3A00Z",
            "2030-13-01T00%3A00%3A00Z",
            "2030-01-01T00%3A00%3A00%E2%88%9201%3A00",
            "Fri%20Jan%2015%2008%3A00%3A00%20UTC%202027",
            "%D9%A1900000000",
            "1900000000%20",
            "%201900000000",
        ] {
            assert_eq!(time_error(&format!("{name}={bad}")), TimeError::Unreadable(name));
        }
    }
}

#[test]
fn epoch_seconds_and_rfc_3339_are_read() {
    for ok in [
        "1800000000",
        "01800000000",
        "2027-01-15T09:00:00%2B01:00",
        "2027-01-15t08:00:00z",
        "2027-01-15T08:00:00.000Z",
    ] {
        let verified = through(&format!("time={ok}")).unwrap();
        assert_eq!(verified.time().unwrap().timestamp() as u64, NOW, "{ok}");
    }
    let verified = through("expires_at=2027-01-15T08:00:01Z").unwrap();
    assert_eq!(verified.expires_at().unwrap().timestamp() as u64, NOW + 1);
}

#[test]
fn a_time_more_than_60_seconds_ahead_is_refused() {
    assert!(through(&format!("time={}", NOW + 60)).is_ok());
    assert_eq!(time_error(&format!("time={}", NOW + 61)), TimeError::Ahead);
    assert!(through("time=0").is_ok(), "no age is demanded");
}

#[test]
fn an_age_counts_from_the_signed_time() {
    let within = |age: Duration, query: &str| {
        verifying().max_age(age).build().unwrap().verify_query(&signed(query))
    };
    let seconds = Duration::from_secs;
    assert_eq!(
        within(seconds(60), "login=user_1").unwrap_err(),
        VerifyError::Missing("time".to_owned())
    );
    let minute_ago = format!("time={}", NOW - 60);
    assert!(within(seconds(60), &minute_ago).is_ok());
    let error = within(seconds(60) - Duration::from_nanos(1), &minute_ago).unwrap_err();
    assert_eq!(error, VerifyError::TooOld);
    assert!(error.is_expired());
    assert!(within(Duration::ZERO, &format!("time={NOW}")).is_ok());
    assert!(within(Duration::ZERO, &format!("time={}", NOW + 60)).is_ok());
}

#[test]
fn an_expiry_can_be_demanded() {
    let verifier = verifying().require_expiry().build().unwrap();
    assert_eq!(
        verifier.verify_query(&signed("login=user_1")).unwrap_err(),
        VerifyError::Missing("expires_at".to_owned())
    );
    assert!(verifier.verify_query(&signed("expires_at=1800000001")).is_ok());
}

#[test]
fn a_clock_that_is_lost_refuses_times() {
    for lost in
        [UNIX_EPOCH + Duration::from_secs(1 << 60), UNIX_EPOCH - Duration::from_secs(1 << 60)]
    {
        let verifier = Verifier::builder().secret(SECRET).clock(move || lost).build().unwrap();
        assert!(verifier.verify_query(&signed("expires_at=1900000000")).is_err());
        assert!(verifier.verify_query(&signed("a=1")).is_ok());
        let signer = Signer::builder().secret(SECRET).clock(move || lost);
        let signer = signer.expires_in(Duration::from_secs(60)).build().unwrap();
        assert_eq!(signer.sign_query("").unwrap_err(), SignError::TimeOutOfRange);
    }
}
