//! A sandbox of the hosted service, in process, for development and tests without account and phone.
//!
//! A [`Sandbox`] listens on a free loopback port. It checks requests and builds responses as the hosted service does,
//! with keys of its own.
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
//! assert_eq!(civic.exchange_code(&token).await.unwrap_err().status(), Some(400)); // it works once
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
//! ```
//!
//! # In a browser
//!
//! The sandbox serves `civic.sip.js`, a library with the interface of the hosted service's. A page that was written for
//! the hosted service works with the sandbox when it loads the script from [`script_url`](Sandbox::script_url).
//!
//! ```html
//! <link rel="stylesheet" href="http://127.0.0.1:4000/css/civic-modal.min.css">
//! <script src="http://127.0.0.1:4000/js/civic.sip.min.js"></script>
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
//! `signup` opens a modal with a QR code and a link. Both lead to a page that stands for the wallet app: it shows who
//! asks for what, and answers as one of several invented people, with each item valid or not, owned by that person or
//! not. A code expires after five minutes and works once. With `hideIntro: true` the modal shows no introduction. A
//! phone can't reach the loopback address, so set a [`public_url`](SandboxBuilder::public_url) to use one.
//!
//! | event | object |
//! |---|---|
//! | `read`: the wallet has fetched the request, by a GET of the address in the QR code | `{event: "scoperequest:read"}` |
//! | `auth-code-received` | `{event: "scoperequest:auth-code-received", response: <code token>, type: "code", clientVersion: "v3"}` |
//! | `user-cancelled` | `{event: "scoperequest:user-cancelled"}` |
//! | `civic-sip-error` | `{type, message}`, with `type` one of `unauthorized`, `bad-request`, `throttled`, `expired`, `network` |
//!
//! A page names a [`ScopeRequest`] by the constant, by its name or by its text. Without one, `signup` asks for
//! `BASIC_SIGNUP`.
//!
//! | constant | text | data |
//! |---|---|---|
//! | `ANONYMOUS_LOGIN` | `Anonymous_Login` | the user id alone |
//! | `BASIC_LOGIN` | `Login` | e-mail address, phone number |
//! | `BASIC_SIGNUP`, `CIVIC_BASIC` | `civicBasic` | e-mail address, phone number |
//! | `LEGAL` | `Legal` | name, date of birth, country, level of verification |
//! | `ID_VERIFICATION` | `id_verification` | a document with its picture, level of verification |
//! | `PASSPORT` | `passport` | a passport with its picture, level of verification |
//! | `DRIVER_LICENSE` | `driversLicense` | a driving licence with its picture, level of verification |
//! | `PROOF_OF_RESIDENCE` | `proofOfResidence` | name, country, level of verification |
//! | `PROOF_OF_IDENTITY` | `proofOfIdentity` | e-mail address, phone number, a document with its picture, level of verification |
//! | `PROOF_OF_AGE` | `proofOfAge` | date of birth, level of verification |
//!
//! An instance is an event emitter: `on`, `once`, `off`, `emit`, `listeners` and `hasListeners`, also as
//! `addEventListener`, `removeListener`, `removeEventListener` and `removeAllListeners`. `login` and `start` are older
//! names of `signup`; `ready(callback)` calls back when the page is loaded; `configure(options)` changes the options of
//! the constructor; `civic.sip.injectButton(parent, text)` appends a button to an element. The modal is in
//! `div.civic-modal.civic-qrcode`, its frame has the id `civic-sr-frame`. Module loaders (AMD, CommonJS) get the
//! constructor.
//!
//! A page with a `Content-Security-Policy` must allow the sandbox's origin in `script-src`, `style-src`, `connect-src`
//! and `frame-src`.
//!
//! # Over HTTP
//!
//! `cargo run --example sandbox` runs a sandbox as a program and prints its credentials, for clients in any language.
//! They may name the service or the sandbox's own address in `aud`; [`strict`](SandboxBuilder::strict) says what else
//! is accepted.
//!
//! | address | purpose |
//! |---|---|
//! | `POST [/sip][/prod\|/dev]/scopeRequest/authCode` | the exchange |
//! | `POST /tokens` | issues a code token: `{"token": …}`. The body is empty, `{"person": "bruno", "scopeRequest": "PROOF_OF_AGE"}`, or `{"userData": {"userId": …, "data": [{"label", "value", "isValid", "isOwner"}]}}` with at most 4 MiB. The people are `ada`, `bruno`, `chioma` and `dagny` (see [`Person`]) |
//! | `POST`, `GET`, `DELETE /faults` | adds, counts or removes [`Fault`]s |
//! | `GET /payloads/{id}` | a large signed token, from the link in the response, for 60 s |
//! | `POST /scopeRequests` | creates a scope request for a page: `{"appId", "scopeRequest"}`, answered by `{"id", "expiresIn"}`. The header `Origin` must name an allowed domain |
//! | `GET /scopeRequests/{id}` | its progress: `{"status": "pending" \| "granted" \| "cancelled" \| "expired", "read", "expiresIn", "response": <code token>}` |
//! | `POST /scopeRequests/{id}/cancel` | cancels it for the page |
//! | `GET /scopeRequests/{id}/frame`, `…/code.svg` | the content of the modal, and its QR code |
//! | `GET /wallet/{code}`, `…/request` | the wallet's page, and its data as JSON |
//! | `POST /wallet/{code}/grant`, `…/deny` | the wallet's answer: `{"person": "ada", "items": [{"label", "isValid", "isOwner"}]}`, or nothing |
//!
//! Every error is a 4xx or 5xx with `{"message": …}`. Other bodies have at most 64 KiB. The sandbox keeps at most 10,000
//! code tokens, 64 payloads, 256 MiB of each, 1,000 scope requests and 1,000 faults.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::{CivicSip, CivicSipBuilder, Error, UserData};

