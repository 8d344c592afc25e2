//! Version 3, and keys of both versions next to each other.

use civic_sip::authsig::{
    ConfigError, ConfigProblem, PrivateKey, PublicKeys, SignError, VerifyError,
};
use serde_json::{Value, json};

use super::*;

fn key() -> PrivateKey {
    PrivateKey::from_hex(&"42".repeat(32)).unwrap()
}

fn signer_3(key: PrivateKey) -> Signer {
    Signer::builder().private_key(key).build().unwrap()
}

fn verifier_3(keys: PublicKeys) -> Verifier {
    Verifier::builder().public_keys(keys).build().unwrap()
}

fn jwk(key: &PrivateKey) -> Value {
    let mut set: Value = serde_json::from_str(&key.public_key().to_jwks()).unwrap();
    set["keys"][0].take()
}

fn read(keys: &[Value]) -> Result<PublicKeys, ConfigError> {
    PublicKeys::from_jwks(&json!({ "keys": keys }).to_string())
}

fn is_refused(result: Result<PublicKeys, ConfigError>) -> bool {
    match result {
        Ok(_) => false,
        Err(error) => matches!(error.problems(), [ConfigProblem::PublicKeys(_)]),
    }
}

#[test]
fn whoever_has_the_jwk_set_verifies() {
    let url = signer_3(key()).sign_url("/receipt?order=17").unwrap();
    let keys = PublicKeys::from_jwks(&key().public_key().to_jwks()).unwrap();
    let verified = verifier_3(keys.clone()).verify_url(&url).unwrap();
    assert_eq!(verified.get("order"), Some("17"));
    assert_eq!(verified.key_id(), keys.ids().next());
    let (id, signature) = url.split_once("signature=v3.").unwrap().1.split_once('.').unwrap();
    assert_eq!((id.len(), signature.len()), (43, 86));
    for forged in [url.replace("order=17", "order=18"), url.replace("/receipt", "/refund")] {
        refused!(verifier_3(keys.clone()).verify_url(&forged), VerifyError::Mismatch);
    }
}

#[test]
fn a_key_of_somebody_else_does_not_verify() {
    let other = PrivateKey::generate().unwrap();
    let url = signer_3(other.clone()).sign_url("/?a=1").unwrap();
    refused!(verifier_3(key().public_key()).verify_url(&url), VerifyError::UnknownKey);
    let (ours, theirs) = (key().public_key(), other.public_key());
    let renamed = url.replace(theirs.ids().next().unwrap(), ours.ids().next().unwrap());
    refused!(verifier_3(ours.clone()).verify_url(&renamed), VerifyError::Mismatch);
    // A named key is tried alone.
    refused!(
        verifier_3(ours.clone().merge(theirs.clone())).verify_url(&renamed),
        VerifyError::Mismatch
    );
    assert!(verifier_3(ours.merge(theirs)).verify_url(&url).is_ok());
}

#[test]
fn only_the_canonical_spelling_of_a_signature_is_accepted() {
    let url = signer_3(key()).sign_url("/?a=1").unwrap();
    let verifier = verifier_3(key().public_key());
    let (rest, signature) = url.rsplit_once('.').unwrap();
    let id = key().public_key().ids().next().unwrap().to_owned();
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = alphabet.find(last).unwrap();
    for other in index / 16 * 16..index / 16 * 16 + 16 {
        let other = alphabet.chars().nth(other).unwrap();
        let result = verifier.verify_url(&format!("{rest}.{}{other}", &signature[..85]));
        assert_eq!(result.is_ok(), other == last);
    }
    for wrong in [
        "v3".to_owned(),
        "v3.".to_owned(),
        format!("v3.{signature}"),
        format!("v3..{signature}"),
        format!("v3.{id}."),
        format!("v3.{id}.{signature}="),
        format!("v3.{id}.{}", &signature[1..]),
        format!("v3.{id}.{signature}A"),
        format!("v3.{id}A.{signature}"),
        format!("v3.{}.{signature}", &id[1..]),
        format!("v3.{id}.x.{signature}"),
        format!("V3.{id}.{signature}"),
        format!("v3.key-1.{signature}"),
    ] {
        refused!(
            verifier.verify_url(&format!("/?a=1&signature={wrong}")),
            VerifyError::MalformedSignature
        );
    }
    for (r, s) in [(0, 0), (0, 1), (1, 0), (0xff, 0xff)] {
        use base64::Engine as _;
        let bytes = [[r; 32], [s; 32]].concat();
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        refused!(
            verifier.verify_url(&format!("/?a=1&signature=v3.{id}.{text}")),
            VerifyError::Mismatch
        );
    }
}

