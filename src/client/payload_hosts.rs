//! The hosts that a payload link may lead to.
//!
//! The link comes from the service's response and is fetched from inside the backend's network. Without rules, whoever
//! can respond in the service's place could make the backend connect to anything near it.

use std::net::IpAddr;

use http::Uri;

#[cfg(feature = "client")]
use crate::transport::addresses::is_public;
use crate::transport::url;

const FORM: &str = "must be a list of host names or IP addresses, with no scheme, port or `*`";

/// The hosts that payloads may be fetched from.
#[derive(Clone)]
pub(crate) enum PayloadHosts {
    /// Amazon S3, where the hosted service stores payloads.
    S3 {
        /// Loopback addresses are allowed, too: the service is on this machine.
        loopback: bool,
    },
    /// The hosts that the user listed.
    Listed(Vec<Host>),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// In lower case, without a last dot.
    Name(String),
    Address(IpAddr),
}

/// The addresses that an allowed host may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Addresses on the public internet.
    Public,
    /// Addresses of this machine.
    Loopback,
    /// All addresses: the user listed this very host.
    Any,
}

impl PayloadHosts {
    /// Returns the hosts for a service at `service`, where the user listed none.
    pub(crate) fn default_for(service: &Uri) -> Self {
        Self::S3 { loopback: url::is_loopback(service) }
    }

    /// Returns the hosts that the user listed.
    ///
    /// # Errors
    ///
    /// A description of the mistake that follows the name of the setting.
    pub(crate) fn listed(hosts: &[String]) -> Result<Self, &'static str> {
        let hosts = hosts.iter().map(|host| Host::parse(host).ok_or(FORM));
        hosts.collect::<Result<_, _>>().map(Self::Listed)
    }

    /// Parses a link that may be followed.
    ///
    /// # Errors
    ///
    /// The reason why it may not.
    pub(crate) fn check(&self, link: &str) -> Result<Uri, &'static str> {
        let uri = url::parse(link).map_err(
            |_| "the payload's link is not an https URL, or an http URL of this machine",
        )?;
        match (self, uri.host().and_then(|host| self.reach(host))) {
            (_, None) => Err("the payload's link leads to a host that is not in `payload_hosts`"),
            (Self::S3 { .. }, Some(Reach::Public))
                if uri.port().is_some_and(|port| port != 443) =>
            {
                Err("the payload's link leads to a port other than 443")
            }
            _ => Ok(uri),
        }
    }

    /// Returns whether a connection may be made to `address`, to which `name` resolved.
    ///
    /// Links are checked first: a name that no link may lead to is that of a proxy, which may be anywhere.
    #[cfg(feature = "client")]
    pub(crate) fn may_connect_to(&self, name: &str, address: IpAddr) -> bool {
        match self.reach(name) {
            Some(Reach::Public) => is_public(address),
            Some(Reach::Loopback) => address.is_loopback(),
            Some(Reach::Any) | None => true,
        }
    }

    /// Returns the addresses that `host` may resolve to; `None` if no link may lead there.
    fn reach(&self, host: &str) -> Option<Reach> {
        let host = Host::parse(host).filter(|_| !host.ends_with('.'))?;
        match self {
            Self::S3 { loopback: true } if host.is_loopback() => Some(Reach::Loopback),
            Self::S3 { .. } => host.is_s3().then_some(Reach::Public),
            Self::Listed(hosts) if hosts.contains(&host) => Some(Reach::Any),
            Self::Listed(hosts) => {
                hosts.iter().any(|listed| listed.is_above(&host)).then_some(Reach::Public)
            }
        }
    }
}

impl Host {
    fn parse(host: &str) -> Option<Self> {
        let host = host.trim();
        if let Some(ip) = url::ip(host) {
            return Some(Self::Address(ip));
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        // Some parsers read a name as an IPv4 address if its last label begins with a digit (WHATWG URL, section 3.5).
        let numeric = name.rsplit('.').next()?.starts_with(|first: char| first.is_ascii_digit());
        (name.split('.').all(url::is_label) && !numeric).then_some(Self::Name(name))
    }

    /// Returns whether `other` is a host below this one. A name with one label has no hosts below it.
    fn is_above(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(name), Self::Name(other)) => {
                name.contains('.')
                    && other.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
            _ => false,
        }
    }

    /// Returns whether this is an endpoint of Amazon S3, or a bucket below one: `s3.amazonaws.com`,
    /// `s3.<region>.amazonaws.com`, `<bucket>.s3…`. Other names below `amazonaws.com` belong to customers.
    fn is_s3(&self) -> bool {
        let Self::Name(name) = self else { return false };
        let Some(rest) = name.strip_suffix(".amazonaws.com") else { return false };
        let mut labels = rest.rsplit('.');
        match labels.next() {
            Some("s3") => true,
            Some(region) => is_region(region) && labels.next() == Some("s3"),
            None => false,
        }
    }

    fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Address(ip) => ip.is_loopback(),
        }
    }
}

/// Returns whether the label has the form of a region of AWS, for instance `eu-west-1`.
fn is_region(label: &str) -> bool {
    label.split_once('-').and_then(|(_, rest)| rest.rsplit_once('-')).is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &[&str]) -> PayloadHosts {
        let list: Vec<String> = list.iter().map(|host| (*host).to_owned()).collect();
        PayloadHosts::listed(&list).unwrap()
    }

    fn default(base: &'static str) -> PayloadHosts {
        PayloadHosts::default_for(&Uri::from_static(base))
    }

    #[test]
    fn by_default_s3_and_nothing_else() {
        let hosts = default("https://api.civic.com/sip");
        for link in [
            "https://s3.amazonaws.com/x",
            "https://s3.us-gov-west-1.amazonaws.com/x",
            "https://a.b.s3.amazonaws.com/x",
            "https://civic.s3.amazonaws.com/x?X-Amz-Signature=1",
            "https://civic.S3.eu-west-1.AmazonAWS.com/x",
            "https://civic.s3.amazonaws.com:443/x",
        ] {
            assert!(hosts.check(link).is_ok(), "{link}");
        }
        for link in [
            "https://amazonaws.com/x",
            "https://evil.amazonaws.com/x",
            "https://evil.us-east-1.elb.amazonaws.com/x",
            "https://evil.execute-api.us-east-1.amazonaws.com/x",
            "https://s3.evil.amazonaws.com/x",
            "https://s3.evil-x.amazonaws.com/x",
            "https://evil.s3-website-us-east-1.amazonaws.com/x",
            "https://s3.us-east-1.evil.amazonaws.com/x",
            "https://evils3.amazonaws.com/x",
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
            [private, public, loopback].map(|address| hosts.may_connect_to(name, address))
        };
        let default = default("http://localhost:3000");
        assert_eq!(may(&default, "s3.amazonaws.com"), [false, true, false]);
        assert_eq!(may(&default, "a.s3.eu-west-1.amazonaws.com"), [false, true, false]);
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
