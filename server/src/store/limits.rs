//! Limits, by the generic cell rate algorithm (GCRA), counted for all instances together.

use super::{Store, StoreError, on_db};

/// How many within which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) count: i64,
    pub(crate) per_seconds: i64,
}

impl Limit {
    /// Milliseconds for which one use counts.
    fn interval(self) -> i64 {
        self.per_seconds * 1000 / self.count.max(1)
    }
}

impl Store {
    /// Counts one use. Returns the milliseconds to wait if there were too many, and then writes nothing.
    pub(crate) async fn use_limit(
        &self,
        name: &str,
        limit: Limit,
        now_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "INSERT INTO limits (name, full_at) VALUES ($1, $2 + $3) \
                           ON CONFLICT (name) DO UPDATE \
                           SET full_at = CASE WHEN limits.full_at > $2 THEN limits.full_at ELSE $2 END + $3 \
                           WHERE limits.full_at <= $2 + $4";
        let burst = limit.interval() * (limit.count - 1);
        let used = on_db!(self.writer(), db => {
            let upsert = sqlx::query(SQL).bind(name).bind(now_ms).bind(limit.interval()).bind(burst);
            upsert.execute(db).await?.rows_affected() == 1
        });
        if used {
            return Ok(None);
        }
        const FULL_AT: &str = "SELECT full_at FROM limits WHERE name = $1";
        let full_at: Option<i64> = on_db!(self.readers(), db => {
            sqlx::query_scalar(FULL_AT).bind(name).fetch_optional(db).await?
        });
        Ok(Some(full_at.map_or(0, |full_at| full_at - now_ms - burst).max(0)))
    }

    /// Takes one use back.
    pub(crate) async fn release_limit(&self, name: &str, limit: Limit) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE limits SET full_at = full_at - $2 WHERE name = $1";
        on_db!(self.writer(), db => {
            sqlx::query(SQL).bind(name).bind(limit.interval()).execute(db).await?;
        });
        Ok(())
    }

    /// Deletes the limits of which nothing is used.
    pub(crate) async fn delete_unused_limits(&self, now_ms: i64) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM limits WHERE full_at <= $1";
        Ok(on_db!(self.writer(), db => {
            sqlx::query(SQL).bind(now_ms).execute(db).await?.rows_affected()
        }))
    }
}
