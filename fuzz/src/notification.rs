//! What a notify_url receives, and the URL of an identity.

use serde_json::Value;

use crate::oracle;
use crate::plain::Identity;

pub fn run(data: &[u8]) {
    if let Ok(notification) = both!(data, notification(data)) {
        let Some(read) = oracle::json(data) else { return };
        assert_eq!(read["verified"], true);
        assert_eq!(read["url"].as_str(), Some(&*notification.url));
        let shown = notification.data.map(|data| serde_json::from_str::<Value>(&data).unwrap());
        assert_eq!(read.get("data"), shown.as_ref());
        if let Ok(identity) = notification.identity {
            check(&notification.url, &identity);
        }
    }
    let Some([url, state]) = crate::parts(data) else { return };
    let [verified, logged_in] = both!(data, verify_identity(url, state));
    if let Ok(identity) = &logged_in {
        check(url, identity);
        assert!(identity.params.iter().any(|(name, value)| name == "state" && value == state));
        let now = crate::setup::NOW as i64;
        assert!(identity.time.is_some_and(|time| (now - 300..=now + 60).contains(&time)));
        assert_eq!(verified.as_ref(), Ok(identity));
    }
    if let Ok(identity) = &verified {
        check(url, identity);
    }
    // A request says what it is given.
    if let Ok(request) = both!(data, request_url(state, "https://app.example/in", url)) {
        let (base, query) = request.split_once('?').unwrap();
        assert_eq!(base, format!("{}/request", crate::setup::BASE));
        let pairs = oracle::decode(query);
        assert!(pairs.contains(&("login".to_owned(), state.to_owned())));
        assert!(pairs.contains(&("note".to_owned(), url.to_owned())));
    }
}

fn check(url: &str, identity: &Identity) {
    let pairs = oracle::identity(url);
    let get = |wanted: &str| {
        let mut values = pairs.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none()).cloned()
    };
    assert_eq!(Some(&identity.login), get("login").as_ref());
    assert_eq!(identity.service, get("service").unwrap_or("password".to_owned()));
    assert!(identity.time.is_some());
    let audience = get("audience").unwrap();
    assert_eq!(identity.audience, audience.split(' ').collect::<Vec<_>>());
    assert!(identity.audience.iter().any(|address| address == "https://app.example/in"));
}
