//! A database that fails is 503, and never "logged out". What needs no database goes on.

use crate::support::{Answer, Browser, Server};

/// A server whose database has no sessions any more, with a browser that had one and a URL that was signed.
async fn broken() -> (Server, Browser, String) {
    let server = Server::with(|config| config.sign_up(true).anybody_creates_defaults()).await;
    let mut browser = server.logged_in("user_1").await;
    let url = browser.get_json("/verify/request?login=user_1").await.text("url");
    for table in ["sessions", "credentials", "accounts", "defaults"] {
        server.database.execute(&format!("ALTER TABLE {table} RENAME TO {table}_away")).await;
    }
    (server, browser, url)
}

async fn mend(server: &Server) {
    for table in ["sessions", "credentials", "accounts", "defaults"] {
        server.database.execute(&format!("ALTER TABLE {table}_away RENAME TO {table}")).await;
    }
}

fn assert_unavailable(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 503, "{what}: {answer:?}");
    let retry_after = answer.header("retry-after").expect("when to come back");
    assert!(retry_after.parse::<u32>().unwrap() > 0);
    assert_eq!((answer.header("location"), answer.set_cookies().len()), (None, 0), "{what}");
    // Nothing of the database's own words.
    assert!(!answer.body.contains("table") && !answer.body.contains("sqlx"), "{}", answer.body);
}

#[tokio::test]
async fn whoever_is_logged_in_gets_503_and_stays_logged_in() {
    let (server, mut browser, _) = broken().await;
    for path in ["/verify/request?login=user_1", "/verify/consent?login=user_1", "/account"] {
        assert_unavailable(&browser.get(path).await, path);
        assert_unavailable(&browser.get_json(path).await, path);
    }
    mend(&server).await;
    assert_eq!(browser.get_json("/verify/request?login=user_1").await.status, 200);
}

#[tokio::test]
async fn no_page_says_that_a_person_is_logged_out() {
    let (_server, mut browser, _) = broken().await;
    let page = browser.get("/").await;
    assert_unavailable(&page, "/");
    assert!(!page.body.contains("Log in"), "{}", page.body);
    let page = browser.get("/account").await;
    assert!(!page.body.contains("Log in"), "{}", page.body);
}

#[tokio::test]
async fn verifying_goes_on() {
    let (server, mut browser, url) = broken().await;
    for browser in [&mut browser, &mut server.browser()] {
        assert_eq!(browser.get_json(&url).await.status, 200);
        assert_eq!(browser.get(&url).await.status, 200);
        assert_eq!(browser.get_json(&url.replace("user_1", "user_2")).await.status, 403);
        assert_eq!(browser.get("/verify/keys").await.status, 200);
        assert_eq!(browser.get("/assets/style.css").await.status, 200);
    }
}

#[tokio::test]
async fn what_is_sent_gets_503() {
    let (server, mut browser, _) = broken().await;
    let fields = [
        ("login", "user_1"),
        ("password", "password_1"),
        ("new_password", "a new password"),
        ("consent", "x"),
    ];
    for path in [
        "/session",
        "/session/end",
        "/users",
        "/account/password",
        "/account/delete",
        "/account/sessions/end",
        "/verify/consent?login=user_1",
    ] {
        assert_unavailable(&browser.post(path, &fields).await, path);
    }
    let body = r#"{"slug": "app", "params": {}}"#;
    assert_unavailable(&browser.post_json("/defaults", body).await, "/defaults");
    mend(&server).await;
    assert_eq!(browser.get_json("/verify/request?login=user_1").await.status, 200);
}

#[tokio::test]
async fn unknown_and_known_logins_fail_alike() {
    let (server, ..) = broken().await;
    let attempt = async |login: &str| {
        let fields = [("login", login), ("password", "password_1")];
        let answer = server.browser().post_for_json("/session", &fields).await;
        (answer.status, answer.body)
    };
    assert_eq!(attempt("user_1").await, attempt("nobody").await);
}

#[tokio::test]
async fn the_log_in_page_needs_no_database() {
    let (server, ..) = broken().await;
    assert_eq!(server.browser().get("/session?return_to=/verify/request").await.status, 200);
}

/// Another process holds the lock for longer than the server waits.
#[tokio::test]
async fn a_locked_database_is_503_and_reading_goes_on() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let lock = server.database.lock().await;
    assert_unavailable(&server.browser().log_in("user_1").await, "log-in");
    // Its limit is counted.
    assert_unavailable(&browser.get("/verify/request?login=user_1").await, "request");
    assert_eq!(browser.get("/account").await.status, 200);
    drop(lock);
    assert_eq!(server.browser().log_in("user_1").await.status, 303);
}
