//! `/verify/request`: what programs and people get, by who is logged in and what is asked for.

use axum::http::Method;
use civic_sip::authsig::{Remote, Request, State};

use crate::support::{APP, STRANGER, Server, ToServer, encoded};

#[tokio::test]
async fn a_program_gets_the_signed_url() {
    let server = Server::start().await;
    let answer = server.logged_in("user_1").await.get_json("/verify/request?login=user_1").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let url = answer.text("url");
    assert!(url.starts_with("https://id.example/verify/verified?login=user_1&"), "{url}");
    let identity = server.verifier().await.any_audience().build().unwrap().verify_url(&url);
    assert_eq!(identity.unwrap().login(), "user_1");
}

#[tokio::test]
async fn a_person_sees_the_signed_url() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let answer = browser.get("/verify/request?login=user_1").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let url = answer.between("href=\"https://id.example/verify/verified", "\"");
    assert_eq!(browser.get(&format!("/verify/verified{url}")).await.status, 200);
}

#[tokio::test]
async fn a_program_that_is_not_logged_in_gets_401() {
    let server = Server::start().await;
    let answer = server.browser().get_json("/verify/request?login=user_1").await;
    assert_eq!(answer.status, 401);
    answer.error();
}

#[tokio::test]
async fn a_person_who_is_not_logged_in_logs_in_and_comes_back() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let request = "/verify/request?login=user_1&a=b%20c";
    let answer = browser.get(request).await;
    assert_eq!(answer.status, 303);
    let page = browser.get(answer.location()).await;
    assert_eq!((page.status, &*page.field("return_to")), (200, request));
    let fields = [("login", "user_1"), ("password", "password_1"), ("return_to", request)];
    let answer = browser.post("/session", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, request));
    assert_eq!(browser.get(request).await.status, 200);
}

#[tokio::test]
async fn a_request_for_somebody_else_gets_403() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for query in ["login=user_2", "login=User_1", "login=user_1%20", "login=user_1&service=civic"] {
        let path = format!("/verify/request?{query}");
        let answer = browser.get_json(&path).await;
        assert_eq!(answer.status, 403, "{query}");
        answer.error();
        let page = browser.get(&path).await;
        assert_eq!(page.status, 403, "{query}");
        assert!(page.body.contains("Log in as somebody else") && page.body.contains("user_1"));
        assert!(!page.body.contains("signature="));
    }
}

#[tokio::test]
async fn the_wrong_person_can_log_in_as_another_for_the_same_request() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let page = browser.get("/verify/request?login=user_2&a=b").await;
    let return_to = page.field("return_to");
    assert_eq!(return_to, "/verify/request?login=user_2&a=b");
    let answer = browser.post(&page.action(), &[("return_to", &return_to)]).await;
    assert_eq!((answer.status, answer.location()), (303, &*return_to));
    assert_eq!(browser.cookies.len(), 0);
}

#[tokio::test]
async fn a_request_without_a_login_gets_403() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for query in ["", "?", "?login=", "?a=b", "?login", "?login=user_1&login=user_1"] {
        let path = format!("/verify/request{query}");
        assert_eq!(browser.get(&path).await.status, 403, "{query}");
        browser.get_json(&path).await.error();
    }
}

#[tokio::test]
async fn a_program_is_told_where_consent_is_given() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let query = format!("login=user_1&redirect_url={}", encoded(STRANGER));
    let answer = browser.get_json(&format!("/verify/request?{query}")).await;
    assert_eq!(answer.status, 409);
    let page = answer.text("consent");
    assert_eq!(page, format!("https://id.example/verify/consent?{query}"));
    assert!(answer.json().get("url").is_none());
    // Also for a program, that page is for people.
    let page = browser.get_json(&page).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
}

#[tokio::test]
async fn a_program_is_never_redirected() {
    let server = Server::with(|config| config.allow(APP)).await;
    let mut browser = server.logged_in("user_1").await;
    let path = format!("/verify/request?login=user_1&redirect_url={}", encoded(APP));
    let answer = browser.get_json(&path).await;
    assert_eq!((answer.status, answer.header("location")), (200, None));
    assert!(answer.text("url").contains("audience=https%3A%2F%2Fapp.example%2Fin"));
    assert_eq!(server.browser().get_json(&path).await.header("location"), None);
}

