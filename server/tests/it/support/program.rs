//! The program `authsig`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use authsig_server::Admin;
use serde_json::Value;

use super::{Clock, Database, HOUSE_SECRET, config, quick_hash};

/// The public URL of programs that serve. It is not where they listen: a proxy would be there.
pub(crate) const PUBLIC_URL: &str = "http://127.0.0.1:8700";

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
    /// Where it listens.
    pub(crate) address: String,
    client: reqwest::Client,
    cookie: String,
}

impl Program {
    pub(crate) fn start(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command(args, environment);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let printed = Arc::default();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        collect(BufReader::new(stdout), &printed);
        collect(BufReader::new(stderr), &printed);
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.no_proxy().build().unwrap();
        Self { child, printed, address: String::new(), client, cookie: String::new() }
    }

    /// Serves a database in which `user_1` has an account.
    pub(crate) async fn serve(
        database: &Database,
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let admin = Admin::open(&config(PUBLIC_URL, database, &Clock::start())).await.unwrap();
        // It is there already when the program is started again.
        let _ = admin.import_account("user_1", &quick_hash("password_1")).await;
        admin.close().await;
        let url = database.url();
        let all_args = [&["serve", "--listen", "127.0.0.1:0"], args].concat();
        let ours = [
            ("AUTHSIG_PUBLIC_URL", PUBLIC_URL),
            ("AUTHSIG_HOUSE_SECRET", HOUSE_SECRET),
            ("AUTHSIG_DATABASE_URL", &*url),
            ("NO_COLOR", "1"),
        ];
        let mut program = Self::start(&all_args, &[&ours, environment].concat());
        let line = program.line("serving");
        let listen = line.split("listen=").nth(1).unwrap().split(' ').next().unwrap();
        program.address = format!("http://{listen}");
        program
    }

    /// Sends a GET as a program does. Returns status and body.
    pub(crate) async fn get_json(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.address));
        let request = request.header("accept", "application/json").header("cookie", &self.cookie);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    /// Returns the status of a page.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        let request = self.client.get(format!("{}{path}", self.address));
        request.send().await.unwrap().status().as_u16()
    }

    pub(crate) async fn log_in(&mut self, login: &str, password: &str) -> u16 {
        self.post_form("/session", &format!("login={login}&password={password}")).await
    }

    /// Sends a form, and keeps the cookie that comes back.
    pub(crate) async fn post_form(&mut self, path: &str, body: &str) -> u16 {
        self.post(path, "application/x-www-form-urlencoded", body).await
    }

    pub(crate) async fn post(&mut self, path: &str, content_type: &str, body: &str) -> u16 {
        let request = self.client.post(format!("{}{path}", self.address)).body(body.to_owned());
        let request = request.header("content-type", content_type).header("cookie", &self.cookie);
        let response = request.send().await.unwrap();
        if let Some(cookie) = response.headers().get("set-cookie") {
            self.cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        response.status().as_u16()
    }

    /// Returns the cookie that the log-in gave: name and value.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    pub(crate) fn set_cookie(&mut self, cookie: &str) {
        self.cookie = cookie.to_owned();
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

    /// Ends the program at once, as `kill -9` does.
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
