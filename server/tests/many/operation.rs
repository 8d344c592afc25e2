//! Backups, metrics, logs and secrets.

use std::net::TcpListener;

use serde_json::Value;

use crate::support::{
    HOUSE_SECRET, Instance, Person, Site, authsig, environment, eventually, password,
};
use crate::users::{Home, bad, good};

#[tokio::test]
async fn a_backup_opens_and_works() {
    let home = Home::new();
    let added = home.good(&["user", "add", "ada"]);
    let made = added.split_whitespace().last().unwrap();
    let instance = Instance::start(home.variables.clone()).await;
    let mut ada = Person::new("http://127.0.0.1:1").at(&instance.url);
    assert_eq!(ada.log_in("ada", made).await.status, 303);
    let url = ada.request(&[("login", "ada")]).await.signed_url();

    let copy = home.folder.join("copy.db");
    let path = copy.to_str().unwrap();
    assert!(home.good(&["backup", path]).contains("wrote"));
    assert!(home.bad(&["backup", path]).contains("already exists"));
    assert!(home.bad(&["backup", "/nowhere/copy.db"]).contains("unable to open database"));
    // What came later is not in it.
    home.good(&["user", "add", "bob"]);
    drop(instance);

    let database = format!("sqlite:{path}");
    let restored = home.with("AUTHSIG_DATABASE_URL", Some(&database));
    assert!(good(authsig(&["user", "sessions", "bob"], restored.clone(), "")).contains("ended 0"));
    let instance = Instance::start(restored).await;
    let mut ada = ada.at(&instance.url);
    assert_eq!(ada.verify(&url).await.status, 200);
    assert_eq!(ada.request(&[("login", "ada")]).await.status, 200);
    assert_eq!(ada.log_in("ada", made).await.status, 303);
    // It is of no use without the secret.
    let stranger = home.with("AUTHSIG_HOUSE_SECRET", Some("the secret of somebody else"));
    let stranger: Vec<_> = stranger
        .into_iter()
        .map(|(name, value)| match &*name {
            "AUTHSIG_DATABASE_URL" => (name, database.clone().into()),
            _ => (name, value),
        })
        .collect();
    assert!(bad(authsig(&["key", "list"], stranger, "")).contains("does not match this database"));
}

#[tokio::test]
async fn postgres_has_backups_of_its_own() {
    let Some(database) = crate::support::Database::create().await else { return };
    let variables = environment("http://127.0.0.1:1", &database.url);
    let refused = bad(authsig(&["backup", "/tmp/never-written.db"], variables, ""));
    assert_eq!(refused, "authsig: this database is PostgreSQL: back it up by `pg_dump`\n");
}

