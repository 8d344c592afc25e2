//! Starting a server on a database.

use authsig_server::{Admin, AuthSig, Config, HouseSecret, StartError};
use civic_sip::authsig::PrivateKey;
use tokio::task::JoinSet;

use crate::support::{Browser, Clock, Database, Server, URL, config};

#[tokio::test]
async fn several_instances_start_at_once_on_a_new_database() {
    let (database, clock) = (Database::create().await, Clock::start());
    let mut starting = JoinSet::new();
    for _ in 0..8 {
        starting.spawn(AuthSig::start(config(URL, &database, &clock)));
    }
    let mut keys = std::collections::BTreeSet::new();
    for started in starting.join_all().await {
        let authsig = started.unwrap();
        keys.insert(Browser::new(authsig.router(), URL).get("/verify/keys").await.body);
        authsig.shutdown().await;
    }
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_eq!(database.number("SELECT COUNT(*) FROM signing_keys").await, 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM meta WHERE name = 'house_check'").await, 1);
}

#[tokio::test]
async fn a_wrong_house_secret_starts_nothing_and_changes_nothing() {
    let server = Server::start().await;
    let keys = server.browser().get("/verify/keys").await.body;
    let secret = HouseSecret::new("another secret, which is long enough").unwrap();
    let wrong = Config::new(URL, secret).database(server.database.url());
    assert!(matches!(AuthSig::start(wrong.clone()).await, Err(StartError::WrongSecret)));
    assert!(matches!(Admin::open(&wrong).await, Err(StartError::WrongSecret)));
    let server = server.restart().await;
    assert_eq!(server.browser().get("/verify/keys").await.body, keys);
    assert_eq!(server.logged_in("user_1").await.cookies.len(), 1);
}

#[tokio::test]
async fn a_newer_schema_starts_nothing() {
    let Server { authsig, config, database, .. } = Server::start().await;
    authsig.shutdown().await;
    database.execute("INSERT INTO authsig_migrations (version) VALUES (1000)").await;
    let error = AuthSig::start(config.clone()).await.unwrap_err();
    assert!(matches!(error, StartError::NewerSchema(_)) && error.to_string().contains("1000"));
    assert!(matches!(Admin::open(&config).await, Err(StartError::NewerSchema(_))));
}

#[tokio::test]
async fn a_damaged_key_is_told() {
    let Server { authsig, config, database, .. } = Server::start().await;
    authsig.shutdown().await;
    let empty = if database.file().is_some() { "x'00'" } else { "'\\x00'" };
    database.execute(&format!("UPDATE signing_keys SET private_key = {empty}")).await;
    let error = AuthSig::start(config).await.unwrap_err();
    assert!(
        matches!(error, StartError::Keys(_)) && error.to_string().contains("damaged"),
        "{error}"
    );
}

#[tokio::test]
async fn a_configuration_that_can_t_work_opens_no_database() {
    let (database, clock) = (Database::create().await, Clock::start());
    let good = || config(URL, &database, &clock);
    for bad in [
        config("id.example", &database, &clock),
        config("http://id.example", &database, &clock),
        config("https://id.example/?a", &database, &clock),
        good().allow("http://app.example/in"),
        good().allow("https://user@app.example/in"),
        good().allow_origin("https://app.example/in"),
        good().notify_origin("http://app.example"),
    ] {
        let error = AuthSig::start(bad).await.unwrap_err();
        assert!(matches!(error, StartError::Config(_) | StartError::Setting(_)), "{error}");
        assert!(database.file().is_none_or(|file| !file.exists()), "{error}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_public_url_means_nothing() {
    let server = Server::at("https://app.example/id/", |config| config).await;
    let mut browser = Browser::new(server.router(), "https://app.example");
    let fields = [("login", "user_1"), ("password", "password_1")];
    assert_eq!(browser.post("/session", &fields).await.location(), "/id");
    let url = browser.get_json("/verify/request?login=user_1").await.text("url");
    assert!(url.starts_with("https://app.example/id/verify/verified?"), "{url}");
}

#[tokio::test]
async fn a_given_key_replaces_the_stored_one_which_goes_on_verifying() {
    let server = Server::start().await;
    let path = "/verify/request?login=user_1";
    let old = server.logged_in("user_1").await.get_json(path).await.text("url");
    let key = PrivateKey::generate().unwrap();
    let id = key.public_key().ids().next().unwrap().to_owned();
    let Server { authsig, config, clock, url, database } = server;
    authsig.shutdown().await;
    let config = config.private_key(key);
    let authsig = AuthSig::start(config.clone()).await.unwrap();
    let server = Server { authsig, config, clock, url, database };
    let mut browser = server.logged_in("user_1").await;
    let new = browser.get_json(path).await.text("url");
    assert!(new.contains(&id) && !old.contains(&id));
    for url in [old, new] {
        assert_eq!(browser.get_json(&url).await.status, 200);
    }
}
