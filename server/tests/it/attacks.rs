//! What an attacker, a careless operator or a wrong clock tries.

use std::time::Duration;

use authsig_server::{AccountError, AuthSig, CivicLogin, Config, HouseSecret, KeyState, Limits};
use axum::http::Method;
use civic_sip::sandbox::{Fault, Person, Sandbox, ScopeRequest};

use crate::support::{APP, Answer, Browser, Clock, Receiver, Server, encoded, quick_hash};

const ASK: &str = "/verify/request?login=user_1";

/// Returns the configuration of another instance on the same database, whose clock is 10 minutes behind.
fn behind(server: &Server) -> Config {
    let clock = server.clock.clone();
    // They go by the clock of the database where none is set, and that of SQLite is the one of its only machine.
    let mut limits = Limits::default();
    limits.requests = u32::MAX;
    server.config.clone().limits(limits).clock(move || clock.now() - Duration::from_secs(600))
}

#[tokio::test]
async fn a_cookie_of_another_program_logs_nobody_out() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for other in ["é", "\u{202e}", "a b", "", "\"x\"", "a=b"] {
        browser.cookies.insert("other".to_owned(), other.to_owned());
        assert_eq!(browser.get_json(ASK).await.status, 200, "{other:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_this_machine_reads_the_database() {
    use std::os::unix::fs::PermissionsExt as _;

    let server = Server::start().await;
    let Some(file) = server.database.file() else { return };
    server.logged_in("user_1").await;
    let folder = file.parent().unwrap();
    server.admin().await.backup(folder.join("backup.db")).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}: {mode:o}", file.file_name());
    }
}

#[tokio::test]
async fn a_backup_replaces_no_file() {
    let server = Server::start().await;
    let Some(file) = server.database.file() else { return };
    let admin = server.admin().await;
    let backup = file.with_extension("backup");
    std::fs::write(&backup, "what was there").unwrap();
    assert!(admin.backup(&backup).await.is_err());
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), "what was there");
}

#[tokio::test]
async fn a_server_starts_though_its_clock_is_behind_the_first_one() {
    let server = Server::start().await;
    let other = AuthSig::start(behind(&server)).await.unwrap();
    let mut browser = Browser::new(other.router(), &server.url);
    browser.log_in("user_1").await;
    let url = browser.get_json(ASK).await.text("url");
    assert_eq!(server.browser().get_json(&url).await.status, 200);
    assert_eq!(server.admin().await.keys().await.unwrap().len(), 1);
    other.shutdown().await;
}

#[tokio::test]
async fn a_server_whose_clock_is_behind_follows_a_revocation() {
    let server = Server::start().await;
    server.clock.pass(60 * 60);
    let mut here = server.logged_in("user_1").await;
    let url = here.get_json(ASK).await.text("url");
    let admin = server.admin().await;
    let revoked = admin.keys().await.unwrap().remove(0);
    let added = admin.revoke_key(&revoked.id).await.unwrap().unwrap();
    let other = AuthSig::start(behind(&server)).await.unwrap();
    let mut browser = Browser::new(other.router(), &server.url).with_cookies(&here.cookies);
    assert_eq!(browser.get_json(&url).await.status, 403);
    assert!(browser.get_json(ASK).await.text("url").contains(&added.id));
    other.shutdown().await;
}

/// As two operators leave it who revoke the last two keys at the same moment.
#[tokio::test]
async fn a_server_without_any_key_makes_one_and_trusts_no_revoked_one() {
    let server = Server::start().await;
    let url = server.logged_in("user_1").await.get_json(ASK).await.text("url");
    server.database.execute("UPDATE signing_keys SET revoked_at = 1, private_key = NULL").await;
    let server = server.restart().await;
    assert_eq!(server.browser().get_json(&url).await.status, 403);
    let url = server.logged_in("user_1").await.get_json(ASK).await.text("url");
    assert_eq!(server.browser().get_json(&url).await.status, 200);
    let states = server.admin().await.keys().await.unwrap();
    let states: Vec<_> = states.iter().map(|key| key.state).collect();
    assert_eq!(states, [KeyState::Revoked, KeyState::Signing]);
}

