//! Looks for bytes in the memory of the process.

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use static_alloc::Bump;

/// Rust's heap, of which nothing is used twice: what is left in freed memory would soon be written over otherwise.
#[global_allocator]
static HEAP: Bump<[u8; 1 << 28]> = Bump::uninit();

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

/// Hides what is looked for, so that the list of it is not found.
const MASK: u128 = 0x5a17_c0de_3c96_a5f1_0b7d_e842_961f_d3a5;

/// Every 16 bytes of secrets, in both orders: some libraries keep numbers with their last byte first.
///
/// Not fewer: a register's worth that a library left on the stack may get into a gap between the members of whatever is
/// moved from there to the heap.
#[derive(Default)]
pub(crate) struct Needles(HashSet<u128>);

impl Needles {
    pub(crate) fn add(&mut self, secret: &[u8]) {
        for window in secret.windows(16) {
            let number = u128::from_le_bytes(window.try_into().unwrap());
            self.0.extend([number ^ MASK, number.swap_bytes() ^ MASK]);
        }
    }

    /// Counts the places on the heap where any of them stands.
    pub(crate) fn found(&self) -> usize {
        let zeros = vec![0; CHUNK];
        let mut first = vec![false; 1 << 16];
        for needle in &self.0 {
            first[usize::from(low(*needle))] = true;
        }
        let memory = File::open("/proc/self/mem").unwrap();
        let mut found = 0;
        let mut buffer = vec![0; CHUNK];
        for (mut from, to) in heap() {
            let mut window = 0_u128;
            while from < to {
                let len = usize::try_from(to - from).unwrap().min(CHUNK);
                // A mapping may be gone by now.
                let Ok(len @ 1..) = memory.read_at(&mut buffer[..len], from) else { break };
                from += len as u64;
                // Nearly all of the heap was never written to.
                if buffer[..len] == zeros[..len] {
                    window = 0;
                    continue;
                }
                for byte in &buffer[..len] {
                    window = window >> 8 | u128::from(*byte) << 120;
                    let masked = window ^ MASK;
                    if first[usize::from(low(masked))] && self.0.contains(&masked) {
                        found += 1;
                    }
                }
            }
        }
        // What was found is in here, too.
        buffer.fill(0);
        std::hint::black_box(&buffer);
        found
    }
}

fn low(number: u128) -> u16 {
    (number & 0xffff) as u16
}

/// The mappings that can be written and belong to no file, but for the stack of the main thread.
fn heap() -> Vec<(u64, u64)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let lines = maps.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_heap = matches!(fields.get(5), None | Some(&"[heap]"));
        let (from, to) = fields[0].split_once('-').unwrap();
        let number = |hex| u64::from_str_radix(hex, 16).unwrap();
        (is_heap && fields[1].starts_with("rw")).then(|| (number(from), number(to)))
    });
    lines.collect()
}

/// A response of a service with a key of its own: no items, encrypted.
pub(crate) struct EncryptedResponse {
    pub(crate) public_key: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn encrypted_response(secret: &str) -> EncryptedResponse {
    use cbc::cipher::block_padding::Pkcs7;
    use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};

    let mut key = zeroize::Zeroizing::new([0; 16]);
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&secret[at..at + 2], 16).unwrap();
    }
    let cipher = cbc::Encryptor::<aes::Aes128>::new((&*key).into(), &[0; 16].into());
    let data = "0".repeat(32) + &STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(b"[]"));
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let claims = json!({
        "iss": "civic-sip-hosted-service", "aud": "https://api.civic.com/sip/", "sub": "app42",
        "iat": now, "exp": now + 60, "data": data,
    });
    let text = [r#"{"alg":"ES256"}"#, &claims.to_string()]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let service = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let signature = service.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
    let point = service.public_key().as_ref().iter().map(|byte| format!("{byte:02x}"));
    EncryptedResponse {
        public_key: point.collect(),
        body: json!({"data": token, "userId": "1"}).to_string().into_bytes(),
    }
}
