//! Links with right signatures, some of which must be refused, next to what the verifiers of `verifiers/` say of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic_sip::authsig::{PrivateKey, PublicKeys, Signer, Verified, Verifier};
use hmac::{KeyInit as _, Mac as _};
use serde_json::{Value, json};

use super::random::Random;
use super::{LINKS, REQUESTED};

const SECRET: &str = "at least sixteen bytes";
const NOW: u64 = 1_800_000_000;
const IGNORED: [&str; 2] = ["utm_source", "fbclid"];
const BASES: [&str; 3] = ["https://app.example", "https://app.example/base", "http://[::1]:8080"];

/// Pieces of paths.
const SEGMENTS: [&str; 24] = [
    "join", "base", "a", "a b", "é", "a.b", ".", "..", "...", "%2e", "%2E%2e", ".%2e", "%2f",
    "%2F..", "..%5c", "%5C", "%252e", "", "\\", "x;y=1", "@h", "a:b", "%c3%a9", "~",
];

/// What may stand before a path.
const ORIGINS: [&str; 8] = [
    "https://app.example",
    "https://app.example:443",
    "HTTPS://app.example",
    "http://other.example:8080",
    "https://user@app.example",
    "https://app.example.evil.example",
    "//app.example",
    "https:/",
];

struct Case {
    /// What a verifier gets, in one line of JSON.
    input: String,
    /// The names and values that the crate accepts, or null.
    expected: Value,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let mut random = Random(2027);
    let key = PrivateKey::from_hex(&"42".repeat(32)).unwrap();
    (0..LINKS).map(|_| random.case(&key)).collect()
});

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

fn verify(
    input: &Value,
    purpose: &str,
    base: Option<&str>,
    keys: PublicKeys,
) -> Result<Verified, String> {
    let mut verifier =
        Verifier::builder().secret(SECRET).public_keys(keys).ignore(IGNORED).clock(now);
    if !purpose.is_empty() {
        verifier = verifier.purpose(purpose);
    }
    if let Some(base) = base {
        verifier = verifier.public_url(base);
    }
    let verifier = verifier.build().unwrap();
    let verified = match input["url"].as_str() {
        Some(url) => verifier.verify_url(url),
        None => verifier.verify_query(input["query"].as_str().unwrap()),
    };
    verified.map_err(|error| error.to_string())
}

/// Writes what a lenient reader takes for the text of a query at an address, and signs it.
fn forge(query: &str, address: &str, purpose: &str) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let written: Vec<String> = pairs
        .filter(|(name, _)| name != "signature" && !IGNORED.contains(&&**name))
        .map(|(name, value)| format!("{}={}", encode(&name), encode(&value)))
        .collect();
    let text = format!("authsig-v2\n{}\n{address}\n{}", encode(purpose), written.join("&"));
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    format!("v2.{}", URL_SAFE_NO_PAD.encode(mac.chain_update(text).finalize().into_bytes()))
}

