//! The database: SQLite or PostgreSQL, behind one type.
//!
//! All SQL is in this folder. A statement is written once if both databases understand it (`$1` is a placeholder in both);
//! [`on_db`] and [`transaction`] run it on the configured database. CONTRIBUTING.md says how to add a database.

mod accounts;
mod backup;
mod defaults;
mod limits;
mod migrate;
mod outbox;
mod reseal;
mod sessions;
mod signing_keys;
mod time;

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::time::timeout;

pub(crate) use accounts::{Account, NewSession};
pub(crate) use limits::Limit;
pub(crate) use migrate::MigrateError;
pub(crate) use outbox::{Claimed, OutboxLimits};
pub(crate) use reseal::ResealError;
pub(crate) use sessions::{Session, SessionId};
pub(crate) use signing_keys::StoredKey;

/// The row of `meta` by which a database recognises its house secret.
pub(crate) const HOUSE_CHECK: &str = "house_check";

/// The longest that a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest that a connection may take to answer a ping. It leaves time to open another one.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest that a statement or transaction takes, the wait for a connection included. A database that went away without
/// a word would be waited for until TCP gives up, which it may never do.
const MAX_TIME: Duration = Duration::from_secs(5);

/// Runs a statement on the pool of the configured database, for [`MAX_TIME`] at most.
macro_rules! on_db {
    ($pool:expr, $db:ident => $body:expr) => {
        $crate::store::bounded(async {
            Ok(match $pool {
                $crate::store::Pool::Sqlite($db) => $body,
                $crate::store::Pool::Postgres($db) => $body,
            })
        })
        .await?
    };
}

/// Runs statements in a write transaction, for [`MAX_TIME`] at most; an error rolls it back.
macro_rules! transaction {
    ($store:expr, $tx:ident => $body:expr) => {
        $crate::store::bounded(async {
            Ok($crate::store::long_transaction!($store, $tx => $body))
        })
        .await?
    };
}

/// Runs statements in a write transaction without a time limit.
macro_rules! long_transaction {
    ($store:expr, $tx:ident => $body:expr) => {
        match $store.writer() {
            $crate::store::Pool::Sqlite(db) => {
                // Takes the lock at once: a transaction that reads first and writes later fails instead of waiting.
                let mut $tx = db.begin_with("BEGIN IMMEDIATE").await?;
                let value = $body;
                $tx.commit().await?;
                value
            }
            $crate::store::Pool::Postgres(db) => {
                let mut $tx = db.begin().await?;
                let value = $body;
                $tx.commit().await?;
                value
            }
        }
    };
}

use {long_transaction, on_db, transaction};

async fn bounded<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match timeout(MAX_TIME, work).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(ErrorKind::TimedOut.into()).into()),
    }
}

/// Pings a connection. After an error the pool closes it and opens another one.
async fn answers(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let answer = timeout(PING_TIMEOUT, connection.ping()).await;
    answer.map_err(|_| sqlx::Error::Io(ErrorKind::TimedOut.into()))?.map(|()| true)
}

/// Creates an empty file, unless there is one, that other users of this machine can't read: it will have hashes of passwords.
/// SQLite gives its other files the same permissions. If the file can't be created, SQLite will say so.
fn create_private(path: &Path) {
    let text = path.to_string_lossy();
    // In memory.
    if text.starts_with("file:") || text == ":memory:" {
        return;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

/// Connections to one database.
#[derive(Clone, Debug)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// The database can't be used now.
#[derive(Debug, thiserror::Error)]
#[error("the database failed: {0}")]
pub(crate) struct StoreError(#[from] pub(crate) sqlx::Error);

/// The database of the server, with one method for each query.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// One connection to SQLite, which has one writer at a time.
    writer: Pool,
    readers: Pool,
}

impl Store {
    /// Connects to `sqlite:path`, `postgres://…` or `postgresql://…`, and creates a SQLite file that does not exist.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::open_postgres(url.parse()?).await
        } else if url.starts_with("sqlite:") {
            Self::open_sqlite(url.parse()?).await
        } else {
            const FORM: &str = "the URL of the database must begin with `sqlite:` or `postgres:`";
            Err(sqlx::Error::Configuration(FORM.into()).into())
        }
    }

    async fn open_sqlite(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        create_private(options.get_filename());
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was answered survives a loss of power.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Other processes write, too: the command line, while the server runs.
            .busy_timeout(ACQUIRE_TIMEOUT);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(4).connect_lazy_with(options.read_only(true));
        Ok(Self { writer: Pool::Sqlite(writer), readers: Pool::Sqlite(readers) })
    }

    async fn open_postgres(options: PgConnectOptions) -> Result<Self, StoreError> {
        // What is not waited for any longer ends at the database, too.
        let options = options.options([("lock_timeout", "2s"), ("statement_timeout", "5s")]);
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(answers(connection)))
            // The pool waits for a connection that comes back until it answers: one that never does would be lost to it.
            .after_release(|connection, _| Box::pin(answers(connection)))
            .connect_with(options)
            .await?;
        Ok(Self { writer: Pool::Postgres(pool.clone()), readers: Pool::Postgres(pool) })
    }

    fn writer(&self) -> &Pool {
        &self.writer
    }

    fn readers(&self) -> &Pool {
        &self.readers
    }

    /// Pings the database.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        on_db!(self.readers(), db => sqlx::query("SELECT 1").execute(db).await.map(drop))?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        for pool in [&self.readers, &self.writer] {
            match pool {
                Pool::Sqlite(db) => db.close().await,
                Pool::Postgres(db) => db.close().await,
            }
        }
    }

    pub(crate) async fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT value FROM meta WHERE name = $1";
        let value = on_db!(self.writer(), db => {
            sqlx::query_scalar(SQL).bind(name).fetch_optional(db).await?
        });
        Ok(value)
    }

    /// Stores a value unless there is one, and returns the one that is stored then.
    pub(crate) async fn meta_or_insert(
        &self,
        name: &str,
        value: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        const SQL: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        on_db!(self.writer(), db => sqlx::query(SQL).bind(name).bind(value).execute(db).await.map(drop))?;
        Ok(self.meta(name).await?.unwrap_or_default())
    }
}
