//! The settings of a transport.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{ClientBuilder, Url};

use crate::transport::resolver::MayConnectTo;

/// The configuration of a [`ReqwestTransport`](super::ReqwestTransport).
#[derive(Clone)]
pub(crate) struct Settings {
    /// The time to open a connection, TLS included.
    pub(crate) connect_timeout: Duration,
    /// Requests go to this machine only, so that a lack of certificates does no harm.
    pub(crate) loopback: bool,
    pub(crate) proxy: ProxyChoice,
    /// Authorities that are trusted beside the system's.
    pub(crate) roots: Roots,
    /// The addresses that names may be connected to at; all, if `None`.
    pub(crate) may_connect_to: Option<Arc<MayConnectTo>>,
}

impl Settings {
    /// Creates settings with the proxies of the environment and the certificate authorities of the system.
    pub(crate) fn new(connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            loopback: false,
            proxy: ProxyChoice::Environment,
            roots: Roots::default(),
            may_connect_to: None,
        }
    }
}

/// The proxy that requests are sent through.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    /// The one that the environment names for the host, if any.
    Environment,
    None,
    Given(Box<Proxy>),
}

impl ProxyChoice {
    /// Returns the hosts of all proxies that a request may be sent through.
    pub(super) fn hosts(&self) -> Vec<String> {
        match self {
            Self::Environment => proxy_hosts_of_environment(),
            Self::None => Vec::new(),
            Self::Given(proxy) => vec![proxy.host.clone()],
        }
    }
}

/// A proxy for all requests that leave this machine. It may hold a password.
#[derive(Clone)]
pub(crate) struct Proxy {
    proxy: reqwest::Proxy,
    host: String,
}

impl Proxy {
    /// # Errors
    ///
    /// A description of the mistake that follows the name of the setting.
    pub(crate) fn read(url: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be the http or https URL of a proxy, such as http://user:password@proxy.example.com:3128";
        let url = Url::parse(url.trim()).map_err(|_| FORM)?;
        if !matches!(url.scheme(), "http" | "https")
            || !matches!(url.path(), "" | "/")
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(FORM);
        }
        let host = url.host_str().ok_or(FORM)?.to_owned();
        let proxy = reqwest::Proxy::all(url).map_err(|_| FORM)?;
        Ok(Self { proxy, host })
    }

    pub(super) fn get(&self) -> reqwest::Proxy {
        self.proxy.clone()
    }
}

/// Returns the hosts of the proxies that the environment may name.
fn proxy_hosts_of_environment() -> Vec<String> {
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
        .into_iter()
        .filter_map(|variable| env::var(variable).ok())
        .filter_map(|url| {
            let url = if url.contains("://") { url } else { format!("http://{url}") };
            Some(Url::parse(&url).ok()?.host_str()?.to_owned())
        })
        .collect()
}

/// Certificates of certificate authorities.
#[derive(Clone, Default)]
pub(crate) struct Roots {
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    certificates: Vec<reqwest::Certificate>,
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
impl Roots {
    /// # Errors
    ///
    /// A description of the mistake that follows the name of the setting.
    pub(crate) fn read(pems: &[Vec<u8>]) -> Result<Self, &'static str> {
        const FORM: &str = "must be one or more X.509 certificates in PEM";
        let mut roots = Self::default();
        for pem in pems {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| FORM)?;
            if certificates.is_empty() {
                return Err(FORM);
            }
            roots.certificates.extend(certificates);
        }
        // reqwest reads the certificates themselves only when it builds a client.
        if !roots.is_empty() {
            let builder = ClientBuilder::new().no_proxy();
            #[cfg(feature = "rustls")]
            let builder = builder.tls_backend_rustls();
            roots.clone().replace_in(builder).build().map_err(|_| FORM)?;
        }
        Ok(roots)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    pub(super) fn add_to(&self, builder: ClientBuilder) -> ClientBuilder {
        if self.is_empty() { builder } else { builder.tls_certs_merge(self.certificates.clone()) }
    }

    pub(super) fn replace_in(&self, builder: ClientBuilder) -> ClientBuilder {
        builder.tls_certs_only(self.certificates.clone())
    }
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
impl Roots {
    pub(crate) fn read(pems: &[Vec<u8>]) -> Result<Self, &'static str> {
        if pems.is_empty() {
            Ok(Self::default())
        } else {
            Err("needs the feature `rustls` or `native-tls`")
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        true
    }

    pub(super) fn add_to(&self, builder: ClientBuilder) -> ClientBuilder {
        builder
    }

    pub(super) fn replace_in(&self, builder: ClientBuilder) -> ClientBuilder {
        builder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_http_or_https_urls() {
        for url in [
            "http://proxy.example.com:3128",
            "http://proxy.example.com:3128/",
            "https://proxy.example.com",
            " http://user:p%40ss@10.0.0.1:8080\n",
            "http://[::1]:3128",
        ] {
            assert!(Proxy::read(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "proxy.example.com",
            "proxy.example.com:3128",
            "socks5://proxy.example.com:1080",
            "ftp://proxy.example.com",
            "http://",
            "http://:3128",
            "http://proxy.example.com:99999",
            "http://proxy.example.com/path",
            "http://proxy.example.com/?query",
            "http://user:pass word@[nonsense]/",
        ] {
            assert!(Proxy::read(url).is_err(), "{url}");
        }
    }
}
