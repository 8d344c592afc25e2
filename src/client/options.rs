//! The settings of the crate's own transport.

use http::Uri;

use super::config_errors::ConfigErrors;
use super::payload_hosts::PayloadHosts;
use super::{CivicSipBuilder, Wire};

#[cfg(feature = "client")]
pub(super) use own::Options;

#[cfg(not(feature = "client"))]
pub(super) use absent::Options;

/// With a transport of the user's own, or with none, these would be ignored without a word.
fn refuse_unused(builder: &CivicSipBuilder, errors: &mut ConfigErrors, problem: &str) {
    if builder.proxy.is_some() {
        errors.add("proxy", problem);
    }
    if !builder.root_certificates.is_empty() {
        errors.add("add_root_certificate", problem);
    }
}

#[cfg(feature = "client")]
mod own {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::address;
    use super::*;
    use crate::transport::reqwest::{Proxy, ReqwestTransport, Roots, Settings};

    pub(in super::super) struct Options {
        proxy: Option<Proxy>,
        roots: Roots,
        timeout: Duration,
        connect_timeout: Duration,
    }

    impl Options {
        pub(in super::super) fn read(
            builder: &CivicSipBuilder,
            errors: &mut ConfigErrors,
        ) -> Option<Self> {
            if builder.transport.is_some() {
                refuse_unused(
                    builder,
                    errors,
                    "is nothing that a `transport` of your own knows of",
                );
            }
            let proxy = builder.proxy.as_ref().map(|url| Proxy::read(url)).transpose();
            let proxy = errors.unless_ok("proxy", proxy);
            let roots =
                errors.unless_ok("add_root_certificate", Roots::read(&builder.root_certificates));
            Some(Self {
                proxy: proxy?,
                roots: roots?,
                timeout: builder.timeout,
                connect_timeout: builder.connect_timeout,
            })
        }

        pub(in super::super) fn wire(self, uri: &Uri, payload_hosts: &PayloadHosts) -> Wire {
            let hosts = payload_hosts.clone();
            let loopback = address::is_loopback(uri);
            let settings = Settings {
                proxy: self.proxy,
                roots: self.roots,
                may_lead_to: Arc::new(move |name, address| hosts.may_resolve_to(name, address)),
                ..Settings::new(self.timeout, self.connect_timeout, loopback)
            };
            Wire::Own(Box::new(ReqwestTransport::new(settings)))
        }
    }
}

/// Requests can be made and answers be opened without a transport.
#[cfg(not(feature = "client"))]
mod absent {
    use super::*;

    pub(in super::super) struct Options;

    impl Options {
        pub(in super::super) fn read(
            builder: &CivicSipBuilder,
            errors: &mut ConfigErrors,
        ) -> Option<Self> {
            refuse_unused(builder, errors, "needs the feature `client`");
            Some(Self)
        }

        pub(in super::super) fn wire(self, _: &Uri, _: &PayloadHosts) -> Wire {
            Wire::Absent
        }
    }
}
