//! Each parameter that means something, and those that do not.

use civic_sip::authsig::{IdentityVerifier, Secret};
use serde_json::json;

use crate::support::{APP, Answer, Browser, NOW, Server, encoded};

/// `NOW`, as the server writes it.
const NOW_TEXT: &str = "2027-01-15T08:00:00Z";

async fn ask(browser: &mut Browser, query: &str) -> Answer {
    browser.get_json(&format!("/verify/request?{query}")).await
}

/// Asks, and returns what the signed URL says, in its order.
async fn signed(browser: &mut Browser, query: &str) -> Vec<(String, String)> {
    let answer = ask(browser, query).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    let url = url::Url::parse(&answer.text("url")).unwrap();
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs.pop().unwrap().0, "signature");
    pairs
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn other_parameters_are_signed_along() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let query = "z=%26%3D&login=user_1&ids[]=2&ids[]=1&empty=&flag&name=J%C3%BCrgen+A";
    let expected = [
        ("z", "&="),
        ("login", "user_1"),
        ("ids[]", "2"),
        ("ids[]", "1"),
        ("empty", ""),
        ("flag", ""),
        ("name", "Jürgen A"),
        ("time", NOW_TEXT),
    ];
    assert_eq!(signed(&mut browser, query).await, pairs(&expected));
}

#[tokio::test]
async fn the_service_is_password_unless_asked_for() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let url = ask(&mut browser, "login=user_1").await.text("url");
    let identity = server.verifier().await.any_audience().build().unwrap().verify_url(&url);
    assert_eq!(identity.unwrap().service(), "password");
    let said = signed(&mut browser, "login=user_1&service=password").await;
    assert_eq!(said[1], ("service".to_owned(), "password".to_owned()));
    assert_eq!(ask(&mut browser, "login=user_1&service=civic").await.status, 403);
}

#[tokio::test]
async fn hide_with_any_value_hides_the_signed_url() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for hide in ["hide", "hide=", "hide=1", "hide=false", "hide=0"] {
        let answer = ask(&mut browser, &format!("login=user_1&{hide}")).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})), "{hide}");
        let page = browser.get(&format!("/verify/request?login=user_1&{hide}")).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("signature") && !page.body.contains("verified?"), "{hide}");
    }
}

#[tokio::test]
async fn hide_still_redirects_with_the_signed_url() {
    let server = Server::with(|config| config.allow(APP)).await;
    let mut browser = server.logged_in("user_1").await;
    let query = format!("login=user_1&hide=1&redirect_url={}", encoded(APP));
    let answer = browser.get(&format!("/verify/request?{query}")).await;
    assert!(answer.location().starts_with("https://app.example/in?authsig="), "{answer:?}");
    assert_eq!(ask(&mut browser, &query).await.json(), json!({}));
}

#[tokio::test]
async fn state_is_passed_on() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let said = signed(&mut browser, "login=user_1&state=Q2sCVy0NZyX5LbqW5pDTdA").await;
    assert!(said.contains(&("state".to_owned(), "Q2sCVy0NZyX5LbqW5pDTdA".to_owned())));
    for query in ["state=a&state=b", "state="] {
        assert_eq!(ask(&mut browser, &format!("login=user_1&{query}")).await.status, 403);
    }
}

#[tokio::test]
async fn provides_fills_in_what_it_names_over_any_value() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let login = ("login", "user_1");
    for (query, expected) in [
        ("provides=login", pairs(&[("provides", "login"), login, ("time", NOW_TEXT)])),
        ("provides[]=login", pairs(&[("provides[]", "login"), login, ("time", NOW_TEXT)])),
        (
            "login=user_2&time=1&service=civic&provides[]=time&provides[]=login&provides[]=service",
            pairs(&[
                login,
                ("time", NOW_TEXT),
                ("service", "password"),
                ("provides[]", "time"),
                ("provides[]", "login"),
                ("provides[]", "service"),
            ]),
        ),
    ] {
        assert_eq!(signed(&mut browser, query).await, expected, "{query}");
    }
    for query in ["provides=state", "provides=", "provides[]=login&provides[]=audience"] {
        assert_eq!(ask(&mut browser, query).await.status, 403, "{query}");
    }
}

