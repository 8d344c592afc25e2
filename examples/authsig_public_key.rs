//! A receipt that anyone can verify: the shop signs with a private key, and whoever has the shop's public key verifies,
//! offline, years later, without being able to sign.
//!
//! `cargo run --example authsig_public_key` plays both sides.

use civic_sip::authsig::{PrivateKey, PublicKeys, Signer, Verifier, VerifyError};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The shop: keeps the key, and publishes the JWK set.
fn shop(key: &PrivateKey) -> Result<(String, String)> {
    let signer = Signer::builder()
        .private_key(key.clone())
        .purpose("receipt")
        .public_url("https://shop.example")
        .build()?;
    let url = signer.link("/receipts").segment(17).param("total", "49.90 EUR").sign()?;
    Ok((url, key.public_key().to_jwks()))
}

/// Somebody else, who has nothing but the JWK set.
fn verifier(jwks: &str) -> Result<Verifier> {
    let verifier = Verifier::builder()
        .public_keys(PublicKeys::from_jwks(jwks)?)
        .purpose("receipt")
        .public_url("https://shop.example");
    Ok(verifier.build()?)
}

fn main() -> Result<()> {
    // Made once; `to_pem` and `from_pem` keep it among the shop's secrets.
    let (url, jwks) = shop(&PrivateKey::generate()?)?;
    println!("The shop publishes\n  {jwks}\nand sends\n  {url}\n");

    let verifier = verifier(&jwks)?;
    let verified = verifier.verify_url(&url)?;
    println!("Verified: total {:?}, by the key {:?}", verified.get("total"), verified.key_id());

    let forged = url.replace("49.90", "9.90");
    assert_eq!(verifier.verify_url(&forged).unwrap_err(), VerifyError::Mismatch);
    let (by_another, _) = shop(&PrivateKey::generate()?)?;
    assert_eq!(verifier.verify_url(&by_another).unwrap_err(), VerifyError::UnknownKey);
    println!("Another total and another key are rejected.");
    Ok(())
}
