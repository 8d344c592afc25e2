//! The domains whose pages may create scope requests for the app.

use http::Uri;

/// The allowed host names, in lower case; IPv6 addresses in brackets.
pub(super) struct Domains(Vec<String>);

impl Default for Domains {
    /// The names of this machine.
    fn default() -> Self {
        Self(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec())
    }
}

impl Domains {
    /// Checks the host names; the error is the first entry that is none.
    pub(super) fn new(
        domains: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, String> {
        let mut list = Vec::new();
        for domain in domains {
            let domain = domain.into();
            let uri = format!("http://{domain}/").parse::<Uri>();
            if domain.is_empty() || !uri.is_ok_and(|uri| uri.host() == Some(&domain)) {
                return Err(domain);
            }
            list.push(domain.to_ascii_lowercase());
        }
        Ok(Self(list))
    }

    /// Returns `true` if pages of this origin (RFC 6454, section 6.2) are allowed, at any port.
    pub(super) fn allow(&self, origin: &str) -> bool {
        let Ok(uri) = origin.parse::<Uri>() else { return false };
        let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return false;
        };
        // An origin is a scheme and an authority.
        let is_origin = origin.ends_with(authority.as_str()) && !authority.as_str().contains('@');
        is_origin && self.0.iter().any(|domain| authority.host().eq_ignore_ascii_case(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_port_of_a_listed_host() {
        let domains = Domains::new(["localhost", "Shop.example.com", "[::1]"]).unwrap();
        for origin in [
            "http://localhost",
            "http://localhost:3000",
            "https://localhost:8443",
            "https://shop.example.com",
            "http://[::1]:8080",
        ] {
            assert!(domains.allow(origin), "{origin}");
        }
    }

    #[test]
    fn nothing_else() {
        let domains = Domains::default();
        for origin in [
            "",
            "null",
            "localhost",
            "file://localhost",
            "http://localhost/path",
            "http://localhost/",
            "http://localhost.example.com",
            "http://example.com",
            "http://evil@localhost",
            "http://localhost@example.com",
            "http://localhost:3000?query",
            "javascript://localhost",
            "http://127.0.0.2",
        ] {
            assert!(!domains.allow(origin), "{origin}");
        }
    }

    #[test]
    fn entries_are_host_names() {
        for entry in ["", "http://example.com", "example.com:80", "example.com/", "a@b", "::1"] {
            assert_eq!(Domains::new([entry]).err().as_deref(), Some(entry));
        }
    }
}
