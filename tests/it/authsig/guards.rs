//! Using a URL up: the guard in memory, and the one on Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use civic_sip::authsig::{
    Claim, ClaimFuture, Error, MemoryGuard, ReplayGuard, Signer, Verified, Verifier,
};

const SECRET: &str = "Test house secret.";
const NOW: u64 = 1_800_000_000;
const KEPT: u64 = 660;

fn at(seconds: u64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    move || UNIX_EPOCH + Duration::from_secs(seconds)
}

fn single_use(expires_in: u64) -> String {
    let signer = Signer::new(SECRET).clock(at(NOW)).single_use();
    signer.expires_in(Duration::from_secs(expires_in)).sign_query("login=user_1").unwrap()
}

fn verified_at(seconds: u64, query: &str) -> Verified {
    Verifier::new(SECRET).clock(at(seconds)).verify_query(query).unwrap()
}

macro_rules! refused {
    ($result:expr, $($pattern:tt)+) => {
        match $result {
            result @ Err(_) if matches!(result, Err($($pattern)+)) => {}
            other => panic!("{}: {other:?}", stringify!($result)),
        }
    };
}

#[tokio::test]
async fn a_url_is_good_once() {
    let guard = MemoryGuard::new(10);
    let query = single_use(60);
    let verified = verified_at(NOW, &query);
    verified.consume(&guard).await.unwrap();
    refused!(verified.consume(&guard).await, Error::Replayed);
    // Verified again, spelled otherwise: still the same URL.
    let spelled = query.replace("login=user_1", "l%6Fgin=user%5F1");
    assert_ne!(spelled, query);
    refused!(verified_at(NOW, &spelled).consume(&guard).await, Error::Replayed);
    let moved = format!("{}&login=user_1", query.replace("login=user_1&", ""));
    refused!(verified_at(NOW, &moved).consume(&guard).await, Error::Replayed);
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
async fn a_url_without_nonce_or_expiry_is_refused() {
    let guard = MemoryGuard::new(10);
    let signer = Signer::new(SECRET);
    for query in [
        "login=a",
        "nonce=abc",
        "expires_at=1900000000",
        "nonce=&expires_at=1900000000",
        "nonce&expires_at=1900000000",
    ] {
        let verified = verified_at(NOW, &signer.sign_query(query).unwrap());
        refused!(verified.consume(&guard).await, Error::NotSingleUse(_));
    }
}

#[tokio::test]
async fn expiry_is_checked_again() {
    let clock = Arc::new(AtomicUsize::new(NOW as usize));
    let seen = clock.clone();
    let verifier = Verifier::new(SECRET)
        .clock(move || UNIX_EPOCH + Duration::from_secs(seen.load(Ordering::SeqCst) as u64));
    let guard = MemoryGuard::new(10);
    let verified = verifier.verify_query(&single_use(60)).unwrap();
    clock.store(NOW as usize + 61, Ordering::SeqCst);
    refused!(verified.consume(&guard).await, Error::Expired);
    clock.store(NOW as usize + 60, Ordering::SeqCst);
    verified.consume(&guard).await.unwrap();
}

#[tokio::test]
async fn a_full_guard_refuses_and_forgets_nothing_alive() {
    let guard = MemoryGuard::new(2);
    let (first, second, third) = (single_use(60), single_use(120), single_use(1000));
    verified_at(NOW, &first).consume(&guard).await.unwrap();
    verified_at(NOW, &second).consume(&guard).await.unwrap();
    refused!(verified_at(NOW, &third).consume(&guard).await, Error::GuardFull);
    refused!(verified_at(NOW, &first).consume(&guard).await, Error::Replayed);
    refused!(verified_at(NOW, &second).consume(&guard).await, Error::Replayed);
    // Until its expiry, leeway and ten minutes have passed an entry is alive.
    refused!(verified_at(NOW + 60 + KEPT, &third).consume(&guard).await, Error::GuardFull);
    verified_at(NOW + 60 + KEPT + 1, &third).consume(&guard).await.unwrap();
    // The second is still there, though it has expired.
    refused!(verified_at(NOW + 120, &second).consume(&guard).await, Error::Replayed);
    refused!(
        verified_at(NOW + 60 + KEPT + 1, &single_use(5000)).consume(&guard).await,
        Error::GuardFull
    );
    refused!(
        verified_at(NOW, &single_use(60)).consume(&MemoryGuard::new(0)).await,
        Error::GuardFull
    );
}

#[tokio::test]
async fn a_clock_set_back_finds_what_was_used() {
    let guard = MemoryGuard::new(100);
    let query = single_use(60);
    verified_at(NOW, &query).consume(&guard).await.unwrap();
    let later =
        Signer::new(SECRET).single_use().clock(at(NOW + 5000)).expires_in(Duration::from_secs(60));
    verified_at(NOW + 5000, &later.sign_query("").unwrap()).consume(&guard).await.unwrap();
    refused!(verified_at(NOW, &query).consume(&guard).await, Error::Replayed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_at_once_one_succeeds() {
    let guard = Arc::new(MemoryGuard::default());
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
            Err(error) => assert!(matches!(error, Error::Replayed)),
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
        Box::pin(async { Err(Error::Guard(Arc::new(std::io::Error::other("store is down")))) })
    }
}

#[tokio::test]
async fn a_guard_of_ones_own() {
    let guard = Arc::new(Recording(std::sync::Mutex::default()));
    let as_object: Arc<dyn ReplayGuard> = guard.clone();
    let verified = verified_at(NOW, &single_use(60));
    refused!(verified.consume(&as_object).await, Error::Guard(_));
    refused!(verified.consume(&*as_object).await, Error::Guard(_));
    let claims = guard.0.lock().unwrap().clone();
    assert_eq!(claims[0].key, claims[1].key);
    assert_eq!(claims[0].now, at(NOW)());
    assert_eq!(claims[0].keep_until, at(NOW + 60 + KEPT)());
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
                Err(error) => assert!(matches!(error, Error::Replayed), "{error:?}"),
            }
        }
        assert_eq!(succeeded, 1);
    }

    #[tokio::test]
    async fn entries_expire_by_themselves_and_not_before() {
        let Some(server) = Server::start("expiry") else { return };
        let guard = server.guard().await.prefix("test:");
        let now = SystemTime::now();
        let signer =
            Signer::new(SECRET).clock(move || now).single_use().expires_in(Duration::from_secs(60));
        let verifier = Verifier::new(SECRET).clock(move || now);
        let verified = verifier.verify_query(&signer.sign_query("").unwrap()).unwrap();
        verified.consume(&guard).await.unwrap();
        refused!(verified.consume(&guard).await, Error::Replayed);
        let keys = server.ask("KEYS *\r\n").unwrap();
        let key = keys.lines().find(|line| line.starts_with("test:")).unwrap();
        let at: u64 =
            server.ask(&format!("EXPIRETIME {key}\r\n")).unwrap().trim()[1..].parse().unwrap_or(0);
        if at == 0 {
            println!("skipped: this Redis has no EXPIRETIME");
            return;
        }
        let expiry = verified.expires_at().unwrap().timestamp() as u64;
        assert!((expiry + KEPT..expiry + KEPT + 3600).contains(&at), "{at} {expiry}");
    }

    #[tokio::test]
    async fn a_verifier_whose_clock_is_behind_is_protected_too() {
        let Some(server) = Server::start("behind") else { return };
        let guard = server.guard().await;
        // By the real clock this entry should have been gone for years.
        let signer = Signer::new(SECRET).clock(at(1_400_000_000)).single_use();
        let query = signer.expires_in(Duration::from_secs(60)).sign_query("").unwrap();
        let verified = verified_at(1_400_000_000, &query);
        verified.consume(&guard).await.unwrap();
        refused!(verified.consume(&guard).await, Error::Replayed);
    }

    #[tokio::test]
    async fn a_store_that_fails_refuses() {
        let Some(server) = Server::start("fails") else { return };
        let guard = server.guard().await;
        let readonly = server.ask("CONFIG SET maxmemory 1\r\n").unwrap();
        assert!(readonly.starts_with("+OK"), "{readonly}");
        refused!(verified_at(NOW, &single_use(60)).consume(&guard).await, Error::Guard(_));
        drop(server);
        refused!(verified_at(NOW, &single_use(60)).consume(&guard).await, Error::Guard(_));
    }

    #[tokio::test]
    async fn no_store_and_no_answer_are_errors() {
        refused!(RedisGuard::connect("http://127.0.0.1/").await, Error::Guard(_));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://user:pass-word@{}/", listener.local_addr().unwrap());
        let error =
            RedisGuard::connect_with_timeout(&url, Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(error, Error::Guard(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("pass-word"));
    }
}
