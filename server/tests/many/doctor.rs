//! `authsig doctor` names each problem, and says what to do.

use axum::Router;
use axum::http::header::DATE;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::support::{Database, Instance, Site, authsig, environment};
use crate::users::Home;

/// Runs the doctor, and returns what it says; it fails if it found a problem.
fn doctor(variables: Vec<(String, std::ffi::OsString)>) -> String {
    let output = authsig(&["doctor"], variables, "");
    let words = String::from_utf8(output.stdout).unwrap();
    let problems = words.lines().filter(|line| line.starts_with("problem ")).count();
    assert!(
        words.lines().all(|line| line.starts_with("problem ") || line.starts_with("ok ")),
        "{words}"
    );
    assert_eq!(output.status.success(), problems == 0, "{words}");
    let end = String::from_utf8(output.stderr).unwrap();
    assert_eq!(end.is_empty(), problems == 0, "{end}");
    words
}

#[track_caller]
fn has(words: &str, line: &str) {
    assert!(words.lines().any(|other| other.starts_with(line)), "no {line:?} in\n{words}");
}

/// Runs the doctor beside a server that runs.
fn beside(site: &Site) -> String {
    doctor(environment(&site.proxy.url, &site.database.url))
}

#[tokio::test]
async fn a_good_server_has_no_problem() {
    let Some(site) = Site::start(&[]).await else { return };
    let variables = environment(&site.proxy.url, &site.database.url);
    let words = tokio::task::spawn_blocking(move || doctor(variables)).await.unwrap();
    assert!(!words.contains("problem"), "{words}");
    has(&words, "ok       configuration");
    has(&words, "ok       database");
    has(&words, "ok       clock: the same as that of the database");
    has(&words, "ok       clock: the same as that of the server at the public URL");
    has(&words, "ok       keys: ");
    has(&words, "ok       outbox: 0 notifications");
    has(&words, "ok       public URL: this server answers there");
}

#[test]
fn a_bad_configuration_is_named() {
    let home = Home::new();
    let words = doctor(home.with("AUTHSIG_HOUSE_SECRET", None));
    has(&words, "problem  configuration: set AUTHSIG_HOUSE_SECRET");
    let words = doctor(home.with("AUTHSIG_HOUSE_SECRET", Some("short")));
    has(&words, "problem  configuration: the house secret must have at least 16 bytes");
    for url in ["id.example", "http://id.example", "https://id.example/?a=b", "ftp://id.example"] {
        let words = doctor(home.with("AUTHSIG_PUBLIC_URL", Some(url)));
        has(&words, "problem  configuration: ");
    }
}

#[test]
fn a_bad_database_is_named() {
    let home = Home::new();
    let gone = "postgres://postgres@127.0.0.1:1/authsig";
    let words = doctor(home.with("AUTHSIG_DATABASE_URL", Some(gone)));
    has(&words, "problem  database: the database can't be used");
    // It creates none: a mistyped path would go unnoticed.
    let words = doctor(home.with("AUTHSIG_DATABASE_URL", Some("sqlite:/nowhere/authsig.db")));
    has(&words, "problem  database: there is no database at /nowhere/authsig.db");
    has(&doctor(home.variables.clone()), "problem  database: there is no database at ");
    home.good(&["user", "add", "ada"]);
    let words = doctor(home.with("AUTHSIG_HOUSE_SECRET", Some("the secret of somebody else")));
    has(&words, "problem  database: the house secret does not match this database");
    let text = home.folder.join("text");
    std::fs::write(
        &text,
        "This is no database at all, but it is long enough to look like one.".repeat(99),
    )
    .unwrap();
    let words =
        doctor(home.with("AUTHSIG_DATABASE_URL", Some(&format!("sqlite:{}", text.display()))));
    has(&words, "problem  database: the database can't be used");
}

/// Nothing answers, another server does, or one with another clock.
#[tokio::test]
async fn a_bad_public_url_is_named() {
    let home = Home::new();
    let instance = Instance::start(home.variables.clone()).await;
    let at = |url: String| {
        let variables = home.with("AUTHSIG_PUBLIC_URL", Some(&url));
        tokio::task::spawn_blocking(move || doctor(variables))
    };
    let words = at("http://127.0.0.1:1".to_owned()).await.unwrap();
    has(&words, "problem  public URL: http://127.0.0.1:1/verify/keys does not answer");
    let words = at(format!("{}/id", instance.url)).await.unwrap();
    has(&words, "problem  public URL: ");

    let another = Home::new();
    let other = Instance::start(another.variables.clone()).await;
    let words = at(other.url.clone()).await.unwrap();
    has(&words, "problem  public URL: ");
    assert!(words.contains("another server answers there"), "{words}");
    // A server that never ran, or one whose key is in a file, has no key in its database.
    let fresh = Home::new();
    fresh.good(&["user", "add", "ada"]);
    let words = doctor(fresh.with("AUTHSIG_PUBLIC_URL", Some(&other.url)));
    has(&words, "ok       public URL: a server answers there; this database has no key");

    let keys = crate::support::Person::new(&instance.url).get("/verify/keys").await.body;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let late = [(DATE, "Sat, 21 Nov 2026 12:00:00 GMT")];
    let router = Router::new().route("/verify/keys", get(async move || (late, keys)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let words = at(url).await.unwrap();
    has(&words, "ok       public URL: this server answers there");
    has(&words, "problem  clock: it differs by ");
    assert!(words.contains("seconds from that of the server at the public URL"), "{words}");
}

#[tokio::test]
async fn another_clock_of_the_database_is_named() {
    let Some(database) = Database::create().await else { return };
    database.set_clock("- interval ''10 minutes''").await;
    let words = doctor(environment("http://127.0.0.1:1", &database.url));
    has(&words, "problem  clock: it differs by ");
    assert!(
        words.contains("seconds from that of the database; set both by a time server"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_keys_are_named() {
    let Some(site) = Site::start(&[]).await else { return };
    let a_year_ago = "UPDATE signing_keys SET signs_from = signs_from - 366 * 24 * 60 * 60";
    site.database.execute(a_year_ago).await;
    has(
        &beside(&site),
        "problem  keys: the signing key is over a year old; `authsig key rotate` adds another",
    );
    site.database.execute("UPDATE signing_keys SET revoked_at = 1").await;
    has(&beside(&site), "problem  keys: there is no signing key; `authsig key rotate` adds one");
    let damage = "UPDATE signing_keys SET revoked_at = NULL, private_key = 'nonsense'";
    site.database.execute(damage).await;
    has(&beside(&site), "problem  keys: the signing key \"");
    site.database.execute("DROP TABLE outbox").await;
    has(&beside(&site), "problem  outbox: ");
    site.database.execute("INSERT INTO authsig_migrations (version) VALUES (99)").await;
    has(&beside(&site), "problem  database: the database has version 99 of the schema");
}
