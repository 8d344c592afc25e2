//! The command line of the sandbox that runs by itself.

use std::process::ExitCode;

#[path = "../../../examples/sandbox.rs"]
mod sandbox;

use sandbox::from_arguments;

fn read(arguments: &[&str]) -> Result<civic_sip::sandbox::SandboxBuilder, (ExitCode, String)> {
    from_arguments(arguments.iter().map(ToString::to_string))
}

#[tokio::test]
async fn it_does_what_the_command_line_says() {
    let builder = read(&[
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
    let running = builder.unwrap().start().await.unwrap();
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
