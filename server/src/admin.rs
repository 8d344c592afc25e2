//! The operator's tasks: accounts, keys, the house secret, backups.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::accounts::{self, AccountError, fold_login};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{DatabaseError, StartError};
use crate::house::{House, HouseSecret};
use crate::keys::{self, KeyError};
use crate::passwords::{Passwords, is_hash};
use crate::store::{Account, ResealError, Store, StoreError};

/// A new key is published for this long before it signs, in seconds: every instance publishes it within a minute, and those
/// who verify keep the keys for 300 seconds.
const PUBLISH_BEFORE: i64 = 60 + 300;

/// Administers the database of a server, which may be running.
///
/// ```no_run
/// use authsig_server::{Admin, Config, HouseSecret};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = HouseSecret::new(std::env::var("AUTHSIG_HOUSE_SECRET")?)?;
/// let admin = Admin::open(&Config::new("https://id.example", secret)).await?;
/// admin.add_account("user_1", "a password of the person").await?;
/// let key = admin.rotate_key().await?;
/// println!("{} signs from {:?}", key.id, key.signs_from);
/// # Ok(())
/// # }
/// ```
pub struct Admin {
    store: Store,
    house: Arc<House>,
    passwords: Passwords,
    clock: Clock,
}

/// A key of the server.
///
/// ```no_run
#[doc = include_str!("docs/admin.md")]
/// for key in admin.keys().await? {
///     println!("{} {} since {:?}", key.id, key.state, key.signs_from);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyInfo {
    /// The key id: its JWK thumbprint (RFC 7638).
    pub id: String,
    /// The state of the key.
    pub state: KeyState,
    /// The time at which the key was made.
    pub created_at: SystemTime,
    /// The time from which the key signs or signed.
    pub signs_from: SystemTime,
}

/// The state of a key.
///
/// ```no_run
#[doc = include_str!("docs/admin.md")]
/// let keys = admin.keys().await?;
/// let signing = keys.iter().find(|key| key.state == KeyState::Signing);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyState {
    /// It is published, and will sign.
    Upcoming,
    /// It signs.
    Signing,
    /// It signs no more; URLs that it signed are still verified.
    Retired,
    /// URLs that it signed are refused.
    Revoked,
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upcoming => "upcoming",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        })
    }
}

/// The reason that a command of the operator was not carried out.
///
/// ```no_run
#[doc = include_str!("docs/admin.md")]
/// match admin.revoke_key("an id").await {
///     Err(AdminError::UnknownKey) => println!("there is no such key"),
///     other => println!("{:?}", other?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[source] DatabaseError),
    /// There is no such key, or it was revoked before.
    #[error("there is no key with this id that could be revoked: `authsig key list` shows them")]
    UnknownKey,
    /// The keys, or what else is encrypted, can't be used.
    #[error("{0}")]
    Unusable(String),
    /// Another instance added a key at the same moment.
    #[error("a key was added at the same moment: try again")]
    Conflict,
    /// PostgreSQL is backed up by its own tools.
    #[error("this database is PostgreSQL: back it up by `pg_dump`")]
    NotSqlite,
    /// The path can't be written in UTF-8.
    #[error("the path must be UTF-8")]
    InvalidPath,
}

impl From<StoreError> for AdminError {
    fn from(StoreError(error): StoreError) -> Self {
        Self::Database(DatabaseError(error))
    }
}

impl From<KeyError> for AdminError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            error => Self::Unusable(error.to_string()),
        }
    }
}

impl From<ResealError> for AdminError {
    fn from(error: ResealError) -> Self {
        match error {
            ResealError::Store(error) => error.into(),
            error => Self::Unusable(error.to_string()),
        }
    }
}