/// An instance that was forgotten when the others were stopped for `authsig rekey`.
#[tokio::test]
async fn an_instance_with_the_old_house_secret_loses_no_notification() {
    const LOCAL: &str = "http://127.0.0.1:8700";
    let mut receiver = Receiver::start().await;
    let origin = receiver.origin.clone();
    let listed = |config: Config| config.allow_origin(&origin).notify_origin(&origin);
    let server = Server::at(LOCAL, listed).await;
    receiver.answer(500, &[]);
    let path = format!("{ASK}&notify_url={}", encoded(&receiver.address()));
    assert_eq!(server.logged_in("user_1").await.get_json(&path).await.status, 200);
    let id = receiver.next().await.id().to_owned();
    let attempted = |number| {
        format!("SELECT COUNT(*) FROM outbox WHERE attempts = {number} AND leased_until = 0")
    };
    server.database.until(&attempted(1), 1).await;

    let secret = HouseSecret::new("another house secret for tests").unwrap();
    server.admin().await.rekey(&secret).await.unwrap();
    server.clock.pass(10);
    server.database.until(&attempted(2), 1).await;
    server.authsig.shutdown().await;
    assert!(receiver.is_empty());

    server.clock.pass(60);
    let clock: Clock = server.clock.clone();
    let config = Config::new(LOCAL, secret).database(server.database.url());
    let restarted = AuthSig::start(listed(config.clock(move || clock.now()))).await.unwrap();
    assert_eq!(receiver.next().await.id(), id);
    restarted.shutdown().await;
}

#[tokio::test]
async fn only_hashes_that_can_be_checked_are_imported() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let good = quick_hash("password_4");
    let (without_hash, _) = good.rsplit_once('$').unwrap();
    let (without_salt, _) = without_hash.rsplit_once('$').unwrap();
    for bad in [
        "",
        "password_4",
        without_hash,
        without_salt,
        &good.replace("argon2id", "argon2x"),
        &good.replace("argon2id", "scrypt"),
        &good.replace("m=8", "m=1"),
        "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$pbkdf2-sha256$i=600000$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b+dWRWJTmaaJObG4xcBZJrC1sU",
    ] {
        let result = admin.import_account("user_4", bad).await;
        assert!(matches!(result, Err(AccountError::InvalidHash)), "{bad}: {result:?}");
    }
    admin.import_account("user_4", &good).await.unwrap();
    assert_eq!(server.browser().log_in("user_4").await.status, 303);
}

#[tokio::test]
async fn log_ins_with_civic_that_fail_are_limited() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.client_builder().build().unwrap();
    let mut limits = Limits::default();
    limits.wrong_passwords_per_address = 3;
    let civic = CivicLogin::new(client, sandbox.script_url());
    let server = Server::with(|config| config.civic(civic).limits(limits)).await;
    let try_token = async |token: &str| -> Answer {
        let mut browser = server.browser();
        let attempt = browser.get("/session/civic").await.field("attempt");
        browser.post("/session/civic", &[("token", token), ("attempt", &attempt)]).await
    };
    // Neither log-ins that succeed nor faults of the service count.
    let mut used = String::new();
    for _ in 0..5 {
        used = sandbox.issue_token_for(Person::Ada, ScopeRequest::AnonymousLogin);
        assert_eq!(try_token(&used).await.status, 303);
        sandbox.inject(Fault::NotJson);
        let token = sandbox.issue_token_for(Person::Ada, ScopeRequest::AnonymousLogin);
        assert_eq!(try_token(&token).await.status, 502);
    }
    for _ in 0..3 {
        assert_eq!(try_token(&used).await.status, 401);
    }
    let answer = try_token(&used).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("100")));
    server.clock.pass(100);
    assert_eq!(try_token(&used).await.status, 401);
}

/// Somebody with an account tries the password of somebody else.
#[tokio::test]
async fn a_right_password_of_ones_own_takes_back_no_wrong_one() {
    let mut limits = Limits::default();
    limits.wrong_passwords = 3;
    let server = Server::with(|config| config.limits(limits)).await;
    let mut browser = server.browser();
    for login in ["user_1", " USER_1", "User_1 "] {
        let wrong = [("login", login), ("password", "wrong")];
        assert_eq!(browser.post("/session", &wrong).await.status, 401, "{login:?}");
        assert_eq!(browser.log_in("user_2").await.status, 303);
    }
    assert_eq!(browser.log_in("user_1").await.status, 429);
    assert_eq!(browser.log_in("user_2").await.status, 303);
}

#[tokio::test]
async fn no_other_method_than_post_agrees() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let path = format!("{ASK}&redirect_url={}", encoded("https://stranger.example/in"));
    let page = browser.get(&path).await;
    let (consent, action) = (page.field("consent"), page.action());
    let body = format!("consent={consent}");
    for query in [format!("{action}&{body}"), format!("{path}&{body}")] {
        let answer = browser.get(&query).await;
        assert_eq!((answer.status, answer.header("location")), (200, None), "{answer:?}");
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        assert_eq!(browser.send(method, &action, &[form], &body).await.status, 405);
    }
    for (name, value) in [("origin", "null"), ("sec-fetch-site", "same-site"), ("origin", "")] {
        let headers = [form, (name, value)];
        let answer = browser.send(Method::POST, &action, &headers, &body).await;
        assert_eq!((answer.status, answer.header("location")), (403, None), "{name}: {value}");
    }
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=a"] {
        let headers = [("content-type", kind), ("origin", &*server.url)];
        let answer = browser.send(Method::POST, &action, &headers, &body).await;
        assert_eq!((answer.status, answer.header("location")), (415, None), "{kind}");
    }
}

