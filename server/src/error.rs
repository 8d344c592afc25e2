//! Errors of the start, and of the database.

use civic_sip::authsig::ConfigError;

use crate::keys::KeyError;
use crate::store::{MigrateError, StoreError};

/// The failure of the database, for the log.
///
/// ```no_run
#[doc = include_str!("docs/admin.md")]
/// if let Err(AdminError::Database(error)) = admin.keys().await {
///     eprintln!("the database failed: {error}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DatabaseError(pub(crate) sqlx::Error);

/// The reason that a server does not start.
///
/// ```no_run
#[doc = include_str!("docs/admin.md")]
/// match AuthSig::start(config).await {
///     Err(StartError::WrongSecret) => eprintln!("this is the database of another server"),
///     other => drop(other?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration can't work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The public URL, or another part of the configuration, can't be used.
    #[error("{0}")]
    Setting(&'static str),
    /// The house secret is not the one under which the database was encrypted.
    #[error(
        "the house secret does not match this database: give the secret that it was first started with, \
         or another database"
    )]
    WrongSecret,
    /// The database was used by a newer version.
    #[error("{0}")]
    NewerSchema(String),
    /// The database can't be opened.
    #[error("the database can't be used ({0}): is it running, and is its URL right?")]
    Database(#[source] DatabaseError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
    /// The system gives no threads to hash passwords on.
    #[error("the system gives no threads: {0}")]
    Threads(#[source] std::io::Error),
    /// The keys in the database can't be used.
    #[error("{0}")]
    Keys(String),
}

impl From<StoreError> for StartError {
    fn from(StoreError(error): StoreError) -> Self {
        Self::Database(DatabaseError(error))
    }
}

impl From<MigrateError> for StartError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Store(error) => error.into(),
            newer @ MigrateError::Newer { .. } => Self::NewerSchema(newer.to_string()),
        }
    }
}

impl From<KeyError> for StartError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            KeyError::Config(error) => error.into(),
            error => Self::Keys(error.to_string()),
        }
    }
}
