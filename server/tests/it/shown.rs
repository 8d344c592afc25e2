//! No public type shows what it holds: by `Debug`, `Display` or the sources of an error.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::Path;

use authsig_server::{
    AccountError, AdminError, AuthSig, CivicLogin, Config, HouseSecret, KeyState, Limits,
    StartError, Unavailable,
};
use civic_sip::CivicSip;
use civic_sip::authsig::PrivateKey;

use crate::support::{HOUSE_SECRET, Server};

const SIGNING_KEY: &str = "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
const SIP_SECRET: &str = "50c0c3273d5a7ca8a04287f82c6d0111";
const DATABASE: &str = "postgres://authsig:swordfish@127.0.0.1:1/authsig";

/// All that was shown, and of which types.
#[derive(Default)]
struct Shown {
    text: String,
    types: BTreeSet<&'static str>,
}

impl Shown {
    fn debug(&mut self, name: &'static str, value: &impl Debug) {
        self.types.insert(name);
        writeln!(self.text, "{name}: {value:?} {value:#?}").unwrap();
    }

    fn error(&mut self, name: &'static str, error: &(impl Error + 'static)) {
        self.debug(name, error);
        let mut next: Option<&dyn Error> = Some(error);
        while let Some(error) = next {
            writeln!(self.text, "{name}: {error} {error:?}").unwrap();
            next = error.source();
        }
    }

    /// Asserts that no text is shown, in none of the forms that it might be seen in.
    fn assert_has_none(&self, texts: &[&str]) {
        for text in texts {
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            let bytes = format!("{:?}", text.as_bytes());
            for form in [text, &*hex, bytes.trim_matches(['[', ']'])] {
                let line = self.text.lines().find(|line| line.contains(form));
                assert!(!form.is_empty() && line.is_none(), "{form:?}: {line:?}");
            }
        }
    }
}

#[tokio::test]
async fn no_public_type_shows_a_secret_or_a_person() {
    let mut shown = Shown::default();
    let key = PrivateKey::generate().unwrap();
    let pem = key.to_pem();
    let client = CivicSip::new("app42", SIGNING_KEY, SIP_SECRET).unwrap();
    let civic = CivicLogin::new(client, "https://script.example/civic.js");
    shown.debug("CivicLogin", &civic);
    let configure = |config: Config| {
        config.private_key(key).civic(civic).default_creators(["ada.lovelace"]).sign_up(true)
    };
    let server = Server::with(configure).await;
    shown.debug("Config", &server.config.clone().database(DATABASE));
    shown.debug("AuthSig", &server.authsig);
    shown.debug("HouseSecret", &HouseSecret::new(HOUSE_SECRET).unwrap());
    shown.error("ShortSecret", &HouseSecret::new("short-secret").unwrap_err());
    shown.debug("Limits", &Limits::default());
    shown.error("Unavailable", &Unavailable);
    starts(&mut shown, &server).await;
    administers(&mut shown, &server).await;
    shown.assert_has_none(&[
        HOUSE_SECRET,
        "another house secret",
        "short-secret",
        "swordfish",
        SIGNING_KEY,
        SIP_SECRET,
        pem.lines().nth(1).unwrap(),
        "user_1",
        "ada.lovelace",
        "password_1",
        "a-pass",
        "argon2id",
    ]);
    assert!(shown.text.contains("https://id.example"), "{}", shown.text);
    assert_eq!(shown.types, public_types());
}

/// Every way not to start.
async fn starts(shown: &mut Shown, server: &Server) {
    let other = HouseSecret::new("another house secret for tests").unwrap();
    let config = |secret: HouseSecret| Config::new("https://id.example", secret);
    let ours = || config(HouseSecret::new(HOUSE_SECRET).unwrap());
    for config in [
        config(other).database(server.database.url()),
        ours().database(DATABASE),
        ours().database("postgres://authsig:swordfish@[/authsig"),
        ours().database("postgres://authsig:swordfish@127.0.0.1:swordfish/authsig"),
        ours().database("postgres://authsig:swordfish@127.0.0.1/authsig?sslmode=no"),
        ours().database("mysql://authsig:swordfish@127.0.0.1/authsig"),
        ours().database("sqlite:/nowhere/authsig.db?mode=no"),
        ours().database("sqlite:/nowhere/authsig.db"),
        Config::new(
            "https://authsig:swordfish@id.example",
            HouseSecret::new(HOUSE_SECRET).unwrap(),
        ),
        ours().database(server.database.url()).allow("https://authsig:swordfish@app.example/in"),
        ours().database(server.database.url()).notify_origin("https://authsig:swordfish@a.example"),
        ours().database(server.database.url()).trusted_proxies(["swordfish"]),
    ] {
        let Err(error) = AuthSig::start(config).await else { panic!("it started") };
        shown.error("StartError", &error);
    }
    shown.error("StartError", &StartError::WrongSecret);
}

async fn administers(shown: &mut Shown, server: &Server) {
    let admin = server.admin().await;
    shown.debug("Admin", &admin);
    let hash = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$a-pass";
    for result in [
        admin.add_account("ada.lovelace@example.com", "a-password").await,
        admin.add_account("ada.lovelace", "a-pass").await,
        admin.add_account("user_1", "a-password").await,
        admin.import_account("ada.lovelace", hash).await,
        admin.set_password("ada.lovelace", "a-password").await,
        admin.delete_account("ada.lovelace").await,
    ] {
        shown.error("AccountError", &result.unwrap_err());
    }
    shown.error("AccountError", &AccountError::Busy);
    let key = admin.rotate_key().await.unwrap();
    shown.debug("KeyInfo", &key);
    shown.debug("KeyState", &key.state);
    assert_eq!(key.state, KeyState::Signing);
    shown.error("AdminError", &admin.revoke_key("swordfish").await.unwrap_err());
    shown.error("AdminError", &AdminError::Conflict);
    server.database.execute("ALTER TABLE credentials RENAME TO credentials_away").await;
    let failed = admin.add_account("ada.lovelace", "a-password").await;
    shown.error("AccountError", &failed.unwrap_err());
    server.database.execute("ALTER TABLE signing_keys RENAME TO signing_keys_away").await;
    let failed = admin.keys().await.unwrap_err();
    shown.error("AdminError", &failed);
    let AdminError::Database(failed) = &failed else { panic!("{failed}") };
    shown.error("DatabaseError", failed);
}

/// Each public type of the crate: a new one has to be shown here, too.
fn public_types() -> BTreeSet<&'static str> {
    let mut text = String::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let text: &'static str = text.leak();
    let names = text.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))?;
        rest.split(|char: char| !char.is_alphanumeric()).next()
    });
    names.collect()
}

fn collect(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
