//! Headers that every response has, and those that few have.

use std::collections::BTreeSet;

use axum::http::Method;

use crate::support::{Answer, STRANGER, Server, encoded};

/// A response of each kind, by its name.
async fn responses(server: &Server) -> Vec<(&'static str, Answer)> {
    let mut browser = server.logged_in("user_1").await;
    let mut nobody = server.browser();
    let url = browser.get_json("/verify/request?login=user_1").await.text("url");
    let consent = format!("/verify/request?login=user_1&redirect_url={}", encoded(STRANGER));
    vec![
        ("home", nobody.get("/").await),
        ("compose", nobody.get("/compose?login=user_1&service=").await),
        ("signed", browser.get("/verify/request?login=user_1").await),
        ("signed JSON", browser.get_json("/verify/request?login=user_1").await),
        ("not logged in", nobody.get("/verify/request?login=user_1").await),
        ("not logged in JSON", nobody.get_json("/verify/request?login=user_1").await),
        ("wrong person", browser.get("/verify/request?login=user_2").await),
        ("consent", browser.get(&consent).await),
        ("consent JSON", browser.get_json(&consent).await),
        ("HEAD", browser.send(Method::HEAD, &consent, &[], "").await),
        ("verified", nobody.get(&url).await),
        ("verified JSON", nobody.get_json(&url).await),
        ("not verified", nobody.get("/verify/verified").await),
        ("not verified JSON", nobody.get_json("/verify/verified").await),
        ("log-in page", nobody.get("/session").await),
        ("wrong password", nobody.post("/session", &[("login", "a"), ("password", "b")]).await),
        ("account", browser.get("/account").await),
        ("default", nobody.post_json("/defaults", "{}").await),
        ("404", nobody.get("/nothing").await),
        ("405", nobody.get("/defaults").await),
        ("415", nobody.send(Method::POST, "/session", &[], "").await),
        ("other site", nobody.post_from("https://evil.example", "/session", &[]).await),
        ("log-out", browser.post("/session/end", &[]).await),
    ]
}

#[tokio::test]
async fn everything_is_no_store_but_keys_and_assets() {
    let server = Server::start().await;
    for (what, answer) in responses(&server).await {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    }
    let mut browser = server.browser();
    for path in ["/verify/keys", "/assets/style.css", "/assets/home.js", "/assets/civic.js"] {
        let answer = browser.get(path).await;
        let expected = (200, Some("public, max-age=300"));
        assert_eq!((answer.status, answer.header("cache-control")), expected, "{path}");
    }
    let answer = browser.get("/assets/nothing.css").await;
    assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")));
}

#[tokio::test]
async fn every_response_is_protected() {
    let server = Server::start().await;
    let mut ids = BTreeSet::new();
    for (what, answer) in responses(&server).await {
        for (name, value) in [
            ("vary", "Accept"),
            ("x-content-type-options", "nosniff"),
            // With `no-referrer`, browsers would send `Origin: null` with a form.
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{what}");
        }
        let id = answer.header("x-request-id").expect("each response has the id of its request");
        assert!(ids.insert(id.to_owned()), "{what}: {id} came before");
        let policy = answer.header("content-security-policy").unwrap();
        let parts: Vec<&str> = policy.split("; ").collect();
        for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(parts.contains(&part), "{what}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{what}: {policy}");
        assert!(policy.contains("form-action 'self'") || policy.contains("form-action 'none'"));
    }
}

#[tokio::test]
async fn every_origin_may_read_keys_and_verified_and_nothing_else() {
    let server = Server::start().await;
    for (what, answer) in responses(&server).await {
        let any = answer.header("access-control-allow-origin");
        assert_eq!(any, what.contains("verified").then_some("*"), "{what}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    let keys = server.browser().get("/verify/keys").await;
    assert_eq!(keys.header("access-control-allow-origin"), Some("*"));
    // A preflight request is not granted, so that no other site sends anything but GET.
    let headers = [("origin", "https://app.example"), ("access-control-request-method", "POST")];
    for path in ["/verify/verified", "/defaults", "/verify/request", "/session"] {
        let answer = server.browser().send(Method::OPTIONS, path, &headers, "").await;
        assert!(answer.status >= 400, "{path}");
        assert_eq!(answer.header("access-control-allow-methods"), None);
    }
}

#[tokio::test]
async fn no_page_loads_anything_from_elsewhere() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let mut browser = server.logged_in("user_1").await;
    for path in ["/", "/session", "/users", "/account", "/verify/request?login=user_1", "/nothing"]
    {
        let page = browser.get(path).await.body;
        for tag in ["src=\"", "<link rel=\"stylesheet\" href=\""] {
            for part in page.split(tag).skip(1) {
                assert!(part.starts_with("/assets/"), "{path}: {}", &part[..40]);
            }
        }
        assert!(!page.contains("style=\"") && !page.contains(" onclick"), "{path}");
    }
    let css = browser.get("/assets/style.css").await.body;
    assert!(!css.contains("url(") && !css.contains("@import"));
}

#[tokio::test]
async fn the_form_of_the_root_page_works_without_script() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let page = browser.get("/").await.body;
    assert!(
        page.contains("<form id=\"request\" class=\"card\" method=\"get\" action=\"/compose\"")
    );
    // As a browser sends it: with the fields that are empty.
    let query =
        "login=user_1&service=&redirect_url=&state=a%26b&time=&default%5B%5D=&provides%5B%5D=time";
    let answer = browser.get(&format!("/compose?{query}")).await;
    let expected = "/verify/request?login=user_1&state=a%26b&provides%5B%5D=time";
    assert_eq!((answer.status, answer.location()), (303, expected));
    let mut browser = server.logged_in("user_1").await;
    assert_eq!(browser.get(expected).await.status, 200);
    for query in ["", "?", "?a=%ff", "?=", "?x=%0d%0aset-cookie:a"] {
        let answer = browser.get(&format!("/compose{query}")).await;
        assert!(answer.location().starts_with("/verify/request?"), "{query}");
    }
}
