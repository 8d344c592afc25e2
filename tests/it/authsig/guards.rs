//! Using a URL up: the guard in memory, and the one on Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use civic_sip::authsig::{Claim, ClaimFuture, MemoryGuard, PrivateKey, ReplayError, ReplayGuard};

use super::*;

/// How long after its expiry a used URL is remembered.
const KEPT: u64 = 600;

fn single_use(expires_in: u64) -> String {
    let signer = signing().single_use().expires_in(Duration::from_secs(expires_in));
    signer.build().unwrap().sign_query("login=user_1").unwrap()
}

fn verified_at(seconds: u64, query: &str) -> Verified {
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

#[cfg(feature = "redis")]
mod redis {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::process::{Child, Command, Stdio};

    use civic_sip::authsig::RedisGuard;

    use super::*;

    /// A Redis of our own, stopped when dropped.
    struct Server {
        process: Child,
        port: u16,
        directory: std::path::PathBuf,
    }

    impl Server {
        /// `None`, and a line that says so, where Redis is not installed.
        fn start(name: &str) -> Option<Self> {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let directory =
                std::env::temp_dir().join(format!("civic-sip-redis-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&directory).unwrap();
            let process = Command::new("redis-server")
                .args([
                    "--port",
                    &port.to_string(),
                    "--bind",
                    "127.0.0.1",
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                ])
                .arg("--dir")
                .arg(&directory)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let Ok(process) = process else {
                println!("skipped: no redis-server is installed");
                return None;
            };
            let server = Self { process, port, directory };
            let started = std::time::Instant::now();
            while server.ask("PING\r\n").as_deref() != Some("+PONG\r\n") {
                assert!(
                    started.elapsed() < Duration::from_secs(30),
                    "redis-server does not answer"
                );
                std::thread::yield_now();
            }
            Some(server)
        }

        /// One command in Redis's inline form.
        fn ask(&self, command: &str) -> Option<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
            stream.write_all(command.as_bytes()).ok()?;
            let mut answer = [0; 4096];
            let read = stream.read(&mut answer).ok()?;
            Some(String::from_utf8_lossy(&answer[..read]).into_owned())
        }

        async fn guard(&self) -> RedisGuard {
            RedisGuard::connect(&format!("redis://127.0.0.1:{}/", self.port)).await.unwrap()
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_a_thousand_on_two_connections_one_succeeds() {
        let Some(server) = Server::start("thousand") else { return };
        let guards = [server.guard().await, server.guard().await];
        let verified = verified_at(NOW, &single_use(60));
        let tasks: Vec<_> = (0..1000)
            .map(|i| {
                let (guard, verified) = (guards[i % 2].clone(), verified.clone());
                tokio::spawn(async move { verified.consume(&guard).await })
            })
            .collect();
        let mut succeeded = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => succeeded += 1,
                Err(error) => assert!(matches!(error, ReplayError::Replayed), "{error:?}"),
            }
        }
        assert_eq!(succeeded, 1);
    }

    impl Server {
        /// The time to live of the only key, in seconds.
        fn time_to_live(&self, prefix: &str) -> u64 {
            let keys = self.ask("KEYS *\r\n").unwrap();
            let key = keys.lines().find(|line| line.starts_with(prefix)).unwrap();
            self.ask(&format!("TTL {key}\r\n")).unwrap().trim()[1..].parse().unwrap()
        }
    }

    #[tokio::test]
    async fn entries_expire_by_themselves_and_not_before() {
        let Some(server) = Server::start("expiry") else { return };
        let guard = server.guard().await.prefix("test:");
        let verified = verified_at(NOW, &single_use(60));
        verified.consume(&guard).await.unwrap();
        refused!(verified.consume(&guard).await, ReplayError::Replayed);
        // Rounded up; however long this machine takes, the next second of its life is far.
        let left = server.time_to_live("test:");
        assert!((60 + KEPT - 30..=60 + KEPT + 1).contains(&left), "{left}");
    }

    #[tokio::test]
    async fn a_use_is_kept_as_long_whatever_the_clock_of_the_app_says() {
        for now in [1_400_000_000, NOW - 1800, NOW + 1800, 4_000_000_000] {
            let Some(server) = Server::start(&format!("clock-{now}")) else { return };
            let guard = server.guard().await;
            let signer = Signer::builder().secret(SECRET).clock(at(now)).single_use();
            let signer = signer.expires_in(Duration::from_secs(60)).build().unwrap();
            let query = signer.sign_query("").unwrap();
            let verified = verified_at(now, &query);
            verified.consume(&guard).await.unwrap();
            refused!(verified.consume(&guard).await, ReplayError::Replayed);
            let left = server.time_to_live("authsig:used:");
            assert!((60 + KEPT - 30..=60 + KEPT + 1).contains(&left), "{left}");
        }
    }

    /// One that is further behind or ahead is more than the docs allow for.
    #[tokio::test]
    async fn clocks_that_are_ten_minutes_apart_make_no_difference() {
        let Some(server) = Server::start("apart") else { return };
        let guard = server.guard().await;
        let link = single_use(3600);
        verified_at(NOW + 600, &link).consume(&guard).await.unwrap();
        // Kept until the link has expired by a clock that is 10 minutes behind the one that used it up.
        assert!(server.time_to_live("authsig:used:") >= 3600);
    }

    #[test]
    fn a_claim_outside_of_a_runtime_is_an_error() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let Some(server) = runtime.block_on(async { Server::start("outside") }) else { return };
        let guard = runtime.block_on(server.guard());
        let verified = verified_at(NOW, &single_use(60));
        refused!(futures_executor::block_on(verified.consume(&guard)), ReplayError::Guard(_));
    }

    #[tokio::test]
    async fn a_store_that_fails_refuses() {
        let Some(server) = Server::start("fails") else { return };
        let guard = server.guard().await;
        let readonly = server.ask("CONFIG SET maxmemory 1\r\n").unwrap();
        assert!(readonly.starts_with("+OK"), "{readonly}");
        refused!(verified_at(NOW, &single_use(60)).consume(&guard).await, ReplayError::Guard(_));
        drop(server);
        refused!(verified_at(NOW, &single_use(60)).consume(&guard).await, ReplayError::Guard(_));
    }

    #[tokio::test]
    async fn no_store_and_no_answer_are_errors() {
        refused!(RedisGuard::connect("http://127.0.0.1/").await, ReplayError::Guard(_));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://user:pass-word@{}/", listener.local_addr().unwrap());
        let error =
            RedisGuard::connect_with_timeout(&url, Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(error, ReplayError::Guard(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("pass-word"));
    }
}
