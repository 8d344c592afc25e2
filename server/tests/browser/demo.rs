//! The program `authsig demo`, as a person starts it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long the program may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// The running program; it ends when this is dropped.
pub(crate) struct Demo {
    pub(crate) url: String,
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Demo {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_authsig"))
            .args(["demo", "--json"])
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut line).expect("it writes a line");
        let line: Value = serde_json::from_str(&line).expect("the line is JSON");
        let url = line["url"].as_str().expect("the line has a URL").to_owned();
        assert_eq!(line["people"][0]["login"], "user_1");
        assert_eq!(line["people"][0]["password"], "password_1");
        let log = BufReader::new(child.stderr.take().expect("its log is piped"));
        Self { url, child, log }
    }

    /// Reads the log up to a line with this text.
    pub(crate) fn wait_for_log(&mut self, text: &str) -> String {
        let mut line = String::new();
        while self.log.read_line(&mut line).expect("the log is text") > 0 {
            if line.contains(text) {
                return line;
            }
            line.clear();
        }
        panic!("the log ended without {text:?}");
    }
}

impl Drop for Demo {
    /// Lets the program end by itself, so that it deletes its folder.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
