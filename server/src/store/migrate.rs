//! Migrations. They only add, so that the version before goes on working beside a newer one.

use sqlx::Executor as _;

use super::{Pool, Store, StoreError, long_transaction, on_db};

/// The SQL of each version, for SQLite and PostgreSQL.
const MIGRATIONS: [(&str, &str); 1] = [(
    include_str!("../../migrations/sqlite/0001.sql"),
    include_str!("../../migrations/postgres/0001.sql"),
)];

/// Separates our lock from those of other programs in the same PostgreSQL: "authsig" in ASCII.
const LOCK: i64 = 0x61_7574_6873_6967;

/// Other instances are waited for, and a migration may take longer than a statement of a request.
const PATIENCE: &str = "SET LOCAL client_min_messages = 'warning'; SET LOCAL lock_timeout = '1min'; SET LOCAL statement_timeout = '10min'";

const CREATE_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS authsig_migrations (version BIGINT PRIMARY KEY)";

/// The database was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the database has version {found} of the schema and this program knows {known}: it was used by a newer \
         authsig-server, start that one"
    )]
    Newer { found: i64, known: usize },
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Brings the schema up to date, all or nothing. Several instances may do so at once.
    pub(crate) async fn migrate(&self) -> Result<(), MigrateError> {
        let is_postgres = matches!(self.writer(), Pool::Postgres(_));
        if let Ok(Some(version)) = self.schema_version().await
            && usize::try_from(version) == Ok(MIGRATIONS.len())
        {
            return Ok(());
        }
        long_transaction!(self, tx => {
            if is_postgres {
                tx.execute(sqlx::raw_sql(PATIENCE)).await?;
                // It ends with the transaction, and so with the connection: a killed instance leaves no lock behind.
                let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK);
                lock.execute(&mut *tx).await?;
            }
            sqlx::query(CREATE_TABLE).execute(&mut *tx).await?;
            let version: Option<i64> =
                sqlx::query_scalar("SELECT MAX(version) FROM authsig_migrations").fetch_one(&mut *tx).await?;
            let version = version.unwrap_or(0);
            let done = usize::try_from(version).unwrap_or(0);
            if done > MIGRATIONS.len() {
                return Err(MigrateError::Newer { found: version, known: MIGRATIONS.len() });
            }
            for (version, &(sqlite, postgres)) in (1_i64..).zip(&MIGRATIONS).skip(done) {
                // `RawSql::execute` would make the future that this is part of one that can't be spawned.
                tx.execute(sqlx::raw_sql(if is_postgres { postgres } else { sqlite })).await?;
                sqlx::query("INSERT INTO authsig_migrations (version) VALUES ($1)")
                    .bind(version)
                    .execute(&mut *tx)
                    .await?;
            }
        });
        Ok(())
    }

    /// Returns the version of the schema. An error may mean that there is none yet.
    pub(crate) async fn schema_version(&self) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT MAX(version) FROM authsig_migrations";
        Ok(on_db!(self.writer(), db => sqlx::query_scalar(SQL).fetch_one(db).await?))
    }
}
