//! The configuration of a client, checked as a whole.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::Uri;
use zeroize::Zeroizing;

use super::config_errors::{ConfigErrors, required};
use super::options::Options;
use super::payload_hosts::PayloadHosts;
use super::{App, CivicSip, Wire, address, keys};
use crate::protocol::{AUDIENCE, PATH};
use crate::transport::Transport;
use crate::{Environment, Error};

/// The hosted service.
const BASE_URL: &str = "https://api.civic.com/sip";

/// More would be a switch that turns the checks of time off.
const MAX_LEEWAY: Duration = Duration::from_secs(600);

pub(crate) type Clock = dyn Fn() -> SystemTime + Send + Sync;

/// Sets up a [`CivicSip`]. Needs app id, private signing key and secret; all else has defaults.
///
/// ```
/// # fn main() -> Result<(), civic_sip::Error> {
/// use std::time::Duration;
/// use civic_sip::{CivicSip, Environment};
///
/// let civic = CivicSip::builder()
///     .app_id("app42")
///     .private_signing_key("ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4")
///     .secret("50c0c3273d5a7ca8a04287f82c6d0111")
///     .environment(Environment::Dev)
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct CivicSipBuilder {
    app_id: Option<String>,
    private_signing_key: Option<Zeroizing<String>>,
    secret: Option<Zeroizing<String>>,
    /// `None` for a name that is no environment's.
    environment: Option<Environment>,
    base_url: Option<String>,
    stage_in_url: bool,
    sip_public_key: Option<String>,
    audience: String,
    leeway: Duration,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    /// It may hold a password.
    pub(super) proxy: Option<Zeroizing<String>>,
    pub(super) root_certificates: Vec<Vec<u8>>,
    pub(super) transport: Option<Box<dyn Transport>>,
    max_response_bytes: usize,
    payload_hosts: Option<Vec<String>>,
    clock: Arc<Clock>,
    /// Whether errors name environment variables rather than methods.
    from_environment: bool,
}

impl CivicSipBuilder {
    pub(super) fn new() -> Self {
        Self {
            app_id: None,
            private_signing_key: None,
            secret: None,
            environment: Some(Environment::Prod),
            base_url: None,
            stage_in_url: true,
            sip_public_key: None,
            audience: AUDIENCE.to_owned(),
            leeway: Duration::from_secs(60),
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            proxy: None,
            root_certificates: Vec::new(),
            transport: None,
            max_response_bytes: 64 * 1024 * 1024,
            payload_hosts: None,
            clock: Arc::new(SystemTime::now),
            from_environment: false,
        }
    }

    /// The id of the app, from the service's portal. Required.
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// The app's P-256 private key that signs requests, in hex. Required.
    ///
    /// 60 to 64 digits, or 66 that begin with `00`, in either case, white space around them allowed.
    pub fn private_signing_key(mut self, hex: impl Into<String>) -> Self {
        self.private_signing_key = Some(Zeroizing::new(hex.into()));
        self
    }

    /// The secret that the app shares with the service: 32 hex digits, white space around them allowed. Required.
    ///
    /// Keep their case as the portal shows it: requests are digested with the text, not with the bytes.
    pub fn secret(mut self, hex: impl Into<String>) -> Self {
        self.secret = Some(Zeroizing::new(hex.into()));
        self
    }

    /// The stage of the service, which stands in the URL. [`Environment::Prod`] unless set.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Where the service is, up to the stage: `https://api.civic.com/sip` unless set.
    ///
    /// Plain `http` is for loopback addresses only.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Whether the stage stands between the base URL and the path, as it does unless set otherwise.
    pub fn stage_in_url(mut self, stage_in_url: bool) -> Self {
        self.stage_in_url = stage_in_url;
        self
    }

    /// The P-256 public key that the service signs with, uncompressed, in hex: that of api.civic.com unless set.
    pub fn sip_public_key(mut self, hex: impl Into<String>) -> Self {
        self.sip_public_key = Some(hex.into());
        self
    }

