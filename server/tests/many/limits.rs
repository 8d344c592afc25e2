//! Limits count for all instances together.

use crate::support::{Person, Site, password};

const LIMITS: &str = "SELECT COALESCE(string_agg(name || ' ' || full_at || ' ' || xmin, ',' ORDER BY name), '') FROM limits";

#[tokio::test]
async fn wrong_passwords_count_at_both() {
    let Some(site) = Site::start(&[]).await else { return };
    site.member("user_1").await;
    let mut stranger = Person::from(&site.proxy.url, "127.0.1.1");
    for _ in 0..10 {
        assert_eq!(stranger.log_in("user_1", "a wrong one").await.status, 401);
    }
    let before = site.database.texts(LIMITS).await;
    // Refused at both, whatever the password, and in any spelling.
    for (index, login) in [(0, "user_1"), (1, "user_1"), (0, "USER_1"), (1, " User_1 ")] {
        let mut at = site.at(index, &stranger).forwarded_for("127.0.1.1");
        let refused = at.log_in(login, &password("user_1")).await;
        assert_eq!(refused.status, 429, "{}", refused.body);
        assert!((1..=30).contains(&refused.retry_after()), "{:?}", refused.headers);
    }
    // Nothing was written: neither the value nor a new version of the row.
    assert_eq!(site.database.texts(LIMITS).await, before);
    assert_eq!(site.database.number("SELECT COUNT(*) FROM sessions").await, 1);

    // Nobody else is locked out: not the owner elsewhere, nor others here.
    let mut owner = Person::from(&site.proxy.url, "127.0.1.2");
    assert_eq!(owner.log_in("user_1", &password("user_1")).await.status, 303);
    site.member("user_2").await;
    assert_eq!(stranger.log_in("user_2", &password("user_2")).await.status, 303);
}

#[tokio::test]
async fn wrong_passwords_for_many_accounts_count_by_address() {
    let variables = [("AUTHSIG_MAX_WRONG_PASSWORDS_PER_ADDRESS", "12")];
    let Some(site) = Site::start(&variables).await else { return };
    site.member("user_1").await;
    let mut stranger = Person::from(&site.proxy.url, "127.0.1.1");
    for number in 0..12 {
        let login = format!("somebody_{number}");
        assert_eq!(stranger.log_in(&login, "a wrong one").await.status, 401);
    }
    let before = site.database.texts(LIMITS).await;
    assert_eq!(stranger.log_in("user_1", &password("user_1")).await.status, 429);
    // Refused for the address, it is not counted for the account either.
    assert_eq!(site.database.texts(LIMITS).await, before);
    let mut elsewhere = Person::from(&site.proxy.url, "127.0.1.2");
    assert_eq!(elsewhere.log_in("user_1", &password("user_1")).await.status, 303);
}

