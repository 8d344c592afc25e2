//! Code tokens: where they come from, and that each is good once.

use std::collections::HashSet;

use civic_sip::UserData;
use reqwest::Method;
use serde_json::json;

use super::{Service, ada, send};

#[tokio::test(flavor = "multi_thread")]
async fn of_200_exchanges_at_once_each_token_is_good_exactly_once() {
    let service = Service::start().await;
    let tokens: Vec<String> = (0..100)
        .map(|number| service.sandbox.issue_token(&UserData::new(format!("user-{number}"), vec![])))
        .collect();
    // Each token twice.
    let exchanges: Vec<_> = tokens
        .iter()
        .chain(&tokens)
        .map(|token| {
            let (civic, token) = (service.civic.clone(), token.clone());
            tokio::spawn(async move { civic.exchange_code(&token).await })
        })
        .collect();
    let (mut users, mut refused) = (HashSet::new(), 0);
    for exchange in exchanges {
        match exchange.await.unwrap() {
            Ok(user) => assert!(users.insert(user.user_id().to_owned()), "a token was good twice"),
            Err(error) => {
                assert_eq!(error.status(), Some(400));
                refused += 1;
            }
        }
    }
    assert_eq!((users.len(), refused), (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_different_tokens_at_once_are_all_good() {
    let service = Service::start().await;
    let exchanges: Vec<_> = (0..200)
        .map(|number| {
            let user = UserData::new(format!("user-{number}"), vec![]);
            let token = service.sandbox.issue_token(&user);
            let civic = service.civic.clone();
            tokio::spawn(async move { (user, civic.exchange_code(&token).await) })
        })
        .collect();
    for exchange in exchanges {
        let (expected, got) = exchange.await.unwrap();
        assert_eq!(got.unwrap(), expected);
    }
}

#[tokio::test]
async fn tests_in_other_languages_get_them_by_http() {
    let service = Service::start().await;
    let issue = async |body: String| {
        let answer = service.post("/tokens", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        service.civic.exchange_code(&token).await.unwrap()
    };
    let user = issue(String::new()).await;
    assert_eq!(user.email(), Some("ada.winterbourne@example.com"));
    assert!(user.phone_number().is_some());
    let user = issue(json!({"person": "dagny", "scopeRequest": "PROOF_OF_AGE"}).to_string()).await;
    assert_eq!(user.items()[0].value(), "2012-02-29");
    assert_eq!(issue(json!({"userData": ada()}).to_string()).await, ada());
    for body in [
        "nonsense",
        "[]",
        r#"{"person": "nobody"}"#,
        r#"{"scopeRequest": "PROOF_OF_NOTHING"}"#,
        r#"{"userData": {"userId": 1}}"#,
        r#"{"unknown": 1}"#,
    ] {
        assert_eq!(service.post("/tokens", body).await.status, 400, "{body}");
    }
    let foreign = service.request(Method::POST, "/tokens").header("Origin", "https://example.com");
    assert_eq!(send(foreign).await.status, 403);
}

#[tokio::test]
async fn a_code_token_has_the_claims_of_the_service() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let service = Service::start().await;
    let token = service.token();
    let parts: Vec<_> =
        token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    let header: serde_json::Value = serde_json::from_slice(&parts[0]).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "typ": "JWT"}));
    let claims: serde_json::Value = serde_json::from_slice(&parts[1]).unwrap();
    assert_eq!(claims["iss"], "civic-sip-hosted-service");
    assert_eq!(claims["aud"], "https://api.civic.com/sip/");
    assert_eq!(claims["sub"], service.sandbox.app_id());
    assert_eq!(claims["exp"].as_f64().unwrap() - claims["iat"].as_f64().unwrap(), 1800.0);
    assert!(claims["data"]["codeToken"].is_string() && claims["jti"].is_string());
    assert_eq!(parts[2].len(), 64);
}
