//! Signing up, logging in, and what a log-in tells about the accounts that exist.

use std::collections::BTreeMap;

use axum::http::Method;
use tokio::task::JoinSet;

use crate::support::{Server, encoded};

#[tokio::test]
async fn a_log_in_begins_a_session() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let answer = browser.log_in("user_1").await;
    assert_eq!((answer.status, answer.location()), (303, "/"));
    assert!(browser.get("/").await.body.contains("user_1"));
    assert_eq!(browser.get("/account").await.status, 200);
}

#[tokio::test]
async fn a_sign_up_begins_a_session() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let mut browser = server.browser();
    let page = browser.get("/users?return_to=%2Faccount").await;
    assert_eq!((page.status, &*page.field("return_to")), (200, "/account"));
    let fields = [("login", "ada"), ("password", "analytical"), ("return_to", "/account")];
    let answer = browser.post(&page.action(), &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/account"));
    assert!(browser.get("/account").await.body.contains(">ada<"));
    let fields = [("login", "ada"), ("password", "analytical")];
    assert_eq!(server.browser().post("/session", &fields).await.status, 303);
}

#[tokio::test]
async fn programs_sign_up_and_log_in_like_people() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let fields = [("login", "ada"), ("password", "analytical")];
    let answer = server.browser().post_for_json("/users", &fields).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (303, 1));
    let mut browser = server.browser();
    assert_eq!(browser.post_for_json("/session", &fields).await.status, 303);
    assert_eq!(browser.get_json("/verify/request?login=ada").await.status, 200);
    assert_eq!(browser.post_for_json("/session/end", &[]).await.status, 303);
    assert_eq!(browser.get_json("/verify/request?login=ada").await.status, 401);
}

#[tokio::test]
async fn nobody_signs_up_unless_the_operator_allows_it() {
    let server = Server::start().await;
    let mut browser = server.browser();
    assert_eq!(browser.get("/users").await.status, 403);
    let fields = [("login", "ada"), ("password", "analytical")];
    let answer = browser.post_for_json("/users", &fields).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (403, 0));
    answer.error();
    assert_eq!(browser.post("/session", &fields).await.status, 401);
    assert!(!browser.get("/session").await.body.contains("Sign up"));
}

#[tokio::test]
async fn logins_are_folded_to_lower_case() {
    let server = Server::with(|config| config.sign_up(true)).await;
    for login in ["USER_1", "User_1", " user_1 "] {
        let mut browser = server.browser();
        let fields = [("login", login), ("password", "password_1")];
        assert_eq!(browser.post("/session", &fields).await.status, 303, "{login}");
        assert_eq!(browser.get_json("/verify/request?login=user_1").await.status, 200);
        let fields = [("login", login), ("password", "another password")];
        assert_eq!(browser.post("/users", &fields).await.status, 409, "{login}");
    }
    let fields = [("login", "ADA"), ("password", "analytical")];
    let mut browser = server.browser();
    assert_eq!(browser.post("/users", &fields).await.status, 303);
    assert_eq!(browser.get_json("/verify/request?login=ada").await.status, 200);
}

#[tokio::test]
async fn what_is_no_login_is_refused() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let long = "a".repeat(65);
    for login in [
        "",
        " ",
        "ada@example.com",
        "+15550100",
        "a b",
        "a:b",
        "a/b",
        "ä",
        "\u{212a}",
        "a\n",
        "a\0",
        "ａ",
        &long,
    ] {
        let fields = [("login", login), ("password", "a good password")];
        let answer = server.browser().post_for_json("/users", &fields).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (400, 0), "{login:?}");
        answer.error();
        let page = server.browser().post("/users", &fields).await;
        assert_eq!(page.status, 400);
        assert!(page.body.contains("A login must be"), "{login:?}");
        assert_eq!(server.browser().post("/session", &fields).await.status, 401, "{login:?}");
    }
    let fields = [("login", &*"a".repeat(64)), ("password", "a good password")];
    assert_eq!(server.browser().post("/users", &fields).await.status, 303);
}

#[tokio::test]
async fn a_password_has_8_to_1024_bytes() {
    let server = Server::with(|config| config.sign_up(true)).await;
    for (login, password, status) in [
        ("a", "1234567".to_owned(), 400),
        ("b", String::new(), 400),
        ("c", "p".repeat(1025), 400),
        // Bytes, not characters.
        ("d", "ü".repeat(513), 400),
        ("e", "12345678".to_owned(), 303),
        ("f", "ü".repeat(512), 303),
        ("g", "p".repeat(1024), 303),
    ] {
        let fields = [("login", login), ("password", &*password)];
        let answer = server.browser().post("/users", &fields).await;
        assert_eq!(answer.status, status, "{login}");
        if status == 303 {
            assert_eq!(server.browser().post("/session", &fields).await.status, 303);
            let cut = [("login", login), ("password", &password[..password.len() - 2])];
            assert_eq!(server.browser().post("/session", &cut).await.status, 401);
        } else {
            assert!(answer.body.contains("8 to 1,024 bytes"), "{login}");
        }
    }
}

