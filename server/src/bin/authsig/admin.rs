//! The commands of the operator: accounts, keys, backups.

use std::io::Read as _;
use std::time::SystemTime;

use authsig_server::{Admin, HouseSecret};
use chrono::{DateTime, SecondsFormat, Utc};
use civic_sip::authsig::Secret;
use sqlx::sqlite::SqliteConnectOptions;

use crate::args::{BackupArgs, BaseArgs, KeyCommand, PasswordArgs, RekeyArgs, UserCommand};
use crate::{Failure, secrets, serve};

pub(crate) async fn user(command: UserCommand) -> Result<(), Failure> {
    let args = match &command {
        UserCommand::Add(args) | UserCommand::Password(args) => &args.user,
        UserCommand::Sessions(args) | UserCommand::Delete(args) => args,
    };
    let admin = match command {
        UserCommand::Add(_) => Admin::open(&serve::config(&args.base)?).await?,
        _ => open(&args.base).await?,
    };
    let login = &args.login;
    match &command {
        UserCommand::Add(args) => {
            let password = Password::of(args)?;
            admin.add_account(login, &password.text).await?;
            println!("created the account {login}");
            password.print();
        }
        UserCommand::Password(args) => {
            let password = Password::of(args)?;
            admin.set_password(login, &password.text).await?;
            println!("set a new password for {login}, and ended all sessions");
            password.print();
        }
        UserCommand::Sessions(_) => {
            let ended = admin.end_sessions(login).await?;
            println!("ended {ended} sessions of {login}");
        }
        UserCommand::Delete(_) => {
            admin.delete_account(login).await?;
            println!("deleted the account {login}; this login can never be used again");
        }
    }
    admin.close().await;
    Ok(())
}

/// Opens a database that exists: a new one would hide a mistyped path.
pub(crate) async fn open(base: &BaseArgs) -> Result<Admin, Failure> {
    let url = serve::database_url(base)?;
    if url.starts_with("sqlite:") {
        let options: SqliteConnectOptions = url.parse()?;
        let path = options.get_filename();
        if !path.exists() {
            let path = path.display();
            return Err(
                format!("there is no database at {path}: `authsig serve` creates it").into()
            );
        }
    }
    Ok(Admin::open(&serve::config(base)?).await?)
}

struct Password {
    text: String,
    is_made: bool,
}

impl Password {
    /// Reads a password, or makes one.
    fn of(args: &PasswordArgs) -> Result<Self, Failure> {
        if !args.password_stdin {
            return Ok(Self { text: Secret::generate()?.as_str().to_owned(), is_made: true });
        }
        let mut text = String::new();
        std::io::stdin().take(2048).read_to_string(&mut text)?;
        Ok(Self { text: text.trim_end_matches(['\r', '\n']).to_owned(), is_made: false })
    }

    fn print(&self) {
        if self.is_made {
            println!("password: {}", self.text);
        }
    }
}

pub(crate) async fn key(command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::List(args) => {
            let admin = open(&args.base).await?;
            for key in admin.keys().await? {
                println!(
                    "{}  {:8}  signs from {}",
                    key.id,
                    key.state.to_string(),
                    written(key.signs_from)
                );
            }
            admin.close().await;
        }
        KeyCommand::Rotate(args) => {
            let admin = open(&args.base).await?;
            let key = admin.rotate_key().await?;
            println!(
                "added the key {}: it is published now, and signs from {}",
                key.id,
                written(key.signs_from)
            );
            println!("URLs that earlier keys signed are accepted until those keys are revoked");
            admin.close().await;
        }
        KeyCommand::Revoke(args) => {
            let admin = open(&args.base).await?;
            let added = admin.revoke_key(&args.id).await?;
            println!(
                "revoked the key {}: all instances refuse URLs that it signed within a minute,",
                args.id
            );
            println!("and verifiers that fetch the keys within 5 minutes more");
            if let Some(key) = added {
                println!("no other key was ready, so {} was added, which signs at once", key.id);
            }
            admin.close().await;
        }
    }
    Ok(())
}

pub(crate) async fn rekey(args: RekeyArgs) -> Result<(), Failure> {
    let secret = match &args.new_house_secret_file {
        Some(file) => Some(secrets::read_file(file)?),
        None => secrets::read("AUTHSIG_NEW_HOUSE_SECRET")?,
    };
    let secret = secret
        .ok_or("set AUTHSIG_NEW_HOUSE_SECRET or AUTHSIG_NEW_HOUSE_SECRET_FILE to the new secret")?;
    let secret = HouseSecret::new(secret)?;
    let admin = open(&args.base).await?;
    admin.rekey(&secret).await?;
    admin.close().await;
    println!("the database is encrypted with the new house secret: start all instances with it");
    Ok(())
}

pub(crate) async fn backup(args: BackupArgs) -> Result<(), Failure> {
    let admin = open(&args.base).await?;
    admin.backup(&args.file).await?;
    admin.close().await;
    println!("wrote {}: it can be used only with the house secret", args.file.display());
    Ok(())
}

fn written(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}
