//! A copy of a SQLite database, while it is in use.

use std::path::Path;

use super::{Pool, Store, StoreError, create_private};

impl Store {
    /// Writes a copy to a new file. Returns `false` for PostgreSQL, which has tools of its own.
    pub(crate) async fn backup(&self, path: &str) -> Result<bool, StoreError> {
        let Pool::Sqlite(db) = self.readers() else { return Ok(false) };
        // SQLite writes into a file that is empty, and keeps its permissions.
        create_private(Path::new(path));
        sqlx::query("VACUUM INTO $1").bind(path).execute(db).await?;
        Ok(true)
    }

    /// Returns the time of the database's own clock, in seconds. `None` for SQLite, which has none.
    pub(crate) async fn database_time(&self) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT EXTRACT(EPOCH FROM clock_timestamp())::BIGINT";
        let Pool::Postgres(db) = self.readers() else { return Ok(None) };
        Ok(Some(sqlx::query_scalar(SQL).fetch_one(db).await?))
    }
}
