//! Encrypting everything again, under another house secret.

use super::{HOUSE_CHECK, Store, StoreError, long_transaction};
use crate::house::{House, OpenError, Purpose};

/// The database was not encrypted again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResealError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<sqlx::Error> for ResealError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The columns that are encrypted: what selects them and what updates them.
const COLUMNS: [(Purpose, &str, &str); 3] = [
    (
        Purpose::SigningKey,
        "SELECT id, private_key FROM signing_keys WHERE private_key IS NOT NULL",
        "UPDATE signing_keys SET private_key = $2 WHERE id = $1",
    ),
    (
        Purpose::Default,
        "SELECT slug, params FROM defaults WHERE params IS NOT NULL",
        "UPDATE defaults SET params = $2 WHERE slug = $1",
    ),
    (
        Purpose::Notification,
        "SELECT id, notification FROM outbox WHERE notification IS NOT NULL",
        "UPDATE outbox SET notification = $2 WHERE id = $1",
    ),
];

impl Store {
    /// Encrypts everything under the new secret, all or nothing. No instance may be running.
    pub(crate) async fn reseal(&self, old: &House, new: &House) -> Result<(), ResealError> {
        const CHECK: &str = "UPDATE meta SET value = $1 WHERE name = $2";
        long_transaction!(self, tx => {
            for (purpose, select, update) in COLUMNS {
                let rows: Vec<(String, Vec<u8>)> =
                    sqlx::query_as(select).fetch_all(&mut *tx).await?;
                for (id, sealed) in rows {
                    let sealed = new.seal(purpose, &id, &old.open(purpose, &id, &sealed)?)?;
                    sqlx::query(update).bind(id).bind(sealed).execute(&mut *tx).await?;
                }
            }
            sqlx::query(CHECK).bind(new.seal_check()?).bind(HOUSE_CHECK).execute(&mut *tx).await?;
        });
        Ok(())
    }
}