#[tokio::test]
async fn a_time_within_its_fudge_is_signed() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let rfc = "2027-01-15T07:57:00%2B00:00";
    for query in [
        format!("time={NOW}"),
        format!("time={}", NOW - 300),
        format!("time={}", NOW + 60),
        format!("time={}&time_fudge=0", NOW),
        format!("time={}&time_fudge=10", NOW - 10),
        format!("time={}&time_fudge=99999999999999999999", NOW - 300),
        format!("time={rfc}"),
    ] {
        let said = signed(&mut browser, &format!("login=user_1&{query}")).await;
        let time = query.split('&').next().unwrap().replace("%2B", "+");
        assert_eq!(format!("{}={}", said[1].0, said[1].1), time);
    }
}

#[tokio::test]
async fn a_time_outside_its_fudge_is_refused() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for query in [
        format!("time={}", NOW - 301),
        format!("time={}", NOW + 61),
        format!("time={}&time_fudge=10", NOW - 11),
        // A longer fudge than 300 seconds counts as 300.
        format!("time={}&time_fudge=3600", NOW - 301),
        format!("time={NOW}&time_fudge=-1"),
        format!("time={NOW}&time_fudge=1.5"),
        format!("time={NOW}&time_fudge="),
        "time=".to_owned(),
        "time=now".to_owned(),
        "time=Fri Jan 15 08:00:00 UTC 2027".replace(' ', "+"),
        "time=2027-01-15T08:00:00".to_owned(),
        format!("time={}", NOW * 1000),
        format!("time={NOW}&time={NOW}"),
    ] {
        let answer = ask(&mut browser, &format!("login=user_1&{query}")).await;
        assert_eq!(answer.status, 403, "{query}");
        answer.error();
    }
}

#[tokio::test]
async fn the_time_is_now_unless_given() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    server.clock.pass(3_661);
    let said = signed(&mut browser, "login=user_1").await;
    assert_eq!(said[1], ("time".to_owned(), "2027-01-15T09:01:01Z".to_owned()));
}

#[tokio::test]
async fn a_signed_url_ends_at_expires_at() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let url = ask(&mut browser, &format!("login=user_1&expires_at={}", NOW + 60)).await.text("url");
    server.clock.pass(59);
    assert_eq!(browser.get_json(&url).await.status, 200);
    server.clock.pass(1);
    assert_eq!(browser.get_json(&url).await.status, 403);
    for bad in [format!("{NOW}"), format!("{}", (NOW + 60) * 1000), "soon".into(), String::new()] {
        let answer = ask(&mut browser, &format!("login=user_1&expires_at={bad}")).await;
        assert_eq!(answer.status, 403, "{bad}");
    }
}

#[tokio::test]
async fn a_default_is_named_in_each_form() {
    let server = Server::with(|config| config.anybody_creates_defaults()).await;
    let mut browser = server.logged_in("user_1").await;
    for (slug, params) in [
        ("one", json!({"login": "user_1", "state": "one", "note": "kept apart"})),
        ("two", json!({"state": "two"})),
    ] {
        let body = json!({"slug": slug, "params": params}).to_string();
        assert_eq!(browser.post_json("/defaults", &body).await.status, 201);
    }
    for (query, state) in [
        ("default=one", "one"),
        ("default[]=one", "one"),
        ("default[]=one&default[]=two", "two"),
        ("default[]=two&default[]=one", "one"),
        ("default[]=one&state=own", "own"),
    ] {
        let said = signed(&mut browser, query).await;
        assert!(said.contains(&("state".to_owned(), state.to_owned())), "{query}: {said:?}");
        assert!(said.contains(&("login".to_owned(), "user_1".to_owned())), "{query}: {said:?}");
        // The rest takes part and stays out of the URL.
        assert!(said.iter().all(|(name, _)| name != "note"), "{query}: {said:?}");
    }
    for query in [
        "login=user_1&default[one]",
        "login=user_1&default[one]=",
        "login=user_1&default=unknown",
        "login=user_1&default[]=one&default[]=unknown",
        "login=user_1&default=",
        "login=user_1&default=a%20b",
        "login=user_1&default=one&default=two",
        "login=user_1&default=one&default[]=two",
    ] {
        assert_eq!(ask(&mut browser, query).await.status, 403, "{query}");
    }
}

