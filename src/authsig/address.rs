//! The base of a server, and the addresses of apps that it redirects to and notifies.

use std::fmt;

use ::url::{Host, Url, form_urlencoded};

use super::error::ConfigProblem;
use super::reserved;
use super::url::{PublicUrl, parse_serialised};
use crate::transport::url::is_plain_name;

/// Parses the base of a server, https, or http on this machine, and removes a last slash.
pub(super) fn parse_base(text: &str) -> Result<String, ConfigProblem> {
    let url = Address::parse(text).and_then(|_| PublicUrl::parse(text));
    url.map(|url| url.as_str().to_owned()).map_err(ConfigProblem::Base)
}

/// The parameter that a redirect adds.
const ADDED: &str = "authsig";

/// An address that all parsers read alike.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address(Url);

impl Address {
    /// Parses an https address, or an http one of this machine.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = parse_serialised(text)?;
        if matches!(url.host(), Some(Host::Domain(name)) if !is_plain_name(name)) {
            return Err("must have a host of letters, digits, `-`, `_` and single dots");
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            _ => Err("must begin with `https://`"),
        }
    }

    /// Parses a scheme, host and port alone.
    pub(super) fn parse_origin(text: &str) -> Result<Self, &'static str> {
        let address = Self::parse(text)?;
        let Self(url) = &address;
        let is_origin = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if is_origin { Ok(address) } else { Err("must be an origin: `https://host:port`") }
    }

    #[cfg(feature = "client")]
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// Writes the address as the audience has it: without a fragment.
    pub(super) fn audience(&self) -> String {
        let mut url = self.0.clone();
        url.set_fragment(None);
        url.into()
    }

    /// Returns whether the query has an `authsig` to any parser. Some split at `;`.
    pub(super) fn has_signed_url(&self) -> bool {
        let parts = self.0.query().unwrap_or_default().split(['&', ';']);
        parts.flat_map(|part| form_urlencoded::parse(part.as_bytes())).any(|(name, _)| {
            name == ADDED || reserved::looks_like_one_of(&[ADDED], &name).is_some()
        })
    }

    /// Adds the signed URL.
    pub(super) fn with_signed_url(&self, signed_url: &str) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().append_pair(ADDED, signed_url);
        url.into()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns whether the host is this machine, by name or as an address literal.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
