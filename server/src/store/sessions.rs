//! Sessions. The table has the SHA-256 of the cookie's value, so that whoever reads the database can't log in.

use super::{Store, StoreError, on_db, transaction};

/// The SHA-256 of a cookie's value.
pub(crate) type SessionId = [u8; 32];

/// A session ends when it was not used for this long, in seconds.
const MAX_IDLE: i64 = 12 * 60 * 60;

/// A session ends this long after the log-in, in seconds.
const MAX_AGE: i64 = 30 * 24 * 60 * 60;

/// `seen_at` is written at most this often, in seconds, so that most requests write nothing.
const SEEN_EVERY: i64 = 5 * 60;

pub(super) const INSERT_SESSION: &str =
    "INSERT INTO sessions (id, service, login, created_at, seen_at) VALUES ($1, $2, $3, $4, $4)";

/// Leaves room for one more among the 100 that a person may have.
pub(super) const DELETE_OLDEST: &str = "DELETE FROM sessions WHERE service = $1 AND login = $2 AND id NOT IN ( \
                                            SELECT id FROM sessions WHERE service = $1 AND login = $2 \
                                            ORDER BY created_at DESC LIMIT 99)";

/// A session that goes on.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) service: String,
    pub(crate) login: String,
    pub(crate) created_at: i64,
    pub(crate) seen_at: i64,
}

impl Session {
    /// Returns whether its time has come.
    fn is_over(&self, now: i64) -> bool {
        now - self.seen_at >= MAX_IDLE || now - self.created_at >= MAX_AGE
    }
}

impl Store {
    /// Begins a session of a person without an account here.
    pub(crate) async fn create_session(
        &self,
        id: &SessionId,
        service: &str,
        login: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        transaction!(self, tx => {
            let delete = sqlx::query(DELETE_OLDEST).bind(service).bind(login);
            delete.execute(&mut *tx).await?;
            let insert = sqlx::query(INSERT_SESSION).bind(id.as_slice()).bind(service);
            insert.bind(login).bind(now).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Returns the session if it goes on, and notes that it was used.
    pub(crate) async fn session(
        &self,
        id: &SessionId,
        now: i64,
    ) -> Result<Option<Session>, StoreError> {
        const SQL: &str = "SELECT service, login, created_at, seen_at FROM sessions WHERE id = $1";
        let row: Option<(String, String, i64, i64)> = on_db!(self.readers(), db => {
            sqlx::query_as(SQL).bind(id.as_slice()).fetch_optional(db).await?
        });
        let Some((service, login, created_at, seen_at)) = row else { return Ok(None) };
        let session = Session { id: *id, service, login, created_at, seen_at };
        if session.is_over(now) {
            return Ok(None);
        }
        if now - seen_at >= SEEN_EVERY {
            const SEEN: &str = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
            on_db!(self.writer(), db => {
                sqlx::query(SEEN).bind(id.as_slice()).bind(now).execute(db).await?;
            });
        }
        Ok(Some(session))
    }

    /// Returns the sessions of a person that go on, the newest first.
    pub(crate) async fn sessions(
        &self,
        service: &str,
        login: &str,
        now: i64,
    ) -> Result<Vec<Session>, StoreError> {
        const SQL: &str = "SELECT id, created_at, seen_at FROM sessions WHERE service = $1 AND login = $2 \
                           ORDER BY created_at DESC LIMIT 100";
        let rows: Vec<(Vec<u8>, i64, i64)> = on_db!(self.readers(), db => {
            sqlx::query_as(SQL).bind(service).bind(login).fetch_all(db).await?
        });
        let session = |(id, created_at, seen_at): (Vec<u8>, _, _)| Session {
            id: id.try_into().unwrap_or_default(),
            service: service.to_owned(),
            login: login.to_owned(),
            created_at,
            seen_at,
        };
        Ok(rows.into_iter().map(session).filter(|session| !session.is_over(now)).collect())
    }

    pub(crate) async fn end_session(&self, id: &SessionId) -> Result<(), StoreError> {
        on_db!(self.writer(), db => {
            let delete = sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id.as_slice());
            delete.execute(db).await?;
        });
        Ok(())
    }

    /// Ends all sessions of a person, but for one that goes on. Returns how many.
    pub(crate) async fn end_sessions(
        &self,
        service: &str,
        login: &str,
        except: Option<&SessionId>,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE service = $1 AND login = $2 AND id <> $3";
        let except = except.map_or(&[][..], |id| id.as_slice());
        Ok(on_db!(self.writer(), db => {
            let delete = sqlx::query(SQL).bind(service).bind(login).bind(except);
            delete.execute(db).await?.rows_affected()
        }))
    }

    /// Deletes the sessions whose time has come.
    pub(crate) async fn delete_old_sessions(&self, now: i64) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE seen_at <= $1 OR created_at <= $2";
        Ok(on_db!(self.writer(), db => {
            let delete = sqlx::query(SQL).bind(now - MAX_IDLE).bind(now - MAX_AGE);
            delete.execute(db).await?.rows_affected()
        }))
    }
}
