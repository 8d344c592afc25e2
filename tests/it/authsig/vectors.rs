//! The vectors of an independent implementation.

use civic_sip::authsig::{
    PrivateKey, PublicKeys, Signer, SignerBuilder, Verifier, VerifierBuilder,
};
use serde_json::{Value, json};

fn file() -> Value {
    serde_json::from_str(include_str!("../../vectors/authsig_v2_v3.json")).unwrap()
}

fn text<'v>(vector: &'v Value, name: &str) -> &'v str {
    vector[name].as_str().unwrap_or_else(|| panic!("{name} of {vector}"))
}

fn private_key() -> PrivateKey {
    PrivateKey::from_pem(text(&file(), "private_key_pem")).unwrap()
}

fn jwks(vector: &Value) -> PublicKeys {
    PublicKeys::from_jwks(&json!({ "keys": [vector["jwk"]] }).to_string()).unwrap()
}

fn both(vector: &Value) -> (Signer, Verifier) {
    let (mut signer, mut verifier) = keys(vector);
    if !text(vector, "purpose").is_empty() {
        signer = signer.purpose(text(vector, "purpose"));
        verifier = verifier.purpose(text(vector, "purpose"));
    }
    if let Some(url) = vector["public_url"].as_str() {
        (signer, verifier) = (signer.public_url(url), verifier.public_url(url));
    }
    let ignored =
        || vector["ignored"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    (signer.ignore(ignored()).build().unwrap(), verifier.ignore(ignored()).build().unwrap())
}

fn keys(vector: &Value) -> (SignerBuilder, VerifierBuilder) {
    let (signer, verifier) = (Signer::builder(), Verifier::builder());
    if vector["version"] == 3 {
        return (signer.private_key(private_key()), verifier.public_keys(jwks(vector)));
    }
    let secret = text(vector, "secret");
    match vector["key_id"].as_str() {
        Some(id) => (signer.secrets([(id, secret)]), verifier.secrets([(id, secret)])),
        None => (signer.secret(secret), verifier.secret(secret)),
    }
}

/// The URL or query with its signature.
fn whole(vector: &Value, signature: &str) -> String {
    let unsigned = vector["url"].as_str().unwrap_or_else(|| text(vector, "query"));
    let joint = match unsigned {
        url if url.ends_with('&') => "",
        url if vector["url"].is_string() && !url.contains('?') => "?",
        _ => "&",
    };
    format!("{unsigned}{joint}signature={signature}")
}

#[test]
fn every_vector_verifies() {
    let file = file();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 21);
    for vector in vectors {
        let (_, verifier) = both(vector);
        let whole = whole(vector, text(vector, "signature"));
        let verified = match vector["url"].is_string() {
            true => verifier.verify_url(&whole),
            false => verifier.verify_query(&whole),
        };
        let verified = verified.unwrap_or_else(|error| panic!("{}: {error:?}", vector["name"]));
        let key_id = vector["key_id"].as_str().or(vector["jwk"]["kid"].as_str());
        assert_eq!(verified.key_id(), key_id);
        // Bound to an address, or to none.
        let other_way = match vector["url"].is_string() {
            true => verifier.verify_query(whole.split_once('?').unwrap().1),
            false => verifier.verify_url(&format!("/?{whole}")),
        };
        assert!(other_way.is_err(), "{}", vector["name"]);
    }
}

#[test]
fn version_2_is_signed_as_in_every_vector() {
    let file = file();
    let vectors =
        file["vectors"].as_array().unwrap().iter().filter(|vector| vector["version"] == 2);
    for vector in vectors {
        let (signer, _) = both(vector);
        let mut expected = whole(vector, text(vector, "signature"));
        let signed = match vector["url"].as_str() {
            Some(url) => signer.sign_url(url).unwrap(),
            None => signer.sign_query(text(vector, "query")).unwrap(),
        };
        if let Some(base) = vector["public_url"].as_str().filter(|_| expected.starts_with('/')) {
            expected.insert_str(0, base);
        }
        assert_eq!(signed, expected, "{}", vector["name"]);
    }
}

