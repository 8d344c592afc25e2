//! A link of one's own: an invitation that is good for an hour, and for a single use.
//!
//! `cargo run --example authsig_link` makes one, verifies it, uses it up, and shows what happens to every other
//! link that somebody may try.

use std::time::{Duration, SystemTime};

use civic_sip::authsig::{Error, MemoryGuard, Signer, Verified, Verifier};

/// Shared by all who sign and verify; from the environment, in real life.
const SECRET: &str = "at least sixteen bytes, better 32 random ones";
const ADDRESS: &str = "https://app.example/join";
const HOUR: Duration = Duration::from_secs(3600);

fn signer() -> Signer {
    Signer::new(SECRET).purpose("invitation").bind_to(ADDRESS).expires_in(HOUR).single_use()
}

fn verifier() -> Verifier {
    Verifier::new(SECRET)
        .purpose("invitation")
        .bind_to(ADDRESS)
        .ignore(["utm_source"])
        .require("team")
        .require_expiry()
}

/// What the app does when somebody follows the link: verify, use up, and only then act.
async fn join(url: &str, guard: &MemoryGuard) -> Result<Verified, Error> {
    let verified = verifier().verify_url(url)?;
    verified.consume(guard).await?;
    Ok(verified)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let guard = MemoryGuard::default();
    let url = invite(&signer(), "login=user_1&team=blue")?;
    println!("The invitation:\n  {url}\n");

    // A mailer appended a parameter, a scanner opened the link: it is still good.
    let mailed = url.replace('?', "?utm_source=mail&");
    verifier().verify_url(&mailed)?;
    let verified = join(&mailed, &guard).await?;
    println!("Joined: {:?}, team {:?}\n", verified.login(), verified.get("team"));

    println!("Refused:");
    let fresh = invite(&signer(), "login=user_1&team=blue")?;
    let two_hours_ago = || SystemTime::now() - 2 * HOUR;
    let stranger = Signer::new("some other secret, as long").purpose("invitation").bind_to(ADDRESS);
    let attempts = [
        ("used before", url),
        ("another login", fresh.replace("user_1", "admin")),
        ("another team", fresh.replace("blue", "red")),
        ("a team more", fresh.replace("team=blue", "team=blue&team=red")),
        ("a login that frameworks read", fresh.replace("team=", "login[]=admin&team=")),
        ("without its expiry", without(&fresh, "expires_at")),
        ("without its signature", without(&fresh, "signature")),
        ("a signature cut short", fresh[..fresh.len() - 1].to_owned()),
        ("at another address", fresh.replace("app.example", "evil.example")),
        ("for another purpose", invite(&signer().purpose("password-reset"), "team=blue")?),
        ("by another secret", invite(&stranger, "login=user_1&team=blue")?),
        ("too late", invite(&signer().clock(two_hours_ago), "team=blue")?),
        ("without a team", invite(&signer(), "login=user_1")?),
    ];
    for (what, url) in attempts {
        match join(&url, &guard).await {
            Ok(_) => println!("  {what}: accepted, which must not happen"),
            Err(error) => println!("  {what}: {error}"),
        }
    }
    Ok(())
}

fn invite(signer: &Signer, query: &str) -> Result<String, Error> {
    signer.sign_url(&format!("{ADDRESS}?{query}"))
}

/// The URL without one parameter.
fn without(url: &str, name: &str) -> String {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let kept: Vec<_> = query.split('&').filter(|part| !part.starts_with(name)).collect();
    format!("{before}?{}", kept.join("&"))
}