fn encode(text: &str) -> String {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte| match is_unreserved(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

impl Random {
    fn case(&mut self, key: &PrivateKey) -> Case {
        let purpose = self.pick(&["", "invitation", "a b/ü\n"]);
        let base = if self.once_in(2) { Some(self.pick(&BASES)) } else { None };
        let (before, address) = match self.below(3) {
            0 => (None, String::new()),
            _ => {
                let (before, address) = self.address(base);
                (Some(before), address)
            }
        };
        // A query of random names is rarely accepted.
        let mut query = match self.below(2) {
            0 => self.query(),
            _ => "login=user_1&filter[team]=blue&a.b=%7e+c".to_owned(),
        };
        if self.once_in(3) {
            query = format!("{}={}&{query}", self.pick(&["time", "expires_at"]), self.time());
        }
        if self.once_in(5) {
            query = self.alter(&query);
        }
        let signature = match self.sign(key, purpose, base, before.as_deref(), &query) {
            Some(signature) => signature,
            None => forge(&query, &address, purpose),
        };
        query = format!("{query}&signature={signature}");
        if self.once_in(2) {
            query = self.respell(&query);
        }
        if self.once_in(6) {
            query = self.alter(&query);
        }
        let mut input = json!({
            "secrets": { "": SECRET },
            "jwks": serde_json::from_str::<Value>(&key.public_key().to_jwks()).unwrap(),
            "purpose": purpose,
            "public_url": base,
            "ignored": IGNORED,
            "now": NOW,
        });
        match before {
            Some(before) => input["url"] = format!("{before}?{query}").into(),
            None => input["query"] = query.into(),
        }
        let verified = verify(&input, purpose, base, key.public_key());
        let expected = verified
            .map_or(Value::Null, |verified| verified.iter().map(|pair| json!(pair)).collect());
        Case { input: input.to_string(), expected }
    }

    /// Signs with version 3, now and then. `None` also for what the signer refuses.
    fn sign(
        &mut self,
        key: &PrivateKey,
        purpose: &str,
        base: Option<&str>,
        before: Option<&str>,
        query: &str,
    ) -> Option<String> {
        if !self.once_in(8) {
            return None;
        }
        let mut signer = Signer::builder().private_key(key.clone()).ignore(IGNORED).clock(now);
        if !purpose.is_empty() {
            signer = signer.purpose(purpose);
        }
        if let Some(base) = base {
            signer = signer.public_url(base);
        }
        let signer = signer.build().unwrap();
        let signed = match before {
            Some(before) => signer.sign_url(&format!("{before}?{query}")),
            None => signer.sign_query(query),
        };
        Some(signed.ok()?.rsplit_once("signature=")?.1.to_owned())
    }

    /// What stands before a query, and the address that a lenient verifier makes of it.
    fn address(&mut self, base: Option<&str>) -> (String, String) {
        let segments = self.below(4);
        let good = ["join", "a.b", "~", "%c3%a9", "x;y=1"];
        let path: String = (0..segments)
            .map(|_| {
                let segment = if self.once_in(4) { self.pick(&SEGMENTS) } else { self.pick(&good) };
                format!("/{segment}")
            })
            .collect();
        let root = if path.is_empty() { "/" } else { &path };
        let origin = match self.below(6) {
            0 => self.pick(&ORIGINS),
            1 | 2 => base.unwrap_or("https://app.example"),
            _ => return (root.to_owned(), format!("{}{root}", base.unwrap_or_default())),
        };
        let before = format!("{origin}{path}");
        let bare = origin.splitn(4, '/').nth(3).is_none() && path.is_empty();
        let whole = if bare { format!("{before}/") } else { before.clone() };
        match base {
            Some(_) => (before, whole),
            None => (before, root.to_owned()),
        }
    }

    /// A time around now, or something like it.
    fn time(&mut self) -> String {
        if self.once_in(4) {
            let near = NOW - 100 + self.below(200) as u64;
            return match self.below(8) {
                0 => format!("{}", near * 1000),
                1 => format!("000{near}"),
                2 => format!("{near}.5"),
                3 => format!("{}", near + 36_525 * 86_400),
                _ => near.to_string(),
            };
        }
        let date = match self.below(3) {
            0 => format!("{:04}-{:02}-{:02}", 1 + self.below(9998), self.below(14), self.below(33)),
            1 => format!("202{}-0{}-{}", self.below(10), 1 + self.below(9), 25 + self.below(8)),
            _ => "2027-01-15".to_owned(),
        };
        let hour = if self.once_in(8) { self.below(26) } else { 8 };
        let minute = if self.once_in(4) { self.below(62) } else { self.below(3) };
        let second = if self.once_in(8) { 58 + self.below(4) } else { self.below(60) };
        let fraction = self.pick(&["", "", "", ".5", ".000001", ".", ".123456789012", ",5"]);
        let zone = self.pick(&[
            "Z", "Z", "Z", "z", "%2B00:00", "-00:00", "%2B01:00", "-23:59", "%2B24:00", "+01:00",
            "",
        ]);
        let t = self.pick(&["T", "T", "T", "t", "+", "%20"]);
        format!("{date}{t}{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("verifiers")
}

/// Compares the verdicts of the verifier that this program runs. It is in no package.
fn compare(language: &str, folder: &Path, program: &str, arguments: &[&str]) {
    let accepted = CASES.iter().filter(|case| !case.expected.is_null()).count();
    println!("{} links, {accepted} of them accepted", CASES.len());
    assert!(accepted > CASES.len() / 4 && accepted < CASES.len() / 4 * 3);
    if !folder.exists() {
        println!("skipped: there is no {}", folder.display());
        return;
    }
    let child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/target/differential/python"))
        .env("GOCACHE", concat!(env!("CARGO_MANIFEST_DIR"), "/target/differential/go-cache"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(if REQUESTED.is_some() { Stdio::inherit() } else { Stdio::null() })
        .spawn();
    let Ok(Child { stdin, stdout, .. }) = child else {
        assert!(REQUESTED.is_none(), "{program} is not installed");
        println!("skipped: {program} is not installed");
        return;
    };
    let mut stdin = stdin.unwrap();
    thread::spawn(move || CASES.iter().try_for_each(|case| writeln!(stdin, "{}", case.input)));
    let mut answers = BufReader::new(stdout.unwrap()).lines().map(Result::unwrap).peekable();
    if answers.peek().is_none() {
        assert!(REQUESTED.is_none(), "{language}: a package is not installed");
        println!("skipped: {language}: a package is not installed");
        return;
    }
    let mut different = Vec::new();
    for case in &*CASES {
        let answer = answers.next().unwrap_or_else(|| panic!("{language} stopped"));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        if answer != case.expected {
            different.push(format!("{}\n  {answer}\n  {}", case.input, case.expected));
        }
    }
    assert_eq!(answers.next(), None);
    println!("{language}: {} different", different.len());
    different.truncate(5);
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn javascript() {
    compare("JavaScript", &folder().join("javascript"), "node", &["run.mjs"]);
}

#[test]
fn python() {
    compare("Python", &folder().join("python"), "python3", &["run.py"]);
}

#[test]
fn ruby() {
    compare("Ruby", &folder().join("ruby"), "ruby", &["run.rb"]);
}

#[test]
fn php() {
    compare("PHP", &folder().join("php"), "php", &["run.php"]);
}

#[test]
fn go() {
    compare("Go", &folder().join("go"), "go", &["run", "./run"]);
}
