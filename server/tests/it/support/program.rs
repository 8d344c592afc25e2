//! The program `authsig`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Runs the program to its end.
pub(crate) fn run(args: &[&str], environment: &[(&str, &str)]) -> Output {
    command(args, environment).output().unwrap()
}

fn command(args: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authsig"));
    command.args(args).env_clear().envs(environment.iter().copied()).stdin(Stdio::null());
    command
}

/// The program, running; killed at the end.
pub(crate) struct Program {
    child: Child,
    /// What it has printed, both outputs together.
    printed: Arc<Mutex<String>>,
}

impl Program {
    pub(crate) fn start(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command(args, environment);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let printed = Arc::default();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        collect(BufReader::new(stdout), &printed);
        collect(BufReader::new(stderr), &printed);
        Self { child, printed }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// Waits for a line with this text, and returns it.
    pub(crate) fn line(&mut self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let printed = self.printed();
            let (complete, _) = printed.rsplit_once('\n').unwrap_or_default();
            if let Some(line) = complete.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            let is_over = self.child.try_wait().unwrap().is_some();
            assert!(
                !is_over && started.elapsed() < Duration::from_secs(60),
                "{text:?} is not printed: {printed}"
            );
            thread::yield_now();
        }
    }

    /// Asks the program to end, as an operator does.
    pub(crate) fn terminate(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end. Returns whether it was a success.
    pub(crate) fn wait(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

fn collect(mut output: impl BufRead + Send + 'static, printed: &Arc<Mutex<String>>) {
    let printed = Arc::clone(printed);
    thread::spawn(move || {
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|length| length > 0) {
            printed.lock().unwrap().push_str(&line);
            line.clear();
        }
    });
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
