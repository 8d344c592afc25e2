//! The protocol of the hosted service: requests, and the checks that a response has to pass. No I/O.

pub(crate) mod app;
mod ciphertext;
pub(crate) mod claims;
pub(crate) mod error;
pub(crate) mod jws;
mod request;
mod response;

/// The issuer in the service's tokens (`iss`).
pub(crate) const ISSUER: &str = "civic-sip-hosted-service";

/// The audience of requests and responses (`aud`), unless configured otherwise.
pub(crate) const AUDIENCE: &str = "https://api.civic.com/sip/";

/// The path of the exchange, below base and stage; the request JWT contains it as well.
pub(crate) const PATH: &str = "scopeRequest/authCode";

/// Returns whether two audiences differ in a last slash at most: the gem and the PHP client leave it out.
pub(crate) fn same_audience(one: &str, other: &str) -> bool {
    one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other)
}