#[tokio::test]
async fn an_address_has_50_wrong_passwords_unless_set() {
    let Some(site) = Site::start(&[]).await else { return };
    let tries: Vec<_> = (0..60)
        .map(|number| {
            let mut stranger = Person::from(&site.proxy.url, "127.0.1.1");
            tokio::spawn(async move {
                stranger.log_in(&format!("somebody_{number}"), "a wrong one").await.status
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for one in tries {
        statuses.push(one.await.unwrap());
    }
    let count = |status| statuses.iter().filter(|other| **other == status).count();
    // One comes back every 6 seconds.
    assert!((50..=58).contains(&count(401)), "{statuses:?}");
    assert_eq!(count(401) + count(429), 60, "{statuses:?}");
}

#[tokio::test]
async fn right_passwords_do_not_count() {
    let variables = [("AUTHSIG_MAX_WRONG_PASSWORDS", "2")];
    let Some(site) = Site::start(&variables).await else { return };
    site.member("user_1").await;
    let mut person = Person::from(&site.proxy.url, "127.0.1.1");
    for _ in 0..5 {
        assert_eq!(person.log_in("user_1", &password("user_1")).await.status, 303);
    }
    assert_eq!(person.log_in("user_1", "a wrong one").await.status, 401);
    assert_eq!(person.log_in("user_1", &password("user_1")).await.status, 303);
    assert_eq!(person.log_in("user_1", "a wrong one").await.status, 401);
    assert_eq!(person.log_in("user_1", &password("user_1")).await.status, 429);
}

/// More log in at once than passwords can wait: those who are told to try again later are not locked out by it.
#[tokio::test]
async fn a_password_that_was_not_checked_does_not_count() {
    let variables = [
        ("AUTHSIG_MAX_WRONG_PASSWORDS", "1"),
        ("AUTHSIG_MAX_WRONG_PASSWORDS_PER_ADDRESS", "1000000"),
    ];
    let Some(site) = Site::start(&variables).await else { return };
    let visitor = site.at(0, &site.visitor());
    let tries: Vec<_> = (0..300)
        .map(|number| {
            let mut visitor = visitor.clone();
            tokio::spawn(async move {
                visitor.log_in(&format!("somebody_{number}"), "a wrong one").await.status
            })
        })
        .collect();
    let (mut wrong, mut busy) = (0, 0);
    for one in tries {
        match one.await.unwrap() {
            401 => wrong += 1,
            status => {
                assert_eq!(status, 503);
                busy += 1;
            }
        }
    }
    assert!(busy > 0);
    // One wrong password counts for 5 minutes.
    const USED: &str = "SELECT COUNT(*) FROM limits \
                        WHERE full_at > (EXTRACT(EPOCH FROM now()) * 1000)::BIGINT + 60000";
    assert_eq!(site.database.number(USED).await, wrong);
}

#[tokio::test]
async fn only_proxies_are_believed_about_addresses() {
    let variables =
        [("AUTHSIG_MAX_SIGN_UPS", "1"), ("AUTHSIG_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8")];
    let Some(site) = Site::start(&variables).await else { return };
    let url = &site.instances[0].url;
    let mut count = 0;
    let mut sign_up = async |peer: &str, forwarded_for: Option<&str>| {
        count += 1;
        let person = Person::from(&site.proxy.url, peer).at(url);
        let mut person = match forwarded_for {
            Some(addresses) => person.forwarded_for(addresses),
            None => person,
        };
        person.sign_up(&format!("user_{count}"), "a good password").await.status
    };
    // Each address has one sign-up: whoever is counted as another address gets another one.
    assert_eq!(sign_up("127.0.0.1", Some("192.0.2.1")).await, 303);
    assert_eq!(sign_up("127.0.0.1", Some("192.0.2.1")).await, 429);
    // What a client wrote stands left of what the proxy saw.
    assert_eq!(sign_up("127.0.0.1", Some("198.51.100.7, 192.0.2.1")).await, 429);
    assert_eq!(sign_up("127.0.0.1", Some("198.51.100.7, 192.0.2.1, 10.1.2.3")).await, 429);
    assert_eq!(sign_up("127.0.0.1", Some("192.0.2.2")).await, 303);
    // A stranger says what he likes.
    assert_eq!(sign_up("127.0.1.1", Some("192.0.2.3")).await, 303);
    assert_eq!(sign_up("127.0.1.1", Some("192.0.2.4")).await, 429);
    assert_eq!(sign_up("127.0.1.1", None).await, 429);
    // A /64 is one address.
    assert_eq!(sign_up("127.0.0.1", Some("2001:db8:1:1::1")).await, 303);
    assert_eq!(sign_up("127.0.0.1", Some("2001:db8:1:1:ffff::2")).await, 429);
    assert_eq!(sign_up("127.0.0.1", Some("2001:db8:1:2::1")).await, 303);
}

#[tokio::test]
async fn sign_ups_defaults_and_requests_count_at_both() {
    let variables = [
        ("AUTHSIG_MAX_SIGN_UPS", "3"),
        ("AUTHSIG_MAX_DEFAULTS", "3"),
        ("AUTHSIG_MAX_REQUESTS", "5"),
        ("AUTHSIG_DEFAULT_CREATORS", "user_1"),
    ];
    let Some(site) = Site::start(&variables).await else { return };
    let mut person = Person::from(&site.proxy.url, "127.0.1.1");
    for number in 1..=3 {
        assert_eq!(person.sign_up(&format!("user_{number}"), "a good password").await.status, 303);
    }
    let refused = person.sign_up("user_4", "a good password").await;
    assert_eq!(refused.status, 429);
    assert!((1_100..=1_200).contains(&refused.retry_after()), "{:?}", refused.headers);
    assert_eq!(site.database.number("SELECT COUNT(*) FROM accounts").await, 3);

    assert_eq!(person.log_in("user_1", "a good password").await.status, 303);
    for number in 1..=3 {
        assert_eq!(person.create_default(&format!("app_{number}"), "{}").await.status, 201);
    }
    assert_eq!(person.create_default("app_4", "{}").await.status, 429);
    assert_eq!(site.database.number("SELECT COUNT(*) FROM defaults").await, 3);

    for _ in 0..5 {
        assert_eq!(person.request(&[("login", "user_1")]).await.status, 200);
    }
    let refused = person.request(&[("login", "user_1")]).await;
    assert_eq!(refused.status, 429);
    assert!((1..=12).contains(&refused.retry_after()), "{:?}", refused.headers);
    // Verifying is not limited.
    assert_eq!(person.get("/verify/verified?login=user_1").await.status, 403);
}
