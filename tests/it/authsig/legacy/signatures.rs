//! Signatures that don't match, are malformed, cost too much, or have a NUL byte in their digest.

use civic_sip::authsig::{QueryError, SignError, UrlError};

use super::*;

#[test]
fn a_changed_url_does_not_match() {
    let signed = sign("login=user_1");
    for changed in [
        signed.replace("user_1", "user_2"),
        signed.replace("login=user_1", "login=user_1&b=1"),
        signed.replace("login=user_1", "login=user_1&service=password"),
    ] {
        assert_eq!(verifier().verify_query(&changed).unwrap_err(), VerifyError::Mismatch);
    }
    let other = verifying().secret("other secret").build().unwrap();
    refused!(other.verify_query(&signed), VerifyError::Mismatch);
}

#[test]
fn a_url_without_a_signature_or_with_two_is_refused() {
    refused!(verifier().verify_query("login=user_1"), VerifyError::MissingSignature);
    let signed = sign("login=user_1");
    refused!(signer().sign_query(&signed), SignError::AlreadySigned);
    refused!(
        verifier().verify_query(&format!("{signed}&signature=x")),
        VerifyError::Query(QueryError::Repeated("signature"))
    );
}

#[test]
fn what_is_no_url_is_refused() {
    for url in ["login=user_1", "//id.example/?login=user_1", "/\\x?login=user_1", ""] {
        refused!(verifier().verify_url(url), VerifyError::Url(UrlError::NotAbsolute));
        refused!(signer().sign_url(url), SignError::Url(UrlError::NotAbsolute));
    }
}

#[test]
fn only_one_spelling_of_a_signature_is_accepted() {
    let verify =
        |signature: &str| verifier().verify_query(&with_signature("login=user_1", signature));
    assert!(verify(SIGNATURE).is_ok());
    for wrong in [
        "",
        "$2a$04$",
        &SIGNATURE[..59],
        &format!("{SIGNATURE}y"),
        &SIGNATURE.replace("2a", "2b"),
        &SIGNATURE.replace("2a", "2y"),
        &SIGNATURE.replace("2a", "2x"),
        &SIGNATURE.replace("$04$", "$4$"),
        &SIGNATURE.replace("$04$", "$+4$"),
        &SIGNATURE.replace("$04$", "$03$"),
        &SIGNATURE.replace("$04$", "$32$"),
        &SIGNATURE.replace("$04$", "$99$"),
        &SIGNATURE.replace("/LT", "+LT"),
        &SIGNATURE.replace("/LT", "é1"),
        &format!(" {SIGNATURE}"),
        "v2.abc",
        "v3.abc.def",
        // Bits beyond the salt and beyond the hash.
        &SIGNATURE.replace("mavqu8", "mavqv8"),
        &SIGNATURE.replace("Dpcy", "Dpcz"),
    ] {
        let wrong = wrong.replace('+', "%2B").replace(' ', "%20");
        refused!(verify(&wrong), VerifyError::MalformedSignature);
    }
}

/// With a cost of 31 each of these would take a day.
#[test]
fn a_cost_above_the_limit_is_refused_before_any_hashing() {
    let query = |login: &str, cost: u32| {
        let signature = SIGNATURE.replace("$04$", &format!("${cost:02}$"));
        with_signature(&format!("login={login}"), &signature)
    };
    for cost in 11..=31 {
        // The digest of the second has a NUL byte.
        for login in ["user_1", "user_6"] {
            assert_eq!(
                verifier().verify_query(&query(login, cost)).unwrap_err(),
                LegacyError::CostTooHigh { cost, limit: 10 }.into()
            );
        }
    }
    let limited = |cost| verifying().max_cost(cost).build().unwrap();
    refused!(
        limited(4).verify_query(&query("user_1", 5)),
        VerifyError::Legacy(LegacyError::CostTooHigh { cost: 5, limit: 4 })
    );
    refused!(limited(5).verify_query(&query("user_1", 5)), VerifyError::Mismatch);
    for cost in [0, 3, 17, 31, 32, u32::MAX] {
        let error = signing().cost(cost).build().unwrap_err();
        assert_eq!(error.problems(), [ConfigProblem::CostOutOfRange("cost")], "{cost}");
        let error = verifying().max_cost(cost).build().unwrap_err();
        assert_eq!(error.problems(), [ConfigProblem::CostOutOfRange("max_cost")], "{cost}");
    }
}

#[test]
fn signs_with_the_cost_of_the_original() {
    let signer = Signer::builder().secret(SECRET).build().unwrap();
    let signed = signer.sign_query("login=user_1").unwrap();
    assert!(signed.contains("%242a%2410%24"), "{signed}");
    assert!(verifier().verify_query(&signed).is_ok());
}

#[test]
fn a_digest_with_a_nul_byte_cannot_be_signed_and_signing_says_so() {
    for login in ["user_6", "user_7", "user_16"] {
        refused!(
            signer().sign_query(&format!("login={login}")),
            SignError::Legacy(LegacyError::NulInDigest)
        );
    }
}

/// Old libraries signed what stands before the NUL byte. So whoever finds a digest that begins with one has a signature
/// of every other such digest.
#[test]
fn a_digest_with_a_nul_byte_never_matches() {
    let logins = (0..).map(|number| format!("user_{number}"));
    let nul_first = logins
        .into_iter()
        .find(|login| sha256(&text(SECRET, &[("login", login)])).first() == Some(&0));
    for login in ["user_6", "user_7", "user_16", &nul_first.unwrap()] {
        let digest = sha256(&text(SECRET, &[("login", login)]));
        assert!(digest.contains(&0), "{login}");
        let whole = bcrypt::hash_with_salt(&digest, 4, [7; 16]).unwrap();
        let whole = whole.format_for_version(bcrypt::Version::TwoA);
        for signature in [&*original_bcrypt(&digest, 4), &whole, SIGNATURE] {
            let query = with_signature(&format!("login={login}"), signature);
            assert_eq!(verifier().verify_query(&query).unwrap_err(), VerifyError::Mismatch);
        }
    }
    // The same signatures of other digests are good.
    let digest = sha256(&text(SECRET, &[("login", "user_1")]));
    let query = with_signature("login=user_1", &original_bcrypt(&digest, 4));
    assert!(verifier().verify_query(&query).is_ok());
}

/// Otherwise the time would tell a stranger which texts have such a digest, and so whether a guess of the secret is
/// right. Compared with itself, whatever the machine's speed.
#[test]
fn a_digest_with_a_nul_byte_takes_the_same_work() {
    let work = |login: &str| {
        let signature = SIGNATURE.replace("$04$", "$07$");
        let query = with_signature(&format!("login={login}"), &signature);
        let start = cpu_time::ThreadTime::now();
        refused!(verifier().verify_query(&query), VerifyError::Mismatch);
        start.elapsed()
    };
    let least = |login: &str| (0..3).map(|_| work(login)).min().unwrap();
    let (with_nul, without) = (least("user_6"), least("user_1"));
    assert!(with_nul * 2 > without, "{with_nul:?} and {without:?}");
}

/// Nor do the words depend on the secret before a signature matches.
#[test]
fn colons_of_the_secret_are_not_told() {
    let query = format!("login=a&x={}", ":".repeat(253));
    for secret in ["no colon", "a:colon", ":::"] {
        let verifier = verifying().secret(secret).build().unwrap();
        let unsigned = with_signature(&query, SIGNATURE);
        assert_eq!(verifier.verify_query(&unsigned).unwrap_err(), VerifyError::Mismatch);
    }
}
