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
}
