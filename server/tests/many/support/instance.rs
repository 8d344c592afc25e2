//! The program `authsig`.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use super::{HOUSE_SECRET, eventually};

/// Returns the variables that every command needs.
pub(crate) fn environment(public_url: &str, database_url: &str) -> Vec<(String, OsString)> {
    let all = [
        ("AUTHSIG_PUBLIC_URL", public_url),
        ("AUTHSIG_DATABASE_URL", database_url),
        ("AUTHSIG_HOUSE_SECRET", HOUSE_SECRET),
    ];
    all.map(|(name, value)| (name.to_owned(), value.into())).to_vec()
}

fn command<N: AsRef<str>, V: Into<OsString>>(
    args: &[&str],
    variables: impl IntoIterator<Item = (N, V)>,
) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authsig"));
    command.args(args).env_clear();
    for (name, value) in variables {
        command.env(name.as_ref(), value.into());
    }
    command
}

/// Runs a command to its end.
pub(crate) fn authsig<N: AsRef<str>, V: Into<OsString>>(
    args: &[&str],
    variables: impl IntoIterator<Item = (N, V)>,
    input: &str,
) -> Output {
    let mut command = command(args, variables);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that needs no input may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// A server in a process of its own; dropping it is `kill -9`.
pub(crate) struct Instance {
    child: Child,
    pub(crate) url: String,
    log: Arc<Mutex<String>>,
}

impl Instance {
    /// Starts `authsig serve` and waits until it serves.
    pub(crate) async fn start(variables: Vec<(String, OsString)>) -> Self {
        let mut instance = Self::spawn(variables);
        let (listen, log) = eventually("an instance starts", async || {
            let log = instance.log();
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let listen = lines
                .filter_map(|line| line["fields"]["listen"].as_str().map(str::to_owned))
                .next();
            listen
                .or_else(|| log.contains("authsig: ").then(String::new))
                .map(|listen| (listen, log))
        })
        .await;
        assert!(!listen.is_empty(), "an instance ended: {log}");
        instance.url = format!("http://{listen}");
        instance
    }

    /// Starts `authsig serve` and waits for nothing.
    pub(crate) fn spawn(variables: Vec<(String, OsString)>) -> Self {
        Self::command(&["serve"], variables)
    }

    /// Starts any command and waits for nothing.
    pub(crate) fn command(args: &[&str], variables: Vec<(String, OsString)>) -> Self {
        let mut command = command(args, variables);
        command.env("AUTHSIG_LISTEN", "127.0.0.1:0").env("AUTHSIG_LOG_JSON", "true");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&log);
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { child, url: String::new(), log }
    }

    /// Returns what the instance wrote to standard error.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the process ended by itself, and returns its log and whether it succeeded.
    pub(crate) async fn ended(&mut self) -> (bool, String) {
        let child = &mut self.child;
        let mut status = None;
        while status.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            status = child.try_wait().unwrap();
        }
        // The thread reads what is left.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        (status.unwrap().success(), self.log())
    }

    /// Asks the process to stop, by SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
