//! How sessions begin and end.

use axum::http::Method;
use axum::http::header::COOKIE;

use crate::support::{Browser, Server};

const HOUR: u64 = 60 * 60;

const NAME: &str = "__Host-authsig";

/// Whether the server takes the browser for that of `user_1`.
async fn is_logged_in(browser: &mut Browser) -> bool {
    match browser.get_json("/verify/request?login=user_1").await.status {
        200 => true,
        401 => false,
        status => panic!("{status}"),
    }
}

/// Returns a browser with the cookie of another one, as a thief has it.
fn with_cookie_of(server: &Server, browser: &Browser) -> Browser {
    server.browser().with_cookies(&browser.cookies)
}

#[tokio::test]
async fn each_log_in_has_a_new_id_and_ends_the_old_session() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let mut old = with_cookie_of(&server, &browser);
    assert!(is_logged_in(&mut old).await);
    browser.log_in("user_1").await;
    assert_ne!(browser.cookies[NAME], old.cookies[NAME]);
    assert!(is_logged_in(&mut browser).await);
    assert!(!is_logged_in(&mut old).await);
}

#[tokio::test]
async fn a_sign_up_ends_the_old_session() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let mut browser = server.logged_in("user_1").await;
    let mut old = with_cookie_of(&server, &browser);
    browser.post("/users", &[("login", "ada"), ("password", "analytical")]).await;
    assert!(!is_logged_in(&mut old).await);
}

#[tokio::test]
async fn a_failed_log_in_changes_nothing() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let before = browser.cookies.clone();
    let answer = browser.post("/session", &[("login", "user_2"), ("password", "wrong")]).await;
    assert_eq!((answer.status, &browser.cookies), (401, &before));
    assert!(is_logged_in(&mut browser).await);
}

#[tokio::test]
async fn a_cookie_given_in_advance_never_becomes_a_session() {
    let server = Server::start().await;
    let planted = "A".repeat(43);
    let mut browser = server.browser();
    browser.cookies.insert(NAME.to_owned(), planted.clone());
    let mut attacker = with_cookie_of(&server, &browser);
    browser.log_in("user_1").await;
    assert_ne!(browser.cookies[NAME], planted);
    assert!(!is_logged_in(&mut attacker).await);
}

#[tokio::test]
async fn a_log_out_ends_the_session_at_the_server() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let mut thief = with_cookie_of(&server, &browser);
    let answer = browser.post("/session/end", &[]).await;
    assert_eq!((answer.status, browser.cookies.len()), (303, 0));
    assert!(!is_logged_in(&mut browser).await);
    assert!(!is_logged_in(&mut thief).await);
}

#[tokio::test]
async fn a_log_out_leaves_other_sessions() {
    let server = Server::start().await;
    let mut here = server.logged_in("user_1").await;
    let mut there = server.logged_in("user_1").await;
    here.post("/session/end", &[]).await;
    assert!(is_logged_in(&mut there).await);
}

#[tokio::test]
async fn a_session_ends_after_12_hours_without_use() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    server.clock.pass(12 * HOUR - 1);
    assert!(is_logged_in(&mut browser).await);
    server.clock.pass(12 * HOUR - 1);
    assert!(is_logged_in(&mut browser).await);
    server.clock.pass(12 * HOUR);
    assert!(!is_logged_in(&mut browser).await);
}

#[tokio::test]
async fn a_session_ends_after_30_days_of_use() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for _ in 0..30 * 24 / 6 - 1 {
        server.clock.pass(6 * HOUR);
        assert!(is_logged_in(&mut browser).await);
    }
    server.clock.pass(6 * HOUR - 1);
    assert!(is_logged_in(&mut browser).await);
    server.clock.pass(1);
    assert!(!is_logged_in(&mut browser).await);
}

#[tokio::test]
async fn a_look_at_a_page_that_needs_no_session_prolongs_none() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    server.clock.pass(11 * HOUR);
    browser.send(Method::HEAD, "/verify/request?login=user_1", &[], "").await;
    browser.get("/verify/keys").await;
    server.clock.pass(HOUR);
    assert!(!is_logged_in(&mut browser).await);
}

