//! Requests to an AuthSig server.

use chrono::{DateTime, FixedOffset};
use civic_sip::authsig::{ConfigError, ConfigProblem, Request, State};

use super::server::{APP, BASE, STATE};
use super::*;

fn request() -> Request {
    Request::new(BASE)
}

fn query(request: &Request) -> String {
    let url = request.url().unwrap();
    url.strip_prefix("https://id.example/verify/request?").unwrap().to_owned()
}

fn problems(result: Result<String, ConfigError>) -> Vec<ConfigProblem> {
    result.unwrap_err().problems().to_vec()
}

#[test]
fn builds_a_request_with_everything() {
    let state: State = STATE.parse().unwrap();
    let request = request()
        .login("zoë & co")
        .service("google")
        .redirect_url(APP)
        .notify_url("https://app.example/notify?x=1")
        .hide()
        .time_fudge(Duration::from_millis(60_500))
        .provides(["login", "time"])
        .default("first")
        .default("second")
        .state(&state)
        .param("team", "blue")
        .param("n", 17)
        .time(UNIX_EPOCH + Duration::from_secs(NOW));
    assert_eq!(
        query(&request).split('&').collect::<Vec<_>>(),
        [
            "login=zo%C3%AB%20%26%20co",
            "service=google",
            "redirect_url=https%3A%2F%2Fapp.example%2Fin",
            "notify_url=https%3A%2F%2Fapp.example%2Fnotify%3Fx%3D1",
            "hide=1",
            "time_fudge=60",
            "provides%5B%5D=login",
            "provides%5B%5D=time",
            "default%5B%5D=first",
            "default%5B%5D=second",
            &format!("state={STATE}"),
            "team=blue",
            "n=17",
            "time=2027-01-15T08%3A00%3A00Z",
        ]
    );
}

#[test]
fn later_values_take_the_place_of_earlier_ones() {
    let request = request()
        .login("a")
        .login("b")
        .redirect_url("https://a.example/")
        .redirect_url("https://b.example/")
        .provides(["time"])
        .provides(["login"])
        .time(UNIX_EPOCH)
        .time(UNIX_EPOCH + Duration::from_secs(1));
    assert_eq!(
        query(&request),
        "login=b&redirect_url=https%3A%2F%2Fb.example%2F&provides%5B%5D=login\
         &time=1970-01-01T00%3A00%3A01Z"
    );
}

#[test]
fn times_are_written_as_rfc_3339() {
    let time = |request: Request| query(&request);
    let offset: DateTime<FixedOffset> = "2027-01-15T09:00:00.9+01:00".parse().unwrap();
    assert_eq!(time(request().time(offset)), "time=2027-01-15T08%3A00%3A00Z");
    let before = UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(time(request().time(before)), "time=1969-12-31T23%3A59%3A59Z");
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    assert_eq!(time(request().time(last)), "time=9999-12-31T23%3A59%3A59Z");
}

#[test]
fn a_time_that_cannot_be_written_is_refused() {
    for seconds in [253_402_300_800, 1 << 50, 1 << 62] {
        for time in [
            UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
            UNIX_EPOCH.checked_sub(Duration::from_secs(seconds)),
        ] {
            let found = problems(request().time(time.unwrap()).url());
            assert_eq!(found, [ConfigProblem::TimeOutOfRange("time")]);
        }
    }
}

#[test]
fn what_the_server_sets_is_refused() {
    for name in ["nonce", "signature", "audience"] {
        let found = problems(request().param(name, "x").url());
        assert_eq!(found, [ConfigProblem::SetByServer(name)]);
    }
}

#[test]
fn a_secret_never_stands_in_a_request() {
    for name in ["secret", "secret[]", "[secret]", "Secret", "secret.x"] {
        let found = problems(request().param(name, "x").url());
        let is_refused = [QueryError::Secret, QueryError::Lookalike(name.to_owned())]
            .iter()
            .any(|error| found == [ConfigProblem::Query(error.clone())]);
        assert!(is_refused, "{name}: {found:?}");
    }
}

