//! Thousands of exchanges with a server that answers rightly, wrongly, late, in part or not at all, on one client.
//!
//! Each call ends in time, with its own data or with a typed error that fits what the server did. No token is received
//! twice, but after status 429. Memory, tasks and open files level off. Three times: plainly, with calls that are dropped
//! at any point, and with the server in a process of its own that is killed and started again.
//!
//! ```text
//! cargo test -p civic-sip-dev --test soak
//! CIVIC_SOAK=20000 CIVIC_SOAK_SEED=7 cargo test -p civic-sip-dev --test soak
//! ```

mod answer;
mod gauge;
mod kills;
#[allow(dead_code, unreachable_pub, reason = "another program's")]
#[path = "../differential/random.rs"]
mod random;
mod response;
mod server;

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use civic_sip::{CivicSip, Error, UserData};
use tokio::runtime::Runtime;

use answer::Answer;
use gauge::Gauges;
use random::Random;
use server::Server;

/// Exchanges at a time.
const TASKS: usize = 64;

/// The time-out of the client. A call that takes `MARGIN` longer hangs.
const TIMEOUT: Duration = Duration::from_secs(1);
const MARGIN: Duration = Duration::from_secs(20);

/// What the server received: for each token what it did about it, each time.
type Received = Arc<Mutex<BTreeMap<usize, Vec<Answer>>>>;

fn number(variable: &str, default: usize) -> usize {
    env::var(variable).map_or(default, |text| text.parse().expect(variable))
}

fn main() {
    if kills::is_server() {
        return kills::serve();
    }
    let exchanges = number("CIVIC_SOAK", 700);
    let seed = number("CIVIC_SOAK_SEED", 14);
    println!("{exchanges} exchanges each, seed {seed}");
    let (server, received) = in_this_process(seed);
    soak("soak", exchanges, seed, Drops::Never, server, &received);
    let (server, received) = in_this_process(seed);
    soak("soak with drops", exchanges, seed, Drops::Anywhere, server, &received);
    let (server, received) = kills::start(seed);
    soak("soak with kill -9", exchanges, seed, Drops::Never, server, &received);
}

/// A server that ends when it is dropped.
trait Stops {
    fn url(&self) -> String;
    /// Waits until all that was received is known.
    fn stop(&mut self);
}

/// Runs the server on threads of its own: tasks are counted where the client runs.
fn in_this_process(seed: usize) -> (InThisProcess, Received) {
    let received = Received::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let log = Arc::clone(&received);
    let log = move |token, answer| log.lock().unwrap().entry(token).or_default().push(answer);
    let server = runtime.block_on(Server::start("127.0.0.1:0".parse().unwrap(), seed, log));
    (InThisProcess { url: server.url(), runtime: Some(runtime) }, received)
}

struct InThisProcess {
    url: String,
    runtime: Option<Runtime>,
}

impl Stops for InThisProcess {
    fn url(&self) -> String {
        self.url.clone()
    }

    fn stop(&mut self) {
        self.runtime.take().unwrap().shutdown_timeout(Duration::from_secs(10));
    }
}

/// Whether calls are dropped before they end.
#[derive(Clone, Copy, PartialEq)]
enum Drops {
    Never,
    Anywhere,
}

/// How one call ended, in little memory; `None` if it was dropped.
type Outcome = Option<Ended>;

#[derive(Clone, Copy)]
struct Ended {
    kind: &'static str,
    status: Option<u16>,
    is_retryable: bool,
}

