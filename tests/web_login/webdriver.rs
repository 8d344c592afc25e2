//! Just enough of WebDriver (W3C Recommendation) to click through a page, over plain HTTP.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long something may take to appear. Nothing waits for longer than it has to.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const PACE: Duration = Duration::from_millis(50);
/// The name under which the protocol passes elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A headless Chromium with a profile of its own; it ends when this is dropped.
pub(crate) struct Browser {
    http: reqwest::Client,
    session: String,
    driver: Child,
    /// Kept open, or the driver would end at its next word.
    _output: BufReader<ChildStdout>,
    profile: PathBuf,
}

/// Starts the driver on a free port. `None` if it ends at once: it needs the same port for IPv4 and IPv6, and one of the
/// two may be taken.
fn start_driver() -> Option<(Child, BufReader<ChildStdout>, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver starts");
    let mut output = BufReader::new(driver.stdout.take().expect("its output is piped"));
    match port(&mut output) {
        Some(port) => Some((driver, output, port)),
        None => {
            let _ = driver.kill();
            let _ = driver.wait();
            None
        }
    }
}

/// An element of the page or frame that is looked at.
#[derive(Clone)]
pub(crate) struct Element(Value);

impl Browser {
    /// `None` if Chromium or its driver is not installed.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// With more arguments for Chromium.
    pub(crate) async fn start_with(more_arguments: &[&str]) -> Option<Self> {
        let runs = |program: &str| {
            let mut command = Command::new(program);
            command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if !(runs("chromium") && runs("chromedriver")) {
            return None;
        }
        let (driver, output, port) =
            (0..5).find_map(|_| start_driver()).expect("chromedriver says its port");
        let unique = format!("civic-sip-browser-{}-{port}", std::process::id());
        let profile = std::env::temp_dir().join(unique);
        let mut browser = Self {
            http: reqwest::Client::builder().no_proxy().build().expect("an HTTP client"),
            session: format!("http://127.0.0.1:{port}/session"),
            driver,
            _output: output,
            profile,
        };
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", browser.profile.display()));
        arguments.extend(more_arguments.iter().map(ToString::to_string));
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let session = browser.call("", Some(capabilities)).await.expect("a session");
        let id = session["sessionId"].as_str().expect("the session has an id");
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    /// Sends a command of the session. Without a body, it is a GET.
    pub(crate) async fn call(&self, path: &str, body: Option<Value>) -> Result<Value, String> {
        let url = format!("{}{path}", self.session);
        let request = match body {
            Some(body) => self.http.post(url).body(body.to_string()),
            None => self.http.get(url),
        };
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let text = answer.text().await.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        match &answer["value"]["error"] {
            Value::String(error) => Err(format!("{error}: {}", answer["value"]["message"])),
            _ => Ok(answer["value"].clone()),
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(path, Some(body)).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) async fn open(&self, url: &str) {
        self.post("/url", json!({"url": url})).await;
    }

    /// Width and height of the window, in CSS pixels.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        self.post("/window/rect", json!({"width": width, "height": height})).await;
    }

    /// Waits until what the CSS selector finds can be seen.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let started = Instant::now();
        loop {
            let using = json!({"using": "css selector", "value": css});
            if let Ok(found) = self.call("/element", Some(using)).await
                && let Some(id) = found[ELEMENT].as_str()
                && self.call(&format!("/element/{id}/displayed"), None).await
                    == Ok(Value::Bool(true))
            {
                return Element(found);
            }
            assert!(started.elapsed() < PATIENCE, "there is no {css}");
            tokio::time::sleep(PACE).await;
        }
    }

    /// In the middle of the window, where no bar stands before it.
    pub(crate) async fn click(&self, css: &str) {
        let Element(element) = self.find(css).await;
        let scroll = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})";
        self.post("/execute/sync", json!({"script": scroll, "args": [element]})).await;
        let id = element[ELEMENT].as_str().expect("an element has an id");
        self.post(&format!("/element/{id}/click"), json!({})).await;
    }

    /// Presses keys where the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| [("keyDown", key), ("keyUp", key)])
            .map(|(kind, key)| json!({"type": kind, "value": key.to_string()}))
            .collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.post("/actions", json!({"actions": [keyboard]})).await;
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        let started = Instant::now();
        loop {
            let Element(element) = self.find(css).await;
            let id = element[ELEMENT].as_str().expect("an element has an id");
            match self.call(&format!("/element/{id}/text"), None).await {
                Ok(text) => return text.as_str().unwrap_or_default().to_owned(),
                // The page went on to another between the two questions.
                Err(error) if error.contains("stale") && started.elapsed() < PATIENCE => {}
                Err(error) => panic!("{css} has no text: {error}"),
            }
        }
    }

    /// Role and name of an element, as a screen reader is told them.
    pub(crate) async fn role_and_name(&self, css: &str) -> (String, String) {
        let started = Instant::now();
        loop {
            let Element(element) = self.find(css).await;
            let id = element[ELEMENT].as_str().expect("an element has an id");
            let role = self.call(&format!("/element/{id}/computedrole"), None).await;
            let name = self.call(&format!("/element/{id}/computedlabel"), None).await;
            match (role, name) {
                (Ok(Value::String(role)), Ok(Value::String(name))) => return (role, name),
                // The page went on to another between the questions.
                _ if started.elapsed() < PATIENCE => {}
                (role, name) => panic!("{css} has no role and name: {role:?} {name:?}"),
            }
        }
    }

    /// Waits until the text of an element contains this.
    pub(crate) async fn expect(&self, css: &str, text: &str) {
        let started = Instant::now();
        loop {
            let found = self.text(css).await;
            if found.contains(text) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{css} says {found:?} and not {text:?}");
            tokio::time::sleep(PACE).await;
        }
    }

    /// What the body of a JavaScript function returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Looks into a frame from here on.
    pub(crate) async fn enter(&self, css: &str) {
        let Element(frame) = self.find(css).await;
        self.post("/frame", json!({"id": frame})).await;
    }

    /// Looks at the whole page again.
    pub(crate) async fn leave(&self) {
        self.post("/frame", json!({"id": null})).await;
    }

    async fn windows(&self) -> Vec<Value> {
        let handles = self.call("/window/handles", None).await.expect("there are windows");
        handles.as_array().expect("a list of windows").clone()
    }

    /// Looks at the first or, after a click that opens another, at the next window.
    pub(crate) async fn window(&self, index: usize) {
        let started = Instant::now();
        loop {
            if let Some(handle) = self.windows().await.get(index) {
                self.post("/window", json!({"handle": handle})).await;
                return;
            }
            assert!(started.elapsed() < PATIENCE, "there is no window {index}");
            tokio::time::sleep(PACE).await;
        }
    }

    /// Writes a picture of what is seen into the folder that `CIVIC_SCREENSHOTS` names, if it does.
    pub(crate) async fn screenshot(&self, name: &str) {
        use base64::Engine as _;

        let folder = std::env::var_os("CIVIC_SCREENSHOTS").filter(|folder| !folder.is_empty());
        let Some(folder) = folder else { return };
        let picture = self.call("/screenshot", None).await.expect("a picture");
        let picture = base64::engine::general_purpose::STANDARD
            .decode(picture.as_str().unwrap_or_default())
            .expect("the picture is base64");
        let path = PathBuf::from(folder).join(format!("{name}.png"));
        std::fs::write(path, picture).expect("the folder can be written to");
    }
}

/// The port that the driver took; at first it says 0, which is what it was told.
fn port(output: &mut impl BufRead) -> Option<u16> {
    output.lines().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    })
}

impl Browser {
    /// Ends the session, and Chromium with it; a driver that is killed would leave it behind.
    fn quit(&self) -> std::io::Result<()> {
        let path = self.session.trim_start_matches("http://");
        let (address, path) = path.split_once('/').unwrap_or((path, ""));
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        // Its answer comes when Chromium has ended.
        stream.read(&mut [0; 1024]).map(drop)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.quit();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