impl Admin {
    /// Opens the database, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// A [`StartError`], as for [`AuthSig::start`](crate::AuthSig::start).
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// let admin = Admin::open(&config).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let (store, house) = crate::open(config).await?;
        let passwords = Passwords::start().map_err(StartError::Threads)?;
        Ok(Self { store, house, passwords, clock: config.clock.clone() })
    }

    /// Creates an account.
    ///
    /// # Errors
    ///
    /// An [`AccountError`] if the login or the password can't be used, or the login is taken.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// admin.add_account("user_1", "a password of the person").await?;
    /// let taken = admin.add_account("user_1", "another password").await;
    /// assert!(matches!(taken, Err(AccountError::Taken)));
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZS1zYWx0LTE2Yg$ZGlnZXN0LW9mLTMyLWJ5dGVzLWZvci1leGFtcGxlcw";
    /// admin.import_account("user_1", hash).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn import_account(&self, login: &str, hash: &str) -> Result<(), AccountError> {
        let login = fold_login(login).ok_or(AccountError::InvalidLogin)?;
        if !is_hash(hash) {
            return Err(AccountError::InvalidHash);
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
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// admin.set_password("user_1", "a new password").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_password(&self, login: &str, password: &str) -> Result<(), AccountError> {
        accounts::set_password(&self.store, &self.passwords, login, password).await
    }

    /// Ends all sessions of an account, and returns how many there were.
    ///
    /// # Errors
    ///
    /// An [`AccountError`] if the login can't be one, or the database failed.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// println!("{} sessions ended", admin.end_sessions("user_1").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn end_sessions(&self, login: &str) -> Result<u64, AccountError> {
        let login = fold_login(login).ok_or(AccountError::InvalidLogin)?;
        Ok(self.store.end_sessions(accounts::PASSWORD, &login, None).await?)
    }

    /// Deletes an account. Nobody else ever gets its login.
    ///
    /// # Errors
    ///
    /// An [`AccountError`] if there is no such account.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// admin.delete_account("user_1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_account(&self, login: &str) -> Result<(), AccountError> {
        let login = fold_login(login).ok_or(AccountError::InvalidLogin)?;
        if self.store.delete_account(&login, self.clock.seconds()).await? {
            Ok(())
        } else {
            Err(AccountError::Unknown)
        }
    }

    /// Returns all keys, the oldest first.
    ///
    /// # Errors
    ///
    /// An [`AdminError`] if the database failed.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// let published = admin.keys().await?.into_iter().filter(|key| key.state != KeyState::Revoked);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, AdminError> {
        let keys = self.store.signing_keys().await?;
        let now = self.clock.seconds();
        let signing = keys::signing_or_next(&keys, now).map(|key| key.ordinal);
        let info = keys.iter().map(|key| KeyInfo {
            id: key.id.clone(),
            state: if key.revoked_at.is_some() {
                KeyState::Revoked
            } else if Some(key.ordinal) == signing {
                KeyState::Signing
            } else if key.signs_from > now {
                KeyState::Upcoming
            } else {
                KeyState::Retired
            },
            created_at: time(key.created_at),
            signs_from: time(key.signs_from),
        });
        Ok(info.collect())
    }

    /// Adds a key, which is published now and signs in 6 minutes. The one before is verified until it is revoked.
    ///
    /// # Errors
    ///
    /// An [`AdminError`] if the database failed.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// let key = admin.rotate_key().await?;
    /// assert_eq!(key.state, KeyState::Upcoming);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rotate_key(&self) -> Result<KeyInfo, AdminError> {
        self.add_key(PUBLISH_BEFORE).await
    }

    /// Revokes a key: within a minute no instance verifies what it signed, and within 300 seconds nobody who fetches the
    /// keys. If no other key signs then, one is added that signs at once.
    ///
    /// # Errors
    ///
    /// An [`AdminError`] if there is no such key, or the database failed.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// if let Some(new) = admin.revoke_key("the id of a key").await? {
    ///     println!("{} signs now", new.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn revoke_key(&self, id: &str) -> Result<Option<KeyInfo>, AdminError> {
        let now = self.clock.seconds();
        let mut keys = self.store.signing_keys().await?;
        if !keys.iter().any(|key| key.id == id && key.revoked_at.is_none()) {
            return Err(AdminError::UnknownKey);
        }
        keys.retain(|key| key.id != id);
        // It is added before the other is revoked: instances that find no key go on with those that they had.
        let added = match keys::signing(&keys, now) {
            Some(_) => None,
            None => Some(self.add_key(0).await?),
        };
        if !self.store.revoke_signing_key(id, now).await? {
            return Err(AdminError::UnknownKey);
        }
        Ok(added)
    }

    async fn add_key(&self, delay: i64) -> Result<KeyInfo, AdminError> {
        let keys = self.store.signing_keys().await?;
        let ordinal = keys.last().map_or(1, |key| key.ordinal + 1);
        let now = self.clock.seconds();
        if !keys::add_key(&self.store, &self.house, ordinal, now, now + delay).await? {
            return Err(AdminError::Conflict);
        }
        self.keys().await?.pop().ok_or(AdminError::Conflict)
    }

    /// Encrypts the database with a new house secret. Stop all instances first, and start them with the new one.
    ///
    /// # Errors
    ///
    /// An [`AdminError`] if the database failed; then it is as it was.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// let new = HouseSecret::new(std::env::var("AUTHSIG_NEW_HOUSE_SECRET")?)?;
    /// admin.rekey(&new).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rekey(&self, secret: &HouseSecret) -> Result<(), AdminError> {
        let new = House::new(secret).map_err(|error| AdminError::Unusable(error.to_string()))?;
        Ok(self.store.reseal(&self.house, &new).await?)
    }

    /// Writes a copy of a SQLite database to a new file, while the server runs. The copy can be used only with the house secret.
    ///
    /// # Errors
    ///
    /// An [`AdminError`] if the file exists or can't be written, or the database is PostgreSQL.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// admin.backup("/var/backups/authsig.db").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn backup(&self, path: impl AsRef<Path>) -> Result<(), AdminError> {
        let path = path.as_ref().to_str().ok_or(AdminError::InvalidPath)?;
        if self.store.backup(path).await? { Ok(()) } else { Err(AdminError::NotSqlite) }
    }

    /// Returns the time of the database's clock, if it has one of its own.
    ///
    /// # Errors
    ///
    /// An [`AdminError`] if the database failed.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// if let Some(time) = admin.database_time().await? {
    ///     println!("the database says that it is {time:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn database_time(&self) -> Result<Option<SystemTime>, AdminError> {
        Ok(self.store.database_time().await?.map(|millis| time(millis / 1000)))
    }

    /// Checks that all private keys can be decrypted.
    ///
    /// # Errors
    ///
    /// An [`AdminError`] that names the first key that can't.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// admin.check_keys().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check_keys(&self) -> Result<(), AdminError> {
        for key in self.store.signing_keys().await? {
            if key.private_key.is_some() {
                keys::open_key(&key, &self.house)?;
            }
        }
        Ok(())
    }

    /// Returns how many notifications wait for delivery.
    ///
    /// # Errors
    ///
    /// An [`AdminError`] if the database failed.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// println!("{} notifications wait", admin.waiting_notifications().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn waiting_notifications(&self) -> Result<u64, AdminError> {
        Ok(self.store.waiting_notifications().await?.try_into().unwrap_or(0))
    }

    /// Closes the database.
    ///
    /// ```no_run
    #[doc = include_str!("docs/admin.md")]
    /// admin.close().await;
    /// # Ok(())
    /// # }
    /// ```
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

fn time(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
