//! After keys and secrets are dropped, nothing of them is left on the heap: scans the memory of its own process.
//!
//! It has no test harness, so that everything runs on the main thread: the kernel names that thread's stack, which is not
//! scanned, since a stack has remains of every call until the next one overwrites them.

#[cfg(target_os = "linux")]
mod scan;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: there is no /proc/self/mem on this system");
}

#[cfg(target_os = "linux")]
fn main() {
    linux::run();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt::Write as _;

    use civic_sip::CivicSip;
    use civic_sip::authsig::decide::{Authority, DefaultParams, Defaults, Person};
    use civic_sip::authsig::{PrivateKey, Signer, Verifier};
    use zeroize::Zeroizing;

    use super::scan::Needles;

    type Text = Zeroizing<String>;

    /// Random bytes as hexadecimal digits, below the order of the curve for 32 of them.
    fn random_hex(len: usize) -> Text {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).unwrap();
        bytes[0] >>= 1;
        let mut text = Zeroizing::new(String::with_capacity(64));
        bytes[..len].iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        text
    }

    fn bytes_of(hex: &str) -> Zeroizing<Vec<u8>> {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let mut bytes = Zeroizing::new(Vec::with_capacity(hex.len() / 2));
        bytes.extend((0..hex.len()).step_by(2).map(digits));
        bytes
    }

    /// Runs `work` with random keys of 32 and 16 bytes, and then looks for them.
    fn wiped(name: &str, work: impl FnOnce(&str, &str)) {
        let mut needles = Needles::default();
        {
            let (key, secret) = (random_hex(32), random_hex(16));
            for hex in [&key, &secret] {
                needles.add(hex.as_bytes());
                needles.add(&bytes_of(hex));
            }
            assert!(needles.found() > 0, "{name}: the scan does not see what is there");
            work(&key, &secret);
        }
        let found = needles.found();
        assert_eq!(found, 0, "{name}: {found} pieces of keys are left on the heap");
        println!("{name}: wiped");
    }

    pub(super) fn run() {
        let mut needles = Needles::default();
        {
            let careless = random_hex(32);
            needles.add(careless.as_bytes());
            drop(careless.to_string());
        }
        assert!(needles.found() > 0, "the scan does not see what was dropped as it is");
        // Once before, for what is set up only the first time.
        client(&random_hex(32), &random_hex(16));
        wiped("the client", client);
        wiped("a client that is not built", |key, secret| {
            let builder = CivicSip::builder().private_signing_key(key).secret(secret);
            drop((builder.clone(), builder));
            CivicSip::new("", key, secret).unwrap_err();
            CivicSip::new("app42", &key[1..8], &secret[1..]).unwrap_err();
        });
        wiped("links", links);
        wiped("a private key", private_key);
        wiped("a stored secret", stored_secret);
        #[cfg(feature = "blocking")]
        wiped("the blocking client", |key, secret| {
            let civic = civic_sip::blocking::CivicSip::new("app42", key, secret).unwrap();
            civic.request("token").unwrap();
        });
        #[cfg(feature = "authsig-legacy")]
        wiped("the legacy signature", legacy);
    }

    fn client(key: &str, secret: &str) {
        let civic = CivicSip::new("app42", key, secret).unwrap();
        civic.request("token").unwrap();
        let other = civic.clone();
        drop(civic);
        other.response(200, b"{}".to_vec()).unwrap_err();
        let encrypted = super::scan::encrypted_response(secret);
        let civic = CivicSip::builder()
            .app_id("app42")
            .private_signing_key(key)
            .secret(secret)
            .sip_public_key(encrypted.public_key)
            .build()
            .unwrap();
        assert!(matches!(
            civic.response(200, encrypted.body),
            Ok(civic_sip::Reply::UserData(user)) if user.items().is_empty()
        ));
    }

    fn links(key: &str, secret: &str) {
        let signer = Signer::builder().secrets([("new", key), ("old", secret)]).build().unwrap();
        let url = signer.sign_url("/?login=user_1").unwrap();
        let verifier = Verifier::builder().secrets([("old", secret), ("new", key)]);
        verifier.build().unwrap().verify_url(&url).unwrap();
        // A key longer than a block is hashed first.
        let long = Zeroizing::new(key.repeat(2));
        Signer::new(&*long).unwrap().sign_url("/").unwrap();
        Signer::builder().secret(key).secret(secret).build().unwrap_err();
    }

    fn private_key(key: &str, _: &str) {
        let private = PrivateKey::from_hex(key).unwrap();
        let pem = Zeroizing::new(private.to_pem());
        let again = PrivateKey::from_pem(&pem).unwrap();
        for private in [private, again] {
            let public = private.public_key();
            let url = Signer::builder().private_key(private).build().unwrap().sign_url("/?a=1");
            let verifier = Verifier::builder().public_keys(public).build().unwrap();
            verifier.verify_url(&url.unwrap()).unwrap();
        }
        PrivateKey::from_hex(&key[1..]).unwrap_err();
        PrivateKey::from_pem(&pem[1..]).unwrap_err();
    }

    fn stored_secret(key: &str, secret: &str) {
        let authority = Authority::builder("https://id.example")
            .private_key(PrivateKey::from_hex(key).unwrap())
            .build()
            .unwrap();
        let json = Zeroizing::new(["{\"secret\":\"", secret, "\"}"].concat());
        let defaults =
            Defaults::from([("app".to_owned(), DefaultParams::from_json(&*json).unwrap())]);
        let person = Person::new("user_1", key);
        let now = std::time::SystemTime::now();
        let query = "login=user_1&default=app";
        authority.decide(query, Some(&person), &defaults, None, now).unwrap();
    }

    #[cfg(feature = "authsig-legacy")]
    fn legacy(key: &str, secret: &str) {
        use civic_sip::authsig::legacy;

        for secret in [key, secret] {
            let signer = legacy::Signer::builder().secret(secret).cost(4).build().unwrap();
            let signed = (0..).find_map(|n| signer.sign_query(&format!("login=user_{n}")).ok());
            let verifier = legacy::Verifier::builder().secret(secret).build().unwrap();
            verifier.verify_query(&signed.unwrap()).unwrap();
        }
    }
}
