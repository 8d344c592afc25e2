//! Which hosts a payload link may lead to.
//!
//! The link comes from the service's answer and is fetched from inside the backend's network: without rules, whoever
//! can answer in the service's place could make the backend talk to anything near it.

use std::net::IpAddr;

use http::Uri;

use super::address;
#[cfg(feature = "client")]
use crate::transport::addresses::is_public;

/// Where the hosted service stores payloads: S3.
const DEFAULT: &str = "amazonaws.com";

const FORM: &str = "has to be a list of host names or IP addresses, with no scheme, port or `*`";

/// The hosts that a payload may be fetched from.
#[derive(Clone)]
pub(crate) struct PayloadHosts {
    listed: Vec<Entry>,
    /// Nobody listed anything: the default, with what it needs beside the entry.
    default: Option<Default>,
}

#[derive(Clone, Copy)]
struct Default {
    /// The service stands on this machine, so what it stores may as well.
    loopback: bool,
}

#[derive(Clone, PartialEq, Eq)]
enum Entry {
    /// In lower case, without a dot at the end.
    Name(String),
    Address(IpAddr),
}

/// Which addresses a host that may be visited may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those on the public internet.
    Public,
    /// Those of this machine.
    Loopback,
    /// All: somebody wrote down this very host.
    Any,
}

impl PayloadHosts {
    /// S3, and this machine if the service itself is there.
    pub(crate) fn default(service: &Uri) -> Self {
        Self {
            listed: vec![Entry::Name(DEFAULT.to_owned())],
            default: Some(Default { loopback: address::is_loopback(service) }),
        }
    }

    /// # Errors
    ///
    /// What is wrong, in words that follow the name of the setting.
    pub(crate) fn listed(hosts: &[String]) -> Result<Self, &'static str> {
        let listed = hosts.iter().map(|host| Entry::read(host).ok_or(FORM));
        Ok(Self { listed: listed.collect::<Result<_, _>>()?, default: None })
    }

    /// Reads a link that may be followed.
    ///
    /// # Errors
    ///
    /// Why it may not.
    pub(crate) fn check(&self, link: &str) -> Result<Uri, &'static str> {
        let uri = address::parse(link)
            .map_err(|_| "the payload's link is no https URL, or http on this machine")?;
        match uri.host().and_then(|host| self.reach(host)) {
            // S3 is nowhere but at its own port.
            Some(Reach::Public)
                if self.default.is_some() && uri.port().is_some_and(|p| p != 443) =>
            {
                Err("the payload's link leads to an unusual port")
            }
            // A public name can't make plain http right, and an address literal is never resolved.
            Some(_) => Ok(uri),
            None => Err("the payload's link leads to a host that is not one of `payload_hosts`"),
        }
    }

    /// Whether a connection may be made to `address`, to which `name` resolved.
    ///
    /// Any may where no link leads to `name`: links are checked first, so it is a proxy's.
    #[cfg(feature = "client")]
    pub(crate) fn may_resolve_to(&self, name: &str, address: IpAddr) -> bool {
        match self.reach(name) {
            Some(Reach::Public) => is_public(address),
            Some(Reach::Loopback) => address.is_loopback(),
            Some(Reach::Any) | None => true,
        }
    }

    /// What `host`, a name or an address literal, may resolve to; `None` if no link may lead there.
    fn reach(&self, host: &str) -> Option<Reach> {
        let entry = Entry::read(host).filter(|_| !host.ends_with('.'))?;
        match self.default {
            Some(Default { loopback: true }) if entry.is_loopback() => Some(Reach::Loopback),
            None if self.listed.contains(&entry) => Some(Reach::Any),
            _ => self.listed.iter().any(|listed| listed.covers(&entry)).then_some(Reach::Public),
        }
    }
}