#[test]
fn a_purpose_and_a_public_url_hold_for_version_3() {
    let signer =
        Signer::builder().private_key(key()).purpose("a").public_url("https://h").build().unwrap();
    let url = signer.sign_url("/x?a=1").unwrap();
    let verifier = |purpose: &str, public_url: &str| {
        let verifier = Verifier::builder().public_keys(key().public_key());
        verifier.purpose(purpose).public_url(public_url).build().unwrap()
    };
    assert!(verifier("a", "https://h").verify_url(&url).is_ok());
    refused!(verifier("b", "https://h").verify_url(&url), VerifyError::Mismatch);
    refused!(
        verifier("a", "http://h").verify_url(url.strip_prefix("https://h").unwrap()),
        VerifyError::Mismatch
    );
    refused!(verifier_3(key().public_key()).verify_url(&url), VerifyError::Mismatch);
}

/// A verifier of both kinds, and secrets made of everything that is public about the other kind.
#[test]
fn keys_of_the_versions_are_never_mixed_up() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let public = key().public_key();
    let id = public.ids().next().unwrap().to_owned();
    let jwk = jwk(&key());
    let x = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
    let y = URL_SAFE_NO_PAD.decode(jwk["y"].as_str().unwrap()).unwrap();
    let point = [&[4][..], &x, &y].concat();
    let verifier = Verifier::builder().secret(SECRET).public_keys(public.clone()).build().unwrap();
    for guess in [point, x, y, id.clone().into_bytes(), public.to_jwks().into_bytes()] {
        let by_guess = Signer::new(&guess).unwrap().sign_url("/?login=user_1").unwrap();
        let mac = by_guess.rsplit_once('.').unwrap().1;
        for signature in [format!("v2.{mac}"), format!("v2.{}.{mac}", &id[..32])] {
            let url = format!("/?login=user_1&signature={signature}");
            refused!(verifier.verify_url(&url), VerifyError::Mismatch | VerifyError::UnknownKey);
            refused!(verifier_3(public.clone()).verify_url(&url), VerifyError::UnknownKey);
        }
    }
    // Each form with the other's prefix.
    let v2 = signer().sign_url("/?login=user_1").unwrap();
    let v3 = signer_3(key()).sign_url("/?login=user_1").unwrap();
    assert!(verifier.verify_url(&v2).is_ok() && verifier.verify_url(&v3).is_ok());
    refused!(verifier_3(public.clone()).verify_url(&v2), VerifyError::UnknownKey);
    refused!(super::verifier().verify_url(&v3), VerifyError::UnknownKey);
    for mixed in [
        v2.replace("=v2.", "=v3."),
        v2.replace("=v2.", &format!("=v3.{id}.")),
        v3.replace("=v3.", "=v2."),
        v3.replace(&format!("=v3.{id}."), "=v2."),
    ] {
        refused!(verifier.verify_url(&mixed), VerifyError::MalformedSignature);
    }
    // A secret whose id is the beginning of a thumbprint stays a secret.
    let named =
        Verifier::builder().secrets([(&id[..32], SECRET)]).public_keys(public).build().unwrap();
    assert_eq!(named.verify_url(&v3).unwrap().key_id(), Some(&*id));
    assert_eq!(named.verify_url(&v2).unwrap().key_id(), Some(&id[..32]));
}