#[test]
fn a_name_that_looks_like_a_reserved_one_is_refused() {
    for name in ["login[]", "?login", "Login", "time[gte]", "expires.at", "state[x]"] {
        let found = problems(request().param(name, "x").url());
        let lookalike = QueryError::Lookalike(name.to_owned());
        assert_eq!(found, [ConfigProblem::Query(lookalike)], "{name}");
    }
}

#[test]
fn a_repeated_or_empty_parameter_is_refused() {
    for name in ["login", "service", "time_fudge", "expires_at", "state", "hide"] {
        let twice = request().param(name, "1").param(name, "1");
        assert_eq!(problems(twice.url()), [ConfigProblem::Query(QueryError::Repeated(name))]);
    }
    for name in ["redirect_url", "notify_url"] {
        let twice = request().param(name, APP).param(name, APP);
        assert_eq!(problems(twice.url()), [ConfigProblem::Query(QueryError::Repeated(name))]);
    }
    assert_eq!(
        problems(request().login("").url()),
        [ConfigProblem::Query(QueryError::Empty("login"))]
    );
    for name in ["Redirect_url", "notify_url[]", "hide.x", "default[a]", "[provides]"] {
        let found = problems(request().param(name, "1").url());
        let lookalike = QueryError::Lookalike(name.to_owned());
        assert_eq!(found, [ConfigProblem::Query(lookalike)], "{name}");
    }
    let default = request().default("a").param("default", "b");
    assert!(matches!(
        problems(default.url())[..],
        [ConfigProblem::Query(QueryError::PlainAndBracketed(_))]
    ));
}

#[test]
fn an_unusable_address_is_refused() {
    for address in [
        "",
        "/in",
        "http://app.example/in",
        "https://user@app.example/in",
        "https://APP.example/in",
        "https://app.example:443/in",
        "https://app.example/ü",
        "javascript:alert(1)",
    ] {
        let found = problems(request().redirect_url(address).url());
        assert!(
            matches!(found[..], [ConfigProblem::Address { name: "redirect_url", .. }]),
            "{found:?}"
        );
        let found = problems(request().notify_url(address).url());
        assert!(
            matches!(found[..], [ConfigProblem::Address { name: "notify_url", .. }]),
            "{found:?}"
        );
    }
    for address in ["http://localhost:3000/in", "https://app.example", "https://app.example/#/in"] {
        assert!(request().redirect_url(address).url().is_ok(), "{address}");
    }
}

#[test]
fn a_redirect_url_that_has_the_servers_parameter_is_refused() {
    for address in [
        "https://app.example/in?authsig=x",
        "https://app.example/in?a=1&%61uthsig",
        "https://app.example/?authsig",
    ] {
        let found = problems(request().redirect_url(address).url());
        assert!(
            matches!(found[..], [ConfigProblem::Address { name: "redirect_url", .. }]),
            "{found:?}"
        );
        assert!(request().notify_url(address).url().is_ok());
    }
    assert!(request().redirect_url("https://app.example/in?authsigs=x").url().is_ok());
}

#[test]
fn the_base_is_https_or_http_on_loopback() {
    for (base, url) in [
        ("https://id.example", "https://id.example/request?login=a"),
        ("https://id.example/verify/", "https://id.example/verify/request?login=a"),
        ("http://127.0.0.1:3000/verify", "http://127.0.0.1:3000/verify/request?login=a"),
    ] {
        assert_eq!(Request::new(base).login("a").url().unwrap(), url);
    }
    for base in
        ["", "/verify", "http://id.example", "https://id.example/?x", "https://u@id.example"]
    {
        let found = problems(Request::new(base).login("a").url());
        assert!(matches!(found[..], [ConfigProblem::Base(_)]), "{base}: {found:?}");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let found = problems(
        Request::new("http://id.example")
            .redirect_url("/in")
            .notify_url("/notify")
            .param("nonce", "x")
            .url(),
    );
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn a_request_shows_no_values() {
    let shown = format!("{:?}", request().login("user_1").param("team", "blue"));
    assert!(shown.contains("team"), "{shown}");
    assert!(!shown.contains("user_1") && !shown.contains("blue"), "{shown}");
}
