//! Name lookup that gives no address that must not be visited.
//!
//! Looking at the addresses here, and not before the request, leaves no time for a name to change its mind: the
//! connection goes to what was looked at (and address literals, which never come here, are the caller's to refuse).

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether a name may lead to an address.
pub(crate) type MayLeadTo = dyn Fn(&str, IpAddr) -> bool + Send + Sync;

pub(crate) struct Resolver {
    pub(crate) may_lead_to: Arc<MayLeadTo>,
    /// Hosts of proxies, which may be anywhere, whatever they are called.
    pub(crate) proxies: Vec<String>,
}

/// All addresses of the name are of a kind that must not be visited.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address that may be visited")]
pub(crate) struct Forbidden;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let may_lead_to = Arc::clone(&self.may_lead_to);
        let is_proxy = self.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            // The port is put in later.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<_> = found
                .filter(|address| is_proxy || may_lead_to(name.as_str(), address.ip()))
                .collect();
            if addresses.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Whether `error` comes from a name that leads nowhere that may be visited.
pub(crate) fn is_forbidden(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .any(|error| error.is::<Forbidden>())
}
