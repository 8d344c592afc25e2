//! Base64 as the service writes it (RFC 4648), and nothing looser: no bits left over, no other alphabet.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Base64url without padding (RFC 7515, section 2). `None` if anything is off.
pub(crate) fn decode_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The same, of exactly `N` bytes.
pub(crate) fn decode_url_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Checked before decoding, so that a long text costs nothing.
    if text.len() != (N * 4).div_ceil(3) {
        return None;
    }
    decode_url(text)?.try_into().ok()
}

pub(crate) fn encode_url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Standard base64 with padding, which may be broken into lines: Ruby's `Base64.encode64` does so.
pub(crate) fn decode_wrapped(text: &str) -> Option<Vec<u8>> {
    if !text.contains(['\n', '\r']) {
        return STANDARD.decode(text).ok();
    }
    let mut joined = String::with_capacity(text.len());
    joined.extend(text.split(['\n', '\r']));
    STANDARD.decode(joined).ok()
}

/// Standard base64 with padding, in one line.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
