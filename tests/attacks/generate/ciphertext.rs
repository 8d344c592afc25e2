//! The encrypted data in a token of the service: 32 hexadecimal digits of IV, then base64 of AES-128-CBC with PKCS#7
//! padding. The tokens are signed by the service, as if it had made the mistake itself.

use aes::Aes128;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use serde_json::Value;

use crate::case::{attack, control};
use crate::jwt::{claims, next_character, signed};

/// The bytes that the secret spells.
pub(crate) const KEY: [u8; 16] = [
    0x50, 0xc0, 0xc3, 0x27, 0x3d, 0x5a, 0x7c, 0xa8, 0xa0, 0x42, 0x87, 0xf8, 0x2c, 0x6d, 0x01, 0x11,
];
const IV: [u8; 16] = [0x11; 16];
/// Two blocks, with five bytes of padding.
const ITEMS: &[u8] = br#"[{"label":"a","value":"b"}]"#;

/// Encrypts whole blocks.
fn encrypt(blocks: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<Aes128>::new(&KEY.into(), &IV.into()).encrypt_padded_vec::<NoPadding>(blocks)
}

fn decrypt(iv: [u8; 16], blocks: &[u8]) -> Vec<u8> {
    let cipher = cbc::Decryptor::<Aes128>::new(&KEY.into(), &iv.into());
    cipher.decrypt_padded_vec::<NoPadding>(blocks).unwrap()
}

fn padded(text: &[u8]) -> Vec<u8> {
    let padding = 16 - text.len() % 16;
    [text, &vec![u8::try_from(padding).unwrap(); padding]].concat()
}

fn is_padded(text: &[u8]) -> bool {
    let Some(&last) = text.last() else { return false };
    let length = usize::from(last);
    (1..=16).contains(&length) && text[text.len() - length..].iter().all(|byte| *byte == last)
}

fn data(text: impl Into<String>) -> Value {
    let mut claims = claims();
    claims["data"] = text.into().into();
    signed(claims.to_string())
}

fn written(iv: [u8; 16], ciphertext: &[u8]) -> String {
    let iv: String = iv.iter().map(|byte| format!("{byte:02x}")).collect();
    iv + &STANDARD.encode(ciphertext)
}

pub(crate) fn cases() -> Vec<Value> {
    let good = encrypt(&padded(ITEMS));
    let text = written(IV, &good);
    let mut cases = vec![
        control("encrypted items", data(&*text)),
        control("line breaks", data(format!("{}\n{}\r\n", &text[..50], &text[50..]))),
        control("no items", data(written(IV, &encrypt(&padded(b"[]"))))),
    ];
    each_character(&mut cases, &text);
    each_length(&mut cases, &text, &good);
    each_byte(&mut cases, &good);
    paddings(&mut cases);
    spellings(&mut cases, &text);
    cases
}

fn each_character(cases: &mut Vec<Value>, text: &str) {
    for at in 0..text.len() {
        let bad = format!("{}*{}", &text[..at], &text[at + 1..]);
        cases.push(attack(format!("character {at} of no alphabet"), "Decryption", data(bad)));
    }
}

fn each_length(cases: &mut Vec<Value>, text: &str, good: &[u8]) {
    for length in 0..text.len() {
        cases.push(attack(
            format!("cut after {length} characters"),
            "Decryption",
            data(&text[..length]),
        ));
    }
    for length in (0..good.len()).filter(|length| *length != 16) {
        let cut = written(IV, &good[..length]);
        cases.push(attack(
            format!("cut after {length} bytes of ciphertext"),
            "Decryption",
            data(cut),
        ));
    }
    for more in 1..=17 {
        let long = written(IV, &[good, &vec![0; more]].concat());
        cases.push(attack(format!("{more} bytes more of ciphertext"), "Decryption", data(long)));
    }
}