#[tokio::test]
async fn a_login_is_taken_once() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let fields = [("login", "user_1"), ("password", "another password")];
    let answer = server.browser().post_for_json("/users", &fields).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (409, 0));
    assert!(answer.error().contains("taken"));
    assert_eq!(server.browser().post("/session", &fields).await.status, 401);
    assert_eq!(server.browser().log_in("user_1").await.status, 303);
}

#[tokio::test]
async fn unknown_and_known_logins_are_refused_alike() {
    let server = Server::start().await;
    let attempt = async |login: &str, wants_json: bool| {
        let fields = [("login", login), ("password", "a wrong password")];
        let mut browser = server.browser();
        let mut answer = match wants_json {
            true => browser.post_for_json("/session", &fields).await,
            false => browser.post("/session", &fields).await,
        };
        assert_eq!((answer.status, answer.set_cookies().len()), (401, 0));
        for varying in ["x-request-id", "content-length"] {
            answer.headers.remove(varying);
        }
        (answer.headers, answer.body.replace(login, "LOGIN"))
    };
    for wants_json in [false, true] {
        let known = attempt("user_1", wants_json).await;
        assert_eq!(attempt("nobody", wants_json).await, known);
        assert_eq!(attempt("ada@example.com", wants_json).await, known);
    }
}

/// Far more come at once than may wait. A log-in that asked for no hash would be answered all the same.
#[tokio::test]
async fn unknown_and_known_logins_ask_for_a_hash_also_while_the_queue_is_full() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let fields = [("login", "ada"), ("password", "analytical")];
    assert_eq!(server.browser().post("/users", &fields).await.status, 303);
    let mut attempts = JoinSet::new();
    for login in ["ada", "nobody", "no login at all"].into_iter().cycle().take(210) {
        let mut browser = server.browser();
        attempts.spawn(async move {
            let fields = [("login", login), ("password", "a wrong password")];
            (login, browser.post_for_json("/session", &fields).await)
        });
    }
    let mut busy = BTreeMap::new();
    for (login, mut answer) in attempts.join_all().await {
        if answer.status == 503 {
            answer.headers.remove("x-request-id");
            busy.entry(login).or_insert((answer.headers, answer.body));
        } else {
            assert_eq!(answer.status, 401);
        }
    }
    assert_eq!(busy.len(), 3, "{busy:?}");
    assert!(busy.values().all(|answer| answer == &busy["ada"]), "{busy:?}");
    let (headers, body) = &busy["ada"];
    assert!(headers.contains_key("retry-after") && body.contains("try again"), "{busy:?}");
    assert_eq!(server.browser().post("/session", &fields).await.status, 303);
}

#[tokio::test]
async fn only_a_local_path_is_returned_to() {
    let server = Server::with(|config| config.sign_up(true)).await;
    for (return_to, location) in [
        ("/account", "/account"),
        ("/verify/request?login=user_1&a=%2F", "/verify/request?login=user_1&a=%2F"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("https://id.example/account", "/"),
        ("/account\r\nset-cookie: a=b", "/"),
    ] {
        let fields = [("login", "user_1"), ("password", "password_1"), ("return_to", return_to)];
        let answer = server.browser().post("/session", &fields).await;
        assert_eq!((answer.status, answer.location()), (303, location), "{return_to:?}");
        assert_eq!(answer.set_cookies().len(), 1);
        let answer = server.browser().post("/session/end", &[("return_to", return_to)]).await;
        assert_eq!(answer.location(), location, "{return_to:?}");
        for form in ["/session", "/users"] {
            let path = format!("{form}?return_to={}", encoded(return_to));
            let page = server.browser().get(&path).await;
            assert_eq!(page.field("return_to"), location, "{return_to:?}");
        }
    }
}

#[tokio::test]
async fn a_log_in_from_another_site_is_refused() {
    let server = Server::with(|config| config.sign_up(true)).await;
    for path in ["/session", "/users", "/session/end", "/account/password", "/account/delete"] {
        let fields =
            [("login", "user_1"), ("password", "password_1"), ("new_password", "long enough")];
        let mut browser = server.logged_in("user_1").await;
        let cookies = browser.cookies.clone();
        let answer = browser.post_from("https://evil.example", path, &fields).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (403, 0), "{path}");
        assert_eq!(browser.cookies, cookies);
        assert_eq!(browser.get("/account").await.status, 200, "{path}");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
        ];
        let body = "login=user_1&password=password_1";
        assert_eq!(browser.send(Method::POST, path, &headers, body).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_page_shows_what_was_typed_as_text() {
    let server = Server::start().await;
    let fields = [("login", "\"><script>x</script>"), ("password", "<b>secret</b>")];
    let page = server.browser().post("/session", &fields).await;
    assert!(!page.body.contains("<script>x") && !page.body.contains("secret"), "{}", page.body);
    assert!(page.body.contains("The login or the password is wrong."));
}
