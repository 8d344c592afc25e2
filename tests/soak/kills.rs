//! The server in a process of its own, which is killed and started again.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::answer::Answer;
use crate::random::Random;
use crate::server::Server;
use crate::{Received, Stops};

/// In the environment of the server: its address and its seed.
const VARIABLE: &str = "CIVIC_SOAK_SERVER";

/// Any connection may break from then on.
static HAPPEN: AtomicBool = AtomicBool::new(false);

pub(crate) fn happen() -> bool {
    HAPPEN.load(Ordering::Relaxed)
}

pub(crate) fn is_server() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// Serves, and writes down what it receives, until it is killed.
pub(crate) fn serve() {
    let variable = env::var(VARIABLE).unwrap();
    let (address, seed) = variable.split_once(' ').unwrap();
    let (address, seed) = (address.parse().unwrap(), seed.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let log = |token, answer: Answer| {
        // What is in the pipe outlives this process. One write, so that no line is torn.
        let line = format!("{token} {}\n", answer as usize);
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
        std::io::stdout().lock().flush().unwrap();
    };
    runtime.block_on(async {
        let _server = Server::start(address, seed, log).await;
        // No longer than whoever started it.
        tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await.unwrap();
    });
}

/// Starts a server, and a thread that kills it again and again.
pub(crate) fn start(seed: usize) -> (Killed, Received) {
    HAPPEN.store(true, Ordering::Relaxed);
    let (address, received) = (free_address(seed), Received::default());
    let over = Arc::new(AtomicBool::new(false));
    let (log, is_over) = (Arc::clone(&received), Arc::clone(&over));
    let killer = thread::spawn(move || {
        let mut random = Random(seed as u64);
        let mut run = 0;
        while !is_over.load(Ordering::Relaxed) {
            run += 1;
            let (mut child, reader) = spawn(address, seed + run, Arc::clone(&log));
            thread::sleep(Duration::from_millis(200 + random.below(1_500) as u64));
            // SIGKILL.
            child.kill().unwrap();
            child.wait().unwrap();
            reader.join().unwrap();
            thread::sleep(Duration::from_millis(random.below(150) as u64));
        }
        println!("the server was killed {run} times");
    });
    (Killed { address, over, killer: Some(killer) }, received)
}

fn spawn(address: SocketAddr, seed: usize, received: Received) -> (Child, JoinHandle<()>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .env(VARIABLE, format!("{address} {seed}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = thread::spawn(move || {
        for line in lines {
            let line = line.unwrap();
            let (token, answer) = line.split_once(' ').unwrap();
            let (token, answer): (usize, usize) = (token.parse().unwrap(), answer.parse().unwrap());
            let answer = Answer::from_number(answer);
            received.lock().unwrap().entry(token).or_default().push(answer);
        }
    });
    (child, reader)
}

/// An address for all servers. Below the ports that systems give to clients: while no server listens, one of those could
/// connect to itself.
fn free_address(seed: usize) -> SocketAddr {
    let mut random = Random(seed as u64 ^ u64::from(std::process::id()));
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], 20_000 + random.below(10_000) as u16));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

pub(crate) struct Killed {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    killer: Option<JoinHandle<()>>,
}

impl Stops for Killed {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn stop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.killer.take().unwrap().join().unwrap();
    }
}