    /// The audience (`aud`, RFC 7519, section 4.1.3) that requests name and answers must name:
    /// `https://api.civic.com/sip/` unless set. A last slash makes no difference in answers.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// How far the service's clock may be off, 60 s unless set. More than 10 minutes are refused.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How long an exchange may take in all, retries and a payload elsewhere included: 30 s unless set.
    ///
    /// A transport of one's own keeps its own time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long making a connection may take, TLS included: 10 s unless set, and nine tenths of
    /// [`timeout`](Self::timeout) at most.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The HTTP or HTTPS proxy that all connections go through: `http://user:password@proxy.example.com:3128`.
    ///
    /// Unless set, the proxies of the environment are used: `HTTPS_PROXY`, `ALL_PROXY` and the like, except for the
    /// hosts in `NO_PROXY`. One that is set here is used for all hosts, whatever `NO_PROXY` says. Loopback addresses are
    /// always visited directly.
    ///
    /// TLS reaches through the proxy to the service: it sees host names and sizes.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(Zeroizing::new(url.into()));
        self
    }

    /// Trusts a certificate authority beside those of the system: one or more X.509 certificates in PEM.
    ///
    /// May be called many times. Nothing turns the check of certificates off.
    pub fn add_root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.root_certificates.push(pem.as_ref().to_vec());
        self
    }

    /// Sends requests over another HTTP stack than the crate's own.
    ///
    /// It then brings its own proxy and its own certificates: with [`proxy`](Self::proxy) or
    /// [`add_root_certificate`](Self::add_root_certificate), [`build`](Self::build) refuses.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// The largest body of an answer, in bytes: 64 MiB unless set. A larger one is refused as it passes the limit.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// The hosts that large payloads may be fetched from: names, which stand for the hosts below them as well, and IP
    /// addresses. No scheme, no port.
    ///
    /// Unless set: `amazonaws.com`, at its usual port, and this machine if the base URL leads to this machine. A list
    /// that is set stands alone, and an empty one follows no link at all.
    ///
    /// Links have to be https, except for loopback addresses. A host whose name resolves to a private, loopback,
    /// link-local or otherwise special address is not visited, unless this very name is in the list. That can't be
    /// checked where a proxy looks names up, or a [`transport`](Self::transport) of one's own.
    pub fn payload_hosts(mut self, hosts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.payload_hosts = Some(hosts.into_iter().map(|host| host.as_ref().to_owned()).collect());
        self
    }

    /// Where the time comes from: [`SystemTime::now`] unless set.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    pub(super) fn named_by_environment(mut self) -> Self {
        self.from_environment = true;
        self
    }

    pub(super) fn environment_named(mut self, name: String) -> Self {
        self.environment = Environment::from_stage(name.trim());
        self
    }

    /// Reads the keys and makes the client.
    ///
    /// # Errors
    ///
    /// `is_config`, naming everything that is missing or wrong, and what it should look like.
    pub fn build(self) -> Result<CivicSip, Error> {
        let mut errors = ConfigErrors::new(self.from_environment);
        let app_id = errors.unless_ok("app_id", required(self.app_id.as_deref(), app_id));
        let signing_key = errors.unless_ok(
            "private_signing_key",
            required(self.private_signing_key.as_ref().map(|key| key.as_str()), keys::signing_key),
        );
        let secret = errors.unless_ok(
            "secret",
            required(self.secret.as_ref().map(|secret| secret.as_str()), keys::secret),
        );
        let service_key = self.sip_public_key.as_deref().unwrap_or(keys::SERVICE_PUBLIC_KEY);
        let service_key =
            errors.unless_ok("sip_public_key", required(Some(service_key), keys::public_key));
        let stage = errors
            .unless_ok("environment", self.environment.ok_or("has to be `prod` or `dev`"))
            .unwrap_or_default();
        let uri = errors.unless_ok("base_url", self.uri(stage));
        let tls = cfg!(any(not(feature = "client"), feature = "rustls", feature = "native-tls"));
        let is_https = |uri: &Uri| uri.scheme_str() == Some("https");
        if !tls && self.transport.is_none() && uri.as_ref().is_some_and(is_https) {
            errors.add(
                "base_url",
                "is https, which needs the feature `rustls` or `native-tls`, or a `transport`",
            );
        }
        if self.audience.is_empty() {
            errors.add("audience", "is empty");
        }
        if self.leeway > MAX_LEEWAY {
            errors.add("leeway", "may be 10 minutes at most");
        }
        if self.timeout.is_zero() {
            errors.add("timeout", "has to be longer than nothing");
        }
        if self.connect_timeout.is_zero() {
            errors.add("connect_timeout", "has to be longer than nothing");
        }
        let listed = self.payload_hosts.as_deref().map(PayloadHosts::listed).transpose();
        let listed = errors.unless_ok("payload_hosts", listed);
        let options = Options::read(&self, &mut errors);
        let (
            Some(app_id),
            Some(signing_key),
            Some((digest_key, cbc_key)),
            Some(service_key),
            Some(uri),
            Some(listed),
            Some(options),
            [],
        ) = (app_id, signing_key, secret, service_key, uri, listed, options, errors.found())
        else {
            return Err(errors.into());
        };
        let payload_hosts = listed.unwrap_or_else(|| PayloadHosts::default(&uri));
        let wire = match self.transport {
            Some(transport) => Wire::Given(transport),
            None => options.wire(&uri, &payload_hosts),
        };
        let app = App {
            app_id,
            audience: self.audience,
            uri,
            signing_key,
            digest_key,
            cbc_key,
            service_key,
            leeway: self.leeway,
            clock: self.clock,
            max_response_bytes: self.max_response_bytes,
            payload_hosts,
            #[cfg(feature = "client")]
            limits: super::retry::Limits {
                timeout: self.timeout,
                connect_timeout: self.connect_timeout,
            },
            wire,
        };
        Ok(CivicSip(Arc::new(app)))
    }

    fn uri(&self, environment: Environment) -> Result<Uri, &'static str> {
        let base = self.base_url.as_deref().unwrap_or(BASE_URL).trim();
        if base.contains('?') {
            return Err("has to be a URL without a query");
        }
        let stage = if self.stage_in_url { environment.stage() } else { "" };
        let mut url = base.trim_end_matches('/').to_owned();
        for part in [stage, PATH] {
            if !part.is_empty() {
                url.push('/');
                url.push_str(part);
            }
        }
        address::parse(&url)
    }
}

fn app_id(text: &str) -> Result<String, &'static str> {
    let app_id = text.trim();
    // U+FFFD stands for what was not Unicode in an environment variable.
    if app_id.contains(|character: char| character.is_control() || character == '\u{fffd}') {
        return Err("has to be the app's id from the portal, with no control characters in it");
    }
    Ok(app_id.to_owned())
}

/// Shows no key and no secret.
impl fmt::Debug for CivicSipBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CivicSipBuilder")
            .field("app_id", &self.app_id)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
