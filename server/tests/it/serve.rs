//! `authsig serve`: when it starts, what it prints, and how it ends.

use std::fs;
use std::process::Output;

use civic_sip::authsig::PrivateKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Database, HOUSE_SECRET, PUBLIC_URL, Program, run};

const OTHER_SECRET: &str = "another secret, which is long enough";

/// Runs `serve` where it can't start, and returns what it says.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(said.lines().last().unwrap().starts_with("authsig: "), "{said}");
    assert!(!said.contains(HOUSE_SECRET) && !said.contains(OTHER_SECRET), "{said}");
    said
}

/// Tries to serve with this secret and public URL.
fn serve(database: &Database, secret: &str, public_url: &str) -> Output {
    let url = database.url();
    let environment = [
        ("AUTHSIG_PUBLIC_URL", public_url),
        ("AUTHSIG_HOUSE_SECRET", secret),
        ("AUTHSIG_DATABASE_URL", &*url),
    ];
    run(&["serve", "--listen", "127.0.0.1:0"], &environment)
}

#[tokio::test]
async fn without_a_house_secret_it_says_what_to_do() {
    let database = Database::create().await;
    let url = database.url();
    let environment = [("AUTHSIG_PUBLIC_URL", PUBLIC_URL), ("AUTHSIG_DATABASE_URL", &*url)];
    let said = refusal(&run(&["serve"], &environment));
    assert!(said.contains("AUTHSIG_HOUSE_SECRET") && said.contains("openssl rand"), "{said}");
    assert!(database.file().is_none_or(|file| !file.exists()));
}

#[tokio::test]
async fn with_a_short_house_secret_it_says_what_to_do() {
    let database = Database::create().await;
    for secret in ["", "fifteen bytes.."] {
        let said = refusal(&serve(&database, secret, PUBLIC_URL));
        assert!(said.contains("16 bytes") && said.contains("openssl rand"), "{said}");
    }
    assert!(database.file().is_none_or(|file| !file.exists()));
}

