//! AuthSig server: people log in, and get URLs that prove who they are.
//!
//! An app sends a person to `/verify/request?login=user_1…`. If that person is logged in as `user_1`, the server answers
//! with a signed URL, `/verify/verified?login=user_1…&signature=…`. Whoever gets that URL checks it by visiting it, or with
//! the keys that `/verify/keys` publishes.
//!
//! ```no_run
//! use authsig_server::{AuthSig, Config, HouseSecret};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = HouseSecret::new(std::env::var("AUTHSIG_HOUSE_SECRET")?)?;
//! let authsig = AuthSig::start(Config::new("https://app.example/id", secret)).await?;
//! let app = axum::Router::new().nest("/id", authsig.router());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! axum::serve(listener, app).await?;
//! authsig.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`Config`] says all that can be configured. [`People`] tells who is logged in, where an app has accounts of its own. The
//! program `authsig` serves the same router by itself. [`running`] tells how to run it, and [`threat_model`] who attacks it,
//! what stops them, and what is not promised.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
// It runs in other people's processes, like the library: it must not panic or print.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented,
        clippy::exit,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

// Modules, each of which uses only those above it:
//
//     clock random house site people stop client wants metrics   small parts, each by itself
//     config     what can be configured
//     store      the database; all SQL
//     passwords  Argon2id, with bounds
//     pages      templates, and the policy of each page
//     failure    requests that do not succeed, as a page or JSON
//     keys       the keys and the authority that signs with them
//     outbox     delivers notifications
//     app        what handlers share
//     limits     what strangers may try
//     web        requests, verifying, defaults
//     accounts   sign-up, log-in, own account, Civic
//     routes     the router, and what all routes share
//     workers    what is done from time to time
//     error      why a server does not start
//     admin      what the operator does

mod accounts;
mod admin;
mod app;
mod client;
mod clock;
mod config;
mod error;
mod failure;
mod house;
mod keys;
mod limits;
mod metrics;
mod outbox;
mod pages;
mod passwords;
mod people;
mod random;
mod routes;
mod site;
mod stop;
mod store;
mod wants;
mod web;
mod workers;

#[doc = include_str!("../docs/running.md")]
pub mod running {}

#[doc = include_str!("../docs/threat_model.md")]
pub mod threat_model {}

use std::sync::Arc;

use axum::Router;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

pub use accounts::AccountError;
pub use admin::{Admin, AdminError, KeyInfo, KeyState};
pub use config::{CivicLogin, Config, Limits};
pub use error::{DatabaseError, StartError};
pub use house::{HouseSecret, ShortSecret};
pub use people::{People, Unavailable};

use accounts::Accounts;
use app::App;
use house::House;
use keys::KeyRing;
use metrics::Metrics;
use outbox::Outbox;
use passwords::Passwords;
use people::DynPeople;
use random::RequestIds;
use site::Site;
use stop::Stop;
use store::{HOUSE_CHECK, Store};

/// A running server: its database, its workers and its routes.
///
/// They go on where it is dropped without [`shutdown`](Self::shutdown), until the runtime ends.
///
/// ```no_run
#[doc = include_str!("docs/start.md")]
/// let app = axum::Router::new().nest("/id", authsig.router());
/// # Ok(())
/// # }
/// ```
pub struct AuthSig {
    app: Arc<App>,
    stop: watch::Sender<bool>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl AuthSig {
    /// Checks a configuration, as [`start`](Self::start) does before it opens the database.
    ///
    /// # Errors
    ///
    /// A [`StartError`] that says what to do.
    ///
    /// ```no_run
    #[doc = include_str!("docs/start.md")]
    /// AuthSig::check(&config)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(config: &Config) -> Result<(), StartError> {
        Site::parse(&config.public_url).map_err(StartError::Setting)?;
        client::parse_networks(&config.trusted_proxies).map_err(StartError::Setting)?;
        keys::check_config(config)?;
        outbox::notifier(config)?;
        Ok(())
    }

