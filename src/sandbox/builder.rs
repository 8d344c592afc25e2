//! What a sandbox can be told before it starts.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use http::Uri;
use tokio::sync::oneshot;

use super::credentials::Credentials;
use super::domains::Domains;
use super::exchange::{Clock, Exchange};
use super::scope_requests::ScopeRequests;
use super::{Hosted, Sandbox, server};
use crate::Error;

/// Longer tokens than this go behind a link, unless set.
const PAYLOAD_SIZE: usize = 1024 * 1024;

/// A longer public address would make QR codes too dense for cameras.
const MAX_PUBLIC_URL: usize = 256;

/// Sets up a [`Sandbox`].
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
    payload_size: usize,
}

impl SandboxBuilder {
    pub(super) fn new() -> Self {
        Self {
            clock: Arc::new(SystemTime::now),
            ip: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            app_id: None,
            seed: None,
            public_url: None,
            domains: Ok(Domains::default()),
            proof_of_identity: true,
            payload_size: PAYLOAD_SIZE,
        }
    }

    /// Where the time comes from: [`SystemTime::now`] unless set.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The port to listen on: one that is free unless set.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The address to listen on: `127.0.0.1` unless set.
    ///
    /// On another, whoever reaches this machine can play the invented people and inject faults.
    pub fn listen(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = ip.into();
        self
    }

    /// The id of the app: made up unless set.
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// Derives the keys, the secret and, unless it is set, the app's id from this text: the same text, the same keys.
    ///
    /// Whoever knows the text has the keys. They are random unless it is set.
    pub fn seed(mut self, seed: impl Into<String>) -> Self {
        self.seed = Some(seed.into());
        self
    }

    /// Where a phone reaches the sandbox: QR codes point there. The sandbox's own address unless set.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// The hosts whose pages may ask in the name of the app, at whatever port: `localhost`, `127.0.0.1` and `[::1]`
    /// unless set. All others get 401 and a `civic-sip-error`.
    pub fn domains(mut self, domains: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.domains = Domains::new(domains);
        self
    }

    /// Whether the app is approved for `PROOF_OF_IDENTITY`, as it is unless set otherwise. Without approval it gets
    /// 401 and a `civic-sip-error`.
    pub fn proof_of_identity(mut self, approved: bool) -> Self {
        self.proof_of_identity = approved;
        self
    }

    /// How many bytes a signed token may have before it goes behind a link, if the client says that it can follow one
    /// (`allowS3UploadedPayload`): 1 MiB unless set. With 0, every token does.
    pub fn payload_size(mut self, bytes: usize) -> Self {
        self.payload_size = bytes;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// `is_config` if a setting is wrong, or if the system gives no port, no thread or no random numbers.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let cant = |what: &str, error| Error::config(format!("the sandbox can't {what}: {error}"));
        let app_id = self.app_id.map(checked_app_id).transpose()?;
        let public_url = self.public_url.map(checked_public_url).transpose()?;
        let domains = self.domains.map_err(|entry| {
            Error::config(format!(
                "`{entry}` in `domains` has to be a host name, with no scheme and no port"
            ))
        })?;
        let listener = TcpListener::bind(SocketAddr::new(self.ip, self.port))
            .map_err(|error| cant("listen", error))?;
        let address = listener.local_addr().map_err(|error| cant("listen", error))?;
        listener.set_nonblocking(true).map_err(|error| cant("listen", error))?;
        let credentials = Credentials::new(app_id, self.seed.as_deref())
            .ok_or_else(|| Error::config("the system has no random numbers"))?;

        let base_url = format!("http://{}", reachable(address));
        let hosted = Arc::new(Hosted {
            exchange: Exchange::new(credentials, self.clock, base_url.clone(), self.payload_size),
            requests: ScopeRequests::default(),
            domains,
            proof_of_identity: self.proof_of_identity,
            public_url: public_url.unwrap_or_else(|| base_url.clone()),
            base_url,
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| cant("start", error))?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&hosted);
        let thread = thread::Builder::new()
            .name("civic-sandbox".to_owned())
            .spawn(move || server::run(&runtime, listener, served, stopped))
            .map_err(|error| cant("start", error))?;
        Ok(Sandbox { hosted, stop: Some(stop), thread: Some(thread) })
    }
}

/// One can listen on all addresses, but talk to one only.
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
    let odd = |character: char| character.is_whitespace() || character.is_control();
    if app_id.is_empty() || app_id.len() > 256 || app_id.chars().any(odd) {
        return Err(Error::config(
            "`app_id` has to be a text of at most 256 bytes with no white space",
        ));
    }
    Ok(app_id)
}

fn checked_public_url(url: String) -> Result<String, Error> {
    let is_address = url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none()
    });
    if !is_address || url.contains('#') || url.len() > MAX_PUBLIC_URL {
        return Err(Error::config(
            "`public_url` has to be an http or https URL of at most 256 bytes, with no query",
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
