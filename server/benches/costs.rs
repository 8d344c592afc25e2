//! Time to start, memory, and processor time for each check, compared with a bare axum handler.
//!
//! ```sh
//! cargo bench -p authsig-server
//! ```
//!
//! Linux only: it reads `/proc`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use axum::Router;
use axum::routing::get;

const AUTHSIG: &str = env!("CARGO_BIN_EXE_authsig");

/// Checks in one round.
const CHECKS: usize = 20_000;

const ROUNDS: usize = 5;

const STARTS: usize = 10;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("--peer") => peer(),
        // `cargo test` runs benchmarks, too.
        _ if !std::env::args().any(|argument| argument == "--bench") => {}
        _ => measure(),
    }
}

fn measure() {
    println!("| what | measured |");
    println!("|---|---|");
    let demo = median((0..STARTS).map(|_| start_demo().1.as_secs_f64() * 1e3));
    println!("| `demo`, start to ready, median of {STARTS} | {demo:.0} ms |");
    let folder = std::env::temp_dir().join(format!("authsig-bench-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    drop(start_serve(&folder));
    let serve = median((0..STARTS).map(|_| start_serve(&folder).1.as_secs_f64() * 1e3));
    println!("| `serve` on an existing file, start to ready, median of {STARTS} | {serve:.0} ms |");
    let (server, _) = start_serve(&folder);
    let memory = server.memory_mib();
    println!("| `serve`, memory before the first log-in | {memory:.1} MiB |");
    drop(server);
    std::fs::remove_dir_all(&folder).unwrap();
    compare_checks();
}

/// Alternates rounds of checks between the server and the bare handler.
fn compare_checks() {
    let (server, _) = start_demo();
    let path = server.signed_path();
    let body = server.get(&path, "");
    assert!(body.contains(r#""verified":true"#), "{body}");
    let peer = Process::start(
        Command::new(std::env::current_exe().unwrap()).arg("--peer").env("PEER_BODY", &body),
    );
    assert_eq!(peer.get(&path, ""), body);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(server.microseconds_per_check(&path));
        bare.push(peer.microseconds_per_check(&path));
    }
    let (ours, bare) = (median(ours.into_iter()), median(bare.into_iter()));
    println!("| processor time for each check | {ours:.0} µs |");
    println!("| the same of an axum handler with a bare ES256 verification | {bare:.0} µs |");
    println!("| ratio | {:.2} |", ours / bare);
}

fn start_demo() -> (Process, Duration) {
    let begin = Instant::now();
    let process = Process::start(Command::new(AUTHSIG).args(["demo", "--json"]));
    process.get("/healthz", "");
    (process, begin.elapsed())
}

fn start_serve(folder: &std::path::Path) -> (Process, Duration) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let begin = Instant::now();
    let child = Command::new(AUTHSIG)
        .args(["serve", "--listen", &address, "--public-url", &format!("http://{address}")])
        .env("AUTHSIG_HOUSE_SECRET", "a secret for benchmarks")
        .env("AUTHSIG_DATABASE_URL", format!("sqlite:{}", folder.join("authsig.db").display()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process { child, _output: None, address };
    while TcpStream::connect(&process.address).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(30), "the server does not start");
        std::thread::sleep(Duration::from_millis(1));
    }
    process.get("/healthz", "");
    let elapsed = begin.elapsed();
    (process, elapsed)
}

/// A server in a process of its own, ended when dropped.
struct Process {
    child: Child,
    _output: Option<BufReader<ChildStdout>>,
    address: String,
}

impl Process {
    /// Starts a program that prints its URL as JSON.
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = line["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Self { child, _output: Some(output), address }
    }

    fn get(&self, path: &str, headers: &str) -> String {
        Connection::open(&self.address).get(path, headers)
    }

    /// Logs in, and asks for a signed URL. Returns its path and query.
    fn signed_path(&self) -> String {
        let form = "login=user_1&password=password_1";
        let mut connection = Connection::open(&self.address);
        let request = format!(
            "POST /session HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{form}",
            self.address,
            form.len()
        );
        let (head, _) = connection.exchange(&request);
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let body = connection.get("/verify/request?login=user_1", &format!("cookie: {cookie}\r\n"));
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let url = body["url"].as_str().unwrap();
        url.trim_start_matches("http://").trim_start_matches(&self.address).to_owned()
    }

    fn microseconds_per_check(&self, path: &str) -> f64 {
        let mut connection = Connection::open(&self.address);
        for _ in 0..CHECKS / 10 {
            connection.get(path, "");
        }
        let before = self.processor_time();
        for _ in 0..CHECKS {
            connection.get(path, "");
        }
        (self.processor_time() - before) * 1e6 / CHECKS as f64
    }

    /// Seconds, of the user and the system.
    fn processor_time(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        // Hundredths of a second: USER_HZ is 100 on all platforms that Linux runs Rust on.
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    fn memory_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept open.
struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Connection {
    fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), address: address.to_owned() }
    }

    fn get(&mut self, path: &str, headers: &str) -> String {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n{headers}\r\n",
            self.address
        );
        self.exchange(&request).1
    }

    fn exchange(&mut self, request: &str) -> (String, String) {
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.stream.read_line(&mut head).unwrap(), 0, "the server closed");
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.stream.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }
}

/// Serves the body that it is given, after a verification of a signature.
fn peer() {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let message = [b'a'; 120];
    let signature = key.sign(&SystemRandom::new(), &message).unwrap();
    let public = key.public_key().as_ref().to_vec();
    let body: &'static str = std::env::var("PEER_BODY").unwrap().leak();
    let handler = move || {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public);
        key.verify(&message, signature.as_ref()).unwrap();
        async move { ([("content-type", "application/json")], body) }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{{\"url\": \"http://{}\"}}", listener.local_addr().unwrap());
        let router = Router::new().route("/verify/verified", get(handler));
        axum::serve(listener, router).await.unwrap();
    });
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
