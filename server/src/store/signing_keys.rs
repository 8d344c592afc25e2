//! The keys that sign, and those that did.

use super::{Store, StoreError, on_db};

/// A row of the table of keys.
#[derive(Clone)]
pub(crate) struct StoredKey {
    /// 1 for the first key.
    pub(crate) ordinal: i64,
    pub(crate) id: String,
    pub(crate) public_jwks: String,
    /// Encrypted.
    pub(crate) private_key: Option<Vec<u8>>,
    pub(crate) created_at: i64,
    /// It is published before it signs.
    pub(crate) signs_from: i64,
    pub(crate) revoked_at: Option<i64>,
}

type Row = (i64, String, String, Option<Vec<u8>>, i64, i64, Option<i64>);

impl Store {
    /// Returns all keys, the oldest first.
    pub(crate) async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        const SQL: &str = "SELECT ordinal, id, public_jwks, private_key, created_at, signs_from, revoked_at \
                           FROM signing_keys ORDER BY ordinal";
        let rows: Vec<Row> = on_db!(self.writer(), db => sqlx::query_as(SQL).fetch_all(db).await?);
        let key = |(ordinal, id, public_jwks, private_key, created_at, signs_from, revoked_at)| {
            StoredKey { ordinal, id, public_jwks, private_key, created_at, signs_from, revoked_at }
        };
        Ok(rows.into_iter().map(key).collect())
    }

    /// Adds a key. Returns `false` if another instance added one with this ordinal.
    pub(crate) async fn add_signing_key(&self, key: &StoredKey) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO signing_keys (ordinal, id, public_jwks, private_key, created_at, signs_from) \
                           VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        Ok(on_db!(self.writer(), db => {
            let insert = sqlx::query(SQL).bind(key.ordinal).bind(&key.id).bind(&key.public_jwks);
            let insert = insert.bind(&key.private_key).bind(key.created_at).bind(key.signs_from);
            insert.execute(db).await?.rows_affected() == 1
        }))
    }

    /// Revokes a key for ever, and deletes its private part. Returns `false` if there is none with this id, or it was revoked.
    pub(crate) async fn revoke_signing_key(&self, id: &str, now: i64) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE signing_keys SET revoked_at = $2, private_key = NULL \
                           WHERE id = $1 AND revoked_at IS NULL";
        Ok(on_db!(self.writer(), db => {
            sqlx::query(SQL).bind(id).bind(now).execute(db).await?.rows_affected() == 1
        }))
    }

    /// Deletes the private part of keys that sign no more: those before this one.
    pub(crate) async fn retire_keys_before(&self, ordinal: i64) -> Result<u64, StoreError> {
        const SQL: &str = "UPDATE signing_keys SET private_key = NULL \
                           WHERE ordinal < $1 AND private_key IS NOT NULL";
        Ok(on_db!(self.writer(), db => {
            sqlx::query(SQL).bind(ordinal).execute(db).await?.rows_affected()
        }))
    }
}
