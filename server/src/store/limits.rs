//! Limits, by the generic cell rate algorithm (GCRA), counted for all instances together.

use super::{Store, StoreError, on_db, transaction};

/// A number of uses in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) count: i64,
    pub(crate) per_seconds: i64,
}

impl Limit {
    /// Milliseconds for which one use counts. Of none, all that comes at once would be refused.
    fn interval(self) -> i64 {
        (self.per_seconds * 1000 / self.count.max(1)).max(1)
    }

    /// Milliseconds that may be used ahead of time.
    fn burst(self) -> i64 {
        self.interval() * (self.count - 1)
    }
}

impl Store {
    /// Counts one use of each limit, or none. Returns the milliseconds to wait if one of them is used up, and then writes
    /// nothing.
    pub(crate) async fn use_limits(
        &self,
        limits: &[(String, Limit)],
        now_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "INSERT INTO limits (name, full_at) VALUES ($1, $2 + $3) \
                           ON CONFLICT (name) DO UPDATE \
                           SET full_at = CASE WHEN limits.full_at > $2 THEN limits.full_at ELSE $2 END + $3 \
                           WHERE limits.full_at <= $2 + $4";
        const FULL_AT: &str = "SELECT full_at FROM limits WHERE name = $1";
        Ok(transaction!(self, tx => {
            for (name, limit) in limits {
                let (interval, burst) = (limit.interval(), limit.burst());
                let upsert = sqlx::query(SQL).bind(name).bind(now_ms).bind(interval).bind(burst);
                if upsert.execute(&mut *tx).await?.rows_affected() == 0 {
                    let full_at: Option<i64> =
                        sqlx::query_scalar(FULL_AT).bind(name).fetch_optional(&mut *tx).await?;
                    // Returning rolls back.
                    let wait = full_at.map_or(0, |full_at| full_at - now_ms - burst);
                    return Ok(Some(wait.max(0)));
                }
            }
            None
        }))
    }

    /// Takes back one use of each limit.
    pub(crate) async fn release_limits(
        &self,
        limits: &[(String, Limit)],
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE limits SET full_at = full_at - $2 WHERE name = $1";
        transaction!(self, tx => {
            for (name, limit) in limits {
                let update = sqlx::query(SQL).bind(name).bind(limit.interval());
                update.execute(&mut *tx).await?;
            }
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
