//! Changing the house secret.

use std::ffi::OsString;

use civic_sip::authsig::PrivateKey;
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Executor as _};

use crate::support::{Instance, Person, Receiver, Site, authsig, environment, eventually};
use crate::users::{Home, bad, good};

const NEW: &str = "another house secret for tests";

fn set(variables: &[(String, OsString)], name: &str, value: &str) -> Vec<(String, OsString)> {
    let others = variables.iter().filter(|(other, _)| other != name).cloned();
    others.chain([(name.to_owned(), value.into())]).collect()
}

/// Lets half a minute go by for the instances that were killed.
async fn end_leases(variables: &[(String, OsString)]) {
    const SQL: &str = "UPDATE outbox SET leased_until = 0";
    let url = variables.iter().find(|(name, _)| name == "AUTHSIG_DATABASE_URL").unwrap();
    let url = url.1.to_str().unwrap();
    if url.starts_with("sqlite:") {
        SqliteConnection::connect(url).await.unwrap().execute(SQL).await.unwrap();
    } else {
        PgConnection::connect(url).await.unwrap().execute(SQL).await.unwrap();
    }
}

/// Everything that is encrypted is of use under the new secret, and none of it under the old one.
async fn moves_to_the_new_secret(variables: Vec<(String, OsString)>, receiver: &Receiver) {
    let mut variables = variables;
    for (name, value) in receiver.variables() {
        variables = set(&variables, name, &value);
    }
    variables = set(&variables, "AUTHSIG_DEFAULT_CREATORS", "ada");
    let added =
        authsig(&["user", "add", "ada", "--password-stdin"], variables.clone(), "a good password");
    good(added);
    let instance = Instance::start(variables.clone()).await;
    let public_url = "http://127.0.0.1:1";
    let mut ada = Person::new(public_url).at(&instance.url);
    assert_eq!(ada.log_in("ada", "a good password").await.status, 303);
    assert_eq!(
        ada.create_default("app", r#"{"state": "kept", "provides": ["login"]}"#).await.status,
        201
    );
    let url = ada.request(&[("login", "ada")]).await.signed_url();
    // One that is not delivered yet.
    let request = [("login", "ada"), ("notify_url", &*receiver.address()), ("state", "waiting")];
    assert_eq!(ada.request(&request).await.status, 200);
    receiver.wait_for(1).await;
    drop(instance);
    end_leases(&variables).await;

    assert!(bad(authsig(&["rekey"], variables.clone(), "")).contains("AUTHSIG_NEW_HOUSE_SECRET"));
    let short = set(&variables, "AUTHSIG_NEW_HOUSE_SECRET", "short");
    assert!(bad(authsig(&["rekey"], short, "")).contains("at least 16 bytes"));
    let rekey = set(&variables, "AUTHSIG_NEW_HOUSE_SECRET", NEW);
    assert!(good(authsig(&["rekey"], rekey.clone(), "")).contains("start all instances with it"));

    // The old one is refused, by every command.
    for args in [&["rekey"][..], &["serve"], &["key", "list"], &["doctor"]] {
        let output = authsig(args, rekey.clone(), "");
        let words =
            [String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap()];
        assert_eq!(output.status.code(), Some(1));
        assert!(
            words.concat().contains("the house secret does not match this database"),
            "{words:?}"
        );
    }
    let variables = set(&variables, "AUTHSIG_HOUSE_SECRET", NEW);
    let instance = Instance::start(variables).await;
    let ada = ada.at(&instance.url);
    assert_eq!(ada.verify(&url).await.status, 200);
    let again = ada.request(&[("default[]", "app")]).await.signed_url();
    let verified: Value = ada.verify(&again).await.json();
    assert_eq!(verified["data"]["state"], "kept");
    eventually("it is delivered again", async || {
        receiver.answer(1);
        let received = receiver.received();
        (received.len() == 2 && received[0].id == received[1].id).then_some(())
    })
    .await;
}

#[tokio::test]
async fn sqlite_moves_to_the_new_secret() {
    let home = Home::new();
    let receiver = Receiver::start_silent().await;
    moves_to_the_new_secret(home.variables.clone(), &receiver).await;
}

#[tokio::test]
async fn postgres_moves_to_the_new_secret() {
    let Some(database) = crate::support::Database::create().await else { return };
    let receiver = Receiver::start_silent().await;
    moves_to_the_new_secret(environment("http://127.0.0.1:1", &database.url), &receiver).await;
}

/// Its key is in the database, or in a file.
#[tokio::test]
async fn an_instance_left_running_is_not_ready() {
    let home = Home::new();
    let file = home.folder.join("key.pem");
    std::fs::write(&file, PrivateKey::generate().unwrap().to_pem().as_bytes()).unwrap();
    let file = ("AUTHSIG_PRIVATE_KEY_FILE", file.to_str().unwrap());
    for variables in [&[][..], &[file]] {
        let Some(site) = Site::start(variables).await else { return };
        let person = site.member("user_1").await;
        let url = person.request(&[("login", "user_1")]).await.signed_url();
        let variables = environment(&site.proxy.url, &site.database.url);
        good(authsig(&["rekey"], set(&variables, "AUTHSIG_NEW_HOUSE_SECRET", NEW), ""));
        for instance in &site.instances {
            let at = person.at(&instance.url);
            eventually("an instance is not ready", async || {
                (at.get("/readyz").await.status == 503).then_some(())
            })
            .await;
            assert!(instance.log().contains("another house secret"), "{}", instance.log());
            assert_eq!(at.verify(&url).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_rekey_that_is_killed_changes_nothing() {
    let Some(site) = Site::start(&[("AUTHSIG_DEFAULT_CREATORS", "user_1")]).await else { return };
    let person = site.member("user_1").await;
    assert_eq!(person.create_default("app", r#"{"provides": ["login"]}"#).await.status, 201);
    let mut stop = site.database.stop_at("meta", "UPDATE", "true").await;
    let variables = environment(&site.proxy.url, &site.database.url);
    let variables = set(&variables, "AUTHSIG_NEW_HOUSE_SECRET", NEW);
    let rekeying = Instance::command(&["rekey"], variables);
    stop.until_waiting(1).await;
    drop(rekeying);
    stop.end().await;
    let mut site = site;
    site.kill(0);
    site.kill(0);
    site.add(&[]).await;
    let url = person.request(&[("default[]", "app")]).await.signed_url();
    assert_eq!(person.verify(&url).await.status, 200);
    assert_eq!(person.get("/readyz").await.status, 200);
}
