//! Requests of strangers, and what holds whatever they send. The fuzz target `server` compiles this folder, too.
//!
//! An input is a few requests in the form of HTTP, after each other in one browser. `{session}`, `{password}`, `{consent}`,
//! `{attempt}` and `{signed}` stand for what `user_1` has, so that changed requests get past the first check.

mod check;
mod seeds;
mod world;

use std::fmt;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;

pub(crate) use seeds::SEEDS;
pub(crate) use world::World;

/// What stands between two requests of an input.
pub(crate) const SEPARATOR: u8 = b'\x1e';

/// The most requests of an input that are sent.
const MAX_STEPS: usize = 6;

/// A request, read from an input.
#[derive(Clone)]
pub(crate) struct Step {
    method: Vec<u8>,
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

/// Reads the requests of an input: a line with method and target, lines with headers, an empty one, the body.
pub(crate) fn steps(input: &[u8]) -> Vec<Step> {
    input.split(|byte| *byte == SEPARATOR).take(MAX_STEPS).map(Step::read).collect()
}

impl Step {
    fn read(text: &[u8]) -> Self {
        let (first, mut rest) = cut(text, b'\n');
        let (method, target) = cut(first, b' ');
        let mut headers = Vec::new();
        while !rest.is_empty() {
            let (line, after) = cut(rest, b'\n');
            rest = after;
            if line.is_empty() {
                break;
            }
            let (name, value) = cut(line, b':');
            headers.push((name.to_vec(), value.trim_ascii().to_vec()));
        }
        Self { method: method.to_vec(), target: target.to_vec(), headers, body: rest.to_vec() }
    }

    /// Puts `value` where `{name}` stands.
    fn fill(&mut self, name: &str, value: &str) {
        let headers = self.headers.iter_mut().map(|(_, value)| value);
        for text in [&mut self.target, &mut self.body].into_iter().chain(headers) {
            replace(text, name.as_bytes(), value.as_bytes());
        }
    }

    /// Returns whether a text stands in a cookie.
    fn has_cookie(&self, text: &str) -> bool {
        let mut cookies = self.headers.iter().filter(|(name, _)| is_cookie(name));
        cookies.any(|(_, value)| contains(value, text))
    }

    /// Returns whether a text stands anywhere but in a cookie: then an answer may repeat it.
    fn shows(&self, text: &str) -> bool {
        let headers = self.headers.iter().filter(|(name, _)| !is_cookie(name));
        let values = headers.map(|(_, value)| value);
        [&self.target, &self.body].into_iter().chain(values).any(|part| contains(part, text))
    }

    /// Returns the request of a client with this address; none for what HTTP can't express.
    fn request(&self, peer: SocketAddr) -> Option<Request<Body>> {
        let mut request = Request::builder().method(&*self.method).uri(&*self.target);
        for (name, value) in &self.headers {
            request = request.header(&**name, &**value);
        }
        request.extension(ConnectInfo(peer)).body(Body::from(self.body.clone())).ok()
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes);
        write!(f, "{} {}", text(&self.method), text(&self.target))?;
        for (name, value) in &self.headers {
            write!(f, "\n{}: {}", text(name), text(value))?;
        }
        write!(f, "\n\n{}", text(&self.body))
    }
}

fn is_cookie(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"cookie")
}

/// Cuts at the first `at`, which belongs to neither part.
fn cut(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == at) {
        Some(position) => (&text[..position], &text[position + 1..]),
        None => (text, b""),
    }
}

fn replace(text: &mut Vec<u8>, from: &[u8], to: &[u8]) {
    let mut at = 0;
    while let Some(found) = text[at..].windows(from.len()).position(|window| window == from) {
        at += found;
        text.splice(at..at + from.len(), to.iter().copied());
        at += to.len();
    }
}

pub(crate) fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}
