//! Writes the corpus of attacks, `tests/attacks/*.jsonl`:
//!
//! ```text
//! cargo run -p civic-sip-dev --example attacks
//! ```
//!
//! Keys and times are fixed and signatures deterministic (RFC 6979), so that each run writes the same bytes. Nothing of
//! the crate is used: what a case must get is said here, not asked of the code under test.

mod case;
mod ciphertext;
mod decide;
mod http;
mod identities;
mod jwt;
mod jwt_claims;
mod keys;
mod legacy;
mod links;
mod notifications;
mod public_keys;
mod queries;
mod responses;

use std::path::Path;
use std::{fs, io};

use serde_json::json;

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/attacks");
    let families = [
        ("jwt", [jwt::cases(), jwt_claims::cases()].concat()),
        ("ciphertext", ciphertext::cases()),
        ("responses", responses::cases()),
        ("http", http::cases()),
        ("links", [links::cases(), queries::cases()].concat()),
        ("identities", identities::cases()),
        ("notifications", notifications::cases()),
        ("public_keys", public_keys::cases()),
        ("decide", decide::cases()),
        ("legacy", legacy::cases()),
    ];
    for (name, cases) in families {
        let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
        fs::write(folder.join(name).with_extension("jsonl"), lines)?;
        println!("{name}: {}", cases.len());
    }
    let point: String = keys::SERVICE.point().iter().map(|byte| format!("{byte:02x}")).collect();
    let keys = json!({"point": point, "jwks": json!({"keys": [keys::SERVICE.jwk()]}).to_string()});
    fs::write(folder.join("keys.json"), format!("{keys}\n"))
}
