//! Verifying by asking the AuthSig server.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "client")]
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use super::checks::{Checks, check_setters};
use super::error::Error;
use super::keys::Signature;
use super::location::{self, Parts, Target};
use super::names;
use super::query::{self, Pair};
use super::time::Clock;
use super::verified::{Proof, Verified};
use crate::transport::{SendOptions, Transport, TransportError};

/// Longest answer that is read: it is the status that counts.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// Verifies URLs by visiting the AuthSig server that signed them: 200 is valid, 403 is not.
///
/// For those who do not have the secret. Whatever host the URL names, only `{base}/verified` is ever visited, with a
/// query written anew from a reading that the server can't read differently; [`Verified`] is that reading and
/// nothing else. No redirect is followed. A short cache is the caller's business.
///
/// - Names are of `A-Z a-z 0-9 _ . -` with at most one `[]` at the end; no other name is repeated.
/// - `default` is refused unless its slugs are listed by [`allow_defaults`](Self::allow_defaults).
/// - The signature has to be of version 2. The URL can't be used up.
/// - The server does not look at `expires_at`, and [`Remote`] does. The demands are checked as by
///   [`Verifier`](super::Verifier).
///
/// ```no_run
/// # async fn verify(url: &str) -> Result<(), civic_sip::authsig::Error> {
/// use civic_sip::authsig::Remote;
///
/// let remote = Remote::new("https://id.example/verify");
/// let verified = remote.verify_url(url).await?;
/// println!("{:?} by {}", verified.login(), verified.service());
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Remote {
    base: String,
    allowed_defaults: Vec<String>,
    transport: Option<Arc<dyn Transport>>,
    #[cfg(feature = "client")]
    own_transport: Arc<OnceLock<OwnTransport>>,
    checks: Checks,
    clock: Clock,
}

#[cfg(feature = "client")]
type OwnTransport = crate::transport::reqwest::ReqwestTransport;

impl Remote {
    /// Asks the server at this address: `https://id.example/verify`. Plain `http` is for this machine only, and
    /// anything else makes every verifying fail.
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            allowed_defaults: Vec::new(),
            transport: None,
            #[cfg(feature = "client")]
            own_transport: Arc::default(),
            checks: Checks::default(),
            clock: Clock::default(),
        }
    }

    check_setters!();

    /// Lets URLs name these slugs of stored parameters.
    ///
    /// To list one is to vouch for what is stored under it, and for nobody being able to change that: it takes part
    /// in the signature unseen, and may name a login, a service, or a secret of its own.
    pub fn allow_defaults(mut self, slugs: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.allowed_defaults.extend(slugs.into_iter().map(|slug| slug.as_ref().to_owned()));
        self
    }

    /// Sends by another HTTP stack than the crate's own. It must not follow redirects.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Takes the time from elsewhere than the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// Verifies a URL of this server, absolute or beginning with a single `/`.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if the server says 403, [`Error::UnexpectedStatus`] for any other status but 200,
    /// [`Error::Transport`] if it can't be reached, [`Error::Elsewhere`] for a URL that is not at
    /// `{base}/verified`, and an [`Error`] that names the cause if the URL is refused before the server is asked,
    /// or is not what is demanded.
    pub async fn verify_url(&self, url: &str) -> Result<Verified, Error> {
        let target = self.target()?;
        let parts = location::split(url)?;
        check_location(&target, &parts)?;
        let pairs = query::parse(parts.query)?;
        self.check_reading(&pairs)?;
        let signed: Vec<_> =
            pairs.iter().filter(|pair| pair.name != "signature").cloned().collect();
        let verified = Verified::new(&signed, Proof::Asked, self.clock.clone())?;
        let signature =
            pairs.iter().find(|pair| pair.name == "signature").ok_or(Error::MissingSignature)?;
        Signature::parse(signature.value())?;
        self.checks.check(&verified, &self.clock)?;
        self.ask(&format!("{}?{}", target.as_str(), query::write(&pairs))).await?;
        Ok(verified)
    }

    /// `{base}/verified`.
    fn target(&self) -> Result<Target, Error> {
        let base = Target::new(&self.base)?;
        if base.is_exposed() {
            return Err(Error::BadTarget("has to be https, or http on this machine"));
        }
        Target::new(&format!("{}/verified", base.as_str().trim_end_matches('/')))
    }

    /// Refuses what the server might read differently.
    fn check_reading(&self, pairs: &[Pair<'_>]) -> Result<(), Error> {
        names::check(pairs)?;
        let mut seen = std::collections::HashSet::new();
        for pair in pairs {
            let name = &*pair.name;
            let base = name.strip_suffix("[]").unwrap_or(name);
            let is_ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
            if base.is_empty() || !base.bytes().all(is_ordinary) {
                return Err(Error::refused(name, "the server might read its name differently"));
            }
            if base == name && !seen.insert(name) {
                return Err(Error::refused(name, "it is repeated"));
            }
            let is_allowed = || self.allowed_defaults.iter().any(|slug| slug == pair.value());
            if base == "default" && !is_allowed() {
                return Err(Error::refused(name, "what is stored under its slug is not allowed"));
            }
        }
        Ok(())
    }

    async fn ask(&self, url: &str) -> Result<(), Error> {
        let request = http::Request::get(url)
            .header(http::header::ACCEPT, "*/*")
            .body(Vec::new())
            .map_err(|error| Error::Transport(Arc::new(error)))?;
        let options = SendOptions::new().with_max_response_bytes(MAX_RESPONSE_BYTES);
        let answer = match &self.transport {
            Some(transport) => transport.send(request, options).await,
            None => self.own_transport()?.send(request, options).await,
        };
        let status = match answer {
            Ok(answer) => answer.status().as_u16(),
            Err(TransportError::Unusable(_)) => return Err(Error::NoRuntime),
            Err(error) => return Err(failed(error)),
        };
        match status {
            200 => Ok(()),
            403 => Err(Error::Mismatch),
            status => Err(Error::UnexpectedStatus(status)),
        }
    }

    #[cfg(feature = "client")]
    fn own_transport(&self) -> Result<&dyn Transport, Error> {
        use crate::transport::reqwest::{ProxyChoice, ReqwestTransport, Settings};

        Ok(self.own_transport.get_or_init(|| {
            let mut settings = Settings::new(Duration::from_secs(10));
            if Target::new(&self.base).is_ok_and(|base| base.is_loopback()) {
                settings = Settings { loopback: true, proxy: ProxyChoice::None, ..settings };
            }
            ReqwestTransport::new(settings)
        }))
    }

    #[cfg(not(feature = "client"))]
    fn own_transport(&self) -> Result<&dyn Transport, Error> {
        Err(Error::NoTransport)
    }
}

/// An absolute URL has to be at the target, and one without a host at its path.
fn check_location(target: &Target, parts: &Parts<'_>) -> Result<(), Error> {
    target.check(parts)?;
    let is_path = parts.before_query.starts_with('/');
    if is_path && parts.before_query != target.path() { Err(Error::Elsewhere) } else { Ok(()) }
}

fn failed(error: TransportError) -> Error {
    Error::Transport(Arc::new(error))
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("base", &self.base)
            .field("allowed_defaults", &self.allowed_defaults)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}
