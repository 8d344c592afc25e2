//! Public keys as a JWK set, and private ones in PEM or hex.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::oracle;

pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(ids) = both!(data, jwk_set(text)) {
        let Some(read) = oracle::json(text.as_bytes()) else { return };
        let mut usable = read["keys"].as_array().unwrap().iter().filter_map(usable);
        for id in ids {
            // The same keys, in the same order; it may be strict and leave some out.
            assert!(usable.any(|other| other == id), "{id}: {text}");
        }
    }
    let [pem, hex] = both!(data, private_key(text));
    if let Ok(jwks) = &hex {
        let digits = text.trim();
        let digits = if digits.len() == 66 { &digits[2..] } else { digits };
        let scalar: [u8; 32] = hex::decode(format!("{digits:0>64}")).unwrap().try_into().unwrap();
        let point = oracle::point(&scalar);
        assert!(jwks.contains(&oracle::base64url(&point[1..33])));
    }
    assert!(pem.is_err() || hex.is_err());
}

/// The thumbprint of a key for ES256, if this is one.
fn usable(key: &Value) -> Option<String> {
    let is = |name: &str, expected: &str| key.get(name).is_none_or(|value| value == expected);
    if key["kty"] != "EC" || key["crv"] != "P-256" || key.get("d").is_some() {
        return None;
    }
    let (x, y) = (key["x"].as_str()?, key["y"].as_str()?);
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32);
    let point = [vec![4], decode(x)?, decode(y)?].concat();
    p256::PublicKey::from_sec1_bytes(&point).ok()?;
    let id = oracle::thumbprint(x, y);
    (is("alg", "ES256") && is("use", "sig") && is("kid", &id)).then_some(id)
}
