//! Verifying identities with keys that are fetched from the server.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::error::RemoteError;
use super::fetched_keys::FetchedKeys;
use super::identity::Identity;
use super::notification::Notification;
use super::state::State;
use super::verifier::{IdentityVerifier, IdentityVerifierBuilder};
use crate::authsig::error::{ConfigError, ConfigProblem};
use crate::authsig::keys::PublicKeys;
use crate::transport::Transport;

/// Verifies what one AuthSig server signed, with the public keys that the server publishes at `{base}/keys`.
///
/// Nothing of a URL is sent anywhere. The keys are fetched when the first URL comes, and again after as long as the
/// server says (1 minute to 1 hour), so that a revoked key lives no longer than that. Keys that are too old are never
/// used: while the server can't be reached, verifying fails. For an unknown key, and after a failure, the server is
/// asked at most every 30 seconds.
///
/// Clones share the keys. With the crate's own HTTP stack it works inside a Tokio runtime only.
///
/// ```no_run
/// use civic_sip::authsig::{Identity, Remote, RemoteError, State};
///
/// # async fn handler(signed_url: &str, stored: &str) -> Result<(), Box<dyn std::error::Error>> {
/// // Once, when the app starts:
/// let remote = Remote::builder("https://id.example/verify").audience("https://app.example/in").build()?;
///
/// // When the browser comes back to https://app.example/in?authsig=<signed URL>:
/// let state: State = stored.parse()?; // from the session of this browser
/// let identity: Identity = remote.log_in(signed_url, &state).await?;
/// println!("{} of {}", identity.login(), identity.service());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Remote {
    verifier: IdentityVerifier,
    keys: Arc<FetchedKeys>,
}

impl Remote {
    /// Returns a builder that configures a verifier for the server at this base URL: https, or http on this machine.
    ///
    /// ```
    /// # use civic_sip::authsig::Remote;
    /// let remote = Remote::builder("https://id.example/verify").audience("https://app.example/in").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn builder(base: impl Into<String>) -> RemoteBuilder {
        RemoteBuilder { identities: IdentityVerifier::builder(base), transport: None }
    }

    /// Verifies a URL to **log a browser in**, with the state of this attempt from the browser's session.
    ///
    /// It demands that state, a `time` within the last 5 minutes, and an audience. Afterwards the app forgets the
    /// state and changes the id of the browser's session.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Verify`] for a URL that is not accepted, and any other [`RemoteError`] if the keys could not be
    /// fetched.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote.md")]
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// # let remote = Remote::builder("https://id.example/verify").transport(Keys(public_keys.to_jwks()));
    /// # let remote = remote.audience("https://app.example/in").build()?;
    /// let identity = remote.log_in(signed_url, &state).await?;
    /// assert_eq!(identity.login(), "user_1");
    ///
    /// let other_browser = State::generate()?;
    /// assert!(remote.log_in(signed_url, &other_browser).await.is_err());
    /// # Ok(()) }
    /// ```
    pub async fn log_in(&self, url: &str, state: &State) -> Result<Identity, RemoteError> {
        Ok(self.verifier(url).await?.log_in(url, state)?)
    }

    /// Verifies a URL for other uses than a login. **Never log a browser in** with it: use [`log_in`](Self::log_in).
    /// Anybody can come by a URL, and send a browser with it.
    ///
    /// # Errors
    ///
    /// The errors of [`log_in`](Self::log_in).
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote.md")]
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// # let remote = Remote::builder("https://id.example/verify").transport(Keys(public_keys.to_jwks()));
    /// # let remote = remote.audience("https://app.example/in").build()?;
    /// assert_eq!(remote.verify_url(signed_url).await?.login(), "user_1");
    ///
    /// let forged = signed_url.replace("user_1", "admin");
    /// assert!(matches!(remote.verify_url(&forged).await, Err(RemoteError::Verify(VerifyError::Mismatch))));
    /// # Ok(()) }
    /// ```
    pub async fn verify_url(&self, url: &str) -> Result<Identity, RemoteError> {
        Ok(self.verifier(url).await?.verify_url(url)?)
    }

    /// Verifies the URL of a notification. Like [`verify_url`](Self::verify_url), never use it to log a browser in.
    ///
    /// # Errors
    ///
    /// The errors of [`log_in`](Self::log_in).
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote.md")]
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// # let remote = Remote::builder("https://id.example/verify").transport(Keys(public_keys.to_jwks()));
    /// # let remote = remote.audience("https://app.example/in").build()?;
    /// # let body = serde_json::json!({ "verified": true, "url": signed_url }).to_string();
    /// let notification = Notification::parse(body)?;
    /// assert_eq!(remote.verify_notification(&notification).await?.login(), "user_1");
    /// # Ok(()) }
    /// ```
    pub async fn verify_notification(
        &self,
        notification: &Notification,
    ) -> Result<Identity, RemoteError> {
        self.verify_url(notification.url()).await
    }

    /// A verifier with the key that the URL names.
    async fn verifier(&self, url: &str) -> Result<IdentityVerifier, RemoteError> {
        let key_id = self.verifier.public_key_id(url)?;
        Ok(self.verifier.with_public_keys(self.keys.with_id(&key_id).await?))
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// Configures a [`Remote`].
///
/// ```
/// # use std::time::Duration;
/// # use civic_sip::authsig::Remote;
/// let remote = Remote::builder("https://id.example/verify")
///     .audience("https://app.example/in")
///     .also_for(["https://app.example/notify"])
///     .max_age(Duration::from_secs(3600))
///     .build()?;
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "`build` makes the verifier"]
pub struct RemoteBuilder {
    identities: IdentityVerifierBuilder,
    transport: Option<Arc<dyn Transport>>,
}

