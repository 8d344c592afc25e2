//! The URLs that requests may be sent to.

use std::net::IpAddr;

use http::Uri;

/// Parses an `https` URL, or an `http` one of this machine (RFC 3986; RFC 6761, section 6.3, for `localhost`).
///
/// # Errors
///
/// A description of the mistake that follows the name of the setting.
pub(crate) fn parse(url: &str) -> Result<Uri, &'static str> {
    const FORM: &str = "must be an absolute https URL";
    // `Uri` drops a fragment silently.
    if url.contains('#') {
        return Err("must be a URL without a fragment");
    }
    let uri: Uri = url.parse().map_err(|_| FORM)?;
    let authority = uri.authority().ok_or(FORM)?.as_str();
    let host = uri.host().ok_or(FORM)?;
    if authority.contains('@') {
        return Err("must be a URL without a user name or password");
    }
    let is_literal = host.starts_with('[') && ip(host).is_some();
    if !(is_literal || is_plain_name(host)) || !url.is_ascii() || url.contains('\\') {
        return Err(FORM);
    }
    if authority.len() > host.len() && uri.port_u16().is_none_or(|port| port == 0) {
        return Err("must be a URL with a port from 1 to 65535, or with none");
    }
    // The parser of reqwest rejects some hosts that `Uri` accepts, such as `1.2.3.4.5`.
    ::url::Url::parse(url).map_err(|_| FORM)?;
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_loopback(&uri) => Ok(uri),
        Some("http") => Err("must be an https URL: plain http is for loopback addresses only"),
        _ => Err(FORM),
    }
}

/// Returns whether no URL parser can read the name as that of another host.
pub(crate) fn is_plain_name(host: &str) -> bool {
    host.split('.').all(is_label)
}

/// Returns whether the text is a label of a host name (RFC 1035, section 2.3.4, and `_`).
pub(crate) fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Returns whether the host is this machine, by name or as an address literal.
pub(crate) fn is_loopback(uri: &Uri) -> bool {
    let Some(host) = uri.host() else { return false };
    host.eq_ignore_ascii_case("localhost") || ip(host).is_some_and(|ip| ip.is_loopback())
}

/// Returns the address of an address literal, in brackets or not.
pub(crate) fn ip(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_loopback() {
        for url in [
            "https://api.civic.com/sip",
            "https://example.com:8443/a/b",
            "https://[2001:db8::1]/",
            "http://localhost:3000",
            "http://LOCALHOST/",
            "http://127.0.0.1:80/x",
            "http://127.8.9.10/",
            "http://[::1]:8080/sip",
        ] {
            assert!(parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for url in [
            "",
            "/sip",
            "example.com",
            "ftp://example.com/",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "http://localhost:80@example.com/",
            "https://user:password@example.com/",
            "http://127.1/",
            "http://2130706433/",
            "http://0.0.0.0/",
            "http://[::ffff:127.0.0.1]/",
            "https://exämple.com/",
            "https://example.com/#fragment",
            "https:///path",
            "https://%6cocalhost/",
            "http://localhost\\@example.com/",
            "https://[nonsense]/",
            "https://1.2.3.4.5/",
            "https://xn--/",
            "https://example.com:99999/",
            "https://example.com:0/",
            "https://example.com:/",
            "http://127.0.0.1:abc/",
            "https://a..example.com/",
            "https://./",
            "https://example.com/a\\b",
            "https://example.com/ä",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