#[test]
fn a_private_key_is_read_as_it_was_written() {
    let key = PrivateKey::generate().unwrap();
    let pem = key.to_pem();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(pem.ends_with("\n-----END PRIVATE KEY-----\n"));
    assert!(pem.lines().all(|line| line.len() <= 64));
    for text in
        [pem.clone(), pem.replace('\n', "\r\n"), format!("\n {pem}\n"), pem.trim().to_owned()]
    {
        let read = PrivateKey::from_pem(&text).unwrap();
        assert_eq!(read.public_key().to_jwks(), key.public_key().to_jwks());
        assert_eq!(read.to_pem(), pem);
    }
    assert_ne!(PrivateKey::generate().unwrap().to_pem(), pem);
}

/// `openssl genpkey` of other kinds, and the same key in other forms.
#[test]
fn no_other_private_key_is_read() {
    let pem = key().to_pem();
    let body: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let body = body.join("\n");
    let block = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let p384 = "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDC5Q0xzrKMmIVXJ2tVw\n3ZZ8gJdHtBvJn7lDCT9v0zF7Hk6H2sGZqU3q0s0u0S6l1Z2hZANiAAQ=";
    let mut cases = vec![
        String::new(),
        "x".to_owned(),
        body.clone(),
        block("EC PRIVATE KEY", &body),
        block("PUBLIC KEY", &body),
        block("PRIVATE KEY", ""),
        block("PRIVATE KEY", "AAAA"),
        block("PRIVATE KEY", p384),
        block("PRIVATE KEY", &body[..body.len() - 4]),
        block("PRIVATE KEY", &format!("{body}AAAA")),
        block("PRIVATE KEY", &format!("!{body}")),
        block("PRIVATE KEY", "MC4CAQAwBQYDK2VwBCIEIEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC"),
        format!("{pem}{pem}"),
        pem.replace("END", "BEGIN"),
    ];
    // A public part that is another key's.
    let der = |pem: &str| {
        use base64::Engine as _;
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        base64::engine::general_purpose::STANDARD.decode(body).unwrap()
    };
    let (mut mine, theirs) = (der(&pem), der(&PrivateKey::generate().unwrap().to_pem()));
    let at = mine.len() - 64;
    mine[at..].copy_from_slice(&theirs[at..]);
    use base64::Engine as _;
    cases.push(block("PRIVATE KEY", &base64::engine::general_purpose::STANDARD.encode(mine)));
    for case in cases {
        match PrivateKey::from_pem(&case) {
            Err(error) => {
                assert!(matches!(error.problems(), [ConfigProblem::PrivateKey(_)]), "{case}")
            }
            Ok(_) => panic!("{case}"),
        }
    }
}

#[test]
fn a_private_key_is_a_number_below_the_order() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let below = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
    for hex in [below, &below.to_uppercase(), &format!(" {below}\n"), &format!("{:0>64}", 1)] {
        assert!(PrivateKey::from_hex(hex).is_ok(), "{hex}");
    }
    for hex in [
        order,
        &"f".repeat(64),
        &"0".repeat(64),
        "",
        "1",
        &"1".repeat(62),
        &"1".repeat(66),
        &"g".repeat(64),
    ] {
        let error = PrivateKey::from_hex(hex).unwrap_err();
        assert!(matches!(error.problems(), [ConfigProblem::PrivateKey(_)]), "{hex}");
    }
}

#[test]
fn a_kid_that_is_not_the_thumbprint_is_refused() {
    for kid in ["", "key-1", "4aBSMWKboGgLJ1InwTszCVKq9FAB6tOWauPHHRKl33o"] {
        let mut jwk = jwk(&key());
        jwk["kid"] = kid.into();
        assert!(is_refused(read(&[jwk])), "{kid}");
    }
    // One that is absent is known.
    let mut without = jwk(&key());
    without.as_object_mut().unwrap().remove("kid");
    assert_eq!(read(&[without]).unwrap().to_jwks(), key().public_key().to_jwks());
}

#[test]
fn a_repeated_key_is_refused() {
    let mut again = jwk(&key());
    again.as_object_mut().unwrap().remove("kid");
    assert!(is_refused(read(&[jwk(&key()), jwk(&key())])));
    assert!(is_refused(read(&[jwk(&key()), again])));
}