#[tokio::test]
async fn sessions_survive_a_restart() {
    let server = Server::start().await;
    let cookies = server.logged_in("user_1").await.cookies;
    let server = server.restart().await;
    assert!(is_logged_in(&mut server.browser().with_cookies(&cookies)).await);
}

#[tokio::test]
async fn old_sessions_are_deleted() {
    let server = Server::start().await;
    server.logged_in("user_1").await;
    server.clock.pass(12 * HOUR);
    let server = server.restart().await;
    server.database.until("SELECT COUNT(*) FROM sessions", 0).await;
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let server = Server::start().await;
    let mut here = server.logged_in("user_1").await;
    let (mut there, mut other) =
        (server.logged_in("user_1").await, server.logged_in("user_2").await);
    let mut thief = with_cookie_of(&server, &here);
    let fields = [("password", "password_1"), ("new_password", "a new password")];
    let answer = here.post("/account/password", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/account"));
    assert!(is_logged_in(&mut here).await);
    assert!(!is_logged_in(&mut there).await);
    assert!(!is_logged_in(&mut thief).await);
    assert_eq!(other.get_json("/verify/request?login=user_2").await.status, 200);
    assert_eq!(server.browser().log_in("user_1").await.status, 401);
    let fields = [("login", "user_1"), ("password", "a new password")];
    assert_eq!(server.browser().post("/session", &fields).await.status, 303);
}

#[tokio::test]
async fn a_password_is_changed_by_its_owner_alone() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for (password, new_password, status) in [
        ("wrong", "a new password", 403),
        ("password_2", "a new password", 403),
        ("password_1", "short", 400),
        ("password_1", &*"p".repeat(1025), 400),
    ] {
        let fields = [("password", password), ("new_password", new_password)];
        let page = browser.post("/account/password", &fields).await;
        assert_eq!(page.status, status);
        assert!(page.body.contains("role=\"alert\""));
    }
    assert_eq!(server.browser().log_in("user_1").await.status, 303);
    let fields = [("password", "password_1"), ("new_password", "a new password")];
    let answer = server.browser().post("/account/password", &fields).await;
    assert!(answer.location().starts_with("/session?return_to="));
    assert_eq!(server.browser().log_in("user_1").await.status, 303);
}

#[tokio::test]
async fn other_sessions_are_listed_and_ended() {
    let server = Server::start().await;
    let mut here = server.logged_in("user_1").await;
    server.clock.pass(60);
    let mut there = server.logged_in("user_1").await;
    let page = here.get("/account").await;
    assert_eq!(page.body.matches("2027-01-15 08:0").count(), 4, "{}", page.body);
    assert_eq!(page.body.matches("this one").count(), 1);
    assert_eq!(here.post("/account/sessions/end", &[]).await.status, 303);
    assert!(is_logged_in(&mut here).await);
    assert!(!is_logged_in(&mut there).await);
}

#[tokio::test]
async fn a_deletion_ends_all_sessions_and_keeps_the_login_taken() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let mut here = server.logged_in("user_1").await;
    let mut there = server.logged_in("user_1").await;
    assert_eq!(here.post("/account/delete", &[("password", "wrong")]).await.status, 403);
    assert!(is_logged_in(&mut here).await);
    let mut thief = with_cookie_of(&server, &here);
    let answer = here.post("/account/delete", &[("password", "password_1")]).await;
    assert_eq!((answer.status, here.cookies.len()), (303, 0));
    for browser in [&mut here, &mut there, &mut thief] {
        assert!(!is_logged_in(browser).await);
    }
    assert_eq!(server.browser().log_in("user_1").await.status, 401);
    for login in ["user_1", "USER_1"] {
        let fields = [("login", login), ("password", "a new password")];
        assert_eq!(server.browser().post_for_json("/users", &fields).await.status, 409);
        assert_eq!(server.browser().post("/session", &fields).await.status, 401);
    }
    let server = server.restart().await;
    let fields = [("login", "user_1"), ("password", "a new password")];
    assert_eq!(server.browser().post_for_json("/users", &fields).await.status, 409);
    assert!(server.admin().await.add_account("user_1", "a new password").await.is_err());
}

