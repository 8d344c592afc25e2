//! Requests and notifications.

use std::time::{Duration, UNIX_EPOCH};

use civic_sip::authsig::{Error, Notification, Request, Signer, Verifier};

const SECRET: &str = "Test house secret.";

macro_rules! refused {
    ($result:expr, $($pattern:tt)+) => {
        match $result {
            result @ Err(_) if matches!(result, Err($($pattern)+)) => {}
            other => panic!("{}: {other:?}", stringify!($result)),
        }
    };
}

fn request() -> Request {
    Request::new("https://id.example/verify")
}

#[test]
fn builds_a_request_with_everything() {
    let url = request()
        .login("zoë & co")
        .service("git")
        .redirect_url("https://app.example/?a=1&b=2")
        .notify_url("https://app.example/notify")
        .hide()
        .time(UNIX_EPOCH + Duration::from_millis(1_369_156_639_500))
        .time_fudge(Duration::from_secs(60))
        .provides(["login", "time"])
        .default("slug")
        .param("x", "1")
        .param("x", "2")
        .url()
        .unwrap();
    assert_eq!(
        url,
        "https://id.example/verify/request?login=zo%C3%AB%20%26%20co&service=git\
         &redirect_url=https%3A%2F%2Fapp.example%2F%3Fa%3D1%26b%3D2&notify_url=https%3A%2F%2Fapp.example%2Fnotify&hide=1\
         &time_fudge=60&provides%5B%5D=login&provides%5B%5D=time&x=1&x=2&time=1369156639&default=slug"
    );
}

#[test]
fn later_values_take_the_place_of_earlier_ones() {
    let url = request().login("a").login("b").provides(["login"]).provides(["time"]).url().unwrap();
    assert_eq!(url, "https://id.example/verify/request?login=b&provides%5B%5D=time");
    let url = request().default("a").default("b").url().unwrap();
    assert_eq!(url, "https://id.example/verify/request?default%5B%5D=a&default%5B%5D=b");
}

#[test]
fn times_of_a_request() {
    let url = |request: Request| request.url();
    assert!(
        url(request().time("2013-05-21T17:17:19Z"))
            .unwrap()
            .ends_with("time=2013-05-21T17%3A17%3A19Z")
    );
    assert!(url(request().time("Tue May 21 17:17:19 UTC 2013".to_owned())).is_ok());
    assert!(url(request().time(1_369_156_639)).unwrap().ends_with("time=1369156639"));
    refused!(url(request().time(-1)), Error::BadTime("time"));
    let instant = chrono::DateTime::from_timestamp(5, 0).unwrap();
    assert!(url(request().time(instant)).unwrap().ends_with("time=5"));
    refused!(url(request().time("tomorrow")), Error::BadTime("time"));
    refused!(url(request().time(UNIX_EPOCH + Duration::from_secs(1 << 60))), Error::TimeOutOfRange);
}

#[test]
fn a_secret_never_stands_in_a_request() {
    for name in [
        "secret",
        "secret[]",
        "Secret",
        "[secret]",
        "secret[a]",
        " secret",
        "secret\0",
        "signature",
        "Signature",
        "login[]",
    ] {
        refused!(
            request().param(name, "x").url(),
            Error::SecretInQuery | Error::RefusedParameter { .. }
        );
    }
    refused!(request().login("a").param("login", "b").url(), Error::RepeatedParameter("login"));
    refused!(request().default("a").param("default[]", "b").url(), Error::RefusedParameter { .. });
    refused!(request().param("x", "y".repeat(17_000)).url(), Error::QueryTooLong);
}

#[test]
fn the_base_of_a_request() {
    for (base, url) in [
        ("https://ID.example:443/verify/", "https://id.example/verify/request?login=a"),
        ("https://id.example", "https://id.example/request?login=a"),
        ("http://localhost:3000/verify", "http://localhost:3000/verify/request?login=a"),
    ] {
        assert_eq!(Request::new(base).login("a").url().unwrap(), url);
    }
    for base in [
        "",
        "/verify",
        "id.example",
        "https://id.example/?a=1",
        "https://id.example/#f",
        "https://u@id.example/",
        "ftp://id.example/",
        "javascript://x/",
    ] {
        refused!(Request::new(base).login("a").url(), Error::BadTarget(_));
    }
}

