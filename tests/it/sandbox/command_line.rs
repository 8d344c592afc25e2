//! The command line of the sandbox that runs by itself.

use std::process::ExitCode;

use serde_json::Value;

#[path = "../../../examples/sandbox.rs"]
mod sandbox;

use sandbox::{Options, from_arguments};

fn read(arguments: &[&str]) -> Result<Options, (ExitCode, String)> {
    from_arguments(arguments.iter().map(ToString::to_string))
}

#[tokio::test]
async fn it_does_what_the_command_line_says() {
    let options = read(&[
        "--port",
        "0",
        "--listen",
        "127.0.0.1",
        "--app-id=app42",
        "--seed",
        "7",
        "--public-url",
        "http://192.0.2.10:4000",
        "--domain",
        "shop.example.com",
        "--payload-size",
        "1000",
        "--no-proof-of-identity",
    ]);
    let running = options.unwrap().builder.start().await.unwrap();
    let library = civic_sip::sandbox::Sandbox::builder().seed("7").start().await.unwrap();
    assert_eq!(running.app_id(), "app42");
    assert_eq!(running.private_signing_key(), library.private_signing_key());
    assert_eq!(running.secret(), library.secret());
    let printed = sandbox::summary(&running);
    for line in [
        "export CIVIC_APP_ID='app42'".to_owned(),
        format!("export CIVIC_PRIVATE_SIGNING_KEY='{}'", running.private_signing_key()),
        format!("export CIVIC_SECRET='{}'", running.secret()),
        "export CIVIC_ENV='dev'".to_owned(),
        format!("export CIVIC_BASE_URL='{}'", running.base_url()),
        format!("export CIVIC_SIP_PUBLIC_KEY='{}'", running.sip_public_key()),
    ] {
        assert_eq!(printed.lines().filter(|&printed| printed == line).count(), 1, "{line}");
    }
    // The token that is printed can be exchanged.
    let token = printed.lines().find(|line| line.starts_with("eyJ")).unwrap();
    let civic = running.client_builder().build().unwrap();
    let user = civic.exchange_code(token).await.unwrap();
    assert_eq!(user.email(), Some("ada.winterbourne@example.com"));
}

#[test]
fn mistakes_are_named_with_the_usage() {
    for (arguments, word) in [
        (&["--port"][..], "--port"),
        (&["--port", "70000"], "70000"),
        (&["--listen", "example.com"], "example.com"),
        (&["--payload-size", "many"], "many"),
        (&["--unheard-of"], "--unheard-of"),
        (&["4000"], "4000"),
    ] {
        let (code, text) = read(arguments).map(drop).unwrap_err();
        assert!(
            code == ExitCode::from(2) && text.contains(word) && text.contains("--seed"),
            "{text}"
        );
    }
    let (code, text) = read(&["--help"]).map(drop).unwrap_err();
    assert!(code == ExitCode::SUCCESS && text.contains("--public-url"));
}

#[tokio::test]
async fn programs_get_one_line_of_json() {
    let options = read(&["--port=0", "--json", "--until-stdin-closes", "--strict"]).unwrap();
    assert!(options.json && options.until_stdin_closes);
    let options_for_people = read(&["--port=0"]).unwrap();
    assert!(!options_for_people.json && !options_for_people.until_stdin_closes);

    let running = options.builder.start().await.unwrap();
    let printed = sandbox::json(&running);
    assert_eq!((printed.lines().count(), printed.ends_with('\n')), (1, true));
    let facts: Value = serde_json::from_str(&printed).unwrap();
    let text = |name: &str| facts[name].as_str().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(text("baseUrl"), running.base_url());
    assert_eq!(text("scriptUrl"), running.script_url());
    assert_eq!(text("appId"), running.app_id());
    assert_eq!(text("privateSigningKey"), running.private_signing_key());
    assert_eq!(text("secret"), running.secret());
    assert_eq!(text("sipPublicKey"), running.sip_public_key());
    assert_eq!(facts["environment"]["CIVIC_BASE_URL"], running.base_url());
    assert_eq!(facts["environment"].as_object().unwrap().len(), 6);
    for name in ["styleUrl", "faultsUrl"] {
        assert_eq!(reqwest::get(text(name)).await.unwrap().status(), 200, "{name}");
    }
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = http.post(text("tokensUrl")).send().await.unwrap().text().await.unwrap();
    let token: Value = serde_json::from_str(&token).unwrap();
    let civic = running.client_builder().build().unwrap();
    assert!(civic.exchange_code(token["token"].as_str().unwrap()).await.is_ok());
}