/// The highest bit of each byte flipped: no text of JSON survives that, and where padding does not, that is told first.
fn each_byte(cases: &mut Vec<Value>, good: &[u8]) {
    let error = |iv, ciphertext: &[u8]| {
        let text = decrypt(iv, ciphertext);
        if is_padded(&text) { "Malformed.Data" } else { "Decryption" }
    };
    for at in 0..16 {
        let mut iv = IV;
        iv[at] ^= 0x80;
        cases.push(attack(
            format!("byte {at} of the IV flipped"),
            error(iv, good),
            data(written(iv, good)),
        ));
    }
    for at in 0..good.len() {
        let mut bad = good.to_vec();
        bad[at] ^= 0x80;
        cases.push(attack(
            format!("byte {at} of the ciphertext flipped"),
            error(IV, &bad),
            data(written(IV, &bad)),
        ));
    }
    let swapped = [&good[16..], &good[..16]].concat();
    cases.push(attack("blocks swapped", error(IV, &swapped), data(written(IV, &swapped))));
    let twice = [good, good].concat();
    cases.push(attack("ciphertext twice", "Malformed.Data", data(written(IV, &twice))));
}

fn paddings(cases: &mut Vec<Value>) {
    let block = |last: &[u8]| {
        let mut block = b"[               ".to_vec();
        block.extend_from_slice(b"]               ");
        let end = block.len();
        block[end - last.len()..].copy_from_slice(last);
        data(written(IV, &encrypt(&block)))
    };
    for (name, last) in [
        ("of zero", vec![0]),
        ("of 17", vec![17; 15]),
        ("of 255", vec![255]),
        ("of 2 that is one", vec![b' ', 2]),
        ("of 3, the first one wrong", vec![2, 3, 3]),
        ("of 15, the first one wrong", [&[1][..], &[15; 14]].concat()),
        ("of 16 that are 15", [&[b' '][..], &[16; 15]].concat()),
        ("as ISO 10126 has it", vec![1, 2, 3, 4, 5]),
        ("as ISO 7816-4 has it", vec![0x80, 0, 0, 0]),
        ("as ANSI X9.23 has it", vec![0, 0, 0, 4]),
        ("of zeros", vec![0; 8]),
        ("of none", vec![b' ']),
    ] {
        cases.push(attack(format!("padding {name}"), "Decryption", block(&last)));
    }
    cases.push(control("padding of 1", block(&[1])));
    cases.push(control("padding of 15", block(&[15; 15])));
    cases.push(attack("padding alone", "Malformed.Data", data(written(IV, &encrypt(&[16; 16])))));
}

fn spellings(cases: &mut Vec<Value>, text: &str) {
    let (iv, base64) = text.split_at(32);
    let unpadded = base64.trim_end_matches('=');
    let last = &unpadded[unpadded.len() - 1..];
    let spare = format!("{}{}", &unpadded[..unpadded.len() - 1], next_character(last));
    for (name, bad) in [
        ("base64 without padding", format!("{iv}{unpadded}")),
        ("base64 with too much padding", format!("{text}=")),
        ("base64 with bits to spare that are not zero", format!("{iv}{spare}=")),
        ("base64 with a space", format!("{iv} {base64}")),
        ("base64 with a tab", format!("{iv}{}\t{}", &base64[..8], &base64[8..])),
        ("base64 of the URL alphabet", format!("{iv}-_{}", &base64[2..])),
        ("base64 with a NUL", format!("{text}\u{0}")),
        ("base64 with something after its padding", format!("{text}AAAA")),
        ("base64 with a letter of two bytes", format!("{iv}é{}", &base64[2..])),
        ("hexadecimal digits in place of base64", format!("{iv}{}", "00".repeat(32))),
        ("an IV of 31 digits", format!("{}{base64}", &iv[1..])),
        ("an IV of 34 digits", format!("{iv}11{base64}")),
        ("an IV with 0x in front", format!("0x{}{base64}", &iv[2..])),
        ("an IV with a letter of two bytes", format!("é{}{base64}", &iv[2..])),
        ("an IV with full-width digits", format!("１{}{base64}", &iv[3..])),
        ("an IV alone", iv.to_owned()),
        ("base64 alone", base64.to_owned()),
        ("white space alone", " ".repeat(64)),
        ("line breaks alone", format!("{iv}\n\n\n\n")),
        ("items that are not encrypted", String::from_utf8(ITEMS.to_vec()).unwrap()),
    ] {
        cases.push(attack(name, "Decryption", data(bad)));
    }
}
