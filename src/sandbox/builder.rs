//! The settings of a sandbox.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use http::Uri;
use tokio::sync::oneshot;

use super::credentials::Credentials;
use super::domains::Domains;
use super::state::{Settings, State};
use super::{Sandbox, server};
use crate::Error;
use crate::clock::Clock;

/// A longer signed token is delivered by link, unless set.
const PAYLOAD_SIZE: usize = 1024 * 1024;

/// A longer address would make QR codes too dense for cameras.
const MAX_PUBLIC_URL: usize = 256;

/// Configures and starts a [`Sandbox`].
///
/// ```
#[doc = include_str!("../docs/setup/sandbox.md")]
/// let sandbox = Sandbox::builder().app_id("app42").seed("tests of the shop").start().await?;
/// assert_eq!(sandbox.app_id(), "app42");
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until `start` is called"]
pub struct SandboxBuilder {
    clock: Clock,
    ip: IpAddr,
    port: u16,
    app_id: Option<String>,
    seed: Option<String>,
    public_url: Option<String>,
    domains: Result<Domains, String>,
    proof_of_identity: bool,
    strict: bool,
    payload_size: usize,
}

impl SandboxBuilder {
    pub(super) fn new() -> Self {
        Self {
            clock: Clock::default(),
            ip: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            app_id: None,
            seed: None,
            public_url: None,
            domains: Ok(Domains::default()),
            proof_of_identity: true,
            strict: false,
            payload_size: PAYLOAD_SIZE,
        }
    }

    /// Sets the clock: [`SystemTime::now`] unless set.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let tomorrow = || SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    /// let sandbox = Sandbox::builder().clock(tomorrow).start().await?;
    /// let civic = sandbox.client_builder().clock(tomorrow).build()?;
    /// let token = sandbox.issue_token(&UserData::new("36a59d10", vec![]));
    /// assert!(civic.exchange_code(token).await.is_ok());
    /// # Ok(()) }
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// Sets the port to listen on: a free one unless set.
    ///
    /// ```no_run
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().port(4000).start().await?;
    /// assert_eq!(sandbox.base_url(), "http://127.0.0.1:4000");
    /// # Ok(()) }
    /// ```
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the address to listen on: `127.0.0.1` unless set.
    ///
    /// On another address, everybody who reaches this machine can log in as the invented people and inject faults.
    ///
    /// ```no_run
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().listen([0, 0, 0, 0]).start().await?;
    /// # Ok(()) }
    /// ```
    pub fn listen(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = ip.into();
        self
    }

    /// Sets the id of the app: a generated one unless set.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().app_id("app42").start().await?;
    /// assert_eq!(sandbox.app_id(), "app42");
    /// # Ok(()) }
    /// ```
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// Derives the keys, the secret and, unless it is set, the app's id from a text. They are random unless set.
    ///
    /// The same text always gives the same keys, so everybody who knows it has them.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let one = Sandbox::builder().seed("tests of the shop").start().await?;
    /// let other = Sandbox::builder().seed("tests of the shop").start().await?;
    /// assert_eq!(one.secret(), other.secret());
    /// # Ok(()) }
    /// ```
    pub fn seed(mut self, seed: impl Into<String>) -> Self {
        self.seed = Some(seed.into());
        self
    }

    /// Sets the address by which a phone reaches the sandbox, for QR codes: the base URL unless set.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().public_url("http://192.0.2.7:4000").start().await?;
    /// assert_ne!(sandbox.base_url(), "http://192.0.2.7:4000"); // for QR codes alone
    /// # Ok(()) }
    /// ```
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Sets the hosts whose pages may create scope requests, at any port: `localhost`, `127.0.0.1` and `[::1]` unless
    /// set. Pages of other hosts get 401 and a `civic-sip-error`.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().domains(["app.example"]).start().await?;
    /// let error = Sandbox::builder().domains(["https://app.example"]).start().await.unwrap_err();
    /// assert!(error.is_config());
    /// # Ok(()) }
    /// ```
    pub fn domains(mut self, domains: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.domains = Domains::new(domains);
        self
    }