/// 100 may wait for each person; the outbox has room for others.
#[tokio::test]
async fn nobody_fills_the_outbox_alone() {
    let receiver = Receiver::start().await;
    receiver.hold(true);
    let origin = receiver.origin.clone();
    let listed =
        |config: Config| config.max_outbox(150).allow_origin(&origin).notify_origin(&origin);
    let server = Server::at("http://127.0.0.1:8700", listed).await;
    let address = encoded(&receiver.address());
    let mut browser = server.logged_in("user_1").await;
    let path = format!("{ASK}&notify_url={address}");
    for _ in 0..100 {
        assert_eq!(browser.get_json(&path).await.status, 200);
    }
    assert_eq!(browser.get_json(&path).await.status, 503);
    let path = format!("/verify/request?login=user_2&notify_url={address}");
    assert_eq!(server.logged_in("user_2").await.get_json(&path).await.status, 200);
}

#[tokio::test]
async fn an_account_has_a_hundred_sessions_at_most() {
    let server = Server::start().await;
    let mut first = server.logged_in("user_1").await;
    server.clock.pass(1);
    for _ in 0..99 {
        server.logged_in("user_1").await;
    }
    assert_eq!(first.get_json(ASK).await.status, 200);
    let mut newest = server.logged_in("user_1").await;
    assert_eq!(first.get_json(ASK).await.status, 401);
    assert_eq!(newest.get_json(ASK).await.status, 200);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM sessions").await, 100);
}

#[tokio::test]
async fn a_program_learns_in_json_why_its_account_was_not_changed() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let wrong = [("password", "wrong"), ("new_password", "a new password")];
    let short = [("password", "password_1"), ("new_password", "short")];
    for (path, fields, status) in [
        ("/account/password", wrong, 403),
        ("/account/delete", wrong, 403),
        ("/account/password", short, 400),
    ] {
        let answer = browser.post_for_json(path, &fields).await;
        assert_eq!(answer.status, status, "{path}");
        answer.error();
    }
    assert_eq!(browser.get_json(ASK).await.status, 200);
}

/// Whoever has the session does not have the password, and must not try them all on the pages that ask for it again.
#[tokio::test]
async fn the_pages_of_an_account_limit_wrong_passwords_too() {
    let mut limits = Limits::default();
    limits.wrong_passwords = 3;
    let server = Server::with(|config| config.limits(limits)).await;
    let mut browser = server.logged_in("user_1").await;
    let wrong = [("password", "wrong"), ("new_password", "a new password")];
    let right = [("password", "password_1"), ("new_password", "a new password")];
    for path in ["/account/password", "/account/delete", "/account/password"] {
        assert_eq!(browser.post(path, &wrong).await.status, 403, "{path}");
    }
    for path in ["/account/password", "/account/delete"] {
        assert_eq!(browser.post(path, &right).await.status, 429, "{path}");
    }
    // It is one limit, whichever page asks.
    assert_eq!(server.browser().log_in("user_1").await.status, 429);
    server.clock.pass(100);
    assert_eq!(browser.post("/account/password", &right).await.status, 303);
}

/// A page of a sibling host, to which browsers send the cookie along. It sees where a redirect leads.
#[tokio::test]
async fn a_page_of_a_sibling_host_can_t_tell_who_is_logged_in() {
    let server = Server::with(|config| config.allow(APP)).await;
    let mut browser = server.logged_in("user_1").await;
    let app = encoded(APP);
    for path in [
        format!("{ASK}&redirect_url={app}"),
        format!("{ASK}&notify_url={app}"),
        format!("/verify/consent?login=user_1&redirect_url={}", encoded("https://other.example/")),
        "/account".to_owned(),
    ] {
        for accept in ["*/*", "application/json"] {
            let parts = [("accept", accept), ("sec-fetch-site", "same-site")];
            let loaded = [&parts[..], &[("sec-fetch-dest", "image")]].concat();
            let seen = browser.send(Method::GET, &path, &loaded, "").await;
            let nobody = server.browser().send(Method::GET, &path, &loaded, "").await;
            let looks =
                |answer: &Answer| (answer.status, answer.header("location").map(str::to_owned));
            assert_eq!(looks(&seen), looks(&nobody), "{path}");
            assert_eq!(seen.body, nobody.body, "{path}");
            // A link from there leads on, as from anywhere.
            let linked = [&parts[..], &[("sec-fetch-dest", "document")]].concat();
            let followed = browser.send(Method::GET, &path, &linked, "").await;
            assert_ne!(looks(&followed), looks(&nobody), "{path}");
        }
    }
    assert_eq!(server.notifications().await, 2);
}
