//! Log-in, session and log-out.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use civic_sip::sandbox::{Fault, Person};
use civic_sip::{UserData, UserDataItem, labels};
use tower_sessions::cookie::{Cookie, SameSite};

use crate::support::{Answer, Browser, World};

#[tokio::test]
async fn a_person_logs_in_and_is_the_same_one_the_next_time() {
    let world = World::new().await;
    let mut browser = world.browser();
    assert_eq!(browser.get("/").await.location(), "/login");
    let page = browser.get("/login").await.body;
    assert!(page.contains("Continue with Civic") && page.contains(world.sandbox.base_url()));

    let mut browser = world.logged_in(Person::Ada).await;
    assert!(browser.get("/").await.body.contains("ada.winterbourne@example.com"));
    browser.start_team("blue").await;
    // From another computer.
    let mut browser = world.logged_in(Person::Ada).await;
    assert!(browser.is_in("blue").await);
    let mut browser = world.logged_in(Person::Bruno).await;
    assert!(!browser.is_in("blue").await);
}

#[tokio::test]
async fn the_user_id_and_not_the_address_says_who_somebody_is() {
    let world = World::new().await;
    let token = |id: &str, email: &str, is_valid, is_owner| {
        let email = UserDataItem::new(labels::EMAIL, email, is_valid, is_owner);
        world.sandbox.issue_token(&UserData::new(id, vec![email]))
    };
    let mut browser = world.browser();
    browser.log_in(&token("one", "shared@example.com", true, true)).await;
    browser.start_team("blue").await;
    let mut other = world.browser();
    other.log_in(&token("two", "shared@example.com", true, true)).await;
    assert!(!other.is_in("blue").await);
    // An address that the service did not verify, or for somebody else, is not taken; nor is an old one kept.
    for (is_valid, is_owner) in [(false, true), (true, false), (false, false)] {
        let mut browser = world.browser();
        browser.log_in(&token("one", "shared@example.com", true, true)).await;
        assert_eq!(world.email_of("one").await.as_deref(), Some("shared@example.com"));
        browser.log_in(&token("one", "admin@example.com", is_valid, is_owner)).await;
        assert_eq!(world.email_of("one").await, None);
        assert!(browser.get("/").await.body.contains("without a verified e-mail address"));
        assert!(browser.is_in("blue").await);
    }
}

#[tokio::test]
async fn the_session_id_changes_at_log_in() {
    let world = World::new().await;
    let mut browser = world.logged_in(Person::Ada).await;
    let first = browser.session().unwrap().clone();
    browser.log_in(&world.token(Person::Ada)).await;
    assert_ne!(browser.session().unwrap().value(), first.value());
    // The old session has ended.
    browser.jar.add(first);
    assert_eq!(browser.get("/").await.location(), "/login");
}

#[tokio::test]
async fn a_session_from_before_the_log_in_lets_nobody_in() {
    let world = World::new().await;
    let mut bruno = world.logged_in(Person::Bruno).await;
    bruno.start_team("blue").await;
    let invitation = bruno.invite_to(1).await;
    // The attacker opens a session, and plants it in the visitor's browser.
    let mut attacker = world.browser();
    attacker.get(&invitation).await;
    let mut visitor = attacker.clone();
    visitor.log_in(&world.token(Person::Ada)).await;
    assert_ne!(visitor.session().unwrap().value(), attacker.session().unwrap().value());
    assert_eq!(attacker.get("/").await.location(), "/login");
    // Nor is a session id adopted that the app did not choose.
    let planted = Cookie::new("__Host-session", "AAAAAAAAAAAAAAAAAAAAAA");
    visitor.jar.add(planted.clone());
    visitor.log_in(&world.token(Person::Ada)).await;
    assert_ne!(visitor.session().unwrap().value(), planted.value());
    assert!(visitor.get("/").await.body.contains("ada.winterbourne"));
}

#[tokio::test]
async fn the_log_out_ends_the_session_on_the_server() {
    let world = World::new().await;
    let mut browser = world.logged_in(Person::Ada).await;
    let copied = browser.session().unwrap().clone();
    assert_eq!(browser.post("/logout", "").await.location(), "/login");
    assert!(browser.session().is_none());
    browser.jar.add(copied);
    assert_eq!(browser.get("/").await.location(), "/login");
    assert_eq!(browser.post("/teams", "name=blue").await.location(), "/login");
}

#[tokio::test]
async fn a_session_of_a_user_who_is_gone_is_none() {
    let world = World::new().await;
    let mut browser = world.logged_in(Person::Ada).await;
    sqlx::query("DELETE FROM users").execute(&world.database).await.unwrap();
    assert_eq!(browser.get("/").await.location(), "/login");
}

#[tokio::test]
async fn a_token_that_the_service_does_not_take_logs_nobody_in() {
    let world = World::new().await;
    let used = world.token(Person::Ada);
    world.browser().log_in(&used).await;
    for (token, fault, status) in [
        (used.clone(), None, StatusCode::UNAUTHORIZED),
        ("forged".to_owned(), None, StatusCode::UNAUTHORIZED),
        (format!("{used}x"), None, StatusCode::UNAUTHORIZED),
        (String::new(), None, StatusCode::BAD_GATEWAY),
        (world.token(Person::Ada), Some(Fault::WrongKey), StatusCode::BAD_GATEWAY),
        (world.token(Person::Ada), Some(Fault::Expired), StatusCode::BAD_GATEWAY),
    ] {
        if let Some(fault) = fault {
            world.sandbox.inject(fault);
        }
        let mut browser = world.browser();
        browser.log_in(&token).await.assert_refused(status, "The log-in did not work.");
        assert!(browser.session().is_none());
        assert_eq!(browser.get("/").await.location(), "/login");
    }
}

