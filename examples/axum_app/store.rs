//! Users, teams and used links, in SQLite.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use civic_sip::authsig::{Claim, ClaimFuture, ReplayError, ReplayGuard};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

/// A person who has logged in.
pub(crate) struct User {
    /// The user id of the service.
    pub(crate) id: String,
    /// Verified at the last log-in.
    pub(crate) email: Option<String>,
}

pub(crate) struct Team {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) members: i64,
}

pub(crate) struct Store(SqlitePool);

impl Store {
    pub(crate) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let options = url
            .parse::<SqliteConnectOptions>()?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A used invitation stays used, even after a power failure.
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePool::connect_with(options).await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await?;
        Ok(Self(pool))
    }

    /// Creates the user at the first log-in, and replaces the address at later ones.
    pub(crate) async fn save_user(&self, id: &str, email: Option<&str>) -> sqlx::Result<()> {
        let upsert = "INSERT INTO users (id, email) VALUES (?, ?)
                      ON CONFLICT (id) DO UPDATE SET email = excluded.email";
        sqlx::query(upsert).bind(id).bind(email).execute(&self.0).await?;
        Ok(())
    }

    pub(crate) async fn user(&self, id: &str) -> sqlx::Result<Option<User>> {
        let user = sqlx::query_as("SELECT id, email FROM users WHERE id = ?");
        let user = user.bind(id).fetch_optional(&self.0).await?;
        Ok(user.map(|(id, email)| User { id, email }))
    }

    /// Creates a team with one member.
    pub(crate) async fn create_team(&self, name: &str, user: &User) -> sqlx::Result<()> {
        let mut transaction = self.0.begin().await?;
        let id: i64 = sqlx::query_scalar("INSERT INTO teams (name) VALUES (?) RETURNING id")
            .bind(name)
            .fetch_one(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO members (team_id, user_id) VALUES (?, ?)")
            .bind(id)
            .bind(&user.id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    pub(crate) async fn team(&self, id: i64) -> sqlx::Result<Option<Team>> {
        let team = "SELECT id, name, (SELECT count(*) FROM members WHERE team_id = id)
                    FROM teams WHERE id = ?";
        let team = sqlx::query_as(team).bind(id).fetch_optional(&self.0).await?;
        Ok(team.map(|(id, name, members)| Team { id, name, members }))
    }

    pub(crate) async fn teams_of(&self, user: &User) -> sqlx::Result<Vec<Team>> {
        let teams = "SELECT id, name, (SELECT count(*) FROM members WHERE team_id = id) FROM teams
                     WHERE id IN (SELECT team_id FROM members WHERE user_id = ?) ORDER BY id";
        let teams = sqlx::query_as(teams).bind(&user.id).fetch_all(&self.0).await?;
        Ok(teams.into_iter().map(|(id, name, members)| Team { id, name, members }).collect())
    }

    pub(crate) async fn add_member(&self, team: &Team, user: &User) -> sqlx::Result<()> {
        let insert = "INSERT INTO members (team_id, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
        sqlx::query(insert).bind(team.id).bind(&user.id).execute(&self.0).await?;
        Ok(())
    }

    /// Remembers that a link was used. Returns `false` if it was before.
    async fn remember(&self, claim: Claim) -> sqlx::Result<bool> {
        sqlx::query("DELETE FROM used_links WHERE keep_until < ?")
            .bind(epoch_seconds(claim.now))
            .execute(&self.0)
            .await?;
        let insert =
            "INSERT INTO used_links (key, keep_until) VALUES (?, ?) ON CONFLICT DO NOTHING";
        let inserted = sqlx::query(insert)
            .bind(claim.key.as_slice())
            // One second more, since the fraction is cut off.
            .bind(epoch_seconds(claim.now + claim.keep_for) + 1)
            .execute(&self.0)
            .await?;
        Ok(inserted.rows_affected() == 1)
    }
}

/// Unlike a guard in memory, it still knows after a restart which links were used.
impl ReplayGuard for Store {
    fn claim(&self, claim: Claim) -> ClaimFuture<'_> {
        Box::pin(async move {
            match self.remember(claim).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(ReplayError::Replayed),
                Err(error) => Err(ReplayError::Guard(Arc::new(error))),
            }
        })
    }
}

fn epoch_seconds(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX - 1)
}