impl Entry {
    fn read(host: &str) -> Option<Self> {
        let host = host.trim();
        if let Some(ip) = address::ip(host) {
            return Some(Self::Address(ip));
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_label = |label: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=63).contains(&label.len()) && label.bytes().all(plain)
        };
        // A last label that begins with a digit makes an IPv4 address of it for some parsers (WHATWG URL, section 3.5).
        let numeric = name.rsplit('.').next()?.starts_with(|first: char| first.is_ascii_digit());
        (name.split('.').all(is_label) && !numeric).then_some(Self::Name(name))
    }

    /// The same host, or one below it. A name of one label has nothing below it: `com` is not a host.
    fn covers(&self, other: &Self) -> bool {
        let (Self::Name(name), Self::Name(other_name)) = (self, other) else {
            return self == other;
        };
        let below =
            || other_name.strip_suffix(name.as_str()).is_some_and(|left| left.ends_with('.'));
        name == other_name || (name.contains('.') && below())
    }

    fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Address(ip) => ip.is_loopback(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &[&str]) -> PayloadHosts {
        let list: Vec<String> = list.iter().map(|host| (*host).to_owned()).collect();
        PayloadHosts::listed(&list).unwrap()
    }

    fn default(base: &'static str) -> PayloadHosts {
        PayloadHosts::default(&Uri::from_static(base))
    }

    #[test]
    fn by_default_s3_and_nothing_else() {
        let hosts = default("https://api.civic.com/sip");
        for link in [
            "https://amazonaws.com/x",
            "https://civic.s3.amazonaws.com/x?X-Amz-Signature=1",
            "https://civic.S3.eu-west-1.AmazonAWS.com/x",
            "https://civic.s3.amazonaws.com:443/x",
        ] {
            assert!(hosts.check(link).is_ok(), "{link}");
        }
        for link in [
            "https://evil-amazonaws.com/x",
            "https://evilamazonaws.com/x",
            "https://amazonaws.com.evil.example/x",
            "https://amazonaws.com@evil.example/x",
            "https://evil.example/amazonaws.com",
            "https://evil.example\\.amazonaws.com/",
            "https://evil.example%2f.amazonaws.com/",
            "https://evil.example/#.amazonaws.com",
            "https://evil.example?.amazonaws.com",
            "https://.amazonaws.com/x",
            "https://s3..amazonaws.com/x",
            "https://s3.amazonaws.com./x",
            "https://s3.amazonaws.com:22/x",
            "https://s3.amazonaws.com:80/x",
            "http://s3.amazonaws.com/x",
            "ftp://s3.amazonaws.com/x",
            "//s3.amazonaws.com/x",
            "file:///etc/passwd",
            "https://com/x",
            "https://52.216.0.1/x",
            "https://169.254.169.254/latest/meta-data",
            "https://127.0.0.1/x",
            "http://127.0.0.1/x",
            "http://localhost/x",
            "https://localhost/x",
            "http://[::1]/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://[::ffff:127.0.0.1]/x",
            "",
        ] {
            assert!(hosts.check(link).is_err(), "{link}");
        }
    }

    #[test]
    fn a_service_on_this_machine_may_store_here_too() {
        let hosts = default("http://127.0.0.1:3000/sip");
        for link in [
            "http://127.0.0.1:3000/payload/1",
            "http://127.0.0.1:9999/x",
            "http://localhost/x",
            "https://localhost:1234/x",
            "http://[::1]:80/x",
            "https://s3.amazonaws.com/x",
        ] {
            assert!(hosts.check(link).is_ok(), "{link}");
        }
        assert_eq!(hosts.reach("localhost"), Some(Reach::Loopback));
        assert_eq!(hosts.reach("s3.amazonaws.com"), Some(Reach::Public));
        for link in
            ["http://10.0.0.1/", "https://10.0.0.1/", "http://0.0.0.0/", "http://a.localhost/"]
        {
            assert!(hosts.check(link).is_err(), "{link}");
        }
    }

    #[test]
    fn a_list_is_all_there_is() {
        let hosts = hosts(&["Files.Example.com.", "minio", "10.0.0.5", "[fd00::1]", "localhost"]);
        for (host, reach) in [
            ("files.example.com", Reach::Any),
            ("FILES.example.com", Reach::Any),
            ("a.b.files.example.com", Reach::Public),
            ("minio", Reach::Any),
            ("10.0.0.5", Reach::Any),
            ("[fd00::1]", Reach::Any),
            ("localhost", Reach::Any),
        ] {
            assert_eq!(hosts.reach(host), Some(reach), "{host}");
        }
        for host in [
            "example.com",
            "otherfiles.example.com",
            "a.minio",
            "10.0.0.6",
            "[fd00::2]",
            "s3.amazonaws.com",
            "127.0.0.1",
        ] {
            assert_eq!(hosts.reach(host), None, "{host}");
        }
        assert!(hosts.check("https://files.example.com:9000/x").is_ok());
        assert!(hosts.check("http://localhost:9000/x").is_ok());
        assert!(hosts.check("http://files.example.com/x").is_err());
        assert!(hosts.check("http://10.0.0.5/x").is_err());
        // Not even where the service itself is on this machine.
        assert!(PayloadHosts::listed(&[]).unwrap().check("http://127.0.0.1/").is_err());
    }

    #[cfg(feature = "client")]
    #[test]
    fn names_resolve_to_public_addresses_unless_somebody_wrote_them_down() {
        let (private, public) = ([10, 0, 0, 1].into(), [52, 216, 0, 1].into());
        let loopback = [127, 0, 0, 1].into();
        let may = |hosts: &PayloadHosts, name| {
            [private, public, loopback].map(|address| hosts.may_resolve_to(name, address))
        };
        let default = default("http://localhost:3000");
        assert_eq!(may(&default, "s3.amazonaws.com"), [false, true, false]);
        assert_eq!(may(&default, "amazonaws.com"), [false, true, false]);
        assert_eq!(may(&default, "localhost"), [false, false, true]);
        assert_eq!(may(&default, "proxy.internal"), [true; 3]);
        let listed = hosts(&["files.internal"]);
        assert_eq!(may(&listed, "files.internal"), [true; 3]);
        assert_eq!(may(&listed, "FILES.internal"), [true; 3]);
        assert_eq!(may(&listed, "a.files.internal"), [false, true, false]);
    }

    #[test]
    fn what_is_no_host_is_no_entry() {
        for entry in [
            "",
            " ",
            ".",
            "https://example.com",
            "example.com:443",
            "*.example.com",
            "example.com/path",
            "exa mple.com",
            "exämple.com",
            "a..example.com",
            ".example.com",
            "2130706433",
            "127.1",
            "user@example.com",
        ] {
            assert!(PayloadHosts::listed(&[entry.to_owned()]).is_err(), "{entry}");
        }
    }
}