#[tokio::test]
async fn other_sites_can_t_send_forms() {
    let world = World::new().await;
    let token = world.token(Person::Ada);
    let mut browser = world.logged_in(Person::Bruno).await;
    browser.start_team("blue").await;
    let paths = ["/login", "/logout", "/teams", "/teams/1/invitations", "/invitation", "/nothing"];
    for path in paths {
        for (name, value) in [
            (ORIGIN.as_str(), "https://evil.example"),
            (ORIGIN.as_str(), "http://app.example.com"),
            (ORIGIN.as_str(), "https://app.example.com.evil.example"),
            (ORIGIN.as_str(), "https://app.example.com:8443"),
            (ORIGIN.as_str(), "null"),
            (ORIGIN.as_str(), ""),
            ("sec-fetch-site", "cross-site"),
            ("x-nothing", "no origin at all"),
        ] {
            let answer = post_from(&mut browser, path, name, value, &token).await;
            let advice = "This form came from another address.";
            answer.assert_refused(StatusCode::FORBIDDEN, advice);
        }
    }
    // Bruno is still logged in, with one team, and the token was not used.
    assert!(browser.get("/").await.body.contains("bruno.castellane"));
    assert_eq!(browser.get("/").await.body.matches("<li>").count(), 1);
    assert_eq!(world.browser().log_in(&token).await.location(), "/");
}

async fn post_from(
    browser: &mut Browser,
    path: &str,
    name: &str,
    value: &str,
    token: &str,
) -> Answer {
    let request = browser
        .request("POST", path)
        .header("host", "app.example.com")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(name, value);
    let form = format!("token={token}&name=planted");
    browser.send(request.body(Body::from(form)).unwrap()).await
}

#[tokio::test]
async fn the_cookie_can_be_set_by_nobody_else_and_read_by_no_script() {
    let browser = World::new().await.logged_in(Person::Ada).await;
    let cookie = browser.session().unwrap();
    assert_eq!(cookie.name(), "__Host-session");
    assert_eq!((cookie.secure(), cookie.http_only()), (Some(true), Some(true)));
    assert_eq!(cookie.same_site(), Some(SameSite::Lax));
    assert_eq!((cookie.path(), cookie.domain()), (Some("/"), None));
    assert!(cookie.max_age().unwrap().whole_hours() <= 12);
    // 128 random bits in base64.
    assert_eq!(cookie.value().len(), 22);

    // On http such that browsers take it.
    let browser = World::at("http://localhost:8080").await.logged_in(Person::Ada).await;
    let cookie = browser.session().unwrap();
    assert_eq!((cookie.name(), cookie.secure()), ("session", None));
    assert_eq!(cookie.http_only(), Some(true));
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let world = World::new().await;
    let mut browser = world.logged_in(Person::Ada).await;
    let login = browser.get("/login").await;
    let refused = browser.get("/join?team=1").await;
    let other = post_from(&mut browser, "/logout", "origin", "https://evil.example", "").await;
    for answer in [browser.get("/").await, login, refused, other, browser.get("/nothing").await] {
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        for rule in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["referrer-policy"], "same-origin");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    // Scripts run on one page alone.
    let home = browser.get("/").await;
    assert!(!home.headers["content-security-policy"].to_str().unwrap().contains("script-src"));
}

#[tokio::test]
async fn what_people_enter_is_text_and_not_html() {
    let world = World::new().await;
    let mut browser = world.logged_in(Person::Ada).await;
    let answer = browser.post("/teams", "name=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27").await;
    assert_eq!(answer.location(), "/");
    let home = browser.get("/").await.body;
    assert!(!home.contains("<script>") && home.contains("&#60;script&#62;"), "{home}");
    for name in ["", "+++", &"x".repeat(61)] {
        let answer = browser.post("/teams", &format!("name={name}")).await;
        answer.assert_refused(StatusCode::UNPROCESSABLE_ENTITY, "A team needs a name");
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_no_person_no_token_and_no_link() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let world = World::new().await;
    let mut ada = world.logged_in(Person::Ada).await;
    ada.start_team("blue").await;
    let invitation = ada.invite_to(1).await;
    let token = world.token(Person::Bruno);
    let mut bruno = world.browser();
    bruno.log_in(&token).await;
    bruno.log_in(&token).await;
    world.sandbox.inject(Fault::WrongKey);
    bruno.log_in(&world.token(Person::Bruno)).await;
    bruno.get(&invitation.replace("team=1", "team=2")).await;
    bruno.get(&invitation).await;
    bruno.post("/invitation", "").await;
    let mut dagny = world.logged_in(Person::Dagny).await;
    dagny.get(&invitation).await;
    dagny.post("/invitation", "").await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for reason in
        ["The log-in did not work", "the signature does not match", "has been used already"]
    {
        assert!(log.contains(reason), "{reason}: {log}");
    }
    let (_, signature) = invitation.split_once("signature=").unwrap();
    let ids = [world.user_id(Person::Ada), world.user_id(Person::Bruno)];
    for secret in ["example.com", "blue", &token, signature, &ids[0], &ids[1]] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