#[tokio::test]
async fn with_a_wrong_house_secret_it_says_that_it_does_not_match() {
    let database = Database::create().await;
    drop(Program::serve(&database, &[], &[]).await);
    let said = refusal(&serve(&database, OTHER_SECRET, PUBLIC_URL));
    assert!(said.contains("does not match this database"), "{said}");
    // Nothing was changed by that.
    Program::serve(&database, &[], &[]).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_in_words() {
    let database = Database::create().await;
    drop(Program::serve(&database, &[], &[]).await);
    database.execute("INSERT INTO authsig_migrations (version) VALUES (1000)").await;
    let said = refusal(&serve(&database, HOUSE_SECRET, PUBLIC_URL));
    assert!(said.contains("1000") && said.contains("newer"), "{said}");
}

#[tokio::test]
async fn a_bad_public_url_is_refused() {
    let database = Database::create().await;
    for url in [
        "",
        "id.example",
        "ftp://id.example",
        "https://",
        "https://id.example/?a=b",
        "https://id.example/#a",
        "https://user:password@id.example",
        "https://ID.example",
        "https://id.example:443",
        "https://id.example/a/../b",
        // A name of this machine alone may be http.
        "http://id.example",
        "http://10.0.0.1",
    ] {
        let said = refusal(&serve(&database, HOUSE_SECRET, url));
        assert!(said.to_lowercase().contains("url"), "{url}: {said}");
        assert!(!said.contains("password"), "{said}");
    }
    assert!(database.file().is_none_or(|file| !file.exists()));
    let output = run(&["serve"], &[("AUTHSIG_HOUSE_SECRET", HOUSE_SECRET)]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("--public-url"), "{said}");
}

#[tokio::test]
async fn a_bad_address_of_the_allow_list_is_refused() {
    let database = Database::create().await;
    let environment = [
        ("AUTHSIG_PUBLIC_URL", "https://id.example"),
        ("AUTHSIG_HOUSE_SECRET", HOUSE_SECRET),
        ("AUTHSIG_ALLOW", "https://app.example/in,http://app.example/in"),
        ("AUTHSIG_DATABASE_URL", &*database.url()),
    ];
    let said = refusal(&run(&["serve"], &environment));
    assert!(said.contains("http://app.example/in") && said.contains("https://"), "{said}");
}

#[tokio::test]
async fn an_unusable_database_is_told_without_its_password() {
    for url in [
        "sqlite:/nowhere/at/all/authsig.db",
        "postgres://a:swordfish@127.0.0.1:1/b",
        "mysql://a:swordfish@b/c",
    ] {
        let environment = [
            ("AUTHSIG_PUBLIC_URL", PUBLIC_URL),
            ("AUTHSIG_HOUSE_SECRET", HOUSE_SECRET),
            ("AUTHSIG_DATABASE_URL", url),
        ];
        let said = refusal(&run(&["serve"], &environment));
        assert!(said.contains("database") && !said.contains("swordfish"), "{said}");
    }
}

#[tokio::test]
async fn secrets_come_by_files_too() {
    let (database, folder) = (Database::create().await, Database::create().await);
    let Some(folder) = folder.file().map(|file| file.parent().unwrap().to_owned()) else { return };
    drop(Program::serve(&database, &[], &[]).await);
    let key = PrivateKey::generate().unwrap();
    let (secret_file, key_file) = (folder.join("secret"), folder.join("key.pem"));
    // As an editor or `openssl` writes it.
    fs::write(&secret_file, format!("{HOUSE_SECRET}\n")).unwrap();
    fs::write(&key_file, &*key.to_pem()).unwrap();
    let environment = [
        ("AUTHSIG_PUBLIC_URL", PUBLIC_URL),
        ("AUTHSIG_DATABASE_URL", &*database.url()),
        ("AUTHSIG_HOUSE_SECRET_FILE", secret_file.to_str().unwrap()),
        ("AUTHSIG_PRIVATE_KEY_FILE", key_file.to_str().unwrap()),
    ];
    let mut program = Program::start(&["serve", "--listen", "127.0.0.1:0"], &environment);
    program.line("serving");

    let missing = folder.join("missing");
    let environment = [
        ("AUTHSIG_PUBLIC_URL", PUBLIC_URL),
        ("AUTHSIG_HOUSE_SECRET_FILE", missing.to_str().unwrap()),
    ];
    assert!(refusal(&run(&["serve"], &environment)).contains("missing"));
    fs::write(&key_file, "no key").unwrap();
    let environment = [
        ("AUTHSIG_PUBLIC_URL", PUBLIC_URL),
        ("AUTHSIG_HOUSE_SECRET", HOUSE_SECRET),
        ("AUTHSIG_PRIVATE_KEY_FILE", key_file.to_str().unwrap()),
    ];
    refusal(&run(&["serve"], &environment));
}

#[tokio::test]
async fn flags_stand_over_the_environment() {
    let database = Database::create().await;
    let environment = [("AUTHSIG_PUBLIC_URL", "https://environment.example")];
    let args = ["--public-url", "https://flag.example"];
    let mut program = Program::serve(&database, &args, &environment).await;
    assert!(program.line("serving").contains("https://flag.example"));
}

#[tokio::test]
async fn sign_up_and_defaults_are_closed_unless_enabled() {
    let database = Database::create().await;
    let mut program = Program::serve(&database, &[], &[]).await;
    assert_eq!(program.log_in("user_1", "password_1").await, 303);
    let (status, body) = program.get_json("/users").await;
    assert_eq!((status, body["error"].is_string()), (403, true));
    let (status, body) = program.get_json("/verify/request?login=user_1").await;
    assert_eq!(status, 200);
    let signed = body["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned();
    assert_eq!(program.get_json(&signed).await.0, 200);
    drop(program);
    let program = Program::serve(&database, &["--sign-up"], &[]).await;
    assert_eq!(program.get_json(&signed).await.0, 200);
    assert_eq!(program.status("/users").await, 200);
}

/// The request has begun: the program has asked for its body.
#[tokio::test]
async fn a_request_that_is_open_at_sigterm_is_answered() {
    let database = Database::create().await;
    let mut program = Program::serve(&database, &[], &[]).await;
    let address = program.address.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let body = "login=user_1&password=password_1";
    let head = format!(
        "POST /session HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"));
    program.terminate();
    // It takes nobody new.
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 303") && answer.contains("set-cookie: authsig="),
        "{answer}"
    );
    assert!(program.wait());
    assert!(program.printed().contains("stopped"));
}
