//! Whole exchanges against the sandbox.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic_sip::sandbox::Sandbox;
use civic_sip::{CivicSip, UserData, UserDataItem};
use serde_json::{Value, json};

use crate::support;

fn ada() -> UserData {
    UserData::new(
        support::USER_ID,
        vec![
            UserDataItem::new("contact.personal.email", "ada@example.com", true, true),
            UserDataItem::new("contact.personal.phoneNumber", "+1 555 0100", true, false),
            UserDataItem::new("documents.genericId.name", "Zoë \"李\" \u{1f600}\n", false, true),
        ],
    )
}

#[tokio::test]
async fn a_token_is_exchanged_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let civic = sandbox.client_builder().build().unwrap();
    for user in [ada(), UserData::new("x", vec![])] {
        let token = sandbox.issue_token(&user);
        assert_eq!(civic.exchange_code(&token).await.unwrap(), user);
        let error = civic.exchange_code(&token).await.unwrap_err();
        assert!(error.is_api() && error.status() == Some(400), "{error:?}");
        assert!(error.body().unwrap().contains("exchanged before"));
    }
    let error = civic.exchange_code("unknown").await.unwrap_err();
    assert_eq!(error.status(), Some(400));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_are_good_once_even_when_all_come_at_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let civic = sandbox.client_builder().build().unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|_| sandbox.issue_token(&ada()))
        .flat_map(|token| [token.clone(), token])
        .map(|token| {
            let civic = civic.clone();
            tokio::spawn(async move { civic.exchange_code(token).await })
        })
        .collect();
    let mut good = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(user) => {
                assert_eq!(user, ada());
                good += 1;
            }
            Err(error) => assert_eq!(error.status(), Some(400), "{error:?}"),
        }
    }
    assert_eq!(good, 100);
}

#[tokio::test]
async fn credentials_work_in_every_form() {
    let sandbox = Sandbox::start().await.unwrap();
    let civic = CivicSip::builder()
        .app_id(format!(" {} ", sandbox.app_id()))
        .private_signing_key(format!("00{}\n", sandbox.private_signing_key().to_uppercase()))
        .secret(format!("{}\n", sandbox.secret()))
        .sip_public_key(sandbox.sip_public_key().to_uppercase())
        .base_url(format!("{}/", sandbox.base_url()))
        .stage_in_url(false)
        .audience("https://api.civic.com/sip")
        .build()
        .unwrap();
    assert_eq!(civic.exchange_code(sandbox.issue_token(&ada())).await.unwrap(), ada());
}

#[tokio::test]
async fn wrong_credentials_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = sandbox.issue_token(&ada());
    let other = Sandbox::start().await.unwrap();
    for builder in [
        sandbox.client_builder().app_id("app43"),
        sandbox.client_builder().private_signing_key(other.private_signing_key()),
        sandbox.client_builder().secret(other.secret()),
        sandbox.client_builder().audience("https://sip.example.com/"),
    ] {
        let error = builder.build().unwrap().exchange_code(&token).await.unwrap_err();
        assert_eq!(error.status(), Some(401), "{error:?}");
    }
    let civic = sandbox.client_builder().sip_public_key(other.sip_public_key()).build().unwrap();
    assert!(civic.exchange_code(&token).await.unwrap_err().is_verification());
}

#[tokio::test]
async fn a_sandbox_stops_when_it_is_dropped() {
    let sandbox = Sandbox::start().await.unwrap();
    let civic = sandbox.client_builder().build().unwrap();
    let token = sandbox.issue_token(&ada());
    civic.exchange_code(&token).await.unwrap();
    drop(sandbox);
    let error = civic.exchange_code(&token).await.unwrap_err();
    assert!(error.is_transport(), "{error:?}");
    assert!(civic.exchange_code(&token).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn tokens_that_cant_be_sent_are_not() {
    // Nothing listens there: whatever is sent fails otherwise.
    let civic = support::builder().base_url("http://127.0.0.1:1").build().unwrap();
    for bad in
        [String::new(), "x".repeat(16 * 1024 + 1), "a\nb".into(), "a\u{7f}".into(), "tökn".into()]
    {
        let error = civic.exchange_code(&bad).await.unwrap_err();
        assert!(error.is_malformed(), "{error:?}");
        assert!(civic.request(&bad).unwrap_err().is_malformed());
    }
    let longest = "x".repeat(16 * 1024);
    assert!(civic.exchange_code(&longest).await.unwrap_err().is_retryable());
}

#[test]
fn a_request_is_json_and_its_token_signed() {
    let request = support::client().request("token \"42\" \\").unwrap();
    assert_eq!(request.method(), "POST");
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("accept"), "application/json");
    assert!(request.headers()["authorization"].is_sensitive());
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["authToken"], "token \"42\" \\");

    let token = header("authorization").strip_prefix("Civic ").unwrap().rsplit_once('.').unwrap().0;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let key =
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, support::hex(support::APP_PUBLIC_KEY));
    key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let (jose_header, claims) = signed.split_once('.').unwrap();
    let part = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(part(jose_header), json!({"alg": "ES256", "typ": "JWT"}));
    let claims = part(claims);
    assert_eq!(claims["iss"], support::APP_ID);
    assert_eq!(claims["sub"], support::APP_ID);
    assert_eq!(claims["aud"], "https://api.civic.com/sip/");
    assert_eq!(claims["iat"], support::NOW);
    assert_eq!(claims["exp"], support::NOW + 180);
    assert_eq!(claims["data"]["path"], "scopeRequest/authCode");
    let jti: uuid::Uuid = claims["jti"].as_str().unwrap().parse().unwrap();
    assert_eq!(jti.get_version_num(), 4);
}

#[test]
fn no_two_requests_are_alike() {
    let jwt = || {
        let request = support::client().request("t").unwrap();
        request.headers()["authorization"].to_str().unwrap().to_owned()
    };
    assert_ne!(jwt(), jwt());
}
