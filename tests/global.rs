//! The client of the whole process.

use civic_sip::sandbox::Sandbox;
use civic_sip::{Config, UserData, configure, exchange_code};

fn point_at(sandbox: &Sandbox) -> impl FnOnce(&mut Config) {
    |config| {
        config.app_id = sandbox.app_id().into();
        config.private_signing_key = sandbox.private_signing_key().into();
        config.secret = sandbox.secret().into();
        config.base_url = Some(sandbox.base_url().into());
        config.sip_public_key = Some(sandbox.sip_public_key().into());
    }
}

/// One test, since there is one configuration.
#[tokio::test]
async fn configured_once_and_again() {
    let error = exchange_code("token").await.unwrap_err();
    assert!(error.is_config() && error.to_string().contains("configure"), "{error}");

    let (one, other) = (Sandbox::start().await.unwrap(), Sandbox::start().await.unwrap());
    let (ada, eve) = (UserData::new("ada", vec![]), UserData::new("eve", vec![]));
    configure(point_at(&one)).unwrap();
    assert_eq!(exchange_code(one.issue_token(&ada)).await.unwrap(), ada);

    // An invalid configuration leaves the one that there was.
    assert!(configure(|config| config.app_id = "app42".into()).unwrap_err().is_config());
    assert_eq!(exchange_code(one.issue_token(&ada)).await.unwrap(), ada);

    // A call that was made keeps its client.
    let earlier = exchange_code(one.issue_token(&ada));
    configure(point_at(&other)).unwrap();
    assert_eq!(exchange_code(other.issue_token(&eve)).await.unwrap(), eve);
    assert_eq!(tokio::spawn(earlier).await.unwrap().unwrap(), ada);
}
