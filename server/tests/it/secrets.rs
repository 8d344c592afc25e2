//! No secret and nothing of a person stands in what is printed or listed.

use std::fs;
use std::process::Command;

use crate::support::{Database, HOUSE_SECRET, Program, Receiver, encoded, run};

/// Asserts that no text stands in what was printed.
fn assert_has_none(printed: &str, texts: &[&str]) {
    for text in texts {
        assert!(!text.is_empty() && !printed.contains(text), "{text:?} in {printed}");
    }
}

#[tokio::test]
async fn the_log_shows_no_secret_and_no_person_at_any_level() {
    let (database, mut receiver) = (Database::create().await, Receiver::start().await);
    let address = receiver.address();
    // Nobody listens there, and the path is a secret, as webhooks have them.
    let hook = "http://127.0.0.1:1/hooks/the-secret-of-a-hook";
    let args = [
        "--allow",
        &*address,
        "--allow",
        hook,
        "--notify-origin",
        &*receiver.origin,
        "--notify-origin",
        "http://127.0.0.1:1",
        "--sign-up",
        "--default-creators",
        "user_1",
    ];
    let mut program = Program::serve(&database, &args, &[("RUST_LOG", "trace")]).await;
    assert_eq!(program.log_in("user_1", "a-wrong-password").await, 401);
    assert_eq!(program.log_in("user_1", "password_1").await, 303);
    let default =
        r#"{"slug": "app", "params": {"secret": "a-secret-of-an-app", "x": "the-x-value"}}"#;
    assert_eq!(program.post("/defaults", "application/json", default).await, 201);
    let query = format!(
        "login=user_1&state=the-state-value&note=the-note-value&notify_url={}",
        encoded(&address)
    );
    let (status, body) = program.get_json(&format!("/verify/request?{query}")).await;
    assert_eq!(status, 200);
    let url = body["url"].as_str().unwrap().to_owned();
    receiver.next().await;
    database.until("SELECT COUNT(*) FROM outbox WHERE outcome = 'delivered'", 1).await;
    let to_hook = format!("/verify/request?login=user_1&notify_url={}", encoded(hook));
    assert_eq!(program.get_json(&to_hook).await.0, 200);
    database.until("SELECT COUNT(*) FROM outbox WHERE attempts > 0 AND leased_until = 0 AND finished_at IS NULL", 1).await;
    let path = url.split_once(":8700").unwrap().1;
    assert_eq!(program.get_json(path).await.0, 200);
    assert_eq!(program.get_json(&path.replace("the-note", "another-note")).await.0, 403);
    let session = program.cookie().split_once('=').unwrap().1.to_owned();
    let hidden = "/verify/request?login=user_1&default=app";
    assert_eq!(program.get_json(hidden).await.0, 200);
    let fields = "password=password_1&new_password=a-new-password";
    assert_eq!(program.post_form("/account/password", fields).await, 303);
    assert_eq!(program.post_form("/users", "login=ada.lovelace&password=analytical").await, 303);
    assert_eq!(program.post_form("/session/end", "").await, 303);
    program.terminate();
    assert!(program.wait());
    let printed = program.printed();
    // It was listened to.
    assert!(printed.contains("TRACE"), "{printed}");
    for text in ["a notification ended", "a notification did not arrive", "signed up"] {
        assert!(printed.contains(text), "{text}: {printed}");
    }
    let signature = url.split_once("&signature=").unwrap().1;
    assert_has_none(
        &printed,
        &[
            HOUSE_SECRET,
            "password_1",
            "a-wrong-password",
            "user_1",
            &session,
            signature,
            "a-secret-of-an-app",
            "the-x-value",
            "a-new-password",
            "ada.lovelace",
            "analytical",
            "the-state-value",
            "the-note-value",
            "the-secret-of-a-hook",
            "argon2id",
            "PRIVATE KEY",
        ],
    );
}

#[tokio::test]
async fn the_list_of_processes_shows_no_secret() {
    let database = Database::create().await;
    let program = Program::serve(&database, &[], &[]).await;
    let ps = Command::new("ps").args(["-o", "args=", "-p", &program.id().to_string()]).output();
    let listed = match ps {
        Ok(output) => String::from_utf8(output.stdout).unwrap(),
        Err(_) => fs::read_to_string(format!("/proc/{}/cmdline", program.id())).unwrap(),
    };
    assert!(listed.contains("serve"), "{listed}");
    assert_has_none(&listed, &[HOUSE_SECRET, &database.url()]);
}

#[test]
fn help_shows_no_secret() {
    let environment = [
        ("AUTHSIG_HOUSE_SECRET", HOUSE_SECRET),
        ("AUTHSIG_DATABASE_URL", "postgres://authsig:swordfish@db.example/authsig"),
        ("CIVIC_PRIVATE_SIGNING_KEY", "ec844af6422e1f3d"),
        ("CIVIC_SECRET", "50c0c3273d5a7ca8"),
    ];
    for args in
        [&["--help"][..], &["serve", "--help"], &["demo", "--help"], &["serve", "--nonsense"]]
    {
        let output = run(args, &environment);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("Usage"), "{said}");
        assert_has_none(
            &said,
            &[HOUSE_SECRET, "swordfish", "ec844af6422e1f3d", "50c0c3273d5a7ca8"],
        );
    }
    // There is no flag for it either, which `ps` would show.
    let output = run(&["serve", "--house-secret", HOUSE_SECRET], &environment);
    assert!(!output.status.success());
}
