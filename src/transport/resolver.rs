//! Name resolution that leaves out addresses that must not be connected to.
//!
//! Addresses are checked here, rather than before the request, so that the connection goes to the very address that
//! was checked. (Address literals are not resolved: callers reject those themselves.)

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Returns whether a name may be connected to at an address.
pub(crate) type MayConnectTo = dyn Fn(&str, IpAddr) -> bool + Send + Sync;

pub(crate) struct Resolver {
    may_connect_to: Arc<MayConnectTo>,
    /// Proxies may be anywhere, whatever their names.
    proxies: Vec<String>,
}

impl Resolver {
    pub(crate) fn new(may_connect_to: &Arc<MayConnectTo>, proxies: Vec<String>) -> Self {
        Self { may_connect_to: Arc::clone(may_connect_to), proxies }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("none of the addresses of the host is allowed")]
struct BlockedAddress;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let may_connect_to = Arc::clone(&self.may_connect_to);
        let is_proxy = self.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            // reqwest sets the port.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<_> = found
                .filter(|address| is_proxy || may_connect_to(name.as_str(), address.ip()))
                .collect();
            if addresses.is_empty() {
                return Err(BlockedAddress.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Returns whether the error was caused by the resolver leaving out all addresses of a host.
pub(crate) fn is_blocked_address(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .any(|error| error.is::<BlockedAddress>())
}
