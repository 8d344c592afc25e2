//! The signature of the original server, through the public interface.

use std::collections::BTreeMap;
use std::time::Duration;

use civic_sip::authsig::legacy::{LegacyError, Signer, SignerBuilder, Verifier, VerifierBuilder};
use civic_sip::authsig::{ConfigProblem, Identity, VerifyError};

use super::{SECRET, at, refused};

mod ambiguity;
mod queries;
mod signatures;
mod times;
mod vectors;

const NOW: u64 = 1_369_156_639;
const NAMES: [&str; 9] = [
    "login",
    "service",
    "time",
    "time_fudge",
    "redirect_url",
    "notify_url",
    "hide",
    "provides",
    "default",
];

/// A signature of the right form.
const SIGNATURE: &str = "$2a$04$1TaVuPCgo2RzfDatTmavqu8UjyPSu0RJ6rzio1BZ7/LTfKJzXDpcy";

fn signing() -> SignerBuilder {
    Signer::builder().secret(SECRET).cost(4)
}

fn verifying() -> VerifierBuilder {
    Verifier::builder().secret(SECRET).clock(at(NOW))
}

fn signer() -> Signer {
    signing().build().unwrap()
}

fn verifier() -> Verifier {
    verifying().build().unwrap()
}

fn sign(query: &str) -> String {
    signer().sign_query(query).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// Signs the first of these that can be signed: one in nine can't, since its digest has a NUL byte.
fn sign_first(queries: impl IntoIterator<Item = String>) -> String {
    sign_first_with(&signer(), queries)
}

fn sign_first_with(signer: &Signer, queries: impl IntoIterator<Item = String>) -> String {
    queries.into_iter().find_map(|query| signer.sign_query(&query).ok()).unwrap()
}

/// The text that the original signs for parameters.
fn text(secret: &str, parameters: &[(&str, &str)]) -> String {
    let mut all: BTreeMap<&str, &str> = parameters.iter().copied().collect();
    all.insert("secret", secret);
    all.into_iter().map(|(name, value)| format!("{name}:{value}")).collect()
}

fn sha256(text: &str) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).to_vec()
}

/// bcrypt as the original's library has it, which stops at a NUL byte.
fn original_bcrypt(digest: &[u8], cost: u32) -> String {
    let before_nul = digest.split(|byte| *byte == 0).next().unwrap();
    let salted = bcrypt::hash_with_salt(before_nul, cost, [7; 16]).unwrap();
    salted.format_for_version(bcrypt::Version::TwoA)
}

/// Appends a signature as a URL has it.
fn with_signature(query: &str, signature: &str) -> String {
    let signature = signature.replace('$', "%24").replace('/', "%2F").replace('.', "%2E");
    format!("{query}&signature={signature}")
}

#[test]
fn everything_that_is_wrong_with_a_configuration_is_told_at_once() {
    let names = ["", "a:b", "in", "login"];
    let only_names: Vec<_> = [
        "must not be empty",
        "must not contain a colon",
        "must not be the end of one another, nor of `secret`",
    ]
    .map(ConfigProblem::OnlyNames)
    .into();
    let error = Signer::builder().only_names(names).cost(3).build().unwrap_err();
    let cost = ConfigProblem::CostOutOfRange("cost");
    assert_eq!(
        error.problems(),
        [vec![ConfigProblem::NoKey], only_names.clone(), vec![cost]].concat()
    );
    let century = Duration::from_secs(36_525 * 24 * 60 * 60);
    let error = Verifier::builder()
        .secret("")
        .only_names(names)
        .max_cost(17)
        .max_age(century + Duration::from_secs(1))
        .build()
        .unwrap_err();
    let others =
        vec![ConfigProblem::CostOutOfRange("max_cost"), ConfigProblem::TimeOutOfRange("max_age")];
    assert_eq!(error.problems(), [vec![ConfigProblem::EmptySecret], only_names, others].concat());
    assert!(verifying().max_age(century).build().is_ok());
}

