//! Configurations, and the errors of wrong ones.

use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic_sip::{CivicSip, CivicSipBuilder, Environment, Error};

use crate::support::*;

const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn problem(builder: CivicSipBuilder) -> String {
    let error: Error = builder.build().unwrap_err();
    assert!(error.is_config(), "{error:?}");
    assert!(!error.is_retryable());
    error.to_string()
}

#[test]
fn private_keys_as_they_are_found_in_the_wild() {
    let short = "844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
    for good in [
        PRIVATE_SIGNING_KEY.to_owned(),
        PRIVATE_SIGNING_KEY.to_uppercase(),
        format!(" {PRIVATE_SIGNING_KEY}\r\n"),
        format!("00{PRIVATE_SIGNING_KEY}"),
        short.to_owned(),
        short[1..].to_owned(),
        short[2..].to_owned(),
    ] {
        builder().private_signing_key(&good).build().unwrap();
    }
    for bad in [
        String::new(),
        " ".into(),
        short[3..].to_owned(),
        format!("0{PRIVATE_SIGNING_KEY}"),
        format!("01{PRIVATE_SIGNING_KEY}"),
        format!("0000{PRIVATE_SIGNING_KEY}"),
        format!("0x{}", &PRIVATE_SIGNING_KEY[2..]),
        format!("g{}", &PRIVATE_SIGNING_KEY[1..]),
        format!("+{}", &PRIVATE_SIGNING_KEY[1..]),
        format!("{} {}", &PRIVATE_SIGNING_KEY[..31], &PRIVATE_SIGNING_KEY[32..]),
        "é".repeat(32),
        "0".repeat(64),
        "0".repeat(60),
        ORDER.into(),
        "f".repeat(64),
        format!("00{ORDER}"),
    ] {
        let problem = problem(builder().private_signing_key(&bad));
        assert!(problem.contains("private_signing_key"), "{problem}");
        assert!(bad.trim().is_empty() || !problem.contains(bad.trim()), "{problem}");
    }
}

#[test]
fn a_key_without_leading_zeros_is_the_same_key() {
    let full = "0000f6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4aa";
    // As OpenSSL computes it.
    let public = "04e7865bede4dc4aed6c067a73789f0efe36fd3832f822b7ae3c5ce36871b380a4\
                  740839565065eb511cbc127d43abea1b2a3d0a473398c693917797d863799587";
    let public_key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, hex(public));
    for form in [full, &full[2..], &full[3..], &full[4..], &format!("00{full}")] {
        let client = builder().private_signing_key(form).build().unwrap();
        let header = client.request("t").unwrap().headers()["authorization"].clone();
        let token = header.to_str().unwrap().rsplit_once('.').unwrap().0.to_owned();
        let (signed, signature) = token.trim_start_matches("Civic ").rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        public_key.verify(signed.as_bytes(), &signature).unwrap();
    }
}

#[test]
fn secrets() {
    for good in [SECRET.to_owned(), SECRET.to_uppercase(), format!("\t{SECRET} \n")] {
        builder().secret(good).build().unwrap();
    }
    for bad in [
        "",
        " ",
        &SECRET[..31],
        &SECRET[..30],
        &format!("{SECRET}00"),
        &"g".repeat(32),
        &"é".repeat(16),
    ] {
        let problem = problem(builder().secret(bad));
        assert!(problem.contains("`secret` ") && !problem.contains("private"), "{problem}");
        assert!(bad.trim().is_empty() || !problem.contains(bad), "{problem}");
    }
}

#[test]
fn the_case_of_the_secret_is_kept_in_digests_and_its_white_space_is_not() {
    let digest = |secret: &str| {
        let request = builder().secret(secret).build().unwrap().request("token42").unwrap();
        let header = request.headers()["authorization"].to_str().unwrap().to_owned();
        header.rsplit_once('.').unwrap().1.to_owned()
    };
    assert_eq!(digest(SECRET), digest(&format!(" {SECRET}\n")));
    assert_ne!(digest(SECRET), digest(&SECRET.to_uppercase()));
}

