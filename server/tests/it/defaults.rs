//! `POST /defaults`.

use serde_json::json;

use crate::support::Server;

async fn open_server() -> Server {
    Server::with(|config| config.anybody_creates_defaults()).await
}

#[tokio::test]
async fn a_default_is_created() {
    let server = open_server().await;
    let body = r#"{"slug": "app-1_X", "params": {"state": "x", "provides": ["login", "time"]}}"#;
    let answer = server.browser().post_json("/defaults", body).await;
    assert_eq!((answer.status, answer.json()), (201, json!({"slug": "app-1_X"})));
    let mut browser = server.logged_in("user_1").await;
    let url = browser.get_json("/verify/request?default=app-1_X").await.text("url");
    assert!(url.contains("login=user_1") && url.contains("state=x"), "{url}");
}

#[tokio::test]
async fn a_slug_is_taken_once() {
    let server = open_server().await;
    let mut browser = server.browser();
    let create = |state: &str| format!(r#"{{"slug": "app", "params": {{"state": "{state}"}}}}"#);
    assert_eq!(browser.post_json("/defaults", &create("first")).await.status, 201);
    let answer = browser.post_json("/defaults", &create("second")).await;
    assert_eq!(answer.status, 409);
    answer.error();
    let mut browser = server.logged_in("user_1").await;
    let url = browser.get_json("/verify/request?login=user_1&default=app").await.text("url");
    assert!(url.contains("state=first"), "{url}");
    // Slugs are compared byte for byte.
    let other = create("third").replace("app", "App");
    assert_eq!(browser.post_json("/defaults", &other).await.status, 201);
}

#[tokio::test]
async fn of_two_that_take_a_slug_at_once_one_gets_it() {
    let server = open_server().await;
    let attempts: Vec<_> = (0..8)
        .map(|number| {
            let mut browser = server.browser();
            let body = format!(r#"{{"slug": "app", "params": {{"state": "{number}"}}}}"#);
            tokio::spawn(async move { browser.post_json("/defaults", &body).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_slug_is_never_used_again() {
    let server = open_server().await;
    let mut owner = server.logged_in("user_1").await;
    let body = r#"{"slug": "app", "params": {"note": "of user_1"}}"#;
    assert_eq!(owner.post_json("/defaults", body).await.status, 201);
    let mut other = server.logged_in("user_2").await;
    assert_eq!(other.get_json("/verify/request?login=user_2&default=app").await.status, 200);
    owner.post("/account/delete", &[("password", "password_1")]).await;
    assert_eq!(other.post_json("/defaults", body).await.status, 409);
    assert_eq!(other.get_json("/verify/request?login=user_2&default=app").await.status, 403);
}

#[tokio::test]
async fn the_parameters_are_encrypted() {
    let server = open_server().await;
    let body =
        r#"{"slug": "the-slug", "params": {"secret": "a secret of the app", "note-x": "value-y"}}"#;
    assert_eq!(server.browser().post_json("/defaults", body).await.status, 201);
    assert!(server.database.contains("the-slug").await);
    for text in ["a secret of the app", "note-x", "value-y"] {
        assert!(!server.database.contains(text).await, "{text}");
    }
}

#[tokio::test]
async fn nobody_learns_what_is_stored() {
    let server = open_server().await;
    let body =
        r#"{"slug": "app", "params": {"secret": "a secret of the app", "note": "kept apart"}}"#;
    server.browser().post_json("/defaults", body).await;
    // Nor whether anything is, without a log-in.
    let mut nobody = server.browser();
    let there = nobody.get_json("/verify/request?login=user_1&default=app").await;
    let not_there = nobody.get_json("/verify/request?login=user_1&default=none").await;
    assert_eq!((there.status, &there.body), (401, &not_there.body));
    let mut browser = server.logged_in("user_1").await;
    let page = browser.get("/verify/request?login=user_1&default=app").await;
    assert!(!page.body.contains("kept apart") && !page.body.contains("a secret of the app"));
    assert_eq!(browser.get("/defaults").await.status, 405);
}

#[tokio::test]
async fn only_listed_accounts_create_defaults() {
    let server = Server::with(|config| config.default_creators(["user_1"])).await;
    let body = r#"{"slug": "app", "params": {}}"#;
    for answer in [
        server.browser().post_json("/defaults", body).await,
        server.logged_in("user_2").await.post_json("/defaults", body).await,
    ] {
        assert_eq!(answer.status, 403);
        answer.error();
    }
    let mut browser = server.logged_in("user_1").await;
    assert_eq!(browser.post_json("/defaults", body).await.status, 201);
}

#[tokio::test]
async fn nobody_creates_defaults_unless_the_operator_allows_it() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let body = r#"{"slug": "app", "params": {}}"#;
    assert_eq!(browser.post_json("/defaults", body).await.status, 403);
}

#[tokio::test]
async fn another_site_creates_no_default() {
    let server = Server::with(|config| config.default_creators(["user_1"])).await;
    let mut browser = server.logged_in("user_1").await;
    let headers = [("content-type", "text/plain"), ("origin", "https://evil.example")];
    let body = r#"{"slug": "app", "params": {}}"#;
    let answer = browser.send(axum::http::Method::POST, "/defaults", &headers, body).await;
    assert_eq!(answer.status, 403);
    assert_eq!(browser.post_json("/defaults", body).await.status, 201);
}

#[tokio::test]
async fn malformed_json_is_refused() {
    let server = open_server().await;
    for body in [
        "",
        "{}",
        "null",
        "[]",
        "{",
        "slug=app",
        r#"{"slug": "app"}"#,
        r#"{"params": {}}"#,
        r#"{"slug": 1, "params": {}}"#,
        r#"{"slug": "app", "params": null}"#,
        r#"{"slug": "app", "params": []}"#,
        r#"{"slug": "app", "params": {"a": 1}}"#,
        r#"{"slug": "app", "params": {"a": null}}"#,
        r#"{"slug": "app", "params": {"a": [["b"]]}}"#,
        r#"{"slug": "app", "params": {"a": "1", "a": "2"}}"#,
        r#"{"slug": "app", "slug": "app", "params": {}}"#,
        r#"{"slug": "app", "params": {}, "owner": "user_1"}"#,
        r#"{"slug": "app", "params": {}} x"#,
        r#"{"slug": "", "params": {}}"#,
        r#"{"slug": "a b", "params": {}}"#,
        r#"{"slug": "a/b", "params": {}}"#,
        r#"{"slug": "ä", "params": {}}"#,
    ] {
        let answer = server.browser().post_json("/defaults", body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        answer.error();
    }
    let long = json!({"slug": "a".repeat(65), "params": {}}).to_string();
    assert_eq!(server.browser().post_json("/defaults", &long).await.status, 400);
    let long = json!({"slug": "app", "params": {"a": "a".repeat(17_000)}}).to_string();
    assert_eq!(server.browser().post_json("/defaults", &long).await.status, 400);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM defaults").await, 0);
}

#[tokio::test]
async fn names_that_look_like_others_or_that_the_server_sets_are_refused() {
    let server = open_server().await;
    for params in [
        json!({"Login": "user_1"}),
        json!({"login[]": "user_1"}),
        json!({"login.x": "user_1"}),
        json!({"Redirect_url": "https://app.example/in"}),
        json!({"redirect_url[]": "https://app.example/in"}),
        json!({"login": ["user_1", "user_2"]}),
        json!({"login": ""}),
        json!({"redirect_url": ["https://app.example/in", "https://app.example/in"]}),
        json!({"a\nb": "c"}),
        json!({"default": "other"}),
        json!({"default[]": "other"}),
        json!({"audience": "https://app.example/in"}),
        json!({"signature": "v3.a.b"}),
        json!({"nonce": "x"}),
        json!({"secret": "swordfish"}),
        json!({"Secret": "a secret of the app"}),
    ] {
        let body = json!({"slug": "app", "params": params}).to_string();
        let answer = server.browser().post_json("/defaults", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        assert!(!answer.error().contains("swordfish"));
    }
}
