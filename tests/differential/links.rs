//! Makes links, respells and alters them, and keeps those that a verifier accepts.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use civic_sip::authsig::{PrivateKey, Signer, Verified, Verifier};
use serde_json::Value;

use super::random::Random;

const RESERVED: [&str; 8] =
    ["login", "service", "time", "time_fudge", "expires_at", "nonce", "audience", "state"];

/// Names that no parser takes for a reserved one, and some that come close.
const NAMES: [&str; 60] = [
    "team",
    "x",
    "a",
    "b",
    "redirect_url",
    "filter[status]",
    "ids[]",
    "ids[0]",
    "ids[1]",
    "a.b",
    "a_b",
    "a b",
    "user.login",
    "user[login]",
    "user[login][]",
    "filter[login]",
    "filter.login",
    "page[size]",
    "a[b][c]",
    "a[][b]",
    "a[b]c",
    "a[b",
    "a]b",
    "[a]",
    "[]",
    "[",
    "]",
    "",
    "utf8",
    "_method",
    "__proto__",
    "__proto__[login]",
    "constructor[prototype][login]",
    "constructor",
    "toString",
    "hasOwnProperty",
    "length",
    "0",
    "-1",
    "login_hint",
    "relogin",
    "timeline",
    "times",
    "timefudge",
    "time-fudge",
    "expires",
    "expiresat",
    "expires_at_",
    "nonces",
    "stateful",
    "_login",
    "-login",
    "login-",
    "login_",
    "login:x",
    "x=login",
    "&login",
    "login=admin&x",
    "login&",
    "%6cogin",
];

/// Pieces of names and values.
const PIECES: [&str; 62] = [
    "login",
    "LOGIN",
    "Login",
    "service",
    "time",
    "time_fudge",
    "expires_at",
    "nonce",
    "audience",
    "state",
    "secret",
    "signature",
    "admin",
    "user_1",
    "a",
    "b",
    "0",
    ".",
    "[",
    "]",
    "[]",
    "][",
    "?",
    " ",
    "_",
    "-",
    "~",
    "*",
    "+",
    "%",
    "%6c",
    "%00",
    "=",
    "==",
    "]=",
    "&",
    "&login=admin",
    ";",
    ";login=admin",
    "#",
    "\0",
    "\n",
    "\r",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{200b}",
    "\u{2028}",
    "\u{3000}",
    "\u{feff}",
    "\u{17f}",
    "\u{131}",
    "\u{130}",
    "\u{212a}",
    "\u{df}",
    "é",
    "😀",
    "\\",
    "\"",
    "'",
    "<",
];

/// Parts that somebody may add to a URL.
const ADDED: [&str; 26] = [
    "login=admin",
    "Login=admin",
    "login[]=admin",
    "login%5B%5D=admin",
    "[login]=admin",
    "login.x=admin",
    "+login=admin",
    "%20login=admin",
    "%EF%BB%BFlogin=admin",
    "log%C4%B1n=admin",
    "login%00=admin",
    "expires.at=1",
    "expires%20at=1",
    "expires%5Bat=1",
    "service;x=1",
    ";login=admin",
    "login",
    "login=",
    "=",
    "&",
    "utm_source",
    "utm_source=]",
    "utm_source=]%3Dx",
    "utm_source=]=x",
    "fbclid=%26login%3Dadmin",
    "__proto__=x",
];

const IGNORED: [&str; 4] = ["utm_source", "fbclid", "q.x", "__proto__"];

/// How a parser read a query.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Equal,
    /// It gave an error.
    Refused,
    /// A reserved parameter is missing, and the others are equal.
    Incomplete,
    Different,
}

/// A query, and what `Verified` says of the reserved names.
#[derive(Debug)]
pub struct Accepted {
    pub query: String,
    reserved: BTreeMap<&'static str, String>,
}

impl Accepted {
    /// A query that nobody signed, of which the wrong thing is expected.
    pub const CANARY: &'static str = "login=user_1";

    pub fn canary() -> Self {
        Self { query: Self::CANARY.to_owned(), reserved: [("login", "admin".to_owned())].into() }
    }

    fn new(query: String, verified: &Verified) -> Self {
        let value = |name| Some((name, verified.get(name)?.to_owned()));
        Self { query, reserved: RESERVED.into_iter().filter_map(value).collect() }
    }

