//! Writes the first inputs of all targets to `corpus/`, made from the vectors and the corpus of attacks:
//!
//! ```text
//! cargo run --bin seeds
//! ```

use std::path::{Path, PathBuf};
use std::{fs, io};

use civic_sip_fuzz::{oracle, setup};
use serde_json::{Value, json};

#[path = "../../server/tests/it/strangers/seeds.rs"]
mod requests;

fn main() -> io::Result<()> {
    let mut seeds = Seeds::new()?;
    exchanges(&mut seeds)?;
    links(&mut seeds)?;
    identities(&mut seeds)?;
    for request in requests::SEEDS {
        seeds.add("server", request.as_bytes())?;
    }
    Ok(())
}

fn exchanges(seeds: &mut Seeds) -> io::Result<()> {
    for case in seeds.cases("responses") {
        let body = joined(&case["body"]);
        // What is refused for its length alone teaches nothing.
        if body.len() < 4096 {
            let firsts: &[u8] = if case["status"] == 200 { b" " } else { b"45678" };
            for first in firsts {
                seeds.add("answer", &[std::slice::from_ref(first), &body].concat())?;
            }
        }
    }
    for case in seeds.cases("jwt") {
        let token = text(&case["token"]);
        seeds.add("jwt", token.as_bytes())?;
        let parts: Vec<Vec<u8>> =
            token.split('.').map(|part| base64url(part).unwrap_or_default()).collect();
        if let [header, claims, ..] = &parts[..] {
            seeds.add("jwt", &[header, &b"\xff"[..], claims].concat())?;
        }
    }
    for case in seeds.cases("ciphertext") {
        if let Some(Ok(data)) = oracle::data(text(&case["token"])) {
            seeds.add("ciphertext", data.as_bytes())?;
        }
    }
    let item = |label: &str, value: Value| json!({"label": label, "value": value, "isValid": true, "isOwner": true});
    let document =
        |name: &str, value: &str| item(&format!("documents.genericId.{name}"), value.into());
    let lists = [
        json!([]),
        json!([item("contact.personal.email", "ada@example.com".into())]),
        json!([
            item("contact.personal.phoneNumber", "+1 555 0100".into()),
            item("x", json!({"a": [1.50, null, "\u{e9}"]}))
        ]),
        json!([
            document("type", "passport"),
            document("number", "X1"),
            document("name", "Ada Example"),
            document("dateOfBirth", "2001-1-01"),
            document("dateOfExpiry", "2031-12-31"),
            document("country", "XX"),
            document("image", "iVBORw0KGgo="),
            document("image_md5", "8eece9cc616084a69299f7f1a45a2bbd"),
        ]),
        json!([
            item("verifications.levels.CIVIC:IAL1", json!(true)),
            json!({"label": "l", "value": null})
        ]),
    ];
    for list in lists {
        seeds.add("user_data", list.to_string().as_bytes())?;
        let stored = json!({"userId": setup::USER_ID, "data": list});
        seeds.add("user_data", stored.to_string().as_bytes())?;
        seeds.add("answer", &[b" ".to_vec(), envelope(&list.to_string())].concat())?;
        let encrypted = oracle::encrypt(list.to_string().as_bytes(), [17; 16]);
        seeds.add("ciphertext", encrypted.as_bytes())?;
    }
    Ok(())
}

fn envelope(list: &str) -> Vec<u8> {
    let encrypted = oracle::encrypt(list.as_bytes(), [18; 16]);
    oracle::envelope(&oracle::token_with(&encrypted), true, false)
}

