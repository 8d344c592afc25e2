//! Signed links, respelled and altered, next to what the parsers of other languages read.
//!
//! Wherever a verifier accepts, each parser reads the same reserved parameters as `Verified`. The links come from a fixed
//! seed. `DIFFERENTIAL_LINKS=60000` compares so many of them and requires every parser; without it there are fewer links,
//! and a parser that is not installed is skipped with one line.
#![allow(unreachable_pub, reason = "a program")]

mod links;
mod random;
mod readings;
mod verifiers;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::{env, thread};

use serde_json::Value;

use links::{Accepted, Links, Outcome};

/// How many accepted links are compared where nobody says.
const LINKS: usize = 6_000;

static REQUESTED: LazyLock<Option<usize>> =
    LazyLock::new(|| Some(env::var("DIFFERENTIAL_LINKS").ok()?.parse().unwrap()));

static CORPUS: LazyLock<Links> = LazyLock::new(|| Links::generate(REQUESTED.unwrap_or(LINKS)));

/// What one parser reads in one query: names and values, or why it reads nothing.
type Reading = Value;

/// The readings of one query, by the way in which it was read.
type Readings = BTreeMap<String, Reading>;

/// Counts for one way to read queries.
#[derive(Default)]
struct Count {
    equal: usize,
    refused: usize,
    incomplete: usize,
    different: Vec<String>,
}

/// Compares what was read in the accepted links, after one that must differ.
fn compare(parser: &str, mut readings: impl Iterator<Item = Readings>) {
    let canary = Accepted::canary();
    for (way, reading) in readings.next().unwrap() {
        let outcome = canary.compare(&reading);
        assert_eq!(outcome, Outcome::Different, "{parser}, {way}: the comparison finds nothing");
    }
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for link in &CORPUS.accepted {
        for (way, reading) in readings.next().unwrap() {
            // It reads on to the `]` of a name, also beyond the next `&`, and so misses parameters.
            let may_miss = way.starts_with("serde_qs");
            let count = counts.entry(way).or_default();
            match link.compare(&reading) {
                Outcome::Equal => count.equal += 1,
                Outcome::Refused => count.refused += 1,
                Outcome::Incomplete if may_miss => count.incomplete += 1,
                Outcome::Incomplete | Outcome::Different => {
                    count.different.push(format!("{link:?} was read as {reading}"));
                }
            }
        }
    }
    assert!(readings.next().is_none());
    for (way, Count { equal, refused, incomplete, different }) in &counts {
        let different = different.len();
        println!(
            "{parser}, {way}: {equal} equal, {refused} refused, {incomplete} incomplete, \
             {different} different"
        );
    }
    let different: Vec<_> = counts.values().flat_map(|count| &count.different).take(5).collect();
    assert!(different.is_empty(), "{different:#?}");
    // Refusing is no danger, but where everything is refused nothing is compared.
    assert!(counts.values().all(|count| count.equal > CORPUS.accepted.len() / 3));
}

fn queries() -> impl Iterator<Item = &'static str> {
    [Accepted::CANARY].into_iter().chain(CORPUS.accepted.iter().map(|link| &*link.query))
}

/// A program that reads queries from its input, one a line, after it has said what it is.
struct Program {
    name: &'static str,
    install: &'static str,
    command: Command,
}

impl Program {
    fn new(name: &'static str, install: &'static str, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
        Self { name, install, command }
    }

    fn env(mut self, name: &str, folder: &str) -> Self {
        self.command
            .env(name, format!("{}/target/differential/{folder}", env!("CARGO_MANIFEST_DIR")));
        self
    }

    fn compare(mut self) {
        let Some(readings) = self.start() else {
            assert!(REQUESTED.is_none(), "{}: install {}", self.name, self.install);
            println!("skipped: {} is not installed", self.install);
            return;
        };
        compare(self.name, readings);
    }

    /// `None` if it can't be run.
    fn start(&mut self) -> Option<impl Iterator<Item = Readings> + use<>> {
        let Child { stdin, stdout, .. } = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if REQUESTED.is_some() { Stdio::inherit() } else { Stdio::null() })
            .spawn()
            .ok()?;
        let mut stdin = stdin.unwrap();
        thread::spawn(move || queries().try_for_each(|query| writeln!(stdin, "{query}")));
        let mut lines = BufReader::new(stdout.unwrap()).lines().map(Result::unwrap);
        let version: String = serde_json::from_str(&lines.next()?).unwrap();
        println!("{version}");
        Some(lines.map(|line| serde_json::from_str(&line).unwrap()))
    }
}

#[test]
fn links_are_accepted_and_rejected() {
    let Links { generated, unsigned, accepted, altered, altered_accepted } = &*CORPUS;
    println!(
        "{generated} queries, {unsigned} not signed, {} accepted; {altered} altered, \
         {altered_accepted} of them accepted",
        accepted.len()
    );
    assert!(*unsigned > accepted.len() / 10);
    assert!(*altered > accepted.len() / 10 && *altered_accepted > accepted.len() / 100);
}

#[test]
fn rust() {
    compare("Rust", queries().map(readings::all));
}

#[test]
fn rack() {
    Program::new("Rack", "ruby-rack", "ruby", &["tests/differential/rack.rb"]).compare();
}

#[test]
fn php() {
    Program::new("PHP", "php-cli", "php", &["tests/differential/php.php"]).compare();
}

#[test]
fn node() {
    Program::new("Node", "qs", "node", &["tests/differential/node.js"])
        .env("NODE_PATH", "node/node_modules")
        .compare();
}

#[test]
fn python() {
    Program::new("Python", "python3", "python3", &["tests/differential/python.py"]).compare();
}

#[test]
fn django() {
    Program::new("Django", "django", "python3", &["tests/differential/query_dict.py"])
        .env("PYTHONPATH", "python")
        .compare();
}

#[test]
fn go() {
    Program::new("Go", "golang-go", "go", &["run", "tests/differential/go.go"])
        .env("GOCACHE", "go-cache")
        .compare();
}