#[tokio::test]
async fn the_operator_ends_sessions_and_sets_passwords() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let admin = server.admin().await;
    assert_eq!(admin.end_sessions("User_1").await.unwrap(), 1);
    assert!(!is_logged_in(&mut browser).await);
    browser.log_in("user_1").await;
    admin.set_password("user_1", "set by the operator").await.unwrap();
    assert!(!is_logged_in(&mut browser).await);
    assert_eq!(browser.log_in("user_1").await.status, 401);
    admin.delete_account("user_1").await.unwrap();
    assert!(admin.delete_account("user_1").await.is_err());
    assert!(admin.set_password("user_1", "set by the operator").await.is_err());
    let fields = [("login", "user_1"), ("password", "set by the operator")];
    assert_eq!(server.browser().post("/session", &fields).await.status, 401);
    admin.close().await;
}

/// Many log-ins with the old password race with its change: whichever wins, none of their sessions goes on.
#[tokio::test]
async fn a_log_in_that_was_under_way_when_the_password_changed_is_refused() {
    let server = Server::start().await;
    let mut owner = server.logged_in("user_1").await;
    let attempts: Vec<_> = (0..30)
        .map(|_| {
            let mut browser = server.browser();
            tokio::spawn(async move {
                let status = browser.log_in("user_1").await.status;
                (status, browser)
            })
        })
        .collect();
    let fields = [("password", "password_1"), ("new_password", "a new password")];
    assert_eq!(owner.post("/account/password", &fields).await.status, 303);
    for attempt in attempts {
        let (status, mut browser) = attempt.await.unwrap();
        assert!([303, 401, 503].contains(&status), "{status}");
        assert!(!is_logged_in(&mut browser).await);
    }
    assert!(is_logged_in(&mut owner).await);
}

#[tokio::test]
async fn of_two_cookies_with_one_name_neither_counts() {
    let server = Server::start().await;
    let browser = server.logged_in("user_1").await;
    let cookie = &browser.cookies[NAME];
    for cookies in [
        format!("{NAME}={cookie}; {NAME}=another"),
        format!("{NAME}=another; {NAME}={cookie}"),
        format!("{NAME}={cookie}; {NAME}={cookie}"),
        // Not the name that this server gives its cookie.
        format!("authsig={cookie}"),
    ] {
        let headers = [("accept", "application/json"), (COOKIE.as_str(), &*cookies)];
        let path = "/verify/request?login=user_1";
        let answer = server.browser().send(Method::GET, path, &headers, "").await;
        assert_eq!(answer.status, 401, "{cookies}");
    }
}

#[tokio::test]
async fn the_cookie_follows_the_public_url() {
    let server = Server::start().await;
    let answer = server.browser().log_in("user_1").await;
    let cookie = answer.set_cookies()[0].to_owned();
    assert!(cookie.starts_with("__Host-authsig=") && cookie.ends_with("; Secure"), "{cookie}");
    for attribute in ["; Path=/;", "; HttpOnly;", "; SameSite=Lax;"] {
        assert!(cookie.contains(attribute) && !cookie.contains("Domain"), "{cookie}");
    }
    // Browsers refuse the prefix, and Safari `Secure`, on plain http.
    let server = Server::at("http://127.0.0.1:8700", |config| config).await;
    let cookie = server.browser().log_in("user_1").await.set_cookies()[0].to_owned();
    assert!(cookie.starts_with("authsig=") && !cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn neither_sessions_nor_passwords_are_stored_as_they_are() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let mut browser = server.browser();
    browser.post("/users", &[("login", "ada"), ("password", "analytical engine")]).await;
    assert!(!server.database.contains(&browser.cookies[NAME]).await);
    assert!(!server.database.contains("analytical engine").await);
    assert!(server.database.contains("$argon2id$v=19$m=19456,t=2,p=1$").await);
}
