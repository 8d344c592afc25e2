//! Where a URL points: cutting it into its parts, and comparing it with the one that signatures are bound to.

use super::error::Error;

/// A URL cut at the first `#`, then at the first `?`.
#[derive(Clone, Copy)]
pub(super) struct Parts<'u> {
    pub(super) before_query: &'u str,
    pub(super) query: &'u str,
    pub(super) fragment: Option<&'u str>,
}

/// Cuts an absolute URL, or one that begins with a single `/`.
pub(super) fn split(url: &str) -> Result<Parts<'_>, Error> {
    let (before_fragment, fragment) = match url.split_once('#') {
        Some((before, fragment)) => (before, Some(fragment)),
        None => (url, None),
    };
    let (before_query, query) = before_fragment.split_once('?').unwrap_or((before_fragment, ""));
    if !is_path(before_query) && Absolute::parse(before_query).is_none() {
        return Err(Error::BadUrl);
    }
    Ok(Parts { before_query, query, fragment })
}

/// Browsers read `//host` and `/\host` as another host.
fn is_path(before_query: &str) -> bool {
    before_query.starts_with('/')
        && !before_query.starts_with("//")
        && !before_query.starts_with("/\\")
}

impl Parts<'_> {
    /// The URL with another query; everything else as it was.
    pub(super) fn with_query(&self, query: &str) -> String {
        let fragment = self.fragment.map(|fragment| ["#", fragment]).unwrap_or_default();
        [self.before_query, "?", query].into_iter().chain(fragment).collect()
    }
}

/// `scheme://authority/path`, not yet looked at.
struct Absolute<'u> {
    scheme: &'u str,
    authority: &'u str,
    path: &'u str,
}

impl<'u> Absolute<'u> {
    fn parse(before_query: &'u str) -> Option<Self> {
        let (scheme, rest) = before_query.split_once("://")?;
        let (first, others) = scheme.as_bytes().split_first()?;
        let is_scheme = first.is_ascii_alphabetic()
            && others.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        (is_scheme && !authority.is_empty()).then_some(Self { scheme, authority, path })
    }

    /// Scheme and host in lower case, no default port, a path that is never empty; nothing else is normalised.
    fn normalise(&self) -> String {
        let scheme = self.scheme.to_ascii_lowercase();
        let authority = self.authority.to_ascii_lowercase();
        let default_port = match &*scheme {
            "http" | "ws" => ":80",
            "https" | "wss" => ":443",
            _ => "",
        };
        let host = authority.strip_suffix(default_port).unwrap_or(&authority);
        let path = if self.path.is_empty() { "/" } else { self.path };
        format!("{scheme}://{host}{path}")
    }
}

/// The URL that signatures are bound to, in its normal form.
#[derive(Clone, Debug)]
pub(super) struct Target(String);

impl Target {
    /// Reads a URL from the configuration.
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        if url.contains(['?', '#']) {
            return Err(Error::BadTarget("must not have a query or a fragment"));
        }
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/[]".contains(&byte);
        if !url.bytes().all(allowed) {
            return Err(Error::BadTarget(
                "must be of the ASCII characters that RFC 3986 allows, the rest percent-encoded",
            ));
        }
        let absolute = Absolute::parse(url)
            .ok_or(Error::BadTarget("must be absolute: `https://host/path`"))?;
        check_authority(absolute.authority)?;
        check_path(absolute.path)?;
        Ok(Self(absolute.normalise()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a browser can go there.
    pub(super) fn is_web(&self) -> bool {
        self.0.starts_with("https://") || self.0.starts_with("http://")
    }

    /// Everything after the authority.
    pub(super) fn path(&self) -> &str {
        Absolute::parse(&self.0).map_or("/", |absolute| absolute.path)
    }

    /// Whether an absolute URL, cut before its query, is this one.
    pub(super) fn matches(&self, before_query: &str) -> bool {
        Absolute::parse(before_query).is_some_and(|absolute| absolute.normalise() == self.0)
    }

    /// Refuses an absolute URL that is elsewhere; one without a host can't tell.
    pub(super) fn check(&self, parts: &Parts<'_>) -> Result<(), Error> {
        if is_path(parts.before_query) || self.matches(parts.before_query) {
            Ok(())
        } else {
            Err(Error::Elsewhere)
        }
    }

    /// Whether what is sent there can be read or changed on its way.
    pub(super) fn is_exposed(&self) -> bool {
        let is_plain = self.0.starts_with("http://");
        !(self.0.starts_with("https://") || (is_plain && self.is_loopback()))
    }

    /// Whether the host is this machine, by its name or its address.
    pub(super) fn is_loopback(&self) -> bool {
        let Some(absolute) = Absolute::parse(&self.0) else { return false };
        let host = match absolute.authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => absolute.authority.split(':').next(),
        };
        let host = host.unwrap_or_default();
        host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn check_authority(authority: &str) -> Result<(), Error> {
    if authority.contains('@') {
        return Err(Error::BadTarget("must not have user information"));
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) =
                rest.split_once(']').ok_or(Error::BadTarget("has a malformed host"))?;
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(Error::BadTarget("has a malformed host"));
            }
            (address, port.strip_prefix(':').or((!port.is_empty()).then_some("")))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || !(authority.starts_with('[') || host.bytes().all(is_name)) {
        return Err(Error::BadTarget("has a malformed host"));
    }
    // Leading zeros would be another spelling of the same port.
    let is_port = |port: &str| {
        !port.starts_with('0')
            && port.bytes().all(|b| b.is_ascii_digit())
            && port.parse::<u16>().is_ok()
    };
    match port {
        Some(port) if !is_port(port) => Err(Error::BadTarget("has a malformed port")),
        _ => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), Error> {
    if path.contains(['[', ']']) {
        return Err(Error::BadTarget("must have its brackets percent-encoded"));
    }
    // WHATWG URL, section 4.1: `%2e` is a dot, too, where dots make a segment.
    let is_dots = |segment: &str| {
        let dots = segment.to_ascii_lowercase().replace("%2e", ".");
        dots == "." || dots == ".."
    };
    if path.split('/').any(is_dots) {
        return Err(Error::BadTarget("must not have dot segments"));
    }
    let mut escapes = path.split('%').skip(1);
    if !escapes.all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2) {
        return Err(Error::BadTarget("has a broken escape"));
    }
    Ok(())
}
