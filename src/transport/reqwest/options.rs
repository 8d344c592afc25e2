//! Proxies and authorities, read once, when the client is set up.

use std::env;

use reqwest::{ClientBuilder, Url};

/// A proxy for everything that leaves this machine. It may hold a password.
#[derive(Clone)]
pub(crate) struct Proxy {
    proxy: reqwest::Proxy,
    host: String,
}

impl Proxy {
    /// # Errors
    ///
    /// What is wrong, in words that follow the name of the setting.
    pub(crate) fn read(url: &str) -> Result<Self, &'static str> {
        const FORM: &str = "has to be the http or https URL of a proxy, such as http://user:password@proxy.example.com:3128";
        let url = Url::parse(url.trim()).map_err(|_| FORM)?;
        if !matches!(url.scheme(), "http" | "https")
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(FORM);
        }
        if !matches!(url.path(), "" | "/") {
            return Err(FORM);
        }
        let host = url.host_str().ok_or(FORM)?.to_owned();
        let proxy = reqwest::Proxy::all(url).map_err(|_| FORM)?;
        Ok(Self { proxy, host })
    }

    pub(super) fn get(&self) -> reqwest::Proxy {
        self.proxy.clone()
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }
}

/// The hosts of the proxies that the environment may ask for.
pub(super) fn proxy_hosts_of_environment() -> Vec<String> {
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
        .into_iter()
        .filter_map(|variable| env::var(variable).ok())
        .filter_map(|url| {
            let url = if url.contains("://") { url } else { format!("http://{url}") };
            Some(Url::parse(&url).ok()?.host_str()?.to_owned())
        })
        .collect()
}

/// Certificates of authorities.
#[derive(Clone, Default)]
pub(crate) struct Roots {
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    certificates: Vec<reqwest::Certificate>,
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
impl Roots {
    /// # Errors
    ///
    /// What is wrong, in words that follow the name of the setting.
    pub(crate) fn read(pems: &[Vec<u8>]) -> Result<Self, &'static str> {
        const FORM: &str = "has to be one or more X.509 certificates in PEM";
        let mut roots = Self::default();
        for pem in pems {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| FORM)?;
            if certificates.is_empty() {
                return Err(FORM);
            }
            roots.certificates.extend(certificates);
        }
        // What is inside of the PEM is looked at only when a client is made.
        if !roots.is_empty() {
            let builder = ClientBuilder::new().no_proxy();
            #[cfg(feature = "rustls")]
            let builder = builder.tls_backend_rustls();
            roots.clone().alone(builder).build().map_err(|_| FORM)?;
        }
        Ok(roots)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    pub(super) fn beside_the_systems(&self, builder: ClientBuilder) -> ClientBuilder {
        if self.is_empty() { builder } else { builder.tls_certs_merge(self.certificates.clone()) }
    }

    pub(super) fn alone(&self, builder: ClientBuilder) -> ClientBuilder {
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

    pub(super) fn beside_the_systems(&self, builder: ClientBuilder) -> ClientBuilder {
        builder
    }

    pub(super) fn alone(&self, builder: ClientBuilder) -> ClientBuilder {
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