#[test]
fn version_3_signs_for_the_same_verifiers() {
    let file = file();
    let vectors =
        file["vectors"].as_array().unwrap().iter().filter(|vector| vector["version"] == 3);
    for vector in vectors {
        let (signer, verifier) = both(vector);
        let signed = signer.sign_url(text(vector, "url")).unwrap();
        let verified = verifier.verify_url(&signed).unwrap();
        assert_eq!(verified.key_id(), vector["jwk"]["kid"].as_str());
        assert_ne!(signed.rsplit_once('.').unwrap().1.len(), 0);
    }
}

#[test]
fn no_vector_verifies_with_the_signature_of_another() {
    let file = file();
    let vectors = file["vectors"].as_array().unwrap();
    for vector in vectors {
        let others = vectors.iter().filter(|other| other["signed_text"] != vector["signed_text"]);
        for other in others {
            let mixed = whole(vector, text(other, "signature"));
            let (_, verifier) = both(vector);
            assert!(verifier.verify_url(&mixed).is_err(), "{mixed}");
            assert!(verifier.verify_query(&mixed).is_err(), "{mixed}");
        }
    }
}

#[test]
fn the_private_key_is_written_as_it_was_read() {
    let file = file();
    let pem = text(&file, "private_key_pem");
    assert_eq!(private_key().to_pem(), pem);
    let hex = "31d707b57b7a0fd512855dd5b2f1f66d5bdfe0f8c03296853d7b3cf33c732a8a";
    assert_eq!(PrivateKey::from_hex(hex).unwrap().to_pem(), pem);
    let published: Value = serde_json::from_str(&private_key().public_key().to_jwks()).unwrap();
    assert_eq!(published["keys"][0], file["vectors"][19]["jwk"]);
}

/// What the verifier of a vector of refusals returns, or `None` if its keys are refused.
fn verdict(vector: &Value) -> Option<Vec<(String, String)>> {
    let now = vector["now"].as_u64().unwrap();
    let mut verifier = Verifier::builder().clock(super::at(now));
    if let Some(secrets) = vector["secrets"].as_object() {
        let mut secrets = secrets.iter().map(|(id, secret)| (id, secret.as_str().unwrap()));
        verifier = match vector["secrets"].get("") {
            Some(_) => verifier.secret(secrets.next().unwrap().1),
            None => verifier.secrets(secrets),
        };
    }
    if !vector["jwks"].is_null() {
        verifier = verifier.public_keys(PublicKeys::from_jwks(&vector["jwks"].to_string()).ok()?);
    }
    if let Some(purpose) = vector["purpose"].as_str() {
        verifier = verifier.purpose(purpose);
    }
    if let Some(url) = vector["public_url"].as_str() {
        verifier = verifier.public_url(url);
    }
    if let Some(names) = vector["ignored"].as_array() {
        verifier = verifier.ignore(names.iter().map(|name| name.as_str().unwrap()));
    }
    let verifier = verifier.build().ok()?;
    let verified = match vector["url"].as_str() {
        Some(url) => verifier.verify_url(url),
        None => verifier.verify_query(text(vector, "query")),
    };
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Some(verified.ok()?.iter().map(own).collect())
}

#[test]
fn every_refusal_is_one_and_every_near_miss_is_accepted() {
    let file: Value =
        serde_json::from_str(include_str!("../../vectors/authsig_refusals.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let refused = vectors.iter().filter(|vector| vector["refused"].is_string()).count();
    assert!(refused >= 500 && vectors.len() - refused >= 54);
    for vector in vectors {
        let expected: Option<Vec<(String, String)>> =
            serde_json::from_value(vector["params"].clone()).unwrap();
        assert_eq!(expected.is_none(), vector["refused"].is_string(), "{vector}");
        assert_eq!(verdict(vector), expected, "{}", vector["name"]);
    }
}
