//! Signed links, identities, and the legacy signature.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use civic_sip::authsig::{
    QueryError, SignError, Signer, SignerBuilder, Verified, Verifier, VerifierBuilder, VerifyError,
};

mod addresses;
mod config;
mod decide;
mod guards;
mod identity;
mod keys;
#[cfg(feature = "authsig-legacy")]
mod legacy;
mod links;
mod notification;
#[cfg(feature = "sandbox")]
mod notifier;
mod properties;
mod queries;
mod remote;
mod request;
mod server;
mod times;
mod vectors;

const SECRET: &str = "Test house secret.";
const NOW: u64 = 1_800_000_000;

macro_rules! refused {
    ($result:expr, $($pattern:tt)+) => {
        match $result {
            result @ Err(_) if matches!(result, Err($($pattern)+)) => {}
            other => panic!("{}: {other:?}", stringify!($result)),
        }
    };
}
use refused;

/// A clock that stands still.
fn at(seconds: u64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    move || UNIX_EPOCH + Duration::from_secs(seconds)
}

fn signing() -> SignerBuilder {
    Signer::builder().secret(SECRET).clock(at(NOW))
}

fn verifying() -> VerifierBuilder {
    Verifier::builder().secret(SECRET).clock(at(NOW))
}

fn signer() -> Signer {
    signing().build().unwrap()
}

fn verifier() -> Verifier {
    verifying().build().unwrap()
}

fn signed(query: &str) -> String {
    signer().sign_query(query).unwrap()
}

/// Signs and verifies a query.
fn through(query: &str) -> Result<Verified, VerifyError> {
    verifier().verify_query(&signed(query))
}

/// Signs a text that the signer itself refuses, to see what the verifier says.
fn forged(text: &str) -> String {
    use base64::Engine as _;
    use hmac::{KeyInit as _, Mac as _};

    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(text).finalize().into_bytes();
    format!("v2.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac))
}

/// A query with a good signature, whatever it says. It is canonical, so that it is its own signed form.
fn forged_query(query: &str) -> String {
    format!("{query}&signature={}", forged(&format!("authsig-v2\n\n\n{query}")))
}

/// The same error when signing and when verifying.
fn query_error(query: &str) -> QueryError {
    let url = format!("/?{query}");
    let errors = [signer().sign_query(query).unwrap_err(), signer().sign_url(&url).unwrap_err()]
        .map(|error| match error {
            SignError::Query(error) => error,
            other => panic!("{query}: {other:?}"),
        });
    // The signature would be good if the query were.
    let signature = format!("signature=v2.{}", "A".repeat(43));
    let joined = if query.ends_with('&') { "" } else { "&" };
    let errors_verifying = [
        verifier().verify_query(&format!("{query}{joined}{signature}")).unwrap_err(),
        verifier().verify_url(&format!("{url}{joined}{signature}")).unwrap_err(),
    ]
    .map(|error| match error {
        VerifyError::Query(error) => error,
        other => panic!("{query}: {other:?}"),
    });
    assert_eq!(errors, errors_verifying, "{query}");
    let [error, other] = errors;
    assert_eq!(error, other, "{query}");
    error
}