#[tokio::test]
async fn metrics_are_served_at_their_own_address() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let receiver = crate::support::Receiver::start().await;
    let mut variables = receiver.variables().to_vec();
    variables.push(("AUTHSIG_METRICS_LISTEN", port.to_string()));
    let home = Home::new();
    home.good(&["user", "add", "bob"]);
    let added = authsig(
        &["user", "add", "ada", "--password-stdin"],
        home.variables.clone(),
        &password("ada"),
    );
    good(added);
    let mut all = home.variables.clone();
    all.extend(variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
    let instance = Instance::start(all).await;
    let mut ada = Person::new("http://127.0.0.1:1").at(&instance.url);
    assert_eq!(ada.log_in("ada", "a wrong one").await.status, 401);
    assert_eq!(ada.log_in("ada", &password("ada")).await.status, 303);
    let request = [("login", "ada"), ("notify_url", &*receiver.address()), ("state", "1")];
    let url = ada.request(&request).await.signed_url();
    assert_eq!(ada.request(&[("login", "bob")]).await.status, 403);
    assert_eq!(ada.verify(&url).await.status, 200);
    assert_eq!(ada.verify(&url.replace("ada", "bob")).await.status, 403);

    // Strangers do not see them.
    assert_eq!(ada.get("/metrics").await.status, 404);
    let operator = Person::new(&format!("http://{port}"));
    assert_eq!(operator.get("/").await.status, 404);
    let metrics = eventually("the notification is counted, and waits no more", async || {
        let metrics = operator.get("/metrics").await;
        let lines = [r#"outcome="delivered"} 1"#, "authsig_outbox_waiting 0"];
        lines.iter().all(|line| metrics.body.contains(line)).then_some(metrics)
    })
    .await;
    let kind = metrics.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    for line in [
        r#"authsig_log_ins_total{outcome="failed"} 1"#,
        r#"authsig_log_ins_total{outcome="succeeded"} 1"#,
        r#"authsig_requests_total{outcome="signed"} 1"#,
        r#"authsig_requests_total{outcome="refused"} 1"#,
        r#"authsig_verifications_total{outcome="verified"} 1"#,
        r#"authsig_verifications_total{outcome="refused"} 1"#,
        r#"authsig_notifications_total{outcome="delivered"} 1"#,
        r#"authsig_responses_total{status="4xx"} 4"#,
        "authsig_outbox_waiting 0",
    ] {
        assert!(metrics.body.lines().any(|other| other == line), "{line}\n{}", metrics.body);
    }
    assert!(!metrics.body.contains("ada"), "{}", metrics.body);
}

/// Whatever happens, the log is JSON and has nothing that is secret, at its most talkative.
#[tokio::test]
async fn the_log_is_json_without_secrets() {
    let receiver = crate::support::Receiver::start().await;
    let mut variables = receiver.variables().to_vec();
    variables.push(("RUST_LOG", "trace".to_owned()));
    variables.push(("AUTHSIG_DEFAULT_CREATORS", "user_1".to_owned()));
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    let Some(site) = Site::start(&variables).await else { return };
    let mut person = site.member("user_1").await;
    let secret = "a7R8pKq2LmZ5xWc9TnB4vYd6GfH3sJ1u";
    let params = format!(r#"{{"secret": "{secret}", "provides": ["login"]}}"#);
    assert_eq!(person.create_default("app", &params).await.status, 201);
    let request =
        [("login", "user_1"), ("notify_url", &*receiver.address()), ("state", "a-private-state")];
    let url = person.request(&request).await.signed_url();
    receiver.wait_for(1).await;
    assert_eq!(person.verify(&url).await.status, 200);
    assert_eq!(person.verify(&url.replace("user_1", "user_2")).await.status, 403);
    assert_eq!(person.log_in("user_1", "a mistyped password").await.status, 401);
    assert_eq!(person.log_in("a password as a login", "x").await.status, 401);
    assert_eq!(person.log_in("user_1", &password("user_1")).await.status, 303);
    let cookie = person.cookie();
    let hash = site.database.texts("SELECT value FROM credentials").await.remove(0);
    site.database.execute("DROP TABLE sessions").await;
    assert_eq!(person.request(&request).await.status, 503);
    for instance in &site.instances {
        instance.terminate();
    }
    for mut instance in site.instances {
        let (succeeded, log) = instance.ended().await;
        assert!(succeeded, "{log}");
        for line in log.lines() {
            let line: Value =
                serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
        }
        assert!(log.contains("request"), "{log}");
        let (_, signature) = url.split_once("signature=").unwrap();
        for secret in [
            HOUSE_SECRET,
            &password("user_1"),
            &encode(&password("user_1")),
            "a mistyped password",
            "a password as a login",
            secret,
            cookie.split_once('=').unwrap().1,
            "a-private-state",
            signature,
            &hash,
        ] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
}

fn encode(text: &str) -> String {
    crate::support::encoded(&[("", text)]).split_off(1)
}

/// What goes wrong is told without the secrets that it went wrong with.
#[test]
fn no_command_shows_a_secret() {
    let home = Home::new();
    let password = "the-password-of-the-database";
    for url in [
        format!("postgres://authsig:{password}@127.0.0.1:1/authsig"),
        format!("postgres://authsig:{password}@127.0.0.1:port/authsig"),
        format!("postgres://authsig:{password}@no-such-host.invalid/authsig"),
        format!("mysql://authsig:{password}@127.0.0.1:1/authsig"),
    ] {
        for args in [&["serve"][..], &["doctor"], &["key", "list"], &["user", "add", "ada"]] {
            let output = authsig(args, home.with("AUTHSIG_DATABASE_URL", Some(&url)), "");
            let words = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(!output.status.success(), "{url}: {words}");
            assert!(!words.contains(password), "{words}");
            assert!(!words.contains(HOUSE_SECRET), "{words}");
        }
    }
}

#[test]
fn secrets_come_from_variables_or_files() {
    let home = Home::new();
    good(authsig(&["user", "add", "ada"], home.variables.clone(), ""));
    let (secret, url) = (home.folder.join("secret"), home.folder.join("url"));
    std::fs::write(&secret, format!("{HOUSE_SECRET}\n")).unwrap();
    let database = format!("sqlite:{}", home.folder.join("authsig.db").display());
    std::fs::write(&url, format!("{database}\n")).unwrap();
    let (secret, url) = (secret.to_str().unwrap(), url.to_str().unwrap());
    let public = ("AUTHSIG_PUBLIC_URL", "http://127.0.0.1:1");
    let exists = |variables: &[(&str, &str)], args: &[&str]| {
        let args = [&["user", "add", "ada"], args].concat();
        bad(authsig(&args, variables.iter().copied(), ""))
    };
    let taken = "authsig: This login is taken.\n";
    let direct = ("AUTHSIG_HOUSE_SECRET", HOUSE_SECRET);
    let file = ("AUTHSIG_HOUSE_SECRET_FILE", secret);
    for (name, value) in [
        ("AUTHSIG_DATABASE_URL", &*database),
        ("AUTHSIG_DATABASE_URL_FILE", url),
        ("DATABASE_URL", &*database),
        ("DATABASE_URL_FILE", url),
    ] {
        assert_eq!(exists(&[public, file, (name, value)], &[]), taken, "{name}");
    }
    let elsewhere = ("DATABASE_URL", "sqlite:/nowhere/authsig.db");
    let ours = ("AUTHSIG_DATABASE_URL", &*database);
    assert_eq!(exists(&[public, direct, elsewhere, ours], &[]), taken);
    // Flags stand over variables.
    let flags = ["--database-url", &database, "--house-secret-file", secret];
    let wrong = ("AUTHSIG_HOUSE_SECRET", "the secret of somebody else");
    assert_eq!(exists(&[public, wrong, elsewhere], &flags), taken);

    let both = exists(&[public, direct, file, ours], &[]);
    assert!(both.contains("AUTHSIG_HOUSE_SECRET or AUTHSIG_HOUSE_SECRET_FILE, not both"), "{both}");
    let missing = exists(&[public, ("AUTHSIG_HOUSE_SECRET_FILE", "/nowhere/secret"), ours], &[]);
    assert!(missing.contains("/nowhere/secret"), "{missing}");
    let none = exists(&[public, ours], &[]);
    assert!(none.contains("set AUTHSIG_HOUSE_SECRET") && none.contains("openssl rand"), "{none}");
    let short = exists(&[public, ("AUTHSIG_HOUSE_SECRET", "short"), ours], &[]);
    assert!(short.contains("at least 16 bytes"), "{short}");
}
