//! Using a URL up, and the guard in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use civic_sip::authsig::{Claim, ClaimFuture, MemoryGuard, PrivateKey, ReplayError, ReplayGuard};

use super::*;

/// How long after its expiry a used URL is remembered.
pub(super) const KEPT: u64 = 600;

pub(super) fn single_use(expires_in: u64) -> String {
    let signer = signing().single_use().expires_in(Duration::from_secs(expires_in));
    signer.build().unwrap().sign_query("login=user_1").unwrap()
}

pub(super) fn verified_at(seconds: u64, query: &str) -> Verified {
    let verifier = Verifier::builder().secret(SECRET).clock(at(seconds)).build().unwrap();
    verifier.verify_query(query).unwrap()
}

#[tokio::test]
async fn a_url_is_good_once() {
    let guard = MemoryGuard::new(10);
    let query = single_use(60);
    let verified = verified_at(NOW, &query);
    verified.consume(&guard).await.unwrap();
    refused!(verified.consume(&guard).await, ReplayError::Replayed);
    // Verified again, spelled otherwise: still the same URL.
    let spelled = query.replace("login=user_1", "l%6Fgin=user%5F1");
    assert_ne!(spelled, query);
    refused!(verified_at(NOW, &spelled).consume(&guard).await, ReplayError::Replayed);
    let (rest, signature) = query.split_once("&signature").unwrap();
    let moved = format!("signature{signature}&{rest}");
    refused!(verified_at(NOW, &moved).consume(&guard).await, ReplayError::Replayed);
    // Another URL with the same parameters is another one.
    verified_at(NOW, &single_use(60)).consume(&guard).await.unwrap();
}

#[tokio::test]
async fn verifying_uses_nothing_up() {
    let guard = MemoryGuard::new(10);
    let query = single_use(60);
    for _ in 0..3 {
        verified_at(NOW, &query);
    }
    verified_at(NOW, &query).consume(&guard).await.unwrap();
    verified_at(NOW, &query);
}

#[tokio::test]
async fn a_url_that_no_single_use_signer_made_is_refused() {
    let guard = MemoryGuard::new(10);
    let expiry = "expires_at=1900000000";
    for query in [
        "login=a".to_owned(),
        expiry.to_owned(),
        "nonce=AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        format!("nonce=abc&{expiry}"),
        format!("nonce=AAAAAAAAAAAAAAAAAAAAA&{expiry}"),
        format!("nonce=AAAAAAAAAAAAAAAAAAAAAAA&{expiry}"),
        format!("nonce=AAAAAAAAAAAAAAAAAAAAA.&{expiry}"),
        format!("nonce=AAAAAAAAAAAAAAAAAAAAA%2B&{expiry}"),
        format!("nonce=AAAAAAAAAAAAAAAAAAAAA+&{expiry}"),
        format!("nonce=AAAAAAAAAAAAAAAAAAAA%C3%A9&{expiry}"),
        format!("Nonce=1&{expiry}").replace("Nonce", "nonces"),
    ] {
        let verified = verified_at(NOW, &signed(&query));
        refused!(verified.consume(&guard).await, ReplayError::NotSingleUse(_));
    }
    let verified = verified_at(NOW, &signed(&format!("nonce=AZaz09-_AAAAAAAAAAAAAA&{expiry}")));
    verified.consume(&guard).await.unwrap();
}

#[test]
fn a_nonce_has_128_random_bits() {
    let nonce = || verified_at(NOW, &single_use(60)).get("nonce").unwrap().to_owned();
    let (one, other) = (nonce(), nonce());
    assert_eq!(one.len(), 22);
    assert_ne!(one, other);
}

#[tokio::test]
async fn expiry_is_checked_again() {
    let clock = Arc::new(AtomicU64::new(NOW));
    let seen = clock.clone();
    let verifier = Verifier::builder()
        .secret(SECRET)
        .clock(move || UNIX_EPOCH + Duration::from_secs(seen.load(Ordering::SeqCst)))
        .build()
        .unwrap();
    let guard = MemoryGuard::new(10);
    let verified = verifier.verify_query(&single_use(60)).unwrap();
    clock.store(NOW + 60, Ordering::SeqCst);
    refused!(verified.consume(&guard).await, ReplayError::Expired);
    clock.store(NOW + 59, Ordering::SeqCst);
    verified.consume(&guard).await.unwrap();
}

/// ES256 has two signatures for each text, and whoever has one can make the other.
#[tokio::test]
async fn another_signature_of_the_same_text_is_the_same_url() {
    let key = PrivateKey::from_hex(&"42".repeat(32)).unwrap();
    let signer = |key: &PrivateKey| {
        Signer::builder().private_key(key.clone()).clock(at(NOW)).build().unwrap()
    };
    let verifier =
        Verifier::builder().public_keys(key.public_key()).clock(at(NOW)).build().unwrap();
    let query = format!("nonce=AAAAAAAAAAAAAAAAAAAAAA&expires_at={}", NOW + 60);
    let first = signer(&key).sign_query(&query).unwrap();
    let other = with_other_s(&first);
    assert_ne!(first, other);
    let guard = MemoryGuard::new(10);
    verifier.verify_query(&first).unwrap().consume(&guard).await.unwrap();
    refused!(verifier.verify_query(&other).unwrap().consume(&guard).await, ReplayError::Replayed);
}