#[tokio::test]
async fn a_default_decides_like_the_request_itself() {
    let server = Server::with(|config| config.anybody_creates_defaults().allow(APP)).await;
    let mut browser = server.logged_in("user_1").await;
    for (slug, params) in [
        ("in", json!({"redirect_url": APP, "provides": ["login", "time"], "hide": "1"})),
        ("late", json!({"login": "user_1", "time": (NOW - 100).to_string(), "time_fudge": "10"})),
        ("other", json!({"login": "user_2"})),
        ("away", json!({"login": "user_1", "redirect_url": "https://stranger.example/in"})),
    ] {
        let body = json!({"slug": slug, "params": params}).to_string();
        assert_eq!(browser.post_json("/defaults", &body).await.status, 201, "{slug}");
    }
    let answer = browser.get("/verify/request?default=in").await;
    assert!(answer.location().starts_with("https://app.example/in?authsig="), "{answer:?}");
    assert_eq!(ask(&mut browser, "default=in").await.json(), json!({}));
    assert_eq!(ask(&mut browser, "default=late").await.status, 403);
    assert_eq!(ask(&mut browser, "default=other").await.status, 403);
    assert_eq!(ask(&mut browser, "default=away").await.status, 409);
}

#[tokio::test]
async fn a_url_signed_with_a_stored_secret_is_for_the_app_that_stored_it() {
    let server = Server::with(|config| config.anybody_creates_defaults()).await;
    let mut browser = server.logged_in("user_1").await;
    let secret = Secret::generate().unwrap();
    let body = json!({"slug": "app", "params": {"secret": secret.as_str()}}).to_string();
    assert_eq!(browser.post_json("/defaults", &body).await.status, 201);
    let url = ask(&mut browser, "login=user_1&default=app").await.text("url");
    assert!(url.contains("&signature=v2.") && !url.contains(secret.as_str()), "{url}");
    let answer = browser.get_json(&url).await;
    assert_eq!((answer.status, answer.json()["verified"].as_bool()), (403, Some(false)));

    let clock = server.clock.clone();
    let verifier = |secret: &str| {
        let clock = clock.clone();
        let builder = IdentityVerifier::builder("https://id.example/verify").any_audience();
        builder.secret(secret).clock(move || clock.now()).build().unwrap()
    };
    assert_eq!(verifier(secret.as_str()).verify_url(&url).unwrap().login(), "user_1");
    assert!(verifier("another secret of an app").verify_url(&url).is_err());
    let keys = server.verifier().await.any_audience().build().unwrap();
    assert!(keys.verify_url(&url).is_err());
}

#[tokio::test]
async fn what_the_server_alone_sets_is_refused() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for query in ["audience=x", "signature=x", "nonce=x", "secret=a+secret+of+20+bytes"] {
        let answer = ask(&mut browser, &format!("login=user_1&{query}")).await;
        assert_eq!(answer.status, 403, "{query}");
    }
}

#[tokio::test]
async fn lookalikes_and_repeated_names_are_refused() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let app = encoded(APP);
    for query in [
        "Login=user_1".to_owned(),
        "login[]=user_2".to_owned(),
        "login.x=user_2".to_owned(),
        "expires.at=1".to_owned(),
        "Secret=x".to_owned(),
        "hide[]=1".to_owned(),
        "Redirect_url=x".to_owned(),
        format!("redirect_url={app}&redirect_url={app}"),
        format!("notify_url[]={app}"),
        "a;b=c".to_owned(),
        "a=%ff".to_owned(),
        "a=%zz".to_owned(),
        "a.b=1&a_b=2".to_owned(),
    ] {
        let answer = ask(&mut browser, &format!("login=user_1&{query}")).await;
        assert_eq!(answer.status, 403, "{query}");
        answer.error();
    }
}

#[tokio::test]
async fn addresses_that_parsers_read_differently_are_refused() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for address in [
        "http://app.example/in",
        "http://127.0.0.1:3000/in",
        "https://user@app.example/in",
        "https://app.example\\@evil.example/in",
        "https://APP.example/in",
        "https://app.example:443/in",
        "//app.example/in",
        "javascript:alert(1)",
        "https://app.example/in?authsig=x",
        "https://app.example/a b",
        "",
    ] {
        for name in ["redirect_url", "notify_url"] {
            let query = format!("login=user_1&{name}={}", encoded(address));
            let answer = ask(&mut browser, &query).await;
            let is_refused = answer.status == 403;
            // An address to be notified may have any query.
            assert!(is_refused || name == "notify_url" && address.contains("authsig="), "{query}");
        }
    }
}
