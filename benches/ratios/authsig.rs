//! Signed URLs.

use std::hint::black_box;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use civic_sip::authsig::{PrivateKey, Signer, Verifier, legacy};

use crate::measure::{Row, compare, compare_slow};

const SECRET: &str = "at least sixteen bytes";
const FIVE: &str =
    "login=user_1&service=password&team=blue&redirect_url=https%3A%2F%2Fapp.example%2Fa&x=1";

fn query(parameters: usize) -> String {
    let pairs: Vec<String> = (0..parameters).map(|at| format!("parameter{at}=value{at}")).collect();
    pairs.join("&")
}

fn floor(text: &str) -> impl FnMut() + use<> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let text = text.to_owned();
    move || {
        black_box(hmac::sign(&key, black_box(text.as_bytes())));
    }
}

pub fn rows() -> Vec<Row> {
    let (signer, verifier) = (Signer::new(SECRET).unwrap(), Verifier::new(SECRET).unwrap());
    let text = format!("authsig-v2\n\n\n{FIVE}");
    let signed = signer.sign_query(FIVE).unwrap();
    let name = "HMAC-SHA256 (aws-lc) of the signed text";
    vec![
        compare(
            "AuthSig v2 sign, 5 parameters",
            name,
            3.0,
            || drop(black_box(signer.sign_query(black_box(FIVE)).unwrap())),
            floor(&text),
        ),
        compare(
            "AuthSig v2 verify, 5 parameters",
            name,
            3.5,
            || drop(black_box(verifier.verify_query(black_box(&signed)).unwrap())),
            floor(&text),
        ),
        sign_3(),
        verify_3(),
        linear(&signer, &verifier),
        legacy(),
    ]
}

const SCALAR: [u8; 32] = [0x42; 32];
const TEXT_3: &str = "authsig-v3\n\n\nlogin=user_1&service=password&team=blue\
    &redirect_url=https%3A%2F%2Fapp.example%2Fa&x=1";

fn private_key() -> PrivateKey {
    PrivateKey::from_hex(&hex(&SCALAR)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key_pair() -> EcdsaKeyPair {
    let pem = private_key().to_pem();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, base64).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap()
}

fn sign_3() -> Row {
    let signer = Signer::builder().private_key(private_key()).build().unwrap();
    let (pair, random) = (key_pair(), SystemRandom::new());
    compare(
        "AuthSig v3 sign, 5 parameters",
        "ES256 (aws-lc) of the signed text",
        1.1,
        || drop(black_box(signer.sign_query(black_box(FIVE)).unwrap())),
        move || {
            black_box(pair.sign(&random, black_box(TEXT_3.as_bytes())).unwrap());
        },
    )
}

fn verify_3() -> Row {
    let signer = Signer::builder().private_key(private_key()).build().unwrap();
    let verifier = Verifier::builder().public_keys(private_key().public_key()).build().unwrap();
    let signed = signer.sign_query(FIVE).unwrap();
    let pair = key_pair();
    let signature = pair.sign(&SystemRandom::new(), TEXT_3.as_bytes()).unwrap();
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref()).unwrap();
    compare(
        "AuthSig v3 verify, 5 parameters",
        "ES256 (aws-lc) of the signed text",
        1.05,
        || drop(black_box(verifier.verify_query(black_box(&signed)).unwrap())),
        move || key.verify_sig(black_box(TEXT_3.as_bytes()), signature.as_ref()).unwrap(),
    )
}

/// Time per parameter: 25 times the parameters next to 25 verifications of a few.
fn linear(signer: &Signer, verifier: &Verifier) -> Row {
    let many = signer.sign_query(&query(250)).unwrap();
    let few = signer.sign_query(&query(10)).unwrap();
    compare(
        "AuthSig v2 verify, 250 parameters",
        "25 times with 10",
        1.5,
        || drop(black_box(verifier.verify_query(black_box(&many)).unwrap())),
        || (0..25).for_each(|_| drop(black_box(verifier.verify_query(black_box(&few)).unwrap()))),
    )
}

fn legacy() -> Row {
    // The cost that the original uses.
    let query = "login=test&service=password";
    let signer = legacy::Signer::builder().secret("hi").build().unwrap();
    let signed = signer.sign_query(query).unwrap();
    let verifier = legacy::Verifier::builder().secret("hi").build().unwrap();
    let text = "login:testsecret:hiservice:password";
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let hash = bcrypt::hash(digest.as_ref(), 10).unwrap();
    compare_slow(
        "legacy verify",
        "bcrypt alone",
        1.02,
        || drop(black_box(verifier.verify_query(&signed).unwrap())),
        || assert!(bcrypt::verify(digest.as_ref(), &hash).unwrap()),
    )
}
