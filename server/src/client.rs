//! The address of a client, as limits count it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// An IPv4 address, or a /64 of IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client(pub(crate) String);

impl Client {
    /// Finds the client behind proxies that are trusted.
    pub(crate) fn new(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let Some(peer) = peer else {
            // The app that nests the router serves it without `ConnectInfo`: then all clients count as one.
            return Self("unknown".to_owned());
        };
        let mut address = peer.to_canonical();
        // Each proxy adds the address that it saw on the right. What stands left of the first stranger, he may have made up.
        for hop in forwarded_for(headers) {
            if !trusted.iter().any(|network| network.contains(&address)) {
                break;
            }
            match hop {
                Some(hop) => address = hop,
                None => break,
            }
        }
        Self(match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

/// Returns the addresses in `X-Forwarded-For` from the right; `None` is one that can't be read.
fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let values = headers.get_all("x-forwarded-for").iter();
    let mut hops: Vec<_> = values
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|hop| {
            let hop = hop.trim();
            let address = hop.parse::<IpAddr>().ok();
            let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
            address.or_else(with_port).map(|address| address.to_canonical())
        })
        .collect();
    hops.reverse();
    hops.into_iter()
}

/// Parses the networks of proxies: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.1`.
pub(crate) fn parse_networks(texts: &[String]) -> Result<Vec<IpNet>, &'static str> {
    let network = |text: &String| {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| address()).map_err(|_| {
            "a trusted proxy must be an IP address or a network, such as `192.0.2.1` or `10.0.0.0/8`"
        })
    };
    texts.iter().map(network).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted = parse_networks(&["10.0.0.0/8".to_owned(), "2001:db8:1::1".to_owned()]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        Client::new(Some(peer.parse().unwrap()), &headers, &trusted.unwrap()).0
    }

    #[test]
    fn strangers_are_not_believed() {
        assert_eq!(client("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["10.0.0.1"]), "192.0.2.1");
    }

    #[test]
    fn trusted_proxies_are_believed_from_the_right() {
        assert_eq!(client("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1", "203.0.113.9, 10.2.3.4"]), "203.0.113.9");
        assert_eq!(client("2001:db8:1::1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(client("::ffff:10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, rubbish"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9,"]), "10.0.0.1");
    }

    #[test]
    fn an_address_of_ipv6_is_a_64() {
        assert_eq!(client("2001:db8:2:3:4:5:6:7", &[]), "2001:db8:2:3::/64");
        assert_eq!(client("10.0.0.1", &["[2001:db8:2:3::1]:80"]), "2001:db8:2:3::/64");
    }

    #[test]
    fn networks_are_checked() {
        assert!(parse_networks(&["10.0.0.0/33".to_owned()]).is_err());
        assert!(parse_networks(&["proxy.example".to_owned()]).is_err());
    }
}