fn notified(data: &str) -> Notification {
    Notification::parse(format!(r#"{{"verified": true, "data": {data}}}"#)).unwrap()
}

fn signature(signed: &str) -> String {
    signed.rsplit_once("signature=").unwrap().1.replace("%24", "$").replace("%2F", "/")
}

#[test]
fn the_signature_in_a_notification_is_verified() {
    let signed = Signer::new(SECRET)
        .sign_query("login=user_1&provides[]=login&provides[]=time&x=1&x=2&hide&n=5&m[a]=&m[b]=%22")
        .unwrap();
    let verifier = Verifier::new(SECRET);
    let rest = format!(
        r#""hide": null, "n": 5, "login": "user_1", "signature": "{}""#,
        signature(&signed)
    );
    // Arrays under their own name, and as Ruby has them; where all are of one kind both can be read.
    let flat = format!(
        r#"{{"provides[]": ["login", "time"], "x": ["1", "2"], "m[a]": "", "m": {{"b": "\""}}, {rest}}}"#
    );
    let verified = notified(&flat).verify(&verifier).unwrap();
    assert_eq!(verified.get_all("provides[]").collect::<Vec<_>>(), ["login", "time"]);
    assert_eq!(verified.get_all("x").collect::<Vec<_>>(), ["1", "2"]);
    let ruby = Signer::new(SECRET).sign_query("login=user_1&provides[]=login").unwrap();
    let ruby = format!(
        r#"{{"login": "user_1", "provides": ["login"], "signature": "{}"}}"#,
        signature(&ruby)
    );
    assert!(notified(&ruby).verify(&verifier).is_ok());
    for forged in [
        flat.replace("user_1", "admin"),
        flat.replace("null", "\"1\""),
        flat.replace("\"2\"", "\"3\""),
    ] {
        refused!(notified(&forged).verify(&verifier), Error::Mismatch);
    }
    refused!(notified(r#"{"login": "user_1"}"#).verify(&verifier), Error::MissingSignature);
    refused!(notified(&flat).verify(&Verifier::new("another secret..")), Error::Mismatch);
    refused!(notified(&flat).verify(&verifier.clone().purpose("p")), Error::Mismatch);
    refused!(notified(&flat).verify(&verifier.clone().login("user_2")), Error::WrongLogin);
}

#[test]
fn what_is_no_notification() {
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "true",
        "\"x\"",
        "{",
        r#"{"verified": true}"#,
        r#"{"data": {}}"#,
        r#"{"verified": false, "data": {}}"#,
        r#"{"verified": "true", "data": {}}"#,
        r#"{"verified": 1, "data": {}}"#,
        r#"{"verified": true, "data": []}"#,
        r#"{"verified": true, "data": null}"#,
        r#"{"verified": true, "data": {"a": "1", "a": "2"}}"#,
        r#"{"verified": false, "verified": true, "data": {}}"#,
        r#"{"verified": true, "data": {}, "data": {}}"#,
        r#"{"verified": true, "data": {"a": {"b": "1", "\u0062": "2"}}}"#,
        r#"{"verified": true, "data": {"a": 1.5}}"#,
        r#"{"verified": true, "data": {"a": -1}}"#,
        r#"{"verified": true, "data": {}} x"#,
    ] {
        refused!(Notification::parse(body), Error::BadNotification(_));
    }
    refused!(Notification::parse(vec![0xff]), Error::BadNotification(_));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    refused!(Notification::parse(&deep), Error::BadNotification(_));
    refused!(Notification::parse(" ".repeat(200_000)), Error::BadNotification(_));
    for data in [
        r#"{"a": true}"#,
        r#"{"a": [["x"]]}"#,
        r#"{"a": [{"b": "x"}]}"#,
        r#"{"a": {"b]": "x"}}"#,
        r#"{"a": [true]}"#,
    ] {
        refused!(notified(data).verify(&Verifier::new(SECRET)), Error::BadNotification(_));
    }
    refused!(notified(r#"{"secret": "x"}"#).verify(&Verifier::new(SECRET)), Error::SecretInQuery);
    refused!(
        notified(r#"{"login": ["a", "b"]}"#).verify(&Verifier::new(SECRET)),
        Error::RepeatedParameter("login")
    );
}

#[test]
fn a_notification_shows_no_values() {
    let shown = format!("{:?}", notified(r#"{"login": "user_1", "signature": "v2.x"}"#));
    assert!(
        shown.contains("login") && !shown.contains("user_1") && !shown.contains("v2.x"),
        "{shown}"
    );
}
