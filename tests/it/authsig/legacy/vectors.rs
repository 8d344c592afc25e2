//! Signatures that the original's rule made.

use civic_sip::authsig::{QueryError, SignError};
use serde_json::Value;

use super::*;

fn vectors(part: &str) -> Vec<Value> {
    let text = include_str!("../../../vectors/authsig_legacy.json");
    serde_json::from_str::<Value>(text).unwrap()[part].as_array().unwrap().clone()
}

fn member<'v>(vector: &'v Value, member: &str) -> &'v str {
    vector[member].as_str().unwrap_or_else(|| panic!("{member} of {vector}"))
}

#[test]
fn agrees_with_every_vector() {
    let all = [vectors("vectors"), vectors("published")].concat();
    assert_eq!(all.len(), 24);
    let (mut accepted, mut signed_ourselves) = (0, 0);
    for vector in &all {
        let name = member(vector, "name");
        let (query, secret) = (member(vector, "query"), member(vector, "house_secret"));
        let strict = verifying().secret(secret);
        let listed = strict.clone().only_names(NAMES).build().unwrap();
        let strict = strict.build().unwrap();
        let signer = signing().secret(secret).build().unwrap();
        if query.contains("&default") {
            refused!(signer.sign_query(query), SignError::Legacy(LegacyError::Default));
            let signed = with_signature(query, member(vector, "signature"));
            for verifier in [&strict, &listed] {
                let error = verifier.verify_query(&signed).unwrap_err();
                assert_eq!(error, LegacyError::Default.into(), "{name}");
            }
            continue;
        }
        let Some(signature) = vector["signature"].as_str() else {
            refused!(signer.sign_query(query), SignError::Legacy(LegacyError::NulInDigest));
            let any = with_signature(query, SIGNATURE);
            refused!(strict.verify_query(&any), VerifyError::Mismatch);
            refused!(listed.verify_query(&any), VerifyError::Mismatch);
            continue;
        };
        signed_ourselves += 1;
        // What we sign ourselves fares as what the original signed.
        for signed in [with_signature(query, signature), signer.sign_query(query).unwrap()] {
            match (strict.verify_query(&signed), member(vector, "strict")) {
                (Ok(verified), "accept") => {
                    let login = query.split("login=").nth(1).unwrap().split('&').next().unwrap();
                    let login = login.replace("%0A", "\n");
                    assert_eq!(verified.login(), login, "{name}");
                    accepted += 1;
                }
                (Err(VerifyError::Legacy(LegacyError::Ambiguous(_))), "refuse") => {}
                (other, expected) => panic!("{name}: {expected}, not {other:?}"),
            }
            match (listed.verify_query(&signed), member(vector, "only_names")) {
                (Ok(_), "accept")
                | (Err(VerifyError::Legacy(LegacyError::UnlistedName(_))), "refuse") => {}
                (other, expected) => panic!("{name}: {expected}, not {other:?}"),
            }
        }
    }
    assert_eq!((signed_ourselves, accepted), (17, 24));
}

#[test]
fn what_must_be_refused_is_refused_for_its_own_reason() {
    let vectors = vectors("must_be_refused");
    assert_eq!(vectors.len(), 4);
    for vector in &vectors {
        let signed = with_signature(member(vector, "query"), member(vector, "signature"));
        let strict = Verifier::builder().secret(member(vector, "house_secret"));
        let listed = strict.clone().only_names(["a", "b", "login", "x_m"]).build().unwrap();
        let errors = [&strict.build().unwrap(), &listed]
            .map(|verifier| verifier.verify_query(&signed).unwrap_err());
        let expected: [VerifyError; 2] = match member(vector, "name") {
            "another login, by moving text between parameters" => [
                LegacyError::Ambiguous("login").into(),
                LegacyError::UnlistedName("m".to_owned()).into(),
            ],
            "own secret in the query" => [QueryError::Secret.into(), QueryError::Secret.into()],
            "a cost of 31" => {
                let error = LegacyError::CostTooHigh { cost: 31, limit: 10 };
                [error.clone().into(), error.into()]
            }
            "not a bcrypt text" => {
                [VerifyError::MalformedSignature, VerifyError::MalformedSignature]
            }
            other => panic!("{other}"),
        };
        assert_eq!(errors, expected, "{}", member(vector, "name"));
    }
}
