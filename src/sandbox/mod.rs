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
//!
//! # In a browser
//!
//! The sandbox serves `civic.sip.js`, with the interface of the hosted service's library: a page that was written for
//! the hosted service works by loading the script from [`script_url`](Sandbox::script_url) instead.
//!
//! ```html
//! <script src="http://127.0.0.1:4000/js/civic.sip.js"></script>
//! <button id="login">Continue with Civic</button>
//! <script>
//!   const civicSip = new civic.sip({ appId: 'app42' });
//!   civicSip.on('auth-code-received', (event) => sendToMyServer(event.response));
//!   civicSip.on('user-cancelled', () => showThatNothingHappened());
//!   civicSip.on('civic-sip-error', (error) => console.warn(error.type, error.message));
//!   document.getElementById('login').addEventListener('click', () => {
//!     civicSip.signup({ style: 'popup', scopeRequest: civicSip.ScopeRequests.BASIC_SIGNUP });
//!   });
//! </script>
//! ```
//!
//! `signup` opens a modal with a QR code, and beside it a link, because a phone can't reach the loopback address (give
//! a [`public_url`](SandboxBuilder::public_url) if yours reaches another). Both lead to a page that plays the wallet
//! app: it says who asks for what, and lets you answer as one of several invented people, with each piece of data
//! valid or not, owned by that person or not. A code expires after five minutes and serves once. With
//! `hideIntro: true` the modal shows it at once, without a word of introduction before.
//!
//! | event | object |
//! |---|---|
//! | `auth-code-received` | `{event: "scoperequest:auth-code-received", response: <code token>, type: "code"}` |
//! | `user-cancelled` | `{event: "scoperequest:user-cancelled"}` |
//! | `civic-sip-error` | `{type, message}`, with `type` one of `unauthorized`, `bad-request`, `throttled`, `expired`, `network` |
//!
//! | scope request | brings |
//! |---|---|
//! | `BASIC_SIGNUP` | e-mail address, phone number |
//! | `ANONYMOUS_LOGIN` | the user id alone |
//! | `PROOF_OF_IDENTITY` | e-mail address, phone number, a whole document with a picture, the level of verification |
//! | `PROOF_OF_RESIDENCE` | name, country, the level of verification |
//! | `PROOF_OF_AGE` | date of birth, the level of verification |
//!
//! A page with a `Content-Security-Policy` has to allow the sandbox's origin in `script-src`, `style-src`,
//! `connect-src` and `frame-src`.
//!
//! # Over HTTP
//!
//! `cargo run --example sandbox` runs a sandbox by itself and prints its credentials, for programs in any language.
//!
//! | address | what it does |
//! |---|---|
//! | `POST [/sip][/prod\|/dev]/scopeRequest/authCode` | the exchange |
//! | `POST /tokens` | a code token without a browser: `{"token": …}`. The body may be empty, `{"person": "bruno", "scopeRequest": "PROOF_OF_AGE"}`, or `{"userData": {"userId": …, "data": [{"label", "value", "isValid", "isOwner"}]}}`. The people are `ada`, `bruno`, `chioma` and `dagny` |
//! | `POST`, `GET`, `DELETE /faults` | faults for the next exchanges, see [`Fault`]: add, count, remove all |
//! | `GET /payloads/{name}` | a token too large for the answer, behind the link in it, for 60 s |
//! | `POST /scopeRequests` | a scope request, for pages: `{"appId", "scopeRequest"}`, answered by `{"id", "expiresIn"}`. The header `Origin` has to name an allowed domain |
//! | `GET /scopeRequests/{id}` | how it stands: `{"status": "pending" \| "granted" \| "cancelled" \| "expired", "expiresIn", "response": <code token>}` |
//! | `POST /scopeRequests/{id}/cancel` | the page gives up |
//! | `GET /scopeRequests/{id}/frame`, `…/code.svg` | what the modal shows, and its QR code |
//! | `GET /wallet/{code}`, `…/request` | the wallet's page, and what it shows as JSON |
//! | `POST /wallet/{code}/grant`, `…/deny` | the wallet's answer: `{"person": "ada", "items": [{"label", "isValid", "isOwner"}]}`, or nothing |
//!
//! Everything else is answered with a 4xx and `{"message": …}`. Bodies are at most 64 KiB, and at most 10,000 code
//! tokens, 1,000 scope requests, 1,000 faults and 64 payloads are kept.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::{CivicSip, CivicSipBuilder, Error, UserData};

mod authorization;
mod builder;
mod credentials;
mod domains;
mod envelope;
mod exchange;
mod fault;
mod payloads;
mod people;
mod picture;
mod qr;
mod scope;
mod scope_requests;
mod server;
#[cfg(test)]
mod tests;

pub use builder::SandboxBuilder;
use domains::Domains;
use exchange::Exchange;
pub use fault::Fault;
use scope_requests::ScopeRequests;

/// A running sandbox. It stops when it is dropped.
///
/// It runs on a thread of its own, so that it also answers while the thread that started it blocks.
pub struct Sandbox {
    hosted: Arc<Hosted>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The whole service, apart from HTTP.
struct Hosted {
    exchange: Exchange,
    requests: ScopeRequests,
    domains: Domains,
    /// Whether the app may ask for a proof of identity.
    proof_of_identity: bool,
    base_url: String,
    /// Where a phone finds the wallet.
    public_url: String,
}

impl Hosted {
    /// What the QR code says.
    fn wallet_url(&self, code: &str) -> String {
        format!("{}/wallet/{code}", self.public_url)
    }
}

impl Sandbox {
    /// Starts a sandbox with fresh keys on a free loopback port.
    ///
    /// # Errors
    ///
    /// `is_config` if the system gives no port, no thread or no random numbers.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// A sandbox set up step by step.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::new()
    }

    /// Where it listens: the client's [`base_url`](CivicSipBuilder::base_url).
    pub fn base_url(&self) -> &str {
        &self.hosted.base_url
    }

    /// The address of the browser library, for a page's `<script src>`.
    pub fn script_url(&self) -> String {
        format!("{}/js/civic.sip.js", self.hosted.base_url)
    }

    /// The id of the one app that it knows.
    pub fn app_id(&self) -> &str {
        &self.hosted.exchange.credentials.app_id
    }

    /// The app's private signing key, in hex.
    pub fn private_signing_key(&self) -> &str {
        &self.hosted.exchange.credentials.private_signing_key
    }

    /// The app's secret, in hex.
    pub fn secret(&self) -> &str {
        &self.hosted.exchange.credentials.secret
    }

    /// The public key that it signs answers with, in hex.
    pub fn sip_public_key(&self) -> &str {
        &self.hosted.exchange.credentials.sip_public_key
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
        self.hosted.exchange.issue_token(user)
    }

    /// Lets something go wrong with the next exchange, or with the one after those that wait already.
    ///
    /// At most 1,000 faults wait; what is more is dropped.
    pub fn inject(&self, fault: Fault) {
        // Nobody needs to hear that the thousand-and-first was dropped.
        let _ = self.hosted.exchange.faults.push([fault]);
    }

    /// How many faults wait for an exchange.
    pub fn pending_faults(&self) -> usize {
        self.hosted.exchange.faults.len()
    }

    /// Removes the faults that wait.
    pub fn clear_faults(&self) {
        self.hosted.exchange.faults.clear();
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
            .field("base_url", &self.base_url())
            .field("app_id", &self.app_id())
            .finish_non_exhaustive()
    }
}

/// What stood in a poisoned lock is as good as before: nothing here is left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