#[tokio::test]
async fn a_person_is_redirected_with_the_signed_url() {
    let address = "https://app.example/in?kept=1#part";
    let server = Server::with(|config| config.allow(address)).await;
    let mut browser = server.logged_in("user_1").await;
    let path = format!("/verify/request?login=user_1&redirect_url={}", encoded(address));
    let answer = browser.get(&path).await;
    assert_eq!(answer.status, 303);
    let location = url::Url::parse(answer.location()).unwrap();
    let pairs: Vec<(String, String)> = location.query_pairs().into_owned().collect();
    assert_eq!(pairs[0], ("kept".to_owned(), "1".to_owned()));
    assert_eq!((pairs.len(), &*pairs[1].0, location.fragment()), (2, "authsig", Some("part")));
    let verifier = server.verifier().await.audience("https://app.example/in?kept=1").build();
    assert_eq!(verifier.unwrap().verify_url(&pairs[1].1).unwrap().login(), "user_1");
}

/// The whole log-in of an app, as its documentation has it.
#[tokio::test]
async fn an_app_logs_a_person_in() {
    let server = Server::with(|config| config.allow(APP)).await;
    let mut browser = server.browser();
    let clock = server.clock.clone();
    let remote = Remote::builder("https://id.example/verify")
        .audience(APP)
        .transport(ToServer(server.router()))
        .clock(move || clock.now())
        .build()
        .unwrap();
    let state = State::generate().unwrap();
    let request = Request::new("https://id.example/verify")
        .provides(["login", "time"])
        .redirect_url(APP)
        .state(&state)
        .url()
        .unwrap();
    let to_log_in = browser.get(&request).await;
    let page = browser.get(to_log_in.location()).await;
    let return_to = page.field("return_to");
    let fields = [("login", "user_2"), ("password", "password_2"), ("return_to", &return_to)];
    let back = browser.post(&page.action(), &fields).await;
    let answer = browser.get(back.location()).await;
    let location = url::Url::parse(answer.location()).unwrap();
    let signed_url = location.query_pairs().find(|(name, _)| name == "authsig").unwrap().1;
    let identity = remote.log_in(&signed_url, &state).await.unwrap();
    assert_eq!((identity.login(), identity.service()), ("user_2", "password"));
    let others = State::generate().unwrap();
    assert!(remote.log_in(&signed_url, &others).await.is_err());
}

#[tokio::test]
async fn the_consent_page_leads_on_where_nothing_is_to_be_asked() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let answer = browser.get("/verify/consent?login=user_1").await;
    assert_eq!((answer.status, answer.location()), (303, "/verify/request?login=user_1"));
    let answer = server.browser().get("/verify/consent?login=user_1").await;
    assert!(answer.location().starts_with("/session?return_to="));
}

#[tokio::test]
async fn a_head_request_signs_nothing() {
    let server = Server::with(|config| config.allow(APP)).await;
    let mut browser = server.logged_in("user_1").await;
    for query in [
        "login=user_1".to_owned(),
        format!("login=user_1&notify_url={0}&redirect_url={0}", encoded(APP)),
    ] {
        let path = format!("/verify/request?{query}");
        for accept in ["text/html", "application/json"] {
            let answer = browser.send(Method::HEAD, &path, &[("accept", accept)], "").await;
            assert_eq!((answer.status, answer.header("location")), (204, None));
        }
    }
    assert_eq!(server.notifications().await, 0);
}

#[tokio::test]
async fn a_browser_that_looks_ahead_signs_nothing() {
    let server = Server::with(|config| config.allow(APP)).await;
    let mut browser = server.logged_in("user_1").await;
    let path =
        format!("/verify/request?login=user_1&notify_url={0}&redirect_url={0}", encoded(APP));
    for purpose in ["prefetch", "prefetch;prerender", "prefetch; anonymous-client-ip", " prefetch "]
    {
        let headers = [("accept", "text/html"), ("sec-purpose", purpose)];
        let answer = browser.send(Method::GET, &path, &headers, "").await;
        assert_eq!((answer.status, answer.header("location")), (204, None), "{purpose}");
        assert_eq!(answer.body, "");
    }
    assert_eq!(server.notifications().await, 0);
    assert_eq!(browser.get(&path).await.status, 303);
    assert_eq!(server.notifications().await, 1);
}
