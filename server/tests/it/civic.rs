//! Logging in with Civic, by the sandbox of the service.

use authsig_server::CivicLogin;
use civic_sip::UserData;
use civic_sip::sandbox::{Fault, Person, Sandbox, ScopeRequest};

use crate::support::{Answer, Browser, STRANGER, Server, encoded};

const ATTEMPT: &str = "__Host-authsig-civic";
const SESSION: &str = "__Host-authsig";

async fn start() -> (Server, Sandbox) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.client_builder().build().unwrap();
    let civic = CivicLogin::new(client, sandbox.script_url());
    let server = Server::with(|config| config.civic(civic).default_creators(["user_1"])).await;
    (server, sandbox)
}

fn token(sandbox: &Sandbox) -> String {
    sandbox.issue_token_for(Person::Ada, ScopeRequest::AnonymousLogin)
}

/// Logs in as the page's script does.
async fn log_in(browser: &mut Browser, token: &str, return_to: &str) -> Answer {
    let page = browser.get(&format!("/session/civic?return_to={}", encoded(return_to))).await;
    let (attempt, return_to) = (page.field("attempt"), page.field("return_to"));
    let fields = [("token", token), ("attempt", &*attempt), ("return_to", &*return_to)];
    browser.post(&page.action(), &fields).await
}

#[tokio::test]
async fn a_person_logs_in_with_the_user_id() {
    let (server, sandbox) = start().await;
    let login =
        sandbox.user_data_for(Person::Ada, ScopeRequest::AnonymousLogin).user_id().to_owned();
    let mut browser = server.browser();
    let request = format!("/verify/request?login={login}&service=civic");
    let to_log_in = browser.get(&request).await.location().to_owned();
    assert!(browser.get(&to_log_in).await.body.contains("/session/civic?return_to="));
    let answer = log_in(&mut browser, &token(&sandbox), &request).await;
    assert_eq!((answer.status, answer.location()), (303, &*request));
    assert!(!browser.cookies.contains_key(ATTEMPT));
    let url = browser.get_json(&request).await.text("url");
    let verifier = server.verifier().await.any_audience().service("civic").build().unwrap();
    let identity = verifier.verify_url(&url).unwrap();
    assert_eq!((identity.login(), identity.service()), (&*login, "civic"));
    // Without a service it is somebody of this server who is asked for.
    let answer = browser.get_json(&format!("/verify/request?login={login}")).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn it_is_off_unless_configured() {
    let server = Server::start().await;
    let mut browser = server.browser();
    assert_eq!(browser.get("/session/civic").await.status, 404);
    assert_eq!(
        browser.post("/session/civic", &[("token", "a"), ("attempt", "b")]).await.status,
        404
    );
    assert!(!browser.get("/session").await.body.contains("Civic"));
}

#[tokio::test]
async fn a_user_id_is_never_an_account_with_a_password() {
    let (server, sandbox) = start().await;
    let mut owner = server.logged_in("user_1").await;
    let mut browser = server.browser();
    let token = sandbox.issue_token(&UserData::new("user_1", Vec::new()));
    assert_eq!(log_in(&mut browser, &token, "/").await.status, 303);
    assert_eq!(browser.get_json("/verify/request?login=user_1").await.status, 403);
    assert_eq!(browser.get_json("/verify/request?login=user_1&service=password").await.status, 403);
    let url =
        browser.get_json("/verify/request?provides[]=login&provides[]=service").await.text("url");
    assert!(url.contains("login=user_1&service=civic"), "{url}");
    let body = r#"{"slug": "app", "params": {}}"#;
    assert_eq!(browser.post_json("/defaults", body).await.status, 403);
    let page = browser.get("/account").await;
    assert!(page.status == 200 && !page.body.contains("New password"));
    for (path, fields) in [
        ("/account/password", [("password", "password_1"), ("new_password", "a new password")]),
        ("/account/delete", [("password", "password_1"), ("a", "b")]),
    ] {
        assert_eq!(browser.post(path, &fields).await.status, 403, "{path}");
    }
    browser.post("/account/sessions/end", &[]).await;
    assert_eq!(owner.get_json("/verify/request?login=user_1").await.status, 200);
    assert_eq!(server.admin().await.end_sessions("user_1").await.unwrap(), 1);
    assert_eq!(browser.get("/account").await.status, 200);
}

/// Log-in CSRF: a visitor is not logged in to the account of whoever made the form.
#[tokio::test]
async fn a_token_counts_in_the_browser_that_began_alone() {
    let (server, sandbox) = start().await;
    let (mut attacker, mut victim) = (server.browser(), server.browser());
    let attackers = attacker.get("/session/civic").await.field("attempt");
    let token = token(&sandbox);
    let fields = [("token", &*token), ("attempt", &*attackers)];
    // Neither without an attempt of its own, nor with one.
    for _ in 0..2 {
        let answer = victim.post("/session/civic", &fields).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (403, 0));
        victim.get("/session/civic").await;
    }
    let empty = [("token", &*token), ("attempt", "")];
    assert_eq!(server.browser().post("/session/civic", &empty).await.status, 403);
    let own = victim.cookies[ATTEMPT].clone();
    let fields = [("token", &*token), ("attempt", &*own)];
    let answer = victim.post_from("https://evil.example", "/session/civic", &fields).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (403, 0));
    assert!(!victim.cookies.contains_key(SESSION));
    // The token was not used up by any of that.
    assert_eq!(victim.post("/session/civic", &fields).await.status, 303);
}

