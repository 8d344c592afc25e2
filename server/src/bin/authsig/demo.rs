//! `authsig demo`: everything on this machine, with people to try it with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use authsig_server::{Admin, AuthSig, CivicLogin, Config, HouseSecret, Limits};
use civic_sip::authsig::Secret;
use civic_sip::sandbox::Sandbox;
use serde_json::json;
use tokio::net::TcpListener;

use crate::args::DemoArgs;
use crate::{Failure, log, serve};

/// People, their passwords, and the hashes of those: hashing takes longer than all else at the start.
const PEOPLE: [(&str, &str, &str); 5] = [
    (
        "user_1",
        "password_1",
        "$argon2id$v=19$m=19456,t=2,p=1$YJqawZ0/eW3XmuZraFaUJg$vXg8o8JwbLzq4wgPb4t4fL4VCUrH+CZvDQkEVwaPLDk",
    ),
    (
        "user_2",
        "password_2",
        "$argon2id$v=19$m=19456,t=2,p=1$s+vGf/0iMt6c3tcGEd0hqw$65VKs9Wkc2HWsNlQQ72z5dHD95+1o+7t+eG89VKvh3k",
    ),
    (
        "user_3",
        "password_3",
        "$argon2id$v=19$m=19456,t=2,p=1$a2yNR0c/ijge26JYI+mh7g$AzGY0XyyrrGaSJ2GuW6UQ7S28vdTt4c8T2qDPiWbh44",
    ),
    (
        "user_4",
        "password_4",
        "$argon2id$v=19$m=19456,t=2,p=1$WnT3Piwvh6adaFS5p352bg$7AMaiArfFiM9kZBEyOnAe+wXtvQ8C0TesblP6sz2UF4",
    ),
    (
        "user_5",
        "password_5",
        "$argon2id$v=19$m=19456,t=2,p=1$A1rezZSQlaTyGu5lGtdcYg$zBIkTBRDEiK/OBtPM36ECTZ6bHCEgfrIZWdjE+suKLQ",
    ),
];

pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    log::start(false, "authsig_server=info,warn");
    if !args.listen.ip().is_loopback() {
        return Err("the demo listens on this machine only: use 127.0.0.1 or [::1]".into());
    }
    // Before there is a folder that would be left behind.
    let stopped = serve::stopped()?;
    let listener = TcpListener::bind(args.listen).await?;
    let address = listener.local_addr()?;
    let folder = Folder::create(address)?;
    let sandbox = Sandbox::start().await?;
    let config = config(address, &folder.0, &sandbox)?;
    let admin = Admin::open(&config).await?;
    for (login, _, hash) in PEOPLE {
        admin.import_account(login, hash).await?;
    }
    admin.close().await;
    let authsig = AuthSig::start(config).await?;
    print(&args, &format!("http://{address}"));
    serve::until_stopped(listener, &authsig, stopped).await
}

fn config(address: SocketAddr, folder: &Path, sandbox: &Sandbox) -> Result<Config, Failure> {
    let url = format!("http://{address}");
    let secret = HouseSecret::new(Secret::generate()?.as_str())?;
    Ok(Config::new(&url, secret)
        .database(format!("sqlite:{}", folder.join("authsig.db").display()))
        .allow_origin(&url)
        .notify_origin(&url)
        .sign_up(true)
        .anybody_creates_defaults()
        .limits(limits())
        .test_notifier()
        .civic(CivicLogin::new(sandbox.client_builder().build()?, sandbox.script_url())))
}

/// On this machine everybody has one address. Wrong passwords are limited all the same.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.sign_ups = 100_000;
    limits.defaults = 100_000;
    limits.requests = 100_000;
    limits
}

fn print(args: &DemoArgs, url: &str) {
    if args.json {
        let people =
            PEOPLE.map(|(login, password, _)| json!({ "login": login, "password": password }));
        println!("{}", json!({ "url": url, "people": people }));
        return;
    }
    println!("Open {url}/");
    println!();
    println!("Log in as user_1 to user_5 with password_1 to password_5, or sign up.");
    println!("Or log in with Civic: a sandbox runs here, with invented people.");
    println!("Then ask for a signed URL: {url}/verify/request?login=user_1");
    println!("Use {url}/test-notifier as notify_url to see notifications in this log.");
    println!();
    println!("Ctrl-C stops the demo and deletes its data.");
}

/// A folder for the database, deleted at the end.
struct Folder(PathBuf);

impl Folder {
    fn create(address: SocketAddr) -> std::io::Result<Self> {
        let name = format!("authsig-demo-{}-{}", std::process::id(), address.port());
        let folder = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
