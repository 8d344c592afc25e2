//! What the operator does: accounts.

use std::fmt;

use crate::accounts::{self, AccountError, fold_login};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::StartError;
use crate::passwords::Passwords;
use crate::store::{Account, Store};

/// Administers the database of a server, which may be running.
///
/// ```no_run
/// use authsig_server::{Admin, Config, HouseSecret};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = HouseSecret::new(std::env::var("AUTHSIG_HOUSE_SECRET")?)?;
/// let admin = Admin::open(&Config::new("https://id.example", secret)).await?;
/// admin.add_account("user_1", "a password of the person").await?;
/// # Ok(())
/// # }
/// ```
pub struct Admin {
    store: Store,
    passwords: Passwords,
    clock: Clock,
}

impl Admin {
    /// Opens the database, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// A [`StartError`], as for [`AuthSig::start`](crate::AuthSig::start).
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let (store, _house) = crate::open(config).await?;
        Ok(Self { store, passwords: Passwords::new(), clock: config.clock.clone() })
    }

    /// Creates an account.
    ///
    /// # Errors
    ///
    /// An [`AccountError`] if the login or the password can't be used, or the login is taken.
    pub async fn add_account(&self, login: &str, password: &str) -> Result<(), AccountError> {
        let now = self.clock.seconds();
        accounts::create_account(&self.store, &self.passwords, login, password, now).await?;
        Ok(())
    }

    /// Creates an account from an Argon2 hash in the PHC string format, as other systems store them.
    ///
    /// # Errors
    ///
    /// An [`AccountError`] if the login or the hash can't be used, or the login is taken.
    pub async fn import_account(&self, login: &str, hash: &str) -> Result<(), AccountError> {
        let login = fold_login(login).ok_or(AccountError::Login)?;
        if !crate::passwords::is_hash(hash) {
            return Err(AccountError::Password);
        }
        let account = Account { login, password_hash: hash.to_owned() };
        if self.store.create_account(&account, self.clock.seconds()).await? {
            Ok(())
        } else {
            Err(AccountError::Taken)
        }
    }

    /// Sets the password of an account, and ends its sessions.
    ///
    /// # Errors
    ///
    /// An [`AccountError`] if there is no such account, or the password can't be used.
    pub async fn set_password(&self, login: &str, password: &str) -> Result<(), AccountError> {
        accounts::set_password(&self.store, &self.passwords, login, password).await
    }

    /// Ends all sessions of an account, and returns how many there were.
    ///
    /// # Errors
    ///
    /// An [`AccountError`] if the login can't be one, or the database failed.
    pub async fn end_sessions(&self, login: &str) -> Result<u64, AccountError> {
        let login = fold_login(login).ok_or(AccountError::Login)?;
        Ok(self.store.end_sessions(accounts::PASSWORD, &login, None).await?)
    }

    /// Deletes an account. Nobody else ever gets its login.
    ///
    /// # Errors
    ///
    /// An [`AccountError`] if there is no such account.
    pub async fn delete_account(&self, login: &str) -> Result<(), AccountError> {
        let login = fold_login(login).ok_or(AccountError::Login)?;
        if self.store.delete_account(&login, self.clock.seconds()).await? {
            Ok(())
        } else {
            Err(AccountError::Unknown)
        }
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }
}

/// Shows nothing of what is inside.
impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
