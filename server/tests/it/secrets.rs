//! No secret and nothing of a person stands in what is printed, listed or formatted.

use std::fs;
use std::process::Command;

use authsig_server::{Admin, AuthSig, Config, HouseSecret};
use civic_sip::authsig::PrivateKey;

use crate::support::{Database, HOUSE_SECRET, Program, Receiver, Server, encoded, run};

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
    let args = [
        "--allow",
        &*address,
        "--notify-origin",
        &*receiver.origin,
        "--sign-up",
        "--default-creators",
        "user_1",
    ];
    let mut program = Program::serve(&database, &args, &[("RUST_LOG", "trace")]).await;
    assert_eq!(program.log_in("user_1", "a-wrong-password").await, 401);
    assert_eq!(program.log_in("user_1", "password_1").await, 303);
    let query = format!(
        "login=user_1&state=the-state-value&note=the-note-value&notify_url={}",
        encoded(&address)
    );
    let (status, body) = program.get_json(&format!("/verify/request?{query}")).await;
    assert_eq!(status, 200);
    let url = body["url"].as_str().unwrap().to_owned();
    receiver.next().await;
    database.until("SELECT COUNT(*) FROM outbox WHERE outcome = 'delivered'", 1).await;
    let path = url.split_once(":8700").unwrap().1;
    assert_eq!(program.get_json(path).await.0, 200);
    assert_eq!(program.get_json(&path.replace("the-note", "another-note")).await.0, 403);
    program.terminate();
    assert!(program.wait());
    let printed = program.printed();
    // It was listened to.
    assert!(printed.contains("TRACE") && printed.contains("a notification ended"), "{printed}");
    let session = program.cookie().split_once('=').unwrap().1;
    let signature = url.split_once("&signature=").unwrap().1;
    assert_has_none(
        &printed,
        &[
            HOUSE_SECRET,
            "password_1",
            "a-wrong-password",
            "user_1",
            session,
            signature,
            "the-state-value",
            "the-note-value",
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

#[tokio::test]
async fn debug_shows_no_secret() {
    let key = PrivateKey::generate().unwrap();
    let pem = key.to_pem();
    let server = Server::with(|config| config.private_key(key)).await;
    let config = server.config.clone().database("postgres://authsig:swordfish@db.example/authsig");
    let admin: Admin = server.admin().await;
    let authsig: &AuthSig = &server.authsig;
    let secret = HouseSecret::new(HOUSE_SECRET).unwrap();
    for shown in
        [format!("{config:?}"), format!("{config:#?}"), format!("{admin:?} {authsig:?} {secret:?}")]
    {
        let line = pem.lines().nth(1).unwrap();
        assert_has_none(&shown, &[HOUSE_SECRET, "swordfish", line, "user_1"]);
    }
    let config: Config = config;
    assert!(format!("{config:?}").contains("https://id.example"));
}