    /// Opens the database, brings its schema up to date and starts the workers. Needs a Tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// A [`StartError`] that says what to do.
    ///
    /// ```no_run
    #[doc = include_str!("docs/start.md")]
    /// let authsig = AuthSig::start(config).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::check(&config)?;
        let site = Site::parse(&config.public_url).map_err(StartError::Setting)?;
        let trusted_proxies =
            client::parse_networks(&config.trusted_proxies).map_err(StartError::Setting)?;
        let notifier = outbox::notifier(&config)?;
        let (store, house) = open(&config).await?;
        let metrics = Arc::new(Metrics::new());
        let keys = KeyRing::load(&config, store.clone(), Arc::clone(&house)).await?;
        let metrics_of_outbox = Arc::clone(&metrics);
        let outbox =
            Outbox::new(&config, notifier, store.clone(), Arc::clone(&house), metrics_of_outbox);
        let passwords = match config.people {
            None => Some(Passwords::start().map_err(StartError::Threads)?),
            Some(_) => None,
        };
        let people = config.people.unwrap_or_else(|| -> Arc<dyn DynPeople> {
            Arc::new(Accounts::new(site.clone(), store.clone(), config.clock.clone()))
        });
        let app = Arc::new(App {
            site,
            store,
            house,
            keys,
            outbox: outbox.clone(),
            people,
            passwords,
            civic: config.civic,
            sign_up: config.sign_up,
            default_creators: config.default_creators,
            test_notifier: config.test_notifier,
            limits: config.limits,
            trusted_proxies,
            metrics,
            request_ids: RequestIds::new().map_err(|_| StartError::NoRandomness)?,
            clock: config.clock,
        });
        let (stop, stopped) = watch::channel(false);
        let stopped = Stop::new(stopped);
        let workers = vec![
            tokio::spawn(outbox.run(stopped.clone())),
            tokio::spawn(workers::housekeeping(Arc::clone(&app), stopped)),
        ];
        Ok(Self { app, stop, workers: Mutex::new(workers) })
    }

    /// Returns the routes, to be served or nested anywhere: at the path of the public URL. Nested at `/id`, the root page is
    /// `/id`; `/id/` stays with the app.
    ///
    /// ```no_run
    #[doc = include_str!("docs/start.md")]
    /// let app = axum::Router::new().nest("/id", authsig.router());
    /// # Ok(())
    /// # }
    /// ```
    pub fn router(&self) -> Router {
        routes::router(&self.app)
    }

    /// Returns metrics in the text format of Prometheus. They are for an address that strangers can't reach.
    ///
    /// ```no_run
    #[doc = include_str!("docs/start.md")]
    /// let text = authsig.metrics().await;
    /// assert!(text.contains("authsig_outbox_waiting"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn metrics(&self) -> String {
        if let Ok(waiting) = self.app.store.waiting_notifications().await {
            self.app.metrics.outbox(waiting);
        }
        self.app.metrics.text()
    }

    /// Finishes what the workers began, and closes the database.
    ///
    /// ```no_run
    #[doc = include_str!("docs/start.md")]
    /// authsig.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let workers = std::mem::take(&mut *self.workers.lock().await);
        for worker in workers {
            let _ = worker.await;
        }
        self.app.store.close().await;
    }
}

/// Shows nothing of what is inside.
impl std::fmt::Debug for AuthSig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthSig").field("url", &self.app.site.url()).finish_non_exhaustive()
    }
}

/// Opens the database, brings its schema up to date, and checks the house secret.
async fn open(config: &Config) -> Result<(Store, Arc<House>), StartError> {
    let house = House::new(&config.house_secret).map_err(|_| StartError::WrongSecret)?;
    let store = Store::open(&config.database).await?;
    // Before the schema is changed. An error may mean that there is no schema yet.
    if let Ok(Some(check)) = store.meta(HOUSE_CHECK).await
        && !house.is_check(&check)
    {
        return Err(StartError::WrongSecret);
    }
    store.migrate().await?;
    check_house(&store, &house).await?;
    Ok((store, Arc::new(house)))
}

/// Compares the house secret with the one that the database was first started with.
async fn check_house(store: &Store, house: &House) -> Result<(), StartError> {
    let check = house.seal_check().map_err(|_| StartError::WrongSecret)?;
    let stored = store.meta_or_insert(HOUSE_CHECK, &check).await?;
    if house.is_check(&stored) { Ok(()) } else { Err(StartError::WrongSecret) }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