#[test]
fn a_missing_or_an_empty_secret_is_refused() {
    for (error, expected) in [
        (Signer::builder().build().unwrap_err(), ConfigProblem::NoKey),
        (Verifier::builder().build().unwrap_err(), ConfigProblem::NoKey),
        (signing().secret("").build().unwrap_err(), ConfigProblem::EmptySecret),
        (verifying().secret("").build().unwrap_err(), ConfigProblem::EmptySecret),
    ] {
        assert_eq!(error.problems(), [expected]);
    }
    // A short one is the original's, and its business.
    let hi = signing().secret("hi").build().unwrap();
    assert!(hi.sign_query("login=test&service=password").is_ok());
}

#[test]
fn names_that_cannot_be_told_apart_are_refused() {
    for names in [vec![""], vec!["a:b"], vec!["in", "login"], vec!["et"], vec!["top_secret"]] {
        for error in [
            signing().only_names(&names).build().unwrap_err(),
            verifying().only_names(&names).build().unwrap_err(),
        ] {
            assert!(matches!(error.problems(), [ConfigProblem::OnlyNames(_)]), "{names:?}");
        }
    }
    for names in [vec![], vec!["login", "login"], vec!["time", "time_fudge"], vec!["secrets"]] {
        assert!(verifying().only_names(&names).build().is_ok(), "{names:?}");
    }
}

#[test]
fn proves_four_things_and_the_rest_was_asked_for() {
    let query = "login=user_1&service=git&time=1369156639&redirect_url=https%3A%2F%2Fapp.example&provides[]=login&hide";
    let signer = signing().only_names(NAMES).build().unwrap();
    let signed = signer.sign_url(&format!("https://id.example/verified?{query}#f")).unwrap();
    assert!(
        signed.starts_with(&format!("https://id.example/verified?{query}&signature=%242a%2404%24"))
    );
    assert!(signed.ends_with("#f"));
    let verified = verifying().only_names(NAMES).build().unwrap().verify_url(&signed).unwrap();
    assert_eq!((verified.login(), verified.service()), ("user_1", "git"));
    assert_eq!(verified.time().unwrap().timestamp() as u64, NOW);
    assert_eq!(verified.expires_at(), None);
    assert_eq!(verified.asked_for("redirect_url"), Some("https://app.example"));
    assert_eq!(verified.asked_for("provides"), Some("[\"login\"]"));
    assert_eq!(verified.asked_for("hide"), Some(""));
    for absent in ["secret", "signature", "x"] {
        assert_eq!(verified.asked_for(absent), None, "{absent}");
    }
    assert_eq!(verifier().verify_query(&sign("login=user_1")).unwrap().service(), "password");
}

#[tokio::test]
async fn off_the_async_threads() {
    let url = signer().sign_url_async("/verified?login=user_1").await.unwrap();
    assert_eq!(verifier().verify_url_async(&*url).await.unwrap().login(), "user_1");
    let query = signer().sign_query_async("login=user_1").await.unwrap();
    assert_eq!(verifier().verify_query_async(&*query).await.unwrap().login(), "user_1");
    refused!(verifier().verify_query_async("login=user_1").await, VerifyError::MissingSignature);
}

#[tokio::test]
#[should_panic(expected = "no list of logins")]
async fn a_panic_of_the_caller_is_not_hidden() {
    let verifier = verifying().logins(|_| panic!("no list of logins")).build().unwrap();
    let _ = verifier.verify_query_async(sign("login=user_1")).await;
}

#[test]
fn without_a_runtime_the_async_variant_is_an_error() {
    let verifier = verifier();
    let future = std::pin::pin!(verifier.verify_url_async("/x?login=user_1"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(
        future.poll(&mut context).map(Result::unwrap_err),
        std::task::Poll::Ready(VerifyError::Legacy(LegacyError::NoRuntime))
    );
}

#[test]
fn nothing_secret_is_shown() {
    let verified = verifier().verify_query(&sign("login=user_1")).unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?} {verified:?}",
        signing(),
        signer(),
        verifying().logins(|_| true),
        verifier()
    );
    for secret in [SECRET, "user_1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    // Nor as bytes.
    assert!(!shown.contains("84, 101, 115, 116"));
}

#[test]
fn can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Signer>();
    shared::<Verifier>();
    shared::<Identity>();
    fn is_send<T: Send>(_: T) {}
    is_send(verifier().verify_url_async("/"));
    is_send(signer().sign_url_async("/"));
}