    /// Compares what was read for the reserved names, and for any that a framework may take for one.
    pub fn compare(&self, reading: &Value) -> Outcome {
        let Some(read) = reading.as_object() else { return Outcome::Refused };
        let read: Vec<_> = read.iter().filter(|(name, _)| reads_as_reserved(name)).collect();
        let is_same = |(name, value): &(&String, &Value)| {
            self.reserved.get(&***name).is_some_and(|expected| *value == expected)
        };
        match read.iter().all(is_same) {
            true if read.len() == self.reserved.len() => Outcome::Equal,
            true => Outcome::Incomplete,
            false => Outcome::Different,
        }
    }
}

/// Whether a name is a reserved one to code that looks names up without regard to case, what is around them, and what
/// stands for `_`.
fn reads_as_reserved(name: &str) -> bool {
    let is_separator =
        |char: char| char.is_whitespace() || matches!(char, '.' | '[' | ']' | '?' | '\u{feff}');
    let trimmed = name.trim_matches(is_separator).replace(is_separator, "_");
    let is_reserved = |name: &str| RESERVED.contains(&name);
    is_reserved(&trimmed.to_lowercase()) || is_reserved(&trimmed.to_uppercase().to_lowercase())
}

/// The links, and how they came about.
pub struct Links {
    pub generated: usize,
    /// Those that the signer refused.
    pub unsigned: usize,
    pub altered: usize,
    pub altered_accepted: usize,
    pub accepted: Vec<Accepted>,
}