#[test]
fn public_keys() {
    for good in
        [SIP_PUBLIC_KEY.to_owned(), SIP_PUBLIC_KEY.to_uppercase(), format!(" {SIP_PUBLIC_KEY}\n")]
    {
        builder().sip_public_key(good).build().unwrap();
    }
    let off_the_curve = format!("{}06", &SIP_PUBLIC_KEY[..128]);
    for bad in [
        "",
        &SIP_PUBLIC_KEY[..128],
        &SIP_PUBLIC_KEY[2..],
        &format!("{SIP_PUBLIC_KEY}00"),
        &format!("02{}", &SIP_PUBLIC_KEY[2..66]),
        &format!("06{}", &SIP_PUBLIC_KEY[2..]),
        &format!("g4{}", &SIP_PUBLIC_KEY[2..]),
        &off_the_curve,
        &format!("04{}", "0".repeat(128)),
        &"0".repeat(130),
    ] {
        let problem = problem(builder().sip_public_key(bad));
        assert!(problem.contains("sip_public_key"), "{problem}");
        assert!(bad.is_empty() || !problem.contains(bad), "{problem}");
    }
}

#[test]
fn app_ids() {
    builder().app_id("app 42").build().unwrap();
    for bad in ["", " \n", "app\u{0}42", "app\n42", "app\u{fffd}42"] {
        assert!(problem(builder().app_id(bad)).contains("app_id"), "{bad:?}");
    }
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let problem = problem(CivicSip::builder());
    for name in ["`app_id` is missing", "`private_signing_key` is missing", "`secret` is missing"] {
        assert!(problem.contains(name), "{problem}");
    }
}

#[test]
fn two_mistakes_are_named_at_once() {
    let problem = problem(builder().secret("00").base_url("http://example.com"));
    assert!(
        problem.contains("`secret` must be") && problem.contains("`base_url` must be"),
        "{problem}"
    );
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for bad in
        ["http://example.com", "http://10.0.0.1/sip", "ftp://127.0.0.1/", "", "api.civic.com"]
    {
        assert!(problem(builder().base_url(bad)).contains("base_url"), "{bad}");
    }
    for bad in ["https://example.com:99999", "http://127.0.0.1:abc", "https://a..example.com/"] {
        assert!(problem(builder().base_url(bad)).contains("base_url"), "{bad}");
    }
    for bad in ["https://example.com/?a=b", "https://example.com/#a", "https://me:pw@example.com/"]
    {
        let problem = problem(builder().base_url(bad));
        assert!(problem.contains("base_url") && !problem.contains("pw"), "{problem}");
    }
}

#[test]
fn limits() {
    builder().leeway(Duration::from_secs(600)).build().unwrap();
    assert!(problem(builder().leeway(Duration::from_millis(600_001))).contains("leeway"));
    assert!(problem(builder().timeout(Duration::ZERO)).contains("timeout"));
    assert!(problem(builder().connect_timeout(Duration::ZERO)).contains("connect_timeout"));
    assert!(problem(builder().audience("")).contains("audience"));
    assert!(problem(builder().retries(11)).contains("`retries` must be 10 or less"));
    builder().retries(10).build().unwrap();
    builder().timeout(Duration::MAX).connect_timeout(Duration::MAX).build().unwrap();
}

#[test]
fn the_url_names_the_stage() {
    let url =
        |builder: CivicSipBuilder| builder.build().unwrap().request("t").unwrap().uri().to_string();
    let builder = || builder().base_url("https://sip.example.com/a/");
    assert_eq!(url(builder()), "https://sip.example.com/a/prod/scopeRequest/authCode");
    let dev = builder().environment(Environment::Dev);
    assert_eq!(url(dev), "https://sip.example.com/a/dev/scopeRequest/authCode");
    assert_eq!(
        url(builder().stage_in_url(false)),
        "https://sip.example.com/a/scopeRequest/authCode"
    );
    let hosted = CivicSip::new(APP_ID, PRIVATE_SIGNING_KEY, SECRET).unwrap();
    assert_eq!(
        hosted.request("t").unwrap().uri(),
        "https://api.civic.com/sip/prod/scopeRequest/authCode"
    );
}

#[test]
fn nothing_shows_a_secret() {
    let client = client();
    let mut config = civic_sip::Config::default();
    config.private_signing_key = PRIVATE_SIGNING_KEY.into();
    config.secret = SECRET.into();
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        builder(),
        client,
        config,
        client.request("my-token").unwrap().headers()
    );
    for secret in [PRIVATE_SIGNING_KEY, SECRET, "my-token", "Civic "] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
