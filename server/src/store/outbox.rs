//! The outbox: notifications that are still to be delivered.

use super::{Pool, Store, StoreError, on_db};

/// The number of notifications that may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxLimits {
    pub(crate) in_all: i64,
    pub(crate) per_person: i64,
}

/// A notification that this instance delivers now.
pub(crate) struct Claimed {
    pub(crate) id: String,
    /// Encrypted.
    pub(crate) notification: Vec<u8>,
    pub(crate) created_at: i64,
    /// This one included.
    pub(crate) attempts: i64,
}

impl Store {
    /// Adds a notification. Returns `false` if as many wait as may, in all or of this person.
    pub(crate) async fn add_notification(
        &self,
        id: &str,
        sealed: &[u8],
        person: &str,
        now: i64,
        max: OutboxLimits,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO outbox \
                               (id, notification, created_at, attempts, next_attempt_at, leased_until, person) \
                           SELECT $1, $2, $3, 0, $3, 0, $4 \
                           WHERE (SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL) < $5 \
                           AND (SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL AND person = $4) < $6";
        Ok(on_db!(self.writer(), db => {
            let insert = sqlx::query(SQL).bind(id).bind(sealed).bind(now).bind(person);
            let insert = insert.bind(max.in_all).bind(max.per_person);
            insert.execute(db).await?.rows_affected() == 1
        }))
    }

    /// Claims notifications that are due, the first attempts first, until `leased_until`: then another instance may take them.
    pub(crate) async fn claim_notifications(
        &self,
        now: i64,
        leased_until: i64,
        limit: i64,
    ) -> Result<Vec<Claimed>, StoreError> {
        const SQLITE: &str = "UPDATE outbox SET leased_until = $2, attempts = attempts + 1 WHERE id IN ( \
                                  SELECT id FROM outbox \
                                  WHERE finished_at IS NULL AND next_attempt_at <= $1 AND leased_until <= $1 \
                                  ORDER BY attempts, next_attempt_at LIMIT $3) \
                              RETURNING id, notification, created_at, attempts";
        // An array, since a subquery in a join may run several times, and claim that many times the limit.
        const POSTGRES: &str = "UPDATE outbox SET leased_until = $2, attempts = attempts + 1 WHERE id = ANY (ARRAY( \
                                    SELECT id FROM outbox \
                                    WHERE finished_at IS NULL AND next_attempt_at <= $1 AND leased_until <= $1 \
                                    ORDER BY attempts, next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)) \
                                RETURNING id, notification, created_at, attempts";
        let sql = if matches!(self.writer(), Pool::Sqlite(_)) { SQLITE } else { POSTGRES };
        let rows: Vec<(String, Vec<u8>, i64, i64)> = on_db!(self.writer(), db => {
            sqlx::query_as(sql).bind(now).bind(leased_until).bind(limit).fetch_all(db).await?
        });
        let claimed = |(id, notification, created_at, attempts)| Claimed {
            id,
            notification,
            created_at,
            attempts,
        };
        Ok(rows.into_iter().map(claimed).collect())
    }

    /// Puts a notification back. Has no effect if another instance claimed it meanwhile.
    pub(crate) async fn retry_notification(
        &self,
        claimed: &Claimed,
        next_attempt_at: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET leased_until = 0, next_attempt_at = $3 \
                           WHERE id = $1 AND attempts = $2 AND finished_at IS NULL";
        on_db!(self.writer(), db => {
            let update = sqlx::query(SQL).bind(&claimed.id).bind(claimed.attempts);
            update.bind(next_attempt_at).execute(db).await?;
        });
        Ok(())
    }

    /// Ends a notification, and deletes what it said.
    pub(crate) async fn finish_notification(
        &self,
        claimed: &Claimed,
        outcome: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET notification = NULL, finished_at = $2, outcome = $3 \
                           WHERE id = $1 AND finished_at IS NULL";
        on_db!(self.writer(), db => {
            sqlx::query(SQL).bind(&claimed.id).bind(now).bind(outcome).execute(db).await?;
        });
        Ok(())
    }

    /// Returns how many notifications are waiting.
    pub(crate) async fn waiting_notifications(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL";
        Ok(on_db!(self.readers(), db => sqlx::query_scalar(SQL).fetch_one(db).await?))
    }

    /// Deletes the rows of notifications that ended before a time.
    pub(crate) async fn delete_finished_notifications(
        &self,
        before: i64,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM outbox WHERE finished_at < $1";
        Ok(on_db!(self.writer(), db => {
            sqlx::query(SQL).bind(before).execute(db).await?.rows_affected()
        }))
    }
}
