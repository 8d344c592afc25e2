//! The time that all instances agree on.

use super::{Pool, Store, StoreError, bounded};
use crate::clock::Clock;

impl Store {
    /// Returns the time of the database's own clock, in milliseconds. `None` for SQLite, which has none.
    pub(crate) async fn database_time(&self) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";
        let Pool::Postgres(db) = self.readers() else { return Ok(None) };
        Ok(Some(bounded(async { Ok(sqlx::query_scalar(SQL).fetch_one(db).await?) }).await?))
    }

    /// Returns the time by which instances wait for each other, in milliseconds: limits and leases. It is that of the
    /// database, since the clocks of machines differ.
    pub(crate) async fn shared_millis(&self, clock: &Clock) -> Result<i64, StoreError> {
        let time = if clock.is_system() { self.database_time().await? } else { None };
        Ok(time.unwrap_or_else(|| clock.millis()))
    }

    /// Returns the same time in seconds.
    pub(crate) async fn shared_seconds(&self, clock: &Clock) -> Result<i64, StoreError> {
        Ok(self.shared_millis(clock).await? / 1000)
    }
}
