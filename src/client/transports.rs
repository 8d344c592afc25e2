//! The transports of a client: its user's, or those on reqwest.

use std::sync::Arc;

use http::Uri;

use super::builder::CivicSipBuilder;
use super::config_errors::ConfigErrors;
use super::payload_hosts::PayloadHosts;
use super::runtime;
use crate::transport::{BoxFuture, SendOptions, Transport, TransportError};

/// The transport to the service, and the one for payload links.
type Transports = (Arc<dyn Transport>, Arc<dyn Transport>);

/// The settings of the transports.
pub(super) enum TransportConfig {
    User(Arc<dyn Transport>),
    #[cfg(feature = "client")]
    Reqwest(Box<crate::transport::reqwest::Settings>),
    #[cfg(not(feature = "client"))]
    Missing,
}

impl TransportConfig {
    pub(super) fn read(builder: &CivicSipBuilder, errors: &mut ConfigErrors) -> Option<Self> {
        match &builder.transport {
            Some(transport) => {
                reject_unused(builder, errors, "has no effect on a `transport` of your own");
                Some(Self::User(Arc::new(Limited(Arc::clone(transport)))))
            }
            None => Self::read_own(builder, errors),
        }
    }

    #[cfg(feature = "client")]
    fn read_own(builder: &CivicSipBuilder, errors: &mut ConfigErrors) -> Option<Self> {
        use crate::transport::reqwest::{Proxy, ProxyChoice, Roots, Settings};

        let base_url = builder.base_url.as_deref().unwrap_or("https:").trim();
        let is_https = base_url.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:"));
        let tls = cfg!(any(feature = "rustls", feature = "native-tls"));
        errors.add_if(
            is_https && !tls,
            "base_url",
            "is https, which needs the feature `rustls` or `native-tls`, or a `transport`",
        );
        let proxy = builder.proxy.as_ref().map(|url| Proxy::read(url)).transpose();
        let proxy = errors.check("proxy", proxy);
        let roots = errors.check("add_root_certificate", Roots::read(&builder.root_certificates));
        // If the time-out comes first, nothing tells whether the request was sent.
        let connect_timeout = builder.connect_timeout.min(builder.timeout - builder.timeout / 10);
        Some(Self::Reqwest(Box::new(Settings {
            proxy: proxy?
                .map_or(ProxyChoice::Environment, |proxy| ProxyChoice::Given(Box::new(proxy))),
            roots: roots?,
            ..Settings::new(connect_timeout)
        })))
    }

    /// Requests can be made and responses be verified without a transport.
    #[cfg(not(feature = "client"))]
    fn read_own(builder: &CivicSipBuilder, errors: &mut ConfigErrors) -> Option<Self> {
        reject_unused(builder, errors, "needs the feature `client`");
        Some(Self::Missing)
    }

    /// Returns the transports to the service at `uri`, and to the hosts of payloads.
    #[cfg(feature = "client")]
    pub(super) fn build(self, uri: &Uri, hosts: &PayloadHosts) -> Transports {
        use crate::transport::reqwest::{
            GuardedTransport, ProxyChoice, ReqwestTransport, Settings,
        };
        use crate::transport::url::is_loopback;

        let settings = match self {
            Self::User(transport) => return (Arc::clone(&transport), transport),
            Self::Reqwest(settings) => *settings,
        };
        let hosts = hosts.clone();
        let payload = GuardedTransport::new(settings.clone(), move |name, address| {
            hosts.may_connect_to(name, address)
        });
        let service = if is_loopback(uri) {
            Settings { loopback: true, proxy: ProxyChoice::None, ..settings }
        } else {
            settings
        };
        (Arc::new(ReqwestTransport::new(service)), Arc::new(payload))
    }

    #[cfg(not(feature = "client"))]
    pub(super) fn build(self, _: &Uri, _: &PayloadHosts) -> Transports {
        match self {
            Self::User(transport) => (Arc::clone(&transport), transport),
            Self::Missing => (Arc::new(NoTransport), Arc::new(NoTransport)),
        }
    }
}

/// Keeps the limits of a transport that may not keep them itself.
struct Limited(Arc<dyn Transport>);

impl Transport for Limited {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let response = runtime::timeout(options.timeout(), self.0.send(request, options))
                .await
                .unwrap_or_else(|| {
                    Err(TransportError::Timeout("the transport took longer".into()))
                })?;
            if response.body().len() > options.max_response_bytes() {
                return Err(TransportError::TooLarge("the transport returned more".into()));
            }
            Ok(response)
        })
    }
}

/// Rejects settings that would be ignored silently.
fn reject_unused(builder: &CivicSipBuilder, errors: &mut ConfigErrors, error: &str) {
    errors.add_if(builder.proxy.is_some(), "proxy", error);
    errors.add_if(!builder.root_certificates.is_empty(), "add_root_certificate", error);
}

#[cfg(not(feature = "client"))]
struct NoTransport;

#[cfg(not(feature = "client"))]
impl Transport for NoTransport {
    fn send<'a>(
        &'a self,
        _: http::Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(std::future::ready(Err(TransportError::Unusable(
            "there is no HTTP stack; turn on the feature `client`, or set a `transport`".into(),
        ))))
    }
}
