//! Limits on what strangers may try, per address and per account and address.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipnet::IpNet;

use crate::app::App;
use crate::random::sha256;
use crate::store::Limit;
use crate::web::Failure;

/// How often strangers may try, counted for all instances together.
///
/// An address is an IPv4 address or a /64 of IPv6. Wrong passwords count per account *and* address, so that nobody can lock
/// somebody else out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Wrong passwords for one account from one address in 5 minutes. 10 unless set.
    pub wrong_passwords: u32,
    /// Wrong passwords from one address in 5 minutes. 50 unless set.
    pub wrong_passwords_per_address: u32,
    /// Sign-ups from one address in an hour. 20 unless set.
    pub sign_ups: u32,
    /// New defaults from one address in an hour. 60 unless set.
    pub defaults: u32,
    /// Requests for a signed URL, by people who are logged in, from one address in a minute. 120 unless set.
    pub requests: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wrong_passwords: 10,
            wrong_passwords_per_address: 50,
            sign_ups: 20,
            defaults: 60,
            requests: 120,
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    SignUp,
    CreateDefault,
    Request,
}

/// The address of a client, as limits count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client(String);

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self::new(peer.map(|ConnectInfo(peer)| peer.ip()), &parts.headers, &app.trusted_proxies))
    }
}

impl Client {
    fn new(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
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

/// Uses of limits that can be taken back.
pub(crate) struct Used(Vec<(String, Limit)>);

impl App {
    /// Counts one try of a password, for the account and address and for the address.
    pub(crate) async fn use_password_limits(
        &self,
        login: &str,
        Client(address): &Client,
    ) -> Result<Used, Failure> {
        const PER_SECONDS: i64 = 5 * 60;
        let limit = |count: u32| Limit { count: count.into(), per_seconds: PER_SECONDS };
        let login = login.trim().to_ascii_lowercase();
        let limits = vec![
            (name(&["login", &login, address]), limit(self.limits.wrong_passwords)),
            (name(&["logins", address]), limit(self.limits.wrong_passwords_per_address)),
        ];
        self.use_limits(&limits, "There were too many wrong passwords.").await?;
        Ok(Used(limits))
    }

    /// Takes back a try whose password was right, or was not checked.
    pub(crate) async fn release_limits(&self, Used(limits): &Used) -> Result<(), Failure> {
        Ok(self.store.release_limits(limits).await?)
    }

    /// Checks a password whose try was counted. `None` is the hash of an unknown login.
    pub(crate) async fn verify_password(
        &self,
        password: &str,
        hash: Option<&str>,
        used: &Used,
    ) -> Result<bool, Failure> {
        let passwords = self.passwords.as_ref().ok_or_else(Failure::not_found)?;
        match passwords.verify(password, hash).await {
            Ok(is_right) => Ok(is_right),
            Err(busy) => {
                // Nobody is locked out because others log in.
                self.release_limits(used).await?;
                Err(busy.into())
            }
        }
    }

    /// Counts something that a client does.
    pub(crate) async fn use_limit(
        &self,
        action: Action,
        Client(address): &Client,
    ) -> Result<(), Failure> {
        let (kind, count, per_seconds, message) = match action {
            Action::SignUp => {
                ("sign-ups", self.limits.sign_ups, 60 * 60, "There were too many sign-ups.")
            }
            Action::CreateDefault => {
                ("defaults", self.limits.defaults, 60 * 60, "There were too many new defaults.")
            }
            Action::Request => {
                ("requests", self.limits.requests, 60, "There were too many requests.")
            }
        };
        let limit = Limit { count: count.into(), per_seconds };
        self.use_limits(&[(name(&[kind, address]), limit)], message).await
    }

    async fn use_limits(
        &self,
        limits: &[(String, Limit)],
        message: &'static str,
    ) -> Result<(), Failure> {
        if limits.iter().any(|(_, limit)| limit.count == 0) {
            return Err(Failure::new(StatusCode::FORBIDDEN, "This is not allowed here."));
        }
        let now = self.store.shared_millis(&self.clock).await?;
        match self.store.use_limits(limits, now).await? {
            None => Ok(()),
            Some(wait_ms) => {
                tracing::warn!(message, "refused");
                let seconds = u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000).max(1);
                let message = format!("{message} Please try again in {seconds} seconds.");
                Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(seconds))
            }
        }
    }
}

/// Names a row. A hash bounds its length, whatever was typed as a login.
fn name(parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(sha256(parts.join("\n").as_bytes()))
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