/// The signature with n - s in place of s.
fn with_other_s(query: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let order =
        hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let (rest, signature) = query.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = false;
    for (byte, order) in bytes[32..].iter_mut().zip(order).rev() {
        let (one, first) = order.overflowing_sub(*byte);
        let (two, second) = one.overflowing_sub(u8::from(borrow));
        (*byte, borrow) = (two, first || second);
    }
    format!("{rest}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[tokio::test]
async fn a_full_guard_refuses_and_forgets_nothing_alive() {
    let guard = MemoryGuard::new(2);
    let (first, second, third) = (single_use(60), single_use(120), single_use(1000));
    verified_at(NOW, &first).consume(&guard).await.unwrap();
    verified_at(NOW, &second).consume(&guard).await.unwrap();
    refused!(verified_at(NOW, &third).consume(&guard).await, ReplayError::GuardFull);
    refused!(verified_at(NOW, &first).consume(&guard).await, ReplayError::Replayed);
    refused!(verified_at(NOW, &second).consume(&guard).await, ReplayError::Replayed);
    // Until its expiry and ten minutes have passed an entry is alive.
    refused!(verified_at(NOW + 60 + KEPT, &third).consume(&guard).await, ReplayError::GuardFull);
    verified_at(NOW + 60 + KEPT + 1, &third).consume(&guard).await.unwrap();
    // The second is still there, though it has expired.
    refused!(verified_at(NOW + 119, &second).consume(&guard).await, ReplayError::Replayed);
    refused!(
        verified_at(NOW + 60 + KEPT + 1, &single_use(5000)).consume(&guard).await,
        ReplayError::GuardFull
    );
    refused!(
        verified_at(NOW, &single_use(60)).consume(&MemoryGuard::new(0)).await,
        ReplayError::GuardFull
    );
}

#[tokio::test]
async fn a_clock_set_back_finds_what_was_used() {
    let guard = MemoryGuard::new(100);
    let query = single_use(60);
    verified_at(NOW, &query).consume(&guard).await.unwrap();
    let later = Signer::builder().secret(SECRET).clock(at(NOW + 5000));
    let later = later.single_use().expires_in(Duration::from_secs(60)).build().unwrap();
    verified_at(NOW + 5000, &later.sign_query("").unwrap()).consume(&guard).await.unwrap();
    refused!(verified_at(NOW, &query).consume(&guard).await, ReplayError::Replayed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_at_once_one_succeeds() {
    let guard = Arc::new(MemoryGuard::new(100));
    let verified = verified_at(NOW, &single_use(60));
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let (guard, verified) = (guard.clone(), verified.clone());
            tokio::spawn(async move { verified.consume(&guard).await })
        })
        .collect();
    let mut succeeded = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => succeeded += 1,
            Err(error) => assert!(matches!(error, ReplayError::Replayed)),
        }
    }
    assert_eq!(succeeded, 1);
}

#[test]
fn the_guard_in_memory_needs_no_runtime() {
    let guard = MemoryGuard::new(1);
    let verified = verified_at(NOW, &single_use(60));
    let future = std::pin::pin!(verified.consume(&guard));
    let waker = std::task::Waker::noop();
    let poll = future.poll(&mut std::task::Context::from_waker(waker));
    assert!(matches!(poll, std::task::Poll::Ready(Ok(()))));
}

/// A guard of somebody else.
struct Recording(std::sync::Mutex<Vec<Claim>>);

impl ReplayGuard for Recording {
    fn claim(&self, claim: Claim) -> ClaimFuture<'_> {
        self.0.lock().unwrap().push(claim);
        Box::pin(async {
            Err(ReplayError::Guard(Arc::new(std::io::Error::other("store is down"))))
        })
    }
}

#[tokio::test]
async fn a_guard_of_ones_own() {
    let guard = Arc::new(Recording(std::sync::Mutex::default()));
    let as_object: Arc<dyn ReplayGuard> = guard.clone();
    let verified = verified_at(NOW, &single_use(60));
    refused!(verified.consume(&as_object).await, ReplayError::Guard(_));
    refused!(verified.consume(&*as_object).await, ReplayError::Guard(_));
    let claims = guard.0.lock().unwrap().clone();
    assert_eq!(claims[0].key, claims[1].key);
    assert_eq!(claims[0].now, at(NOW)());
    assert_eq!(claims[0].keep_for, Duration::from_secs(60 + KEPT));
}