fn links(seeds: &mut Seeds) -> io::Result<()> {
    for case in seeds.cases("links") {
        let purpose = case["purpose"].as_str().unwrap_or_default();
        if let Some(url) = case["url"].as_str() {
            seeds.add("url", url.as_bytes())?;
            seeds.add("url", without_signature(url).as_bytes())?;
        }
        if let Some(query) = case["query"].as_str().filter(|query| query.len() < 4096) {
            seeds.add("query", query.as_bytes())?;
            seeds.add("query", without_signature(query).as_bytes())?;
            let signature = oracle::decode(query).into_iter().find(|(name, _)| name == "signature");
            let signature = signature.map(|(_, value)| value).unwrap_or_default();
            let unsigned = without_signature(query);
            seeds.join("v2", &[&signature, unsigned, purpose, "id", setup::LINK_SECRET])?;
            seeds.join("v3", &[&signature, unsigned, purpose])?;
        }
    }
    for query in [
        "login=user_1&a=b&time=1800000000&expires_at=1800000060",
        "login=user_1&a=b&time=1799999000&expires_at=1800000060",
        "a=b&expires_at=1800000060&nonce=AAECAwQFBgcICQoLDA0ODw",
    ] {
        seeds.add("query", query.as_bytes())?;
        seeds.add("legacy", query.as_bytes())?;
    }
    for text in ["blue team", "a/b", "`{}|^\"<>", "..", "\u{e9}+%"] {
        seeds.add("url", text.as_bytes())?;
    }
    for query in [
        "login=user_1&time=2027-01-15T07:59:30Z&time_fudge=60",
        "login=user_1&time=Fri+Jan+15+07:59:30+UTC+2027",
        "login=user_1&time=Fri+Jan+15+07:59:30+UTC+2027&time_fudge=x",
        "login=user_1&time=2027-01-15T09:00:00Z",
        "login=other&time=2027-01-15T08:00:00Z&expires_at=2227-01-15T08:00:00Z",
        "login=user_1&b[]=%07%08%09%0a%0b%0c%0d%1b%01%22%5c%23%7b&b[]=%c3%a9",
        "login=user_1&b[]=%e2%80%8b",
        "a=zlogin:adminm:&login=user_1&time=2027-01-15T08:00:00Z",
    ] {
        seeds.add("legacy", query.as_bytes())?;
    }
    let path = "../tests/vectors/authsig_v2_v3.json";
    for case in seeds.read(path)["vectors"].as_array().into_iter().flatten() {
        let query = case["query"].as_str().unwrap_or("login=user_1");
        let purpose = text(&case["purpose"]);
        let id = case["key_id"].as_str().unwrap_or("a");
        seeds.join("v2", &[text(&case["signature"]), query, purpose, id, setup::OTHER_SECRET])?;
        let pairs = oracle::decode(query);
        let signature = oracle::v3(&oracle::signed_text(3, purpose, "", &pairs));
        seeds.join("v3", &[&signature, query, purpose])?;
    }
    for case in seeds.cases("public_keys") {
        if text(&case["jwks"]).len() < 8192 {
            seeds.add("jwk_set", text(&case["jwks"]).as_bytes())?;
        }
    }
    let vectors = seeds.read(path);
    seeds.add("jwk_set", text(&vectors["private_key_pem"]).as_bytes())?;
    seeds.add("jwk_set", setup::PRIVATE_SIGNING_KEY.as_bytes())?;
    for case in seeds.cases("legacy") {
        let query = text(&case["query"]);
        if query.len() < 2048 {
            seeds.add("legacy", query.as_bytes())?;
            seeds.add("legacy", without_signature(query).as_bytes())?;
        }
    }
    for case in seeds.read("../tests/vectors/authsig_legacy.json")["vectors"]
        .as_array()
        .into_iter()
        .flatten()
    {
        seeds.add("legacy", text(&case["query"]).as_bytes())?;
    }
    Ok(())
}

fn identities(seeds: &mut Seeds) -> io::Result<()> {
    for case in seeds.cases("identities") {
        let url = case["log_in"].as_str().or(case["verify"].as_str()).unwrap_or_default();
        seeds.join("notification", &[url, "AAECAwQFBgcICQoLDA0ODw"])?;
    }
    for case in seeds.cases("notifications") {
        let body = joined(&case["body"]);
        if body.len() < 8192 {
            seeds.add("notification", &body)?;
        }
    }
    let defaults = [
        r#"{"redirect_url": "https://app.example/in", "provides": ["login", "time"]}"#,
        r#"{"notify_url": "https://evil.example/", "secret": "at least sixteen bytes"}"#,
    ];
    for wrong in
        [r#"{"secret": ["a", "b"]}"#, r#"{"secret": "short"}"#, r#"{"a": 1}"#, r#"{"login": []}"#]
    {
        let query =
            "login=user_1&default=app&default=more&redirect_url=https%3A%2F%2F[::1]%2F&hide";
        seeds
            .join("decide", &[query, "user_1", "password", "session 1", wrong, defaults[1], ""])?;
    }
    for query in
        ["login=user_1&default=more", "login=user_1&default[]=app&default[]=more&time=1800000000"]
    {
        let parts = [query, "user_1", "password", "session 1", defaults[0], defaults[1], ""];
        seeds.join("decide", &parts)?;
    }
    for case in seeds.cases("decide") {
        let consent = case["consent"].as_str().unwrap_or_default();
        let query = text(&case["query"]);
        let login = if case["nobody"].is_null() { "user_1" } else { "" };
        let parts = [query, login, "password", "session 1", defaults[0], defaults[1], consent];
        if query.len() < 4096 {
            seeds.join("decide", &parts)?;
        }
    }
    Ok(())
}

/// The texts of a case, joined.
fn joined(parts: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts.as_array().into_iter().flatten() {
        match (part.as_str(), part[0].as_str(), part[1].as_u64()) {
            (Some(text), ..) => bytes.extend_from_slice(text.as_bytes()),
            (_, Some(text), Some(count)) => bytes.extend(text.repeat(count as usize).into_bytes()),
            _ => panic!("{part}"),
        }
    }
    bytes
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn base64url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

fn without_signature(url: &str) -> &str {
    url.split("signature=").next().unwrap_or_default().trim_end_matches(['&', '?'])
}

/// The corpora.
struct Seeds {
    folder: PathBuf,
    count: usize,
}

impl Seeds {
    fn new() -> io::Result<Self> {
        Ok(Self { folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"), count: 0 })
    }

    fn add(&mut self, target: &str, input: &[u8]) -> io::Result<()> {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        self.count += 1;
        fs::write(folder.join(format!("seed-{}", self.count)), input)
    }

    fn join(&mut self, target: &str, parts: &[&str]) -> io::Result<()> {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        self.add(target, &parts.join(&b'\xff'))
    }

    /// A family of the corpus of attacks.
    fn cases(&self, family: &str) -> Vec<Value> {
        let path = format!("../tests/attacks/{family}.jsonl");
        let lines = fs::read_to_string(self.folder.parent().unwrap().join(path)).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn read(&self, path: &str) -> Value {
        let text = fs::read(self.folder.parent().unwrap().join(path)).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}
