//! A server for each test, and what it is visited with.

mod browser;
mod clock;
mod database;
mod program;
mod receiver;
mod transport;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use authsig_server::{Admin, AuthSig, Config, HouseSecret, Limits};
use axum::Router;
use civic_sip::authsig::{IdentityVerifier, IdentityVerifierBuilder, PublicKeys};

pub(crate) use browser::{Answer, Browser, encoded, unescaped};
pub(crate) use clock::{Clock, NOW};
pub(crate) use database::Database;
pub(crate) use program::{PUBLIC_URL, Program, run};
pub(crate) use receiver::Receiver;
pub(crate) use transport::ToServer;

pub(crate) const HOUSE_SECRET: &str = "a house secret for tests alone";
pub(crate) const URL: &str = "https://id.example";
/// An address that is on the allow list of [`Server::start`], and one that is not.
pub(crate) const APP: &str = "https://app.example/in";
pub(crate) const STRANGER: &str = "https://stranger.example/in";

/// A server in this process, without a socket. `user_1` to `user_3` have accounts, with the passwords `password_1` to
/// `password_3`.
pub(crate) struct Server {
    pub(crate) authsig: AuthSig,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) url: String,
    pub(crate) database: Database,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|config| config).await
    }

    pub(crate) async fn with(configure: impl FnOnce(Config) -> Config) -> Self {
        Self::at(URL, configure).await
    }

    /// Starts a server with another public URL.
    pub(crate) async fn at(url: &str, configure: impl FnOnce(Config) -> Config) -> Self {
        let (database, clock) = (Database::create().await, Clock::start());
        let config = configure(config(url, &database, &clock));
        let admin = Admin::open(&config).await.unwrap();
        for number in 1..=3 {
            let hash = quick_hash(&format!("password_{number}"));
            admin.import_account(&format!("user_{number}"), &hash).await.unwrap();
        }
        admin.close().await;
        let authsig = AuthSig::start(config.clone()).await.unwrap();
        Self { authsig, config, clock, url: url.to_owned(), database }
    }

    /// Starts another one on the same database.
    pub(crate) async fn restart(self) -> Self {
        let Self { authsig, config, clock, url, database } = self;
        authsig.shutdown().await;
        let authsig = AuthSig::start(config.clone()).await.unwrap();
        Self { authsig, config, clock, url, database }
    }

    pub(crate) async fn admin(&self) -> Admin {
        Admin::open(&self.config).await.unwrap()
    }

    pub(crate) fn router(&self) -> Router {
        self.authsig.router()
    }

    /// Returns a browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.router(), &self.url)
    }

    /// Returns a browser of somebody who is logged in.
    pub(crate) async fn logged_in(&self, login: &str) -> Browser {
        let mut browser = self.browser();
        assert_eq!(browser.log_in(login).await.status, 303);
        browser
    }

    /// Returns what an app verifies with that has fetched the keys.
    pub(crate) async fn verifier(&self) -> IdentityVerifierBuilder {
        let keys = self.browser().get("/verify/keys").await.body;
        let clock = self.clock.clone();
        IdentityVerifier::builder(format!("{}/verify", self.url))
            .public_keys(PublicKeys::from_jwks(&keys).unwrap())
            .clock(move || clock.now())
    }

    /// Returns how many notifications were ever stored.
    pub(crate) async fn notifications(&self) -> i64 {
        self.database.number("SELECT COUNT(*) FROM outbox").await
    }
}

pub(crate) fn config(url: &str, database: &Database, clock: &Clock) -> Config {
    let clock = clock.clone();
    Config::new(url, HouseSecret::new(HOUSE_SECRET).unwrap())
        .database(database.url())
        .clock(move || clock.now())
        .limits(no_limits())
}

/// All tests have one address, as far as the server knows. `tests/many` tests the limits.
fn no_limits() -> Limits {
    let mut limits = Limits::default();
    limits.wrong_passwords = 100_000;
    limits.wrong_passwords_per_address = 100_000;
    limits.sign_ups = 100_000;
    limits.defaults = 100_000;
    limits.requests = 100_000;
    limits
}

/// Hashes a password with so little work that tests need not wait for it.
pub(crate) fn quick_hash(password: &str) -> String {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password(password.as_bytes()).unwrap().to_string()
}
