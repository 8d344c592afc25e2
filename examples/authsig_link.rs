//! A link of one's own: an invitation that is good for an hour, and for a single use.
//!
//! `cargo run --example authsig_link` makes one, verifies it, uses it up, and shows what happens to every other
//! link that somebody may try.

use std::time::{Duration, SystemTime};

use civic_sip::authsig::{MemoryGuard, Signer, SignerBuilder, Verified, Verifier};

/// Shared by all who sign and verify; from the configuration, in real life.
const SECRET: &str = "at least sixteen bytes, better 32 random ones";
const PUBLIC_URL: &str = "https://app.example";
const HOUR: Duration = Duration::from_secs(3600);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What signs invitations.
fn signing() -> SignerBuilder {
    Signer::builder()
        .secret(SECRET)
        .purpose("invitation")
        .public_url(PUBLIC_URL)
        .expires_in(HOUR)
        .single_use()
}

/// What verifies them, made once when the app starts.
fn verifier() -> Result<Verifier> {
    let verifier = Verifier::builder()
        .secret(SECRET)
        .purpose("invitation")
        .public_url(PUBLIC_URL)
        .ignore(["utm_source"])
        .require("team")
        .require_expiry();
    Ok(verifier.build()?)
}

/// What the app does when somebody follows the link: verify, use up, and only then act.
async fn join(url: &str, verifier: &Verifier, guard: &MemoryGuard) -> Result<Verified> {
    let verified = verifier.verify_url(url)?;
    verified.consume(guard).await?;
    Ok(verified)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (signer, verifier, guard) = (signing().build()?, verifier()?, MemoryGuard::new(10_000));
    let url = invite(&signer)?;
    println!("The invitation:\n  {url}\n");

    // A mailer appended a parameter, a scanner opened the link: it is still good.
    let mailed = format!("{url}&utm_source=mail");
    verifier.verify_url(&mailed)?;
    let verified = join(&mailed, &verifier, &guard).await?;
    println!("Joined: {:?}, team {:?}\n", verified.login(), verified.get("team"));

    println!("Rejected:");
    let fresh = invite(&signer)?;
    let two_hours_ago = || SystemTime::now() - 2 * HOUR;
    let stranger = Signer::builder().secret("some other secret, as long").purpose("invitation");
    let other_purpose = Signer::builder().secret(SECRET).purpose("password-reset");
    let attempts = [
        ("used before", url),
        ("another login", fresh.replace("user_1", "admin")),
        ("another team", fresh.replace("blue", "red")),
        ("a team more", fresh.replace("team=blue", "team=blue&team=red")),
        ("a login that frameworks read", fresh.replace("team=", "login[]=admin&team=")),
        ("in another order", fresh.replace("login=user_1&team=blue", "team=blue&login=user_1")),
        ("without its expiry", without(&fresh, "expires_at")),
        ("without its signature", without(&fresh, "signature")),
        ("a signature cut short", fresh[..fresh.len() - 1].to_owned()),
        ("at another host", fresh.replace("app.example", "evil.example")),
        ("at another page", fresh.replace("/join", "/delete")),
        ("for another purpose", invite(&other_purpose.public_url(PUBLIC_URL).build()?)?),
        ("by another secret", invite(&stranger.public_url(PUBLIC_URL).build()?)?),
        ("too late", invite(&signing().clock(two_hours_ago).build()?)?),
        ("without a team", signer.link("/join").param("login", "user_1").sign()?),
    ];
    for (what, url) in attempts {
        match join(&url, &verifier, &guard).await {
            Ok(_) => println!("  {what}: accepted, which must not happen"),
            Err(error) => println!("  {what}: {error}"),
        }
    }
    Ok(())
}

fn invite(signer: &Signer) -> Result<String> {
    Ok(signer.link("/join").param("login", "user_1").param("team", "blue").sign()?)
}

/// The URL without one parameter.
fn without(url: &str, name: &str) -> String {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let kept: Vec<_> = query.split('&').filter(|part| !part.starts_with(name)).collect();
    format!("{before}?{}", kept.join("&"))
}
