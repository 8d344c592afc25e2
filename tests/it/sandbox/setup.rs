//! What a sandbox can be told before it starts.

use civic_sip::sandbox::Sandbox;

use super::ada;

#[tokio::test]
async fn a_seed_fixes_the_keys() {
    let sandbox = Sandbox::builder().seed("7").start().await.unwrap();
    let again = Sandbox::builder().seed("7").start().await.unwrap();
    let other = Sandbox::builder().seed("8").app_id("app42").start().await.unwrap();
    let credentials = |sandbox: &Sandbox| {
        [
            sandbox.app_id().to_owned(),
            sandbox.private_signing_key().to_owned(),
            sandbox.secret().to_owned(),
            sandbox.sip_public_key().to_owned(),
        ]
    };
    assert_eq!(credentials(&sandbox), credentials(&again));
    for (one, two) in credentials(&sandbox).iter().zip(&credentials(&other)) {
        assert_ne!(one, two);
    }
    assert_eq!(other.app_id(), "app42");
    // In every version: scripts have these keys written down.
    assert_eq!(sandbox.app_id(), "sandbox-b9f32c17");
    assert_eq!(sandbox.secret(), "769168f290fe115eee6d73dda7f6a601");
    let key = "0047537bb56a786d33d67959b79be099ecc068e7f27a7e53e13f755b2e3612bf";
    assert_eq!(sandbox.private_signing_key(), key);
    // And they work, against the other one of the same seed.
    let civic = sandbox.client_builder().base_url(again.base_url()).build().unwrap();
    assert_eq!(civic.exchange_code(&again.issue_token(&ada())).await.unwrap(), ada());
}

#[tokio::test]
async fn without_a_seed_every_sandbox_has_keys_of_its_own() {
    let one = Sandbox::start().await.unwrap();
    let two = Sandbox::start().await.unwrap();
    assert_ne!(one.private_signing_key(), two.private_signing_key());
    assert_ne!(one.secret(), two.secret());
    assert_ne!(one.sip_public_key(), two.sip_public_key());
    assert_ne!(one.app_id(), two.app_id());
}

#[tokio::test]
async fn the_port_can_be_chosen_and_is_free_again_afterwards() {
    let sandbox = Sandbox::start().await.unwrap();
    let port: u16 = sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
    let taken = Sandbox::builder().port(port).start().await.unwrap_err();
    assert!(taken.is_config() && taken.to_string().contains("listen"), "{taken}");
    drop(sandbox);
    let again = Sandbox::builder().port(port).start().await.unwrap();
    assert_eq!(again.base_url(), format!("http://127.0.0.1:{port}"));
    let everywhere = Sandbox::builder().listen([0, 0, 0, 0]).start().await.unwrap();
    assert!(everywhere.base_url().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn wrong_settings_are_refused_by_name() {
    for (builder, name) in [
        (Sandbox::builder().app_id(""), "app_id"),
        (Sandbox::builder().app_id("two words"), "app_id"),
        (Sandbox::builder().app_id("a".repeat(257)), "app_id"),
        (Sandbox::builder().domains(["http://example.com"]), "domains"),
        (Sandbox::builder().domains(["example.com:80"]), "domains"),
        (Sandbox::builder().public_url("example.com"), "public_url"),
        (Sandbox::builder().public_url("ftp://example.com"), "public_url"),
        (Sandbox::builder().public_url("http://example.com/?query"), "public_url"),
        (Sandbox::builder().public_url(format!("http://{}/", "a".repeat(256))), "public_url"),
    ] {
        let error = builder.start().await.unwrap_err();
        assert!(error.is_config() && error.to_string().contains(name), "{name}: {error}");
    }
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let builder = Sandbox::builder().seed("a seed that nobody sees");
    assert!(!format!("{builder:?}").contains("nobody"));
    let sandbox = builder.start().await.unwrap();
    let shown = format!("{sandbox:?}");
    assert!(!shown.contains(sandbox.secret()) && !shown.contains(sandbox.private_signing_key()));
    let page = reqwest::get(sandbox.base_url()).await.unwrap().text().await.unwrap();
    assert!(page.contains(sandbox.app_id()) && page.contains(sandbox.sip_public_key()));
    assert!(!page.contains(sandbox.secret()) && !page.contains(sandbox.private_signing_key()));
}
