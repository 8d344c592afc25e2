//! Accounts with a password.

use super::sessions::{DELETE_OLDEST, INSERT_SESSION};
use super::{SessionId, Store, StoreError, on_db, transaction};

/// An account that can be logged in to.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) login: String,
    /// In the PHC string format.
    pub(crate) password_hash: String,
}

/// A session that is about to begin.
#[derive(Clone)]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) now: i64,
}

/// The service of accounts with a password.
const SERVICE: &str = "password";

const INSERT_ACCOUNT: &str =
    "INSERT INTO accounts (login, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

const INSERT_PASSWORD: &str =
    "INSERT INTO credentials (login, kind, value) VALUES ($1, 'password', $2)";

const UPDATE_PASSWORD: &str =
    "UPDATE credentials SET value = $3 WHERE login = $1 AND kind = 'password' AND value = $2";

const DELETE_SESSIONS: &str = "DELETE FROM sessions WHERE service = $1 AND login = $2";

impl Store {
    /// Returns `false` if the login is taken, or was.
    pub(crate) async fn create_account(
        &self,
        account: &Account,
        now: i64,
    ) -> Result<bool, StoreError> {
        Ok(transaction!(self, tx => {
            let insert = sqlx::query(INSERT_ACCOUNT).bind(&account.login).bind(now);
            let is_new = insert.execute(&mut *tx).await?.rows_affected() == 1;
            if is_new {
                let insert = sqlx::query(INSERT_PASSWORD).bind(&account.login);
                insert.bind(&account.password_hash).execute(&mut *tx).await?;
            }
            is_new
        }))
    }

    pub(crate) async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        const SQL: &str = "SELECT value FROM credentials WHERE login = $1 AND kind = 'password'";
        let hash: Option<String> = on_db!(self.readers(), db => {
            sqlx::query_scalar(SQL).bind(login).fetch_optional(db).await?
        });
        Ok(hash.map(|password_hash| Account { login: login.to_owned(), password_hash }))
    }

    /// Begins a session, unless the account's password changed since it was checked. Returns whether it did begin.
    pub(crate) async fn log_in(
        &self,
        account: &Account,
        session: &NewSession,
    ) -> Result<bool, StoreError> {
        // An update takes the row's lock, so that a change of the password waits, or is seen.
        const LOCK: &str = "UPDATE credentials SET value = value WHERE login = $1 AND kind = 'password' AND value = $2";
        Ok(transaction!(self, tx => {
            let lock = sqlx::query(LOCK).bind(&account.login).bind(&account.password_hash);
            let is_current = lock.execute(&mut *tx).await?.rows_affected() == 1;
            if is_current {
                let delete = sqlx::query(DELETE_OLDEST).bind(SERVICE).bind(&account.login);
                delete.execute(&mut *tx).await?;
                let insert = sqlx::query(INSERT_SESSION).bind(session.id.as_slice()).bind(SERVICE);
                insert.bind(&account.login).bind(session.now).execute(&mut *tx).await?;
            }
            is_current
        }))
    }

    /// Sets a new password, ends all sessions, and begins one. Returns `false`, and does nothing, if the password changed
    /// since it was checked.
    pub(crate) async fn change_password(
        &self,
        account: &Account,
        new_hash: &str,
        session: &NewSession,
    ) -> Result<bool, StoreError> {
        Ok(transaction!(self, tx => {
            let update = sqlx::query(UPDATE_PASSWORD).bind(&account.login);
            let update = update.bind(&account.password_hash).bind(new_hash);
            let is_current = update.execute(&mut *tx).await?.rows_affected() == 1;
            if is_current {
                let delete = sqlx::query(DELETE_SESSIONS).bind(SERVICE).bind(&account.login);
                delete.execute(&mut *tx).await?;
                let insert = sqlx::query(INSERT_SESSION).bind(session.id.as_slice()).bind(SERVICE);
                insert.bind(&account.login).bind(session.now).execute(&mut *tx).await?;
            }
            is_current
        }))
    }

    /// Sets a password whatever the one before was, and ends all sessions. Returns `false` if there is no such account.
    pub(crate) async fn reset_password(&self, account: &Account) -> Result<bool, StoreError> {
        const SQL: &str =
            "UPDATE credentials SET value = $2 WHERE login = $1 AND kind = 'password'";
        Ok(transaction!(self, tx => {
            let update = sqlx::query(SQL).bind(&account.login).bind(&account.password_hash);
            let exists = update.execute(&mut *tx).await?.rows_affected() == 1;
            let delete = sqlx::query(DELETE_SESSIONS).bind(SERVICE).bind(&account.login);
            delete.execute(&mut *tx).await?;
            exists
        }))
    }

    /// Deletes the account, with its sessions and the parameters of its defaults. The login and the slugs stay taken.
    pub(crate) async fn delete_account(&self, login: &str, now: i64) -> Result<bool, StoreError> {
        const ACCOUNT: &str =
            "UPDATE accounts SET deleted_at = $2 WHERE login = $1 AND deleted_at IS NULL";
        Ok(transaction!(self, tx => {
            let update = sqlx::query(ACCOUNT).bind(login).bind(now);
            let existed = update.execute(&mut *tx).await?.rows_affected() == 1;
            let credentials = sqlx::query("DELETE FROM credentials WHERE login = $1").bind(login);
            credentials.execute(&mut *tx).await?;
            sqlx::query(DELETE_SESSIONS).bind(SERVICE).bind(login).execute(&mut *tx).await?;
            let defaults = sqlx::query("UPDATE defaults SET params = NULL WHERE owner = $1");
            defaults.bind(login).execute(&mut *tx).await?;
            existed
        }))
    }
}