mod authorization;
mod builder;
mod credentials;
mod domains;
mod error;
mod exchange;
mod faults;
mod lock;
mod people;
mod qr;
mod response;
mod scope_request;
mod server;
mod state;
mod wallet_requests;

pub use builder::SandboxBuilder;
pub use faults::Fault;
pub use people::Person;
pub use scope_request::ScopeRequest;
use state::State;

/// A running sandbox. It stops when it is dropped.
///
/// It runs on a thread of its own, so it also responds while the thread that started it blocks.
///
/// ```
#[doc = include_str!("../docs/setup/sandbox.md")]
/// let token = sandbox.issue_token_for(Person::Ada, ScopeRequest::BasicSignup);
/// let user = civic.exchange_code(token).await?;
/// assert_eq!(user.email(), Some("ada.winterbourne@example.com"));
/// # Ok(()) }
/// ```
pub struct Sandbox {
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox with fresh keys on a free loopback port.
    ///
    /// # Errors
    ///
    /// `is_config` if the system gives no port, no thread or no random numbers.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::start().await?;
    /// assert!(sandbox.base_url().starts_with("http://127.0.0.1:"));
    /// # Ok(()) }
    /// ```
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Returns a builder for a sandbox.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().app_id("app42").strict(true).start().await?;
    /// assert_eq!(sandbox.app_id(), "app42");
    /// # Ok(()) }
    /// ```
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::new()
    }

    /// Returns the address of the sandbox: the client's [`base_url`](CivicSipBuilder::base_url).
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let exchange = civic.request("token")?.uri().to_string();
    /// assert!(exchange.starts_with(sandbox.base_url()));
    /// # Ok(()) }
    /// ```
    pub fn base_url(&self) -> &str {
        &self.state.settings.base_url
    }

    /// Returns the address of the browser library, for a page's `<script src>`.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let head = format!(r#"<script src="{}"></script>"#, sandbox.script_url());
    /// assert!(sandbox.script_url().ends_with("/js/civic.sip.js"));
    /// # Ok(()) }
    /// ```
    pub fn script_url(&self) -> String {
        format!("{}/js/civic.sip.js", self.state.settings.base_url)
    }

    /// Returns the id of the app.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// assert_eq!(civic.app_id(), sandbox.app_id());
    /// # Ok(()) }
    /// ```
    pub fn app_id(&self) -> &str {
        &self.state.credentials.app_id
    }

    /// Returns the app's private signing key, in hex.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let civic = CivicSip::new(sandbox.app_id(), sandbox.private_signing_key(), sandbox.secret())?;
    /// # Ok(()) }
    /// ```
    pub fn private_signing_key(&self) -> &str {
        &self.state.credentials.private_signing_key
    }

    /// Returns the app's secret, in hex.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// assert_eq!(sandbox.secret().len(), 32);
    /// # Ok(()) }
    /// ```
    pub fn secret(&self) -> &str {
        &self.state.credentials.secret
    }

    /// Returns the public key that verifies responses, in hex.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let builder = CivicSip::builder().sip_public_key(sandbox.sip_public_key());
    /// assert!(sandbox.sip_public_key().starts_with("04"));
    /// # Ok(()) }
    /// ```
    pub fn sip_public_key(&self) -> &str {
        &self.state.credentials.sip_public_key
    }

    /// Returns a builder of clients for this sandbox.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let impatient = sandbox.client_builder().timeout(Duration::from_millis(100)).build()?;
    /// sandbox.inject(Fault::Delay { by: Duration::from_secs(1) });
    /// assert!(impatient.exchange_code("any token").await.unwrap_err().is_timeout());
    /// # Ok(()) }
    /// ```
    pub fn client_builder(&self) -> CivicSipBuilder {
        CivicSip::builder()
            .app_id(self.app_id())
            .private_signing_key(self.private_signing_key())
            .secret(self.secret())
            .sip_public_key(self.sip_public_key())
            .base_url(self.base_url())
    }

    /// Creates a code token, as the browser receives it, that can be exchanged once for this user data.
    ///
    /// It expires after 30 minutes.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let token = sandbox.issue_token(&UserData::new("36a59d10", vec![]));
    /// assert_eq!(civic.exchange_code(&token).await?.user_id(), "36a59d10");
    /// assert_eq!(civic.exchange_code(&token).await.unwrap_err().status(), Some(400));
    /// # Ok(()) }
    /// ```
    pub fn issue_token(&self, user: &UserData) -> String {
        self.state.issue_token(user.clone())
    }

    /// Returns the invented people.
    ///
    /// ```
    /// # use civic_sip::sandbox::Sandbox;
    /// let ids: Vec<_> = Sandbox::people().iter().map(|person| person.id()).collect();
    /// assert_eq!(ids, ["ada", "bruno", "chioma", "dagny"]);
    /// ```
    pub fn people() -> &'static [Person] {
        Person::ALL
    }

    /// Creates a code token for the data that the app gets when this person approves the scope request.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let token = sandbox.issue_token_for(Person::Chioma, ScopeRequest::BasicSignup);
    /// assert_eq!(civic.exchange_code(token).await?.email(), None); // verified for somebody else
    /// # Ok(()) }
    /// ```
    pub fn issue_token_for(&self, person: Person, scope_request: ScopeRequest) -> String {
        self.issue_token(&self.user_data_for(person, scope_request))
    }

    /// Returns the data that the app gets when this person approves the scope request.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let expected = sandbox.user_data_for(Person::Ada, ScopeRequest::ProofOfAge);
    /// let token = sandbox.issue_token_for(Person::Ada, ScopeRequest::ProofOfAge);
    /// assert_eq!(civic.exchange_code(token).await?, expected);
    /// # Ok(()) }
    /// ```
    pub fn user_data_for(&self, person: Person, scope_request: ScopeRequest) -> UserData {
        self.state.user_data(person, scope_request)
    }

    /// Appends a fault to the queue; every exchange takes one.
    ///
    /// The queue holds 1,000 faults; more are dropped.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// sandbox.inject(Fault::Status { status: 503, body: "out of order".into() });
    /// let error = civic.exchange_code("any token").await.unwrap_err();
    /// assert_eq!((error.status(), error.body()), (Some(503), Some("out of order")));
    /// # Ok(()) }
    /// ```
    pub fn inject(&self, fault: Fault) {
        // A full queue is documented, and no test needs to handle it.
        let _ = self.state.faults.push([fault]);
    }

    /// Returns the length of the queue of faults.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// sandbox.inject(Fault::NotJson);
    /// assert_eq!(sandbox.pending_faults(), 1);
    /// # Ok(()) }
    /// ```
    pub fn pending_faults(&self) -> usize {
        self.state.faults.len()
    }

    /// Empties the queue of faults.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// sandbox.inject(Fault::NotJson);
    /// sandbox.clear_faults();
    /// assert_eq!(sandbox.pending_faults(), 0);
    /// # Ok(()) }
    /// ```
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends at once: open connections are dropped. A panic of the thread concerns nobody here.
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
