//! Base64 in its canonical form (RFC 4648): no trailing bits, no other alphabet.

use ::base64::Engine as _;
use ::base64::engine::Simd;
use ::base64::engine::general_purpose::{NO_PAD, PAD, STANDARD, URL_SAFE_NO_PAD};

/// The bytes that are decoded at a time: a multiple of four that fits into the first cache.
const CHUNK: usize = 8 * 1024;

/// Decodes base64url without padding (RFC 7515, section 2) into the beginning of its own buffer.
///
/// `None` if the text is not canonical.
pub(crate) fn decode_url_in_place(text: &mut [u8]) -> Option<&mut [u8]> {
    decode_in_place(&Simd::url_safe(NO_PAD), text, false)
}

/// Decodes padded standard base64 into the beginning of its own buffer. Line breaks are skipped: Ruby's
/// `Base64.encode64` writes them.
pub(crate) fn decode_wrapped_in_place(text: &mut [u8]) -> Option<&mut [u8]> {
    decode_in_place(&Simd::standard(PAD), text, true)
}

/// Decodes piece by piece. A second buffer for a token of 15 MB would double the memory of an exchange.
fn decode_in_place<'a>(engine: &Simd, text: &'a mut [u8], wrapped: bool) -> Option<&'a mut [u8]> {
    // Takes a piece that does not fit between what was written and what is still to be read.
    let mut aside = [0; CHUNK / 4 * 3];
    let (mut read, mut written, mut end) = (0, 0, text.len());
    let mut may_have_breaks = wrapped;
    while read < end {
        let next = end.min(read + CHUNK);
        let (before, rest) = text.split_at_mut_checked(read)?;
        let (gap, chunk) = (before.get_mut(written..)?, rest.get(..next - read)?);
        let decoded = if gap.len() >= aside.len() {
            engine.decode_slice(chunk, gap)
        } else {
            engine.decode_slice(chunk, &mut aside).inspect(|&length| {
                let target = text.get_mut(written..written + length).unwrap_or_default();
                target.copy_from_slice(aside.get(..length).unwrap_or_default());
            })
        };
        match decoded {
            // Padding is valid at the end of the text only.
            Ok(length) if next == end || length == aside.len() => {
                (read, written) = (next, written + length);
            }
            _ if may_have_breaks => {
                end = read + without_breaks(text.get_mut(read..end)?);
                may_have_breaks = false;
            }
            _ => return None,
        }
    }
    text.get_mut(..written)
}

/// Moves everything but line breaks to the front, and returns its length.
fn without_breaks(text: &mut [u8]) -> usize {
    let mut kept = 0;
    for at in 0..text.len() {
        if let Some(&byte) = text.get(at)
            && !matches!(byte, b'\n' | b'\r')
            && let Some(slot) = text.get_mut(kept)
        {
            *slot = byte;
            kept += 1;
        }
    }
    kept
}

/// Decodes base64url without padding.
pub(crate) fn decode_url(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Decodes base64url of exactly `N` bytes.
pub(crate) fn decode_url_array<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    // Checked before decoding, so that a long text costs nothing.
    if text.len() != (N * 4).div_ceil(3) {
        return None;
    }
    let mut bytes = [0; N];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == N).then_some(bytes)
}

/// Decodes padded standard base64 like [`decode_wrapped_in_place`], into a new buffer.
pub(crate) fn decode_wrapped(text: &str) -> Option<Vec<u8>> {
    let mut buffer = text.as_bytes().to_vec();
    let length = decode_wrapped_in_place(&mut buffer)?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// Encodes to base64url without padding.
pub(crate) fn encode_url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes to padded standard base64, in one line.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_place(text: &str) -> Option<Vec<u8>> {
        decode_url_in_place(&mut text.as_bytes().to_vec()).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn base64url_is_strict() {
        for decode in [in_place, |text: &str| decode_url(text.as_bytes())] {
            assert_eq!(decode("-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
            assert_eq!(decode("").unwrap(), b"");
            // Padding, the other alphabet, bits left over, white space, a lone character.
            for bad in ["QQ==", "+/+/", "QR", "QUI\n", " QUI", "Q", "QUJDR", "QU.I", "QUÏ"] {
                assert_eq!(decode(bad), None, "{bad:?}");
            }
        }
        for bad in ["", "QUI", "QUJDRA", "QUJD\n", "QUJ="] {
            assert_eq!(decode_url_array::<3>(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn wrapped_base64_is_strict_but_for_line_breaks() {
        for good in ["QUJDRA==", "QUJD\nRA==", "QUJD\r\nRA==\n", "\nQU\nJD\nRA\n=\n=\n"] {
            assert_eq!(decode_wrapped(good).unwrap(), b"ABCD", "{good:?}");
        }
        for bad in [
            "QUJDRA",
            "QUJDRA=",
            "QUJDRB==",
            "QUJD RA==",
            "QUJD\tRA==",
            "-_-_",
            "QUJDRA==QUJD",
            "=",
        ] {
            assert_eq!(decode_wrapped(bad), None, "{bad:?}");
        }
    }

    /// Long texts are decoded piece by piece: nothing may pass at a seam that does not pass elsewhere.
    #[test]
    fn base64_is_strict_at_every_seam() {
        let bytes: Vec<u8> = (0..30_011_u32).map(|at| (at * 7 % 251) as u8).collect();
        let url = encode_url(&bytes);
        assert_eq!(in_place(&url).unwrap(), bytes);
        let standard = encode(&bytes);
        assert_eq!(decode_wrapped(&standard).unwrap(), bytes);
        for width in [1, 4, 59, 60, 61, 8191, 8192, 8193] {
            let lines: Vec<&str> = standard
                .as_bytes()
                .chunks(width)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            assert_eq!(decode_wrapped(&lines.join("\n")).unwrap(), bytes, "{width}");
            assert_eq!(decode_wrapped(&(lines.join("\r\n") + "\r\n")).unwrap(), bytes, "{width}");
            assert_eq!(decode_wrapped(&lines.join(" ")), None, "{width}");
        }
        for seam in [4, 8188, 8192, 16384] {
            for at in seam - 4..seam + 4 {
                for bad in ["=", "\u{0}", "é", ".", " "] {
                    let put = |text: &str| format!("{}{bad}{}", &text[..at], &text[at + 1..]);
                    assert_eq!(in_place(&put(&url)), None, "{at} {bad:?}");
                    assert_eq!(decode_wrapped(&put(&standard)), None, "{at} {bad:?}");
                }
            }
            // A padded text that ends at the seam, and another behind it.
            let padded = format!("{}A==", &standard[..seam - 3]);
            assert_eq!(decode_wrapped(&format!("{padded}{standard}")), None, "{seam}");
            assert_eq!(decode_wrapped(&format!("{padded}\n{standard}")), None, "{seam}");
        }
    }
}