#[test]
fn a_private_part_is_refused() {
    let mut private = jwk(&key());
    private["d"] = jwk(&key())["x"].clone();
    assert!(is_refused(read(&[private.clone()])));
    private["kty"] = "OKP".into();
    assert!(is_refused(read(&[jwk(&key()), private])), "of any type");
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let other = jwk(&PrivateKey::generate().unwrap());
    for (name, value) in [
        ("x", other["x"].clone()),
        ("y", other["y"].clone()),
        ("y", jwk(&key())["x"].clone()),
        ("x", "A".repeat(43).into()),
        ("x", "".into()),
        ("x", format!("{}=", jwk(&key())["x"].as_str().unwrap()).into()),
        ("x", format!("AA{}", jwk(&key())["x"].as_str().unwrap()).into()),
        ("y", Value::Null),
        ("y", 7.into()),
    ] {
        let mut off = jwk(&key());
        off[name] = value;
        off.as_object_mut().unwrap().remove("kid");
        assert!(is_refused(read(&[off.clone()])), "{off}");
        assert!(is_refused(read(&[jwk(&PrivateKey::generate().unwrap()), off])));
    }
}

#[test]
fn keys_of_other_types_curves_and_uses_are_left_out() {
    let with = |name: &str, value: Value| {
        let mut other = jwk(&PrivateKey::generate().unwrap());
        other[name] = value;
        other
    };
    let others = [
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa"}),
        json!({"kty": "oct", "k": "c2VjcmV0"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}),
        with("crv", "P-384".into()),
        with("crv", "secp256k1".into()),
        with("alg", "ECDH-ES".into()),
        with("alg", "ES384".into()),
        with("use", "enc".into()),
        with("key_ops", json!(["deriveKey"])),
        json!({"kty": "RSA", "kid": 7, "use": null}),
        json!({"kty": "X", "x": 5}),
        json!({"kty": "OKP", "d": null}),
        json!({}),
    ];
    for other in &others {
        assert!(is_refused(read(std::slice::from_ref(other))), "no key is left: {other}");
        let keys = read(&[other.clone(), jwk(&key())]).unwrap();
        assert_eq!(keys.ids().collect::<Vec<_>>(), key().public_key().ids().collect::<Vec<_>>());
    }
    assert!(read(&[with("key_ops", json!(["verify"]))]).is_ok());
    assert!(is_refused(read(&[])));
}

#[test]
fn what_is_no_jwk_set_is_refused() {
    let jwk = jwk(&key()).to_string();
    for text in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        jwk.clone(),
        format!("[{jwk}]"),
        format!(r#"{{"keys": {jwk}}}"#),
        format!(r#"{{"keys": [{jwk}], "keys": []}}"#),
        format!(r#"{{"keys": [{jwk}]}} x"#),
        format!(r#"{{"keys": [{}]}}"#, jwk.replacen('{', r#"{"kty":"EC","#, 1)),
        r#"{"keys": [1]}"#.to_owned(),
        r#"{"keys": null}"#.to_owned(),
    ] {
        assert!(is_refused(PublicKeys::from_jwks(&text)), "{text}");
    }
    assert!(PublicKeys::from_jwks(&format!(r#"{{"more": 1, "keys": [{jwk}]}}"#)).is_ok());
}

#[test]
fn a_private_key_is_not_shown() {
    let key = key();
    let url = signer_3(key.clone()).sign_url("/?a=1").unwrap();
    let signature = url.rsplit_once('.').unwrap().1;
    let builder = Signer::builder().private_key(key.clone());
    let shown = format!(
        "{key:?} {builder:?} {:?} {:?} {:?}",
        signer_3(key.clone()),
        key.public_key(),
        PrivateKey::from_pem("secret text").unwrap_err(),
    );
    assert!(shown.contains(key.public_key().ids().next().unwrap()));
    let pem = key.to_pem();
    let body: Vec<&str> = pem.lines().collect();
    // 66 in decimal, as a list of bytes would show it.
    for secret in ["4242", "66, 66", body[1], body[2], signature, "secret text"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn version_3_refuses_what_version_2_refuses() {
    refused!(signer_3(key()).sign_url("/?secret=x"), SignError::Query(_));
    refused!(signer_3(key()).sign_url("/a/../b?x=1"), SignError::Url(_));
    refused!(signer_3(key()).sign_url("/?time=x"), SignError::Time(_));
}