impl Links {
    pub fn generate(count: usize) -> Self {
        let mut random = Random(2013);
        let parties = parties();
        let mut links = Self {
            generated: 0,
            unsigned: 0,
            altered: 0,
            altered_accepted: 0,
            accepted: Vec::new(),
        };
        while links.accepted.len() < count {
            links.generated += 1;
            assert!(links.generated < 50 * count, "hardly any link is accepted");
            // Version 3 is slower, and reads queries the same way.
            let (signer, verifier) = &parties[if random.once_in(40) { 1 } else { 0 }];
            let query = random.query();
            let Ok(signed) = signer.sign_query(&query) else {
                links.unsigned += 1;
                continue;
            };
            let mut query = random.respell(&signed);
            let is_altered = random.once_in(3);
            if is_altered {
                links.altered += 1;
                query = random.alter(&query);
            }
            let Ok(verified) = verifier.verify_query(&query) else { continue };
            links.altered_accepted += usize::from(is_altered);
            links.accepted.push(Accepted::new(query, &verified));
        }
        links
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn parties() -> [(Signer, Verifier); 2] {
    let secrets = [("one", "at least sixteen bytes")];
    let key = PrivateKey::from_hex(&"42".repeat(32)).unwrap();
    let signing = Signer::builder().ignore(IGNORED).clock(now);
    let verifying = Verifier::builder().ignore(IGNORED).clock(now).public_keys(key.public_key());
    let verifier = verifying.secrets(secrets).build().unwrap();
    let version_2 = signing.clone().secrets(secrets).build().unwrap();
    let version_3 = signing.private_key(key).build().unwrap();
    [(version_2, verifier.clone()), (version_3, verifier)]
}

impl Random {
    /// A query with a few reserved parameters, and others.
    pub fn query(&mut self) -> String {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for name in RESERVED {
            if self.once_in(3) {
                let value = match name {
                    "time" => self.pick(&["1799999999", "2027-01-15T07:59:00+00:00"]).to_owned(),
                    "expires_at" => {
                        self.pick(&["1800009999", "2027-02-01T00:00:00+01:00"]).to_owned()
                    }
                    _ => self.text(4),
                };
                pairs.push((name.to_owned(), value));
            }
        }
        let others = if self.once_in(200) { 200 } else { self.below(5) };
        for _ in 0..others {
            pairs.push((self.name(), self.text(4)));
        }
        if self.once_in(8) && !pairs.is_empty() {
            let (name, _) = pairs[self.below(pairs.len())].clone();
            pairs.push((name, self.text(2)));
        }
        self.shuffle(&mut pairs);
        let parts: Vec<String> =
            pairs.iter().map(|(name, value)| self.spell_pair(name, value)).collect();
        parts.join("&")
    }

    fn name(&mut self) -> String {
        match self.below(8) {
            0 => self.text(3),
            1 => {
                let mut name = self.pick(&RESERVED).to_owned();
                let start = self.below(name.len() + 1);
                let end = if self.once_in(2) { start } else { name.len().min(start + 1) };
                name.replace_range(start..end, self.pick(&PIECES));
                name
            }
            2 => {
                let (from, to) =
                    [("_", ". []?\u{a0}"), ("s", "Sſ"), ("i", "Iıİ"), ("e", "Eé")][self.below(4)];
                let to: Vec<char> = to.chars().collect();
                self.pick(&RESERVED).replace(from, &to[self.below(to.len())].to_string())
            }
            3 => format!("p{}", self.below(1000)),
            _ => self.pick(&NAMES).to_owned(),
        }
    }

    /// A text of up to so many pieces.
    fn text(&mut self, pieces: usize) -> String {
        (0..self.below(pieces + 1)).map(|_| self.pick(&PIECES)).collect()
    }

    fn spell_pair(&mut self, name: &str, value: &str) -> String {
        let name = self.spell(name, true);
        if value.is_empty() && self.once_in(2) {
            return name;
        }
        format!("{name}={}", self.spell(value, false))
    }

    /// Any spelling that is decoded to the text. Few of them are raw where a parser may mind.
    fn spell(&mut self, text: &str, is_name: bool) -> String {
        let share = [1, 4, 40][self.below(3)];
        // What has to be encoded is refused where it is not.
        let is_careless = self.once_in(50);
        let mut spelling = String::new();
        for char in text.chars() {
            let must_encode = matches!(char, '&' | '%' | '+' | '#')
                || (char == '=' && is_name)
                || !is_careless && (char.is_control() || char.is_whitespace() || char == ';');
            if char == ' ' && self.once_in(2) {
                spelling.push('+');
            } else if must_encode || self.once_in(share) {
                for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                    spelling.push('%');
                    spelling.push(self.hex_digit(byte >> 4));
                    spelling.push(self.hex_digit(byte & 15));
                }
            } else {
                spelling.push(char);
            }
        }
        spelling
    }

    /// The digit in either case.
    fn hex_digit(&mut self, nibble: u8) -> char {
        let digits = self.pick(&["0123456789ABCDEF", "0123456789abcdef"]).as_bytes();
        char::from(digits[usize::from(nibble)])
    }

    /// The same parameters in the same order in another spelling, with empty and ignored parts in between, and the
    /// signature anywhere.
    pub fn respell(&mut self, query: &str) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut signature = None;
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name), decode(value));
            let spelled = self.spell_pair(&name, &value);
            if name == "signature" { signature = Some(spelled) } else { parts.push(spelled) }
        }
        for _ in 0..self.below(3) {
            let part = if self.once_in(3) {
                String::new()
            } else {
                let (name, value) = (self.pick(&IGNORED), self.text(3));
                self.spell_pair(name, &value)
            };
            parts.insert(self.below(parts.len() + 1), part);
        }
        let at = if self.once_in(2) { parts.len() } else { self.below(parts.len() + 1) };
        parts.insert(at, signature.unwrap());
        parts.join("&")
    }

    /// The query with something else in it.
    pub fn alter(&mut self, query: &str) -> String {
        let mut parts: Vec<String> = query.split('&').map(str::to_owned).collect();
        let at = self.below(parts.len());
        match self.below(8) {
            0 => parts.insert(at, self.pick(&ADDED).to_owned()),
            1 => parts.push(self.pick(&ADDED).to_owned()),
            2 => drop(parts.remove(at)),
            3 => parts[at].push_str(self.pick(&PIECES)),
            4 => parts[at].insert_str(0, self.pick(&PIECES)),
            5 => parts.swap(at, 0),
            6 => parts.insert(at, parts[at].to_uppercase()),
            _ => {
                let place = parts[at].char_indices().map(|(place, _)| place).nth(self.below(12));
                let piece = self.pick(&PIECES);
                if let Some(place) = place {
                    parts[at].replace_range(place..place, piece);
                }
            }
        }
        parts.join("&")
    }
}

/// The text of a name or value.
fn decode(spelling: &str) -> String {
    let pair = format!("v={spelling}");
    let (_, value) = url::form_urlencoded::parse(pair.as_bytes()).next().unwrap();
    value.into_owned()
}
