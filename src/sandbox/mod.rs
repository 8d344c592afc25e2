//! The hosted service, in process: for development and tests, with no account and no phone.
//!
//! A [`Sandbox`] listens on a free loopback port, checks what clients send as strictly as the service does, and answers
//! as the service answers, with keys of its own.
//!
//! ```
//! # async fn run() -> Result<(), civic_sip::Error> {
//! use civic_sip::sandbox::Sandbox;
//! use civic_sip::{UserData, UserDataItem};
//!
//! let sandbox = Sandbox::start().await?;
//! let civic = sandbox.client_builder().build()?;
//!
//! let email = UserDataItem::new("contact.personal.email", "ada@example.com", true, true);
//! let token = sandbox.issue_token(&UserData::new("36a59d10", vec![email]));
//!
//! let user = civic.exchange_code(&token).await?;
//! assert_eq!(user.email(), Some("ada@example.com"));
//! assert_eq!(civic.exchange_code(&token).await.unwrap_err().status(), Some(400)); // once only
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
//! ```

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use tokio::sync::oneshot;

use crate::{CivicSip, CivicSipBuilder, Error, UserData};

mod authorization;
mod credentials;
mod exchange;
mod server;
#[cfg(test)]
mod tests;

use credentials::Credentials;
use exchange::Exchange;

/// A running sandbox. It stops when it is dropped.
///
/// It runs on a thread of its own, so that it also answers while the thread that started it blocks.
pub struct Sandbox {
    base_url: String,
    exchange: Arc<Exchange>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox with fresh keys on a free loopback port.
    ///
    /// # Errors
    ///
    /// `is_config` if the system gives no port or no thread.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// A sandbox set up step by step.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder { clock: Arc::new(SystemTime::now) }
    }

    /// Where it listens: the client's [`base_url`](CivicSipBuilder::base_url).
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The id of the one app that it knows.
    pub fn app_id(&self) -> &str {
        &self.exchange.credentials.app_id
    }

    /// The app's private signing key, in hex.
    pub fn private_signing_key(&self) -> &str {
        &self.exchange.credentials.private_signing_key
    }

    /// The app's secret, in hex.
    pub fn secret(&self) -> &str {
        &self.exchange.credentials.secret
    }

    /// The public key that it signs answers with, in hex.
    pub fn sip_public_key(&self) -> &str {
        &self.exchange.credentials.sip_public_key
    }

    /// A builder of clients that talk to this sandbox.
    pub fn client_builder(&self) -> CivicSipBuilder {
        CivicSip::builder()
            .app_id(self.app_id())
            .private_signing_key(self.private_signing_key())
            .secret(self.secret())
            .sip_public_key(self.sip_public_key())
            .base_url(self.base_url())
    }

    /// A code token, as the browser would get it, that can be exchanged once for this person's data.
    ///
    /// It expires after 30 minutes.
    pub fn issue_token(&self, user: &UserData) -> String {
        self.exchange.issue_token(user)
    }
}

/// Sets up a [`Sandbox`].
#[must_use = "a builder does nothing until `start` is called"]
pub struct SandboxBuilder {
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl SandboxBuilder {
    /// Where the time comes from: [`SystemTime::now`] unless set.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// `is_config` if the system gives no port, no thread or no random numbers.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let cant = |what: &str, error| Error::config(format!("the sandbox can't {what}: {error}"));
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .map_err(|error| cant("listen", error))?;
        let address = listener.local_addr().map_err(|error| cant("listen", error))?;
        listener.set_nonblocking(true).map_err(|error| cant("listen", error))?;
        let credentials = Credentials::random()
            .ok_or_else(|| Error::config("the system has no random numbers"))?;
        let exchange = Arc::new(Exchange::new(credentials, self.clock));

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| cant("start", error))?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&exchange);
        let thread = thread::Builder::new()
            .name("civic-sandbox".to_owned())
            .spawn(move || server::run(&runtime, listener, served, stopped))
            .map_err(|error| cant("start", error))?;
        Ok(Sandbox {
            base_url: format!("http://{address}"),
            exchange,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends at once: open connections are dropped. That it panicked is of no interest any more.
            let _ = thread.join();
        }
    }
}

/// Shows no key and no secret.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("base_url", &self.base_url)
            .field("app_id", &self.app_id())
            .finish_non_exhaustive()
    }
}
