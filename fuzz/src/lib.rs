//! What holds for any input, one module a target.
//!
//! Each call is made on both backends, which must say the same, within bounds of memory and time (`both!`). What is
//! accepted is compared with [`oracle`], which uses nothing of the library.
#![allow(
    clippy::duplicate_mod,
    clippy::single_component_path_imports,
    reason = "`calls.rs` is compiled for each backend"
)]

macro_rules! both {
    ($data:expr, $call:ident($($argument:expr),* $(,)?)) => {
        both!($data.len(), true, $call($($argument),*))
    };
    ($len:expr, $too:expr, $call:ident($($argument:expr),* $(,)?)) => {{
        let one = $crate::bounds::check($len, || $crate::aws_lc::$call($($argument),*));
        if $too {
            let other = $crate::bounds::check($len, || $crate::rust_crypto::$call($($argument),*));
            assert_eq!(one, other, "the backends differ");
        }
        one
    }};
}

/// The same, with the slower backend for one input in eight: where the signature is our own, it has little to say.
macro_rules! mostly_one {
    ($data:expr, $len:expr, $call:ident($($argument:expr),* $(,)?)) => {
        both!($len, $crate::is_sampled($data), $call($($argument),*))
    };
}

/// True for one input in eight, and always the same.
fn is_sampled(data: &[u8]) -> bool {
    let sum =
        data.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    sum % 8 == 0
}

/// The library on aws-lc-rs.
#[path = "."]
mod aws_lc {
    use civic_sip;

    #[path = "calls.rs"]
    mod calls;
    pub(crate) use calls::*;
}

/// The library on p256 and its like.
#[path = "."]
mod rust_crypto {
    use civic_sip_rust_crypto as civic_sip;

    #[path = "calls.rs"]
    mod calls;
    pub(crate) use calls::*;
}

mod bounds;
pub mod oracle;
mod plain;

use plain::{Asked, Scope};

pub mod answer;
pub mod ciphertext;
pub mod decide;
pub mod jwk_set;
pub mod jwt;
pub mod legacy;
pub mod notification;
pub mod query;
pub mod url;
pub mod user_data;
pub mod v2;
pub mod v3;

/// What the app of all targets is set up with, and the time at which everything happens.
pub mod setup {
    pub const APP_ID: &str = "app42";
    pub const PRIVATE_SIGNING_KEY: &str =
        "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
    pub const SIP_SECRET: &str = "50c0c3273d5a7ca8a04287f82c6d0111";
    pub const USER_ID: &str = "c6d5795f8a059ef5ad29a33a60f8b402a172c3e0bbe50fd230ae8e0303609b42";
    /// The private key of the service, and of an AuthSig server.
    pub const SERVER_KEY: [u8; 32] = [7; 32];
    /// The time of the corpus of exchanges.
    pub const EXCHANGE: u64 = 1_795_216_600;

    pub const LINK_SECRET: &str = "Test house secret.";
    pub const OTHER_SECRET: &str = "another house secret";
    pub const PUBLIC_URL: &str = "https://app.example/a";
    pub const BASE: &str = "https://id.example/verify";
    /// The time of the corpus of links.
    pub const NOW: u64 = 1_800_000_000;
}

/// Separates the parts of an input: no UTF-8 has it.
const SEPARATOR: u8 = 0xff;

/// The parts of an input, as text; `None` if there are fewer, or one is not UTF-8.
fn parts<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let mut parts = data.splitn(N, |byte| *byte == SEPARATOR);
    let mut texts = [""; N];
    for text in &mut texts {
        *text = str::from_utf8(parts.next()?).ok()?;
    }
    Some(texts)
}
