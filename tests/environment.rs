//! The configuration from environment variables, each case in a process of its own.

use std::process::Command;

use civic_sip::CivicSip;

const SETTINGS: [&str; 6] = [
    "CIVIC_APP_ID",
    "CIVIC_PRIVATE_SIGNING_KEY",
    "CIVIC_SECRET",
    "CIVIC_ENV",
    "CIVIC_BASE_URL",
    "CIVIC_SIP_PUBLIC_KEY",
];

const KEY: &str = "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4";
const SECRET: &str = "50c0c3273d5a7ca8a04287f82c6d0111";

/// Prints what `from_env` makes of the environment; the other tests run it.
#[test]
#[ignore = "run by the other tests"]
fn report() {
    match CivicSip::from_env() {
        Ok(civic) => println!("url: {}", civic.request("t").unwrap().uri()),
        Err(error) => println!("config {}: {error}", error.is_config()),
    }
}

fn report_with(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "report"]);
    for name in SETTINGS {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

const REQUIRED: [(&str, &str); 3] =
    [("CIVIC_APP_ID", "app42"), ("CIVIC_PRIVATE_SIGNING_KEY", KEY), ("CIVIC_SECRET", SECRET)];

#[test]
fn the_required_ones_suffice() {
    let report = report_with(&REQUIRED);
    assert!(
        report.contains("url: https://api.civic.com/sip/prod/scopeRequest/authCode"),
        "{report}"
    );
}

/// A client that only makes requests and opens answers needs no TLS.
#[test]
fn no_certificates_are_needed_to_build_a_client() {
    let mut variables = REQUIRED.to_vec();
    variables.extend([("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")]);
    let report = report_with(&variables);
    assert!(report.contains("url: https://api.civic.com/"), "{report}");
}

#[test]
fn the_others_are_used_where_they_are_set() {
    let mut variables = REQUIRED.to_vec();
    variables.extend([
        ("CIVIC_ENV", "dev"),
        ("CIVIC_BASE_URL", "http://127.0.0.1:9"),
        ("CIVIC_SIP_PUBLIC_KEY", ""),
    ]);
    let report = report_with(&variables);
    assert!(report.contains("url: http://127.0.0.1:9/dev/scopeRequest/authCode"), "{report}");
}

#[test]
fn what_is_missing_or_wrong_is_named_as_a_variable() {
    let report = report_with(&[]);
    assert!(report.contains("config true"), "{report}");
    for name in &SETTINGS[..3] {
        assert!(report.contains(&format!("`{name}` is missing")), "{report}");
    }
    let report = report_with(&[
        ("CIVIC_ENV", "staging"),
        ("CIVIC_SIP_PUBLIC_KEY", "04"),
        ("CIVIC_SECRET", "hush"),
    ]);
    for name in [
        "`CIVIC_ENV` must be",
        "`CIVIC_SIP_PUBLIC_KEY` must be",
        "`CIVIC_SECRET` must be",
        "`CIVIC_APP_ID` is missing",
    ] {
        assert!(report.contains(name), "{report}");
    }
    assert!(!report.contains("hush") && !report.contains("staging"), "{report}");
}