    /// Approves the app for `PROOF_OF_IDENTITY`, or not: `true` unless set. Without approval it gets 401 and a
    /// `civic-sip-error`.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().proof_of_identity(false).start().await?;
    /// # Ok(()) }
    /// ```
    pub fn proof_of_identity(mut self, approved: bool) -> Self {
        self.proof_of_identity = approved;
        self
    }

    /// Accepts only requests in the form of the service's own clients: `false` unless set.
    ///
    /// Other clients differ from that form, and the hosted service accepted them; so does the sandbox. In strict mode it
    /// rejects an `aud` other than the service's, `data` in a list, an `exp` that is not 180 seconds after `iat`, and
    /// an `iat` that is not the current time.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().strict(true).start().await?;
    /// let token = sandbox.issue_token(&UserData::new("36a59d10", vec![]));
    /// assert!(sandbox.client_builder().build()?.exchange_code(token).await.is_ok());
    /// # Ok(()) }
    /// ```
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Sets the size in bytes above which a signed token is delivered by link, to clients that send
    /// `allowS3UploadedPayload`: 1 MiB unless set. With 0, every token is.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let sandbox = Sandbox::builder().payload_size(0).start().await?;
    /// let token = sandbox.issue_token(&UserData::new("36a59d10", vec![]));
    /// // The client follows the link.
    /// assert!(sandbox.client_builder().build()?.exchange_code(token).await.is_ok());
    /// # Ok(()) }
    /// ```
    pub fn payload_size(mut self, bytes: usize) -> Self {
        self.payload_size = bytes;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// `is_config` if a setting is wrong, or if the system gives no port, no thread or no random numbers.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/sandbox.md")]
    /// let error = Sandbox::builder().app_id("two words").start().await.unwrap_err();
    /// assert!(error.is_config());
    /// # Ok(()) }
    /// ```
    pub async fn start(self) -> Result<Sandbox, Error> {
        let app_id = self.app_id.map(checked_app_id).transpose()?;
        let public_url = self.public_url.map(checked_public_url).transpose()?;
        let domains = self.domains.map_err(|entry| {
            Error::config(format!(
                "`{entry}` in `domains` must be a host name without scheme and port"
            ))
        })?;
        let credentials = Credentials::new(app_id, self.seed.as_deref())
            .ok_or_else(|| Error::config("the system has no random numbers"))?;
        let (listener, address) = listen(SocketAddr::new(self.ip, self.port))
            .map_err(|error| Error::config(format!("the sandbox can't listen: {error}")))?;

        let base_url = format!("http://{}", reachable(address));
        let settings = Settings {
            clock: self.clock,
            public_url: public_url.unwrap_or_else(|| base_url.clone()),
            base_url,
            domains,
            proof_of_identity: self.proof_of_identity,
            strict: self.strict,
            payload_size: self.payload_size,
        };
        let state = Arc::new(State::new(settings, credentials));
        let (stop, stopped) = oneshot::channel();
        let thread = spawn_server(listener, Arc::clone(&state), stopped)
            .map_err(|error| Error::config(format!("the sandbox can't start: {error}")))?;
        Ok(Sandbox { state, stop: Some(stop), thread: Some(thread) })
    }
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves on a thread of its own, until the other end of `stopped` is dropped.
fn spawn_server(
    listener: TcpListener,
    state: Arc<State>,
    stopped: oneshot::Receiver<()>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new()
        .name("civic-sandbox".to_owned())
        .spawn(move || server::run(&runtime, listener, state, stopped))
}

/// Replaces the unspecified address, which can be listened on but not connected to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn checked_app_id(app_id: String) -> Result<String, Error> {
    let is_allowed = |character: char| !character.is_whitespace() && !character.is_control();
    if app_id.is_empty() || app_id.len() > 256 || !app_id.chars().all(is_allowed) {
        return Err(Error::config("`app_id` must have 1 to 256 bytes and no white space"));
    }
    Ok(app_id)
}

fn checked_public_url(url: String) -> Result<String, Error> {
    let is_address = url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none()
    });
    if !is_address || url.contains('#') || url.len() > MAX_PUBLIC_URL {
        return Err(Error::config(
            "`public_url` must be an http or https URL of at most 256 bytes without query",
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Shows no seed.
impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("ip", &self.ip)
            .field("port", &self.port)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}
