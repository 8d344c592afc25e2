//! Starting: several at once, after a kill in the middle, and beside other versions.

use std::fs;
use std::path::Path;

use sqlx::{Connection as _, Executor as _};

use crate::support::{Database, Instance, Person, Site, environment, eventually, password};

const TABLES: &str = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'";

const LOCKS: &str = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

fn on(database: &Database) -> Vec<(String, std::ffi::OsString)> {
    environment("http://127.0.0.1:1", &database.url)
}

async fn published(instance: &Instance) -> String {
    Person::new(&instance.url).get("/verify/keys").await.body
}

#[tokio::test]
async fn five_start_at_once_on_an_empty_database() {
    let Some(database) = Database::create().await else { return };
    let starting: Vec<_> = (0..5).map(|_| tokio::spawn(Instance::start(on(&database)))).collect();
    let mut instances = Vec::new();
    for instance in starting {
        instances.push(instance.await.unwrap());
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM authsig_migrations").await, 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM signing_keys").await, 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM meta").await, 1);
    let keys = published(&instances[0]).await;
    for instance in &instances {
        assert_eq!(published(instance).await, keys);
        assert!(!instance.log().contains("ERROR"), "{}", instance.log());
    }
}

#[tokio::test]
async fn a_migration_that_is_killed_leaves_nothing_behind() {
    let Some(database) = Database::create().await else { return };
    // The migration waits in its transaction where it notes that it is done.
    database.execute("CREATE TABLE authsig_migrations (version BIGINT PRIMARY KEY)").await;
    let mut held = database.connect().await;
    held.execute("BEGIN").await.unwrap();
    held.execute("LOCK TABLE authsig_migrations IN SHARE MODE").await.unwrap();
    let killed = Instance::spawn(on(&database));
    eventually("the migration waits", async || {
        const WAITING: &str =
            "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted";
        (database.number(WAITING).await >= 1 && database.number(LOCKS).await == 1).then_some(())
    })
    .await;
    let next = tokio::spawn(Instance::start(on(&database)));
    eventually("the next instance waits, too", async || {
        (database.number(LOCKS).await == 2).then_some(())
    })
    .await;
    drop(killed);
    held.close().await.unwrap();

    let next = next.await.unwrap();
    assert!(published(&next).await.contains("kid"));
    assert_eq!(database.number("SELECT COUNT(*) FROM authsig_migrations").await, 1);
    assert_eq!(database.number(LOCKS).await, 0);
}

#[tokio::test]
async fn a_migration_that_is_killed_alone_leaves_no_table() {
    let Some(database) = Database::create().await else { return };
    database.execute("CREATE TABLE authsig_migrations (version BIGINT PRIMARY KEY)").await;
    let mut held = database.connect().await;
    held.execute("BEGIN").await.unwrap();
    held.execute("LOCK TABLE authsig_migrations IN SHARE MODE").await.unwrap();
    let killed = Instance::spawn(on(&database));
    eventually("the migration waits", async || (database.number(LOCKS).await == 1).then_some(()))
        .await;
    drop(killed);
    held.close().await.unwrap();
    eventually("the lock is gone", async || (database.number(LOCKS).await == 0).then_some(()))
        .await;
    assert_eq!(database.number(TABLES).await, 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM authsig_migrations").await, 0);
    published(&Instance::start(on(&database)).await).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let Some(database) = Database::create().await else { return };
    drop(Instance::start(on(&database)).await);
    database.execute("INSERT INTO authsig_migrations (version) VALUES (99)").await;
    let (succeeded, log) = Instance::spawn(on(&database)).ended().await;
    assert!(!succeeded);
    assert!(log.contains("version 99") && log.contains("newer authsig-server"), "{log}");
}

/// A newer version has added to the schema while this one goes on.
#[tokio::test]
async fn this_version_works_beside_a_newer_one() {
    let receiver = crate::support::Receiver::start().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let Some(site) = Site::start(&variables).await else { return };
    let old = site.member("user_1").await;
    for table in
        ["accounts", "credentials", "sessions", "defaults", "signing_keys", "outbox", "limits"]
    {
        let sql = format!(
            "ALTER TABLE {table} ADD COLUMN added_later TEXT; \
             ALTER TABLE {table} ADD COLUMN also_later BIGINT NOT NULL DEFAULT 0"
        );
        site.database.execute(&sql).await;
    }
    let newer = "CREATE TABLE added_later (id BIGINT PRIMARY KEY); INSERT INTO authsig_migrations (version) VALUES (2)";
    site.database.execute(newer).await;
    let person = site.member("user_2").await;
    for (login, person) in [("user_1", &old), ("user_2", &person)] {
        let request = [("login", login), ("notify_url", &*receiver.address()), ("state", login)];
        let url = person.request(&request).await.signed_url();
        assert_eq!(person.verify(&url).await.status, 200);
    }
    assert_eq!(receiver.wait_for(2).await.len(), 2);
    assert_eq!(site.visitor().log_in("user_1", &password("user_1")).await.status, 303);
    assert_eq!(site.visitor().log_in("user_1", "a wrong one").await.status, 401);
    for instance in &site.instances {
        assert_eq!(Person::new(&instance.url).get("/readyz").await.status, 200);
    }
}

#[test]
fn migrations_only_add() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut numbers = Vec::new();
    for database in ["sqlite", "postgres"] {
        let files = fs::read_dir(folder.join(database)).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> = files.collect();
        files.sort();
        for file in &files {
            let sql = fs::read_to_string(file).unwrap();
            assert_eq!(takes_away(&sql), None, "{}", file.display());
        }
        numbers.push(
            files.iter().map(|file| file.file_name().unwrap().to_owned()).collect::<Vec<_>>(),
        );
    }
    assert_eq!(numbers[0], numbers[1]);
}

/// Returns what breaks the version before, which goes on beside this one.
fn takes_away(sql: &str) -> Option<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap());
    let sql = lines.collect::<Vec<_>>().join(" ").to_ascii_uppercase();
    let words: Vec<_> = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let forbidden = ["DROP", "RENAME", "DELETE", "TRUNCATE", "TYPE", "CONSTRAINT"];
    let found = words.iter().find(|word| forbidden.contains(word));
    // A new column that older versions do not fill needs a default.
    let demands = |statement: &&str| {
        statement.contains("ADD COLUMN")
            && statement.contains("NOT NULL")
            && !statement.contains("DEFAULT")
    };
    found.map(|word| (*word).to_owned()).or_else(|| sql.split(';').find(demands).map(str::to_owned))
}

#[test]
fn what_takes_away_is_found() {
    for sql in [
        "DROP TABLE accounts",
        "ALTER TABLE accounts RENAME COLUMN login TO name",
        "alter table accounts alter column login type text",
        "ALTER TABLE accounts\n  DROP COLUMN login",
        "ALTER TABLE accounts ADD COLUMN x TEXT NOT NULL",
        "ALTER TABLE accounts ADD CONSTRAINT short CHECK (length(login) < 9)",
        "DELETE FROM accounts",
    ] {
        assert!(takes_away(sql).is_some(), "{sql}");
    }
    for sql in [
        "-- DROP nothing\nCREATE TABLE a (b TEXT)",
        "ALTER TABLE accounts ADD COLUMN x TEXT",
        "ALTER TABLE accounts ADD COLUMN x TEXT NOT NULL DEFAULT ''",
    ] {
        assert_eq!(takes_away(sql), None, "{sql}");
    }
}
