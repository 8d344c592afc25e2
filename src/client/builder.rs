//! The configuration of a client.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use crate::Environment;
use crate::clock::Clock;
use crate::protocol::AUDIENCE;
use crate::transport::{SendOptions, Transport};

/// Configures a [`CivicSip`](crate::CivicSip). App id, private signing key and secret are required; everything else has a default.
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
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CivicSipBuilder {
    pub(super) app_id: Option<String>,
    pub(super) private_signing_key: Option<Zeroizing<String>>,
    pub(super) secret: Option<Zeroizing<String>>,
    /// `None` for a name that is not an environment's.
    pub(super) environment: Option<Environment>,
    pub(super) base_url: Option<String>,
    pub(super) stage_in_url: bool,
    /// The hosted service's key, if `None`.
    pub(super) sip_public_keys: Option<Vec<String>>,
    pub(super) audience: String,
    pub(super) leeway: Duration,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) retries: u32,
    /// It may contain a password.
    pub(super) proxy: Option<Zeroizing<String>>,
    pub(super) root_certificates: Vec<Vec<u8>>,
    pub(super) transport: Option<Arc<dyn Transport>>,
    pub(super) max_response_bytes: usize,
    pub(super) payload_hosts: Option<Vec<String>>,
    pub(super) clock: Clock,
    /// Errors name environment variables rather than methods.
    pub(super) variable_names: bool,
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
            sip_public_keys: None,
            audience: AUDIENCE.to_owned(),
            leeway: Duration::from_secs(60),
            timeout: SendOptions::new().timeout(),
            connect_timeout: Duration::from_secs(10),
            retries: 3,
            proxy: None,
            root_certificates: Vec::new(),
            transport: None,
            max_response_bytes: SendOptions::new().max_response_bytes(),
            payload_hosts: None,
            clock: Clock::default(),
            variable_names: false,
        }
    }

    /// Sets the id of the app, from the service's portal. Required.
    ///
    /// ```
    /// # let builder = civic_sip::CivicSip::builder().private_signing_key("1".repeat(64)).secret("2".repeat(32));
    /// let civic = builder.app_id("app42").build()?;
    /// assert_eq!(civic.app_id(), "app42");
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// Sets the app's P-256 private key, in hex, which signs requests. Required.
    ///
    /// 60 to 64 digits, or 66 that begin with `00`, in either case. White space around them is ignored.
    ///
    /// ```
    /// # let builder = civic_sip::CivicSip::builder().app_id("app42").secret("2".repeat(32));
    /// let key = "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
    /// let civic = builder.private_signing_key(key).build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn private_signing_key(mut self, hex: impl Into<String>) -> Self {
        self.private_signing_key = Some(Zeroizing::new(hex.into()));
        self
    }

    /// Sets the secret that the app shares with the service: 32 hex digits. White space around them is ignored. Required.
    ///
    /// Keep the case that the portal shows: requests are digested with the text, not with the bytes.
    ///
    /// ```
    /// # let builder = civic_sip::CivicSip::builder().app_id("app42").private_signing_key("1".repeat(64));
    /// let civic = builder.secret("50c0c3273d5a7ca8a04287f82c6d0111").build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn secret(mut self, hex: impl Into<String>) -> Self {
        self.secret = Some(Zeroizing::new(hex.into()));
        self
    }

    /// Sets the stage of the service, a part of the URL. The default is [`Environment::Prod`].
    ///
    /// ```
    /// # use civic_sip::Environment;
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.environment(Environment::Dev).build()?;
    /// assert_eq!(civic.request("token")?.uri().path(), "/sip/dev/scopeRequest/authCode");
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Sets the URL of the service, up to the stage. The default is `https://api.civic.com/sip`.
    ///
    /// Plain `http` is allowed for loopback addresses only.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.base_url("http://127.0.0.1:4000/sip").build()?;
    /// assert_eq!(civic.request("token")?.uri(), "http://127.0.0.1:4000/sip/prod/scopeRequest/authCode");
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sets whether the stage stands between the base URL and the path. The default is `true`.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.base_url("https://sip.example.com").stage_in_url(false).build()?;
    /// assert_eq!(civic.request("token")?.uri(), "https://sip.example.com/scopeRequest/authCode");
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn stage_in_url(mut self, stage_in_url: bool) -> Self {
        self.stage_in_url = stage_in_url;
        self
    }

    /// Sets the P-256 public key of the service, uncompressed, in hex. The default is that of api.civic.com.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder
    ///     .sip_public_key(
    ///         "049a45998638cfb3c4b211d72030d9ae8329a242db63bfb0076a54e7647370a8ac\
    ///          5708b57af6065805d5a6be72332620932dbb35e8d318fce18e7c980a0eb26aa1",
    ///     )
    ///     .build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn sip_public_key(self, hex: impl Into<String>) -> Self {
        self.sip_public_keys([hex])
    }

    /// Sets several public keys of the service, any of which may have signed a response: for the days in which the
    /// service changes its key.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// # let old = "049a45998638cfb3c4b211d72030d9ae8329a242db63bfb0076a54e7647370a8ac5708b57af6065805d5a6be72332620932dbb35e8d318fce18e7c980a0eb26aa1";
    /// # let new = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    /// let civic = builder.sip_public_keys([old, new]).build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn sip_public_keys(mut self, hex: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.sip_public_keys = Some(hex.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the audience of requests, which responses must have as well (`aud`, RFC 7519, section 4.1.3). The default is
    /// `https://api.civic.com/sip/`. In responses, a last slash makes no difference.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.audience("https://sip.example.com/").build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Sets the tolerated difference of the service's clock. The default is 60 s, the maximum 10 minutes.
    ///
    /// ```
    /// # use std::time::Duration;
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.clone().leeway(Duration::from_secs(120)).build()?;
    /// assert!(builder.leeway(Duration::from_secs(3600)).build().unwrap_err().is_config());
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets the time for a whole exchange, including retries and a payload behind a link. The default is 30 s.
    ///
    /// ```
    /// # use std::time::Duration;
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.timeout(Duration::from_secs(10)).build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time to open a connection, TLS included. The default is 10 s, and nine tenths of
    /// [`timeout`](Self::timeout) at most.
    ///
    /// ```
    /// # use std::time::Duration;
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.connect_timeout(Duration::from_secs(3)).build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the number of times that an exchange may send a token again, 0 to 10. The default is 3.
    ///
    /// See [`CivicSip::exchange_code`](crate::CivicSip::exchange_code) for when it does.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.clone().retries(0).build()?; // sends each token once
    /// assert!(builder.retries(11).build().unwrap_err().is_config());
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the HTTP or HTTPS proxy of all connections, for instance `http://user:password@proxy.example.com:3128`.
    ///
    /// By default the proxies of the environment are used: `HTTPS_PROXY`, `ALL_PROXY` and the like, except for the hosts
    /// in `NO_PROXY`. One that is set here is used for all hosts, whatever `NO_PROXY` says. Loopback addresses are always
    /// connected to directly.
    ///
    /// TLS passes through the proxy to the service: the proxy sees host names and sizes.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.proxy("http://proxy.example.com:3128").build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(Zeroizing::new(url.into()));
        self
    }

    /// Adds certificate authorities beside those of the system: one or more X.509 certificates in PEM.
    ///
    /// Nothing turns the verification of certificates off.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// # let pem = rcgen::generate_simple_self_signed(["sip.example.com".to_owned()])?.cert.pem();
    /// let civic = builder.clone().add_root_certificate(pem).build()?;
    /// assert!(builder.add_root_certificate("no certificate").build().unwrap_err().is_config());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.root_certificates.push(pem.as_ref().to_vec());
        self
    }

    /// Sets another HTTP stack than the crate's own.
    ///
    /// It brings its own proxy and certificates: together with [`proxy`](Self::proxy) or
    /// [`add_root_certificate`](Self::add_root_certificate) it is an error.
    ///
    /// ```
    /// # use civic_sip::{BoxFuture, SendOptions, Transport, TransportError, http};
    /// # struct Offline;
    /// # impl Transport for Offline {
    /// #     fn send<'a>(
    /// #         &'a self,
    /// #         _: http::Request<Vec<u8>>,
    /// #         _: SendOptions,
    /// #     ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
    /// #         Box::pin(async { Err(TransportError::NotSent("there is no network".into())) })
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), civic_sip::Error> {
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.transport(Offline).retries(0).build()?;
    /// assert!(civic.exchange_code("token").await.unwrap_err().is_retryable());
    /// # Ok(()) }
    /// ```
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the largest body of a response, in bytes. The default is 64 MiB. A larger one is rejected while it arrives.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.max_response_bytes(1024 * 1024).build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Sets the hosts that large payloads may be fetched from: names, which include the hosts below them, and IP
    /// addresses. No scheme, no port.
    ///
    /// The default is Amazon S3 on port 443 (`s3.amazonaws.com`, `s3.<region>.amazonaws.com`, `<bucket>.s3…`), and this
    /// machine if the base URL leads to this machine. A list replaces the default; an empty one allows no link.
    ///
    /// Links must be https, except for loopback addresses. A host that resolves to a private, loopback, link-local or
    /// otherwise special address is not connected to, unless its very name is in the list. Where a proxy or a
    /// [`transport`](Self::transport) of your own resolves names, that is not checked.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.clone().payload_hosts(["storage.example.com"]).build()?;
    /// assert!(builder.payload_hosts(["https://storage.example.com"]).build().unwrap_err().is_config());
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn payload_hosts(mut self, hosts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.payload_hosts = Some(hosts.into_iter().map(|host| host.as_ref().to_owned()).collect());
        self
    }

    /// Sets the source of the time. The default is [`SystemTime::now`].
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    #[doc = include_str!("../docs/setup/client_builder.md")]
    /// let civic = builder.clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)).build()?;
    /// # Ok::<(), civic_sip::Error>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    pub(super) fn with_variable_names(mut self) -> Self {
        self.variable_names = true;
        self
    }

    pub(super) fn environment_name(mut self, name: String) -> Self {
        self.environment = name.trim().parse().ok();
        self
    }
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
