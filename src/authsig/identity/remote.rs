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
/// # async fn handler(signed_url: &str, cookie: &str) -> Result<(), Box<dyn std::error::Error>> {
/// // Once, when the app starts:
/// let remote = Remote::builder("https://id.example/verify").audience("https://app.example/in").build()?;
///
/// // When the browser comes back to https://app.example/in?authsig=<signed URL>:
/// let state: State = cookie.parse()?;
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
    /// Configures a verifier for the server at this base URL: https, or http on this machine.
    pub fn builder(base: impl Into<String>) -> RemoteBuilder {
        RemoteBuilder { identities: IdentityVerifier::builder(base), transport: None }
    }

    /// Verifies a URL that is to **let a browser in**, with the state of this attempt, from the browser's cookie.
    ///
    /// It demands that state, a `time` within the last 5 minutes, and an audience. Afterwards the app deletes the cookie
    /// and changes the id of the browser's session.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Verify`] for a URL that is not accepted, and any other [`RemoteError`] if the keys could not be
    /// fetched.
    pub async fn log_in(&self, url: &str, state: &State) -> Result<Identity, RemoteError> {
        Ok(self.verifier(url).await?.log_in(url, state)?)
    }

    /// Verifies a URL for any purpose but one: it must **never let a browser in**, which [`log_in`](Self::log_in) is for.
    /// Anybody can come by a URL, and send a browser with it.
    ///
    /// # Errors
    ///
    /// Those of [`log_in`](Self::log_in).
    pub async fn verify_url(&self, url: &str) -> Result<Identity, RemoteError> {
        Ok(self.verifier(url).await?.verify_url(url)?)
    }

    /// Verifies the URL of a notification. Like [`verify_url`](Self::verify_url) it never lets a browser in.
    ///
    /// # Errors
    ///
    /// Those of [`log_in`](Self::log_in).
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
    pub fn audience(mut self, address: impl Into<String>) -> Self {
        self.identities = self.identities.audience(address);
        self
    }

    /// Accepts URLs whatever app they were made for, and those made for none.
    ///
    /// This is for those who only look at URLs, such as an archive. An app that lets anybody in, or does anything for
    /// them, must not use it: every other app has URLs of the same people.
    pub fn any_audience(mut self) -> Self {
        self.identities = self.identities.any_audience();
        self
    }

    /// Accepts URLs that were made for these addresses as well as for [`audience`](Self::audience), such as the
    /// notify_url of the same app.
    pub fn also_for(mut self, addresses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.identities = self.identities.also_for(addresses);
        self
    }

    /// Demands this service, instead of `password`.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.identities = self.identities.service(service);
        self
    }

    /// Demands this login.
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.identities = self.identities.login(login);
        self
    }

    /// Demands a `time` that is no longer ago than this, at most 100 years.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.identities = self.identities.max_age(age);
        self
    }

    /// Takes the time from elsewhere than the system's clock. It decides about the age of the keys, too.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.identities = self.identities.clock(clock);
        self
    }

    /// Fetches the keys with another HTTP stack than the crate's own. It must not follow redirects.
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