fn soak(
    name: &str,
    exchanges: usize,
    seed: usize,
    drops: Drops,
    mut server: impl Stops,
    received: &Received,
) {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let client = response::client(&server.url(), TIMEOUT);
    let next = Arc::new(AtomicUsize::new(0));
    let outcomes = Arc::new(Mutex::new(BTreeMap::new()));
    let gauges = Gauges::default();
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let (client, next, outcomes) = (client.clone(), Arc::clone(&next), Arc::clone(&outcomes));
        let mut random = Random((seed * TASKS + task) as u64);
        tasks.push(runtime.spawn(async move {
            loop {
                let token = next.fetch_add(1, Ordering::Relaxed);
                if token >= exchanges {
                    return;
                }
                let outcome = call(&client, token, drops, &mut random).await;
                outcomes.lock().unwrap().insert(token, outcome);
            }
        }));
    }
    let done = || outcomes.lock().unwrap().len();
    while tasks.iter().any(|task| !task.is_finished()) {
        std::thread::sleep(Duration::from_millis(20));
        gauges.read(done() * 2 / exchanges, runtime.metrics().num_alive_tasks());
        let is_over = next.load(Ordering::Relaxed) >= exchanges;
        assert!(is_over || !tasks.iter().any(|task| task.is_finished()), "{name}: see above");
    }
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    gauges.check(name);
    // Connections are tasks, too. Whatever the client started ends with it.
    drop(client);
    let ended = Instant::now();
    while runtime.metrics().num_alive_tasks() > 0 {
        assert!(ended.elapsed() < MARGIN, "{name}: tasks outlive the client");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.stop();

    let received = received.lock().unwrap();
    for (token, answers) in received.iter() {
        let (_, earlier) = answers.split_last().unwrap();
        let only_after_429 = earlier.iter().all(|answer| *answer == Answer::Throttled);
        assert!(only_after_429, "{name}: token {token} was received again: {answers:?}");
    }
    let mut counts = BTreeMap::<&str, usize>::new();
    for (token, outcome) in outcomes.lock().unwrap().iter() {
        let answers = received.get(token).map(Vec::as_slice).unwrap_or_default();
        if let Some(ended) = outcome {
            ended.check(*token, answers);
        }
        *counts.entry(outcome.map_or("dropped", |ended| ended.kind)).or_default() += 1;
    }
    // Else nothing was tried.
    assert!(counts["its data"] > exchanges / 20, "{name}: {counts:?}");
    let throttled = received.values().filter(|answers| answers.len() > 1).count();
    println!(
        "{name} | {exchanges} | {} received, {throttled} of them again after 429 | {counts:?} | {gauges} | {:.0?}",
        received.len(),
        started.elapsed(),
    );
}

/// One exchange, dropped at some point or not.
async fn call(client: &CivicSip, token: usize, drops: Drops, random: &mut Random) -> Outcome {
    let text = response::token(token);
    let call = client.exchange_code(&text);
    let limit = if drops == Drops::Anywhere && !random.once_in(3) {
        // Most points of a call are in its first milliseconds.
        let micros = [1, 300, 3_000, 30_000, 1_000_000][random.below(5)];
        Duration::from_micros(random.below(micros) as u64)
    } else {
        TIMEOUT + MARGIN
    };
    let started = Instant::now();
    match tokio::time::timeout(limit, call).await {
        Ok(outcome) => Some(Ended::new(token, &outcome)),
        Err(_) => {
            assert!(limit < TIMEOUT, "token {token} hangs: {:?}", started.elapsed());
            None
        }
    }
}

impl Ended {
    /// Data is the token's own, and an error of one kind.
    fn new(token: usize, outcome: &Result<UserData, Error>) -> Self {
        let kind = match outcome {
            Ok(user) => {
                assert_eq!(user.email(), Some(&*response::email(token)), "another's data");
                assert_eq!(user.user_id(), response::user_id(token));
                "its data"
            }
            Err(error) if error.is_timeout() => "time-out",
            Err(error) if error.is_transport() => "transport",
            Err(error) if error.is_api() => "status",
            Err(error)
                if error.is_malformed() || error.is_verification() || error.is_decryption() =>
            {
                "rejected"
            }
            Err(other) => panic!("{token}: {other:?}"),
        };
        let error = outcome.as_ref().err();
        Self {
            kind,
            status: error.and_then(Error::status),
            is_retryable: error.is_some_and(Error::is_retryable),
        }
    }

    /// It fits what the server did.
    fn check(self, token: usize, answers: &[Answer]) {
        let Self { kind, status, is_retryable } = self;
        let last = answers.last().copied();
        let fits = match (kind, last) {
            ("its data", last) => last.is_some_and(Answer::may_succeed),
            // A machine may be too slow for anything.
            ("time-out", _) => true,
            // Connections break that are idle, and all where servers are killed.
            ("transport", None) => true,
            ("transport", _) if kills::happen() => true,
            (_, None) => false,
            (kind, Some(answer)) => answer.may_end_as(kind, status),
        };
        assert!(fits, "token {token}: {kind} {status:?} after {answers:?}");
        // Only what never reached the server, or was answered with 429, may be sent again.
        if is_retryable {
            let may_be_sent = last.is_none_or(|last| last == Answer::Throttled);
            assert!(may_be_sent, "token {token} may be sent again, after {answers:?}");
        }
    }
}
