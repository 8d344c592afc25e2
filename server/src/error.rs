//! The error of a server that does not start.

use civic_sip::authsig::ConfigError;

use crate::keys::KeyError;
use crate::store::{MigrateError, StoreError};

/// The reason why a server does not start.
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
    Database(#[source] sqlx::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// The system gives no threads to hash passwords on.
    #[error("the system gives no threads: {0}")]
    Threads(#[source] std::io::Error),
    /// The keys in the database can't be used.
    #[error("{0}")]
    Keys(String),
}

impl From<StoreError> for StartError {
    fn from(StoreError(error): StoreError) -> Self {
        Self::Database(error)
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
