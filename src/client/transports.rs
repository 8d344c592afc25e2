//! The transports of a client: its user's, or those on reqwest.

use std::sync::Arc;

use http::Uri;

use super::builder::CivicSipBuilder;
use super::config_errors::ConfigErrors;
use super::payload_hosts::PayloadHosts;
#[cfg(not(feature = "client"))]
use crate::transport::{BoxFuture, SendOptions, TransportError};
use crate::transport::{Limited, Transport};

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
                Some(Self::User(Arc::new(Limited::new(Arc::clone(transport)))))
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