#[tokio::test]
async fn a_token_counts_once() {
    let (server, sandbox) = start().await;
    let token = token(&sandbox);
    assert_eq!(log_in(&mut server.browser(), &token, "/").await.status, 303);
    let mut browser = server.browser();
    let answer = log_in(&mut browser, &token, "/").await;
    assert_eq!((answer.status, browser.cookies.contains_key(SESSION)), (401, false));
}

#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let (server, _sandbox) = start().await;
    let long = "a".repeat(20_000);
    for token in ["", " ", "a", "a.b.c", "ä", "a\nb", "a\0b", &long] {
        let answer = log_in(&mut server.browser(), token, "/").await;
        assert!((400..500).contains(&answer.status), "{token:.20}: {}", answer.status);
        assert!(answer.body.contains("role=\"alert\"") && answer.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn a_service_that_fails_is_502() {
    let (server, sandbox) = start().await;
    for fault in [
        Fault::Status { status: 500, body: "out of order".to_owned() },
        Fault::NotJson,
        Fault::MissingUserId,
    ] {
        sandbox.inject(fault);
        let mut browser = server.browser();
        let answer = log_in(&mut browser, &token(&sandbox), "/").await;
        assert_eq!((answer.status, browser.cookies.contains_key(SESSION)), (502, false));
        assert!(!answer.body.contains("out of order"));
    }
}

#[tokio::test]
async fn a_user_id_that_is_no_login_is_refused() {
    let (server, sandbox) = start().await;
    for id in ["a b", "a\nb", "ä", "a@b", &"a".repeat(129)] {
        let token = sandbox.issue_token(&UserData::new(id, Vec::new()));
        let mut browser = server.browser();
        let answer = log_in(&mut browser, &token, "/").await;
        assert_eq!((answer.status, browser.cookies.contains_key(SESSION)), (502, false), "{id}");
    }
}

#[tokio::test]
async fn a_log_in_has_a_new_id_and_ends_the_old_session() {
    let (server, sandbox) = start().await;
    let mut browser = server.logged_in("user_1").await;
    let mut old = server.browser().with_cookies(&browser.cookies);
    log_in(&mut browser, &token(&sandbox), "/").await;
    assert_ne!(browser.cookies[SESSION], old.cookies[SESSION]);
    assert_eq!(old.get_json("/verify/request?login=user_1").await.status, 401);
}

#[tokio::test]
async fn only_a_local_path_is_returned_to() {
    let (server, sandbox) = start().await;
    for (return_to, location) in
        [("/account", "/account"), ("//evil.example", "/"), ("https://evil.example", "/")]
    {
        let mut browser = server.browser();
        let page = browser.get("/session/civic").await;
        let (token, attempt) = (token(&sandbox), page.field("attempt"));
        let fields = [("token", &*token), ("attempt", &attempt), ("return_to", return_to)];
        let answer = browser.post("/session/civic", &fields).await;
        assert_eq!((answer.status, answer.location()), (303, location));
    }
}

#[tokio::test]
async fn the_policy_of_its_page_alone_allows_the_service() {
    let (server, sandbox) = start().await;
    let request = format!("/verify/request?provides[]=login&redirect_url={}", encoded(STRANGER));
    let page = format!("/session/civic?return_to={}", encoded(&request));
    let page = server.browser().get(&page).await;
    let policy = page.header("content-security-policy").unwrap();
    let origin = sandbox.base_url();
    for part in [
        &*format!("script-src 'self' {origin};"),
        &format!("frame-src {origin};"),
        &format!("connect-src {origin};"),
        "form-action 'self' https://stranger.example;",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(page.body.contains(&format!("<script src=\"{}\">", sandbox.script_url())));
    for path in ["/session", "/", "/users"] {
        let page = server.browser().get(path).await;
        assert!(!page.header("content-security-policy").unwrap().contains(origin), "{path}");
    }
}

#[tokio::test]
async fn a_person_has_a_hundred_sessions_at_most() {
    let (server, sandbox) = start().await;
    for _ in 0..102 {
        server.clock.pass(1);
        assert_eq!(log_in(&mut server.browser(), &token(&sandbox), "/").await.status, 303);
    }
    assert_eq!(server.database.number("SELECT COUNT(*) FROM sessions").await, 100);
}