impl RemoteBuilder {
    /// Accepts URLs that were made for the app at this address: its redirect_url, or its notify_url.
    ///
    /// A URL for others as well is rejected, unless they are in [`also_for`](Self::also_for): otherwise the app behind
    /// such an address could come with it, and be taken for the person.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote_builder.md")]
    /// let remote = server.audience("https://app.example/in").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn audience(mut self, address: impl Into<String>) -> Self {
        self.identities = self.identities.audience(address);
        self
    }

    /// Accepts URLs whatever app they were made for, and those made for none.
    ///
    /// Use it in programs that only look at URLs, such as an archive. An app that lets anybody in, or does anything for
    /// them, must not use it: every other app has URLs of the same people.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote_builder.md")]
    /// let archive = server.any_audience().build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn any_audience(mut self) -> Self {
        self.identities = self.identities.any_audience();
        self
    }

    /// Accepts URLs that were made for these addresses as well as for [`audience`](Self::audience), such as the
    /// notify_url of the same app.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote_builder.md")]
    /// let remote = builder.also_for(["https://app.example/notify"]).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn also_for(mut self, addresses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.identities = self.identities.also_for(addresses);
        self
    }

    /// Demands this service, instead of `password`.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote_builder.md")]
    /// let remote = builder.service("civic").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.identities = self.identities.service(service);
        self
    }

    /// Demands this login.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote_builder.md")]
    /// let remote = builder.login("user_1").build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.identities = self.identities.login(login);
        self
    }

    /// Demands a `time` that is no longer ago than this, at most 100 years.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote_builder.md")]
    /// let remote = builder.max_age(Duration::from_secs(3600)).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn max_age(mut self, age: Duration) -> Self {
        self.identities = self.identities.max_age(age);
        self
    }

    /// Sets the source of the time. The default is the system's clock. The age of the keys depends on it, too.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote_builder.md")]
    /// let remote = builder.clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)).build()?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.identities = self.identities.clock(clock);
        self
    }

    /// Fetches the keys with another HTTP stack than the crate's own. It must not follow redirects.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote.md")]
    #[doc = include_str!("../../docs/setup/identity.md")]
    /// # let own_transport = Keys(public_keys.to_jwks());
    /// let builder = Remote::builder("https://id.example/verify").audience("https://app.example/in");
    /// let remote = builder.transport(own_transport).build()?;
    /// assert!(remote.verify_url(signed_url).await.is_ok());
    /// # Ok(()) }
    /// ```
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Makes the verifier. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with everything that is wrong; [`ConfigProblem::NoTransport`] without the feature `client`, if
    /// no [`transport`](Self::transport) is set.
    ///
    /// ```
    #[doc = include_str!("../../docs/setup/remote_builder.md")]
    /// let error = server.build().unwrap_err();
    /// assert_eq!(error.problems(), [ConfigProblem::NoAudience]);
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn build(self) -> Result<Remote, ConfigError> {
        let mut problems = Vec::new();
        let transport = self.transport.map_or_else(|| own_transport(&self.identities.base), Ok);
        let transport = transport.map_err(|problem| problems.push(problem)).ok();
        // The keys come later.
        let verifier = self.identities.public_keys(PublicKeys::none()).read(&mut problems);
        let (verifier, transport) = ConfigError::finish(verifier.zip(transport), problems)?;
        let keys = FetchedKeys::new(verifier.base(), transport, verifier.clock().clone())?;
        Ok(Remote { verifier, keys: Arc::new(keys) })
    }
}

impl fmt::Debug for RemoteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteBuilder")
            .field("identities", &self.identities)
            .finish_non_exhaustive()
    }
}

/// The crate's own HTTP stack, if it reaches the base URL.
#[cfg(feature = "client")]
fn own_transport(base: &str) -> Result<Arc<dyn Transport>, ConfigProblem> {
    use super::fetched_keys::TIMEOUT;
    use crate::transport::reqwest::{ProxyChoice, ReqwestTransport, Settings};
    use crate::transport::url::{is_loopback, parse};

    if cfg!(not(any(feature = "rustls", feature = "native-tls"))) && base.starts_with("https:") {
        return Err(ConfigProblem::NoTransport);
    }
    let mut settings = Settings::new(TIMEOUT);
    if parse(base).is_ok_and(|uri| is_loopback(&uri)) {
        settings = Settings { loopback: true, proxy: ProxyChoice::None, ..settings };
    }
    Ok(Arc::new(ReqwestTransport::new(settings)))
}

#[cfg(not(feature = "client"))]
fn own_transport(_: &str) -> Result<Arc<dyn Transport>, ConfigProblem> {
    Err(ConfigProblem::NoTransport)
}
