//! The guard on Redis, with a server of each test's own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use civic_sip::authsig::{RedisGuard, ReplayError};

use super::guards::{KEPT, single_use, verified_at};
use super::*;

/// A Redis of our own, stopped when dropped.
struct Server {
    process: Child,
    directory: std::path::PathBuf,
}

impl Server {
    /// `None`, and a line that says so, where Redis is not installed.
    fn start(name: &str) -> Option<Self> {
        let directory =
            std::env::temp_dir().join(format!("civic-sip-redis-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let process = Command::new("redis-server")
            // At a socket in its directory: no port is free for sure.
            .args(["--port", "0", "--unixsocket", "socket", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            println!("skipped: no redis-server is installed");
            return None;
        };
        let server = Self { process, directory };
        let started = std::time::Instant::now();
        while server.ask("PING\r\n").as_deref() != Some("+PONG\r\n") {
            assert!(started.elapsed() < Duration::from_secs(30), "redis-server does not answer");
            std::thread::yield_now();
        }
        Some(server)
    }

    /// One command in Redis's inline form.
    fn ask(&self, command: &str) -> Option<String> {
        let mut stream = UnixStream::connect(self.directory.join("socket")).ok()?;
        stream.write_all(command.as_bytes()).ok()?;
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer[..read]).into_owned())
    }

    fn url(&self) -> String {
        format!("unix://{}", self.directory.join("socket").display())
    }

    async fn guard(&self) -> RedisGuard {
        RedisGuard::connect(&self.url()).await.unwrap()
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

/// One that is further ahead is more than the docs allow for.
#[tokio::test]
async fn clocks_that_are_ten_minutes_apart_make_no_difference() {
    let Some(server) = Server::start("apart") else { return };
    let guard = server.guard().await;
    let link = single_use(3600);
    verified_at(NOW + 600, &link).consume(&guard).await.unwrap();
    // Kept until the link has expired by a clock that is 10 minutes behind the one that used it up.
    assert!(server.time_to_live("authsig:used:") >= 3600 - 30);
}

#[test]
fn a_claim_outside_of_a_runtime_is_an_error() {
    let Some(server) = Server::start("outside") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
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
