//! The addresses that identities are about: the base URL of a server, and those of an app.

use ::url::{Host, Url};

use crate::authsig::error::ConfigProblem;
use crate::authsig::url::{PublicUrl, parse_serialised};
use crate::transport;

/// Reads the base URL of a server, and removes a last slash.
pub(super) fn base(text: &str) -> Result<String, ConfigProblem> {
    let url = PublicUrl::parse(text).map_err(ConfigProblem::Base)?;
    transport::url::parse(url.as_str()).map_err(ConfigProblem::Base)?;
    Ok(url.as_str().to_owned())
}

/// Reads an address of an app as servers sign it: serialised, without its fragment. `setting` is where it stands.
pub(super) fn app(setting: &'static str, text: &str) -> Result<String, ConfigProblem> {
    let problem = |problem| ConfigProblem::Address(setting, problem);
    let mut url = parse_serialised(text).map_err(problem)?;
    if !is_protected(&url) {
        return Err(problem("must be an https URL: plain http is for loopback addresses only"));
    }
    url.set_fragment(None);
    Ok(url.into())
}

/// Returns whether nobody on the way reads or changes what is sent there.
fn is_protected(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}
