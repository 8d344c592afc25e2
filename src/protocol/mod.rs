//! The protocol of the hosted service: what is sent, and what an answer has to be. No I/O.

mod ciphertext;
pub(crate) mod claims;
pub(crate) mod jws;
pub(crate) mod request;
pub(crate) mod response;
#[cfg(test)]
mod tests;

/// Largest code token that is sent; the service's own have a few hundred bytes.
const MAX_CODE_TOKEN: usize = 16 * 1024;

/// Who the hosted service says it is (`iss`).
pub(crate) const ISSUER: &str = "civic-sip-hosted-service";

/// The audience that requests and responses name (`aud`), unless configured otherwise.
pub(crate) const AUDIENCE: &str = "https://api.civic.com/sip/";

/// The path of the exchange, below base and stage; the request JWT names it as well.
pub(crate) const PATH: &str = "scopeRequest/authCode";

/// Two audiences are one if they differ in a last slash: the gem and the PHP client leave it out.
pub(crate) fn same_audience(one: &str, other: &str) -> bool {
    one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other)
}
