//! A database of each test: on SQLite, or, where `AUTHSIG_TEST_POSTGRES` says so, on PostgreSQL.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Executor as _, Row as _};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database, deleted at the end.
pub(crate) enum Database {
    Sqlite { folder: PathBuf },
    Postgres { admin: String, url: String, name: String },
}

/// A connection of the test's own, past the server.
enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    pub(crate) async fn create() -> Self {
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("authsig_test_{}_{count}", process::id());
        let Ok(admin) = env::var("AUTHSIG_TEST_POSTGRES") else {
            let folder = env::temp_dir().join(name);
            fs::create_dir(&folder).unwrap();
            return Self::Sqlite { folder };
        };
        let mut url = url::Url::parse(&admin).unwrap();
        url.set_path(&name);
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        connection.execute(&*format!("CREATE DATABASE {name}")).await.unwrap();
        Self::Postgres { admin, url: url.into(), name }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite { .. } => format!("sqlite:{}", self.file().unwrap().display()),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    /// Returns the file of a SQLite database.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite { folder } => Some(folder.join("authsig.db")),
            Self::Postgres { .. } => None,
        }
    }

    async fn connect(&self) -> Connection {
        match self {
            Self::Sqlite { .. } => {
                Connection::Sqlite(SqliteConnection::connect(&self.url()).await.unwrap())
            }
            Self::Postgres { url, .. } => {
                Connection::Postgres(PgConnection::connect(url).await.unwrap())
            }
        }
    }

    /// Runs a statement past the server.
    pub(crate) async fn execute(&self, sql: &str) {
        match self.connect().await {
            Connection::Sqlite(mut db) => drop(db.execute(sql).await.unwrap()),
            Connection::Postgres(mut db) => drop(db.execute(sql).await.unwrap()),
        }
    }

    /// Returns the number that a query gives.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        match self.connect().await {
            Connection::Sqlite(mut db) => db.fetch_one(sql).await.unwrap().get(0),
            Connection::Postgres(mut db) => db.fetch_one(sql).await.unwrap().get(0),
        }
    }

    /// Waits until a query gives this number.
    pub(crate) async fn until(&self, sql: &str, number: i64) {
        let started = std::time::Instant::now();
        loop {
            let found = self.number(sql).await;
            if found == number {
                return;
            }
            assert!(started.elapsed().as_secs() < 60, "{sql} gives {found}, not {number}");
        }
    }

    /// Lets nobody else write until the guard is dropped.
    pub(crate) async fn lock(&self) -> Lock {
        let mut connection = self.connect().await;
        match &mut connection {
            Connection::Sqlite(db) => drop(db.execute("BEGIN IMMEDIATE").await.unwrap()),
            Connection::Postgres(db) => {
                db.execute("BEGIN").await.unwrap();
                db.execute("LOCK TABLE accounts, credentials, sessions, defaults, outbox, limits IN EXCLUSIVE MODE")
                    .await
                    .unwrap();
            }
        }
        Lock { _connection: connection }
    }

    /// Returns whether a text stands anywhere in what is stored.
    pub(crate) async fn contains(&self, text: &str) -> bool {
        self.bytes().await.windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// Returns all that is stored: the files, or the values of all rows.
    async fn bytes(&self) -> Vec<u8> {
        match self.connect().await {
            Connection::Sqlite(_) => files(self.file().unwrap().parent().unwrap()),
            Connection::Postgres(mut db) => {
                const TABLES: &str =
                    "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
                let mut bytes = Vec::new();
                for table in db.fetch_all(TABLES).await.unwrap() {
                    let sql = format!("SELECT t::text FROM {} t", table.get::<String, _>(0));
                    for row in db.fetch_all(&*sql).await.unwrap() {
                        bytes.extend(decoded(&row.get::<String, _>(0)));
                    }
                }
                bytes
            }
        }
    }
}

/// Holds a transaction open.
pub(crate) struct Lock {
    _connection: Connection,
}

fn files(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.flat_map(|file| fs::read(file).unwrap_or_default()).collect()
}

/// Adds what byte strings say to the text of a row of PostgreSQL, which has them in hexadecimal.
fn decoded(row: &str) -> Vec<u8> {
    let mut bytes = row.as_bytes().to_vec();
    for hex in row.split("\\\\x").skip(1) {
        let digits = hex.bytes().take_while(u8::is_ascii_hexdigit).collect::<Vec<_>>();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        bytes.extend(digits.chunks_exact(2).map(|pair| byte(pair).unwrap()));
    }
    bytes
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Self::Sqlite { folder } => drop(fs::remove_dir_all(folder)),
            Self::Postgres { admin, name, .. } => {
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let admin = admin.clone();
                let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
                // A test's own runtime can't wait here.
                let work = std::thread::spawn(move || {
                    runtime().unwrap().block_on(async {
                        let mut connection = PgConnection::connect(&admin).await?;
                        connection.execute(&*sql).await
                    })
                });
                let _ = work.join();
            }
        }
    }
}
