//! A page asks, a wallet answers.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Service, send};

const ORIGIN: &str = "http://localhost:3000";

impl Service {
    pub(super) async fn ask(&self, origin: &str, scope: &str) -> Answer {
        let body = json!({"appId": self.sandbox.app_id(), "scopeRequest": scope}).to_string();
        let request = self.request(Method::POST, "/scopeRequests").header("Origin", origin);
        send(request.body(body)).await
    }

    /// The names that page and wallet have for a new scope request.
    pub(super) async fn ask_well(&self, scope: &str) -> (String, String) {
        let answer = self.ask(ORIGIN, scope).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let page = self.get(&format!("/scopeRequests/{id}/frame")).await;
        let (_, code) = page.body.split_once("/wallet/").unwrap();
        (id, code.split('"').next().unwrap().to_owned())
    }

    pub(super) async fn poll(&self, id: &str) -> Value {
        self.get(&format!("/scopeRequests/{id}")).await.json()
    }

    pub(super) async fn grant(&self, code: &str, body: &Value) -> Answer {
        self.post(&format!("/wallet/{code}/grant"), body.to_string()).await
    }
}

#[tokio::test]
async fn every_scope_brings_its_labels() {
    let service = Service::start().await;
    let document = ["type", "number", "name", "dateOfBirth", "dateOfIssue", "dateOfExpiry"];
    let document = document.map(|name| format!("documents.genericId.{name}"));
    let contact = ["contact.personal.email", "contact.personal.phoneNumber"].map(str::to_owned);
    let level = "verifications.levels.CIVIC:IAL1".to_owned();
    let picture =
        ["image", "image_md5", "country"].map(|name| format!("documents.genericId.{name}"));
    let [_, _, name, birth, ..] = document.clone();
    let country = picture[2].clone();
    let identity = [&contact[..], &document, &picture, std::slice::from_ref(&level)].concat();
    for (scope, labels) in [
        ("BASIC_SIGNUP", contact.to_vec()),
        ("ANONYMOUS_LOGIN", vec![]),
        ("PROOF_OF_IDENTITY", identity),
        ("PROOF_OF_RESIDENCE", vec![name, country, level.clone()]),
        ("PROOF_OF_AGE", vec![birth, level]),
    ] {
        let (id, code) = service.ask_well(scope).await;
        assert_eq!(service.poll(&id).await["status"], "pending");
        assert_eq!(service.grant(&code, &json!({"person": "ada"})).await.status, 200);
        let standing = service.poll(&id).await;
        assert_eq!(standing["status"], "granted");
        let token = standing["response"].as_str().unwrap();
        let user = service.civic.exchange_code(token).await.unwrap();
        let got: Vec<&str> = user.items().iter().map(|item| item.label()).collect();
        assert_eq!(got, labels, "{scope}");
        assert!(
            user.user_id().len() == 64 && user.user_id().bytes().all(|b| b.is_ascii_hexdigit())
        );
        assert!(user.items().iter().all(|item| item.is_valid() && item.is_owner()));
    }
}

#[tokio::test]
async fn a_proof_of_identity_has_a_picture_that_matches_its_md5() {
    let service = Service::start().await;
    for person in ["ada", "bruno", "chioma", "dagny"] {
        let (id, code) = service.ask_well("PROOF_OF_IDENTITY").await;
        assert_eq!(service.grant(&code, &json!({"person": person})).await.status, 200);
        let token = service.poll(&id).await["response"].as_str().unwrap().to_owned();
        let user = service.civic.exchange_code(&token).await.unwrap();
        let document = user.identity_document().unwrap();
        let picture = document.image().unwrap().unwrap();
        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert!(document.date_of_birth().is_some() && document.date_of_expiry().is_some());
        assert!(document.name().is_some() && document.country().is_some());
    }
}

#[tokio::test]
async fn people_are_the_same_at_every_visit_and_can_be_told_apart() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for person in ["ada", "ada", "bruno"] {
        let (id, code) = service.ask_well("ANONYMOUS_LOGIN").await;
        service.grant(&code, &json!({"person": person})).await;
        let token = service.poll(&id).await["response"].as_str().unwrap().to_owned();
        ids.push(service.civic.exchange_code(&token).await.unwrap().user_id().to_owned());
    }
    assert!(ids[0] == ids[1] && ids[1] != ids[2]);
}

#[tokio::test]
async fn the_wallet_decides_about_each_item() {
    let service = Service::start().await;
    let (id, code) = service.ask_well("BASIC_SIGNUP").await;
    let shown = service.get(&format!("/wallet/{code}/request")).await.json();
    assert_eq!(shown["origin"], ORIGIN);
    assert_eq!(shown["scopeRequest"], "BASIC_SIGNUP");
    assert_eq!(shown["people"].as_array().unwrap().len(), 4);
    assert!(shown["people"][1]["items"][0]["value"].as_str().unwrap().ends_with("@example.com"));
    let flags = json!([{"label": "contact.personal.email", "isValid": false, "isOwner": false}]);
    assert_eq!(service.grant(&code, &json!({"person": "ada", "items": flags})).await.status, 200);
    let token = service.poll(&id).await["response"].as_str().unwrap().to_owned();
    let user = service.civic.exchange_code(&token).await.unwrap();
    assert!(user.email().is_none() && user.phone_number().is_some());
    let email = user.get("contact.personal.email").unwrap();
    assert!(!email.is_valid() && !email.is_owner() && email.value().contains("@example.com"));
}

#[tokio::test]
async fn a_code_serves_once_whichever_answer_comes_first() {
    let service = Service::start().await;
    let ada = json!({"person": "ada"});
    let (id, code) = service.ask_well("BASIC_SIGNUP").await;
    assert_eq!(service.grant(&code, &ada).await.status, 200);
    let again = service.grant(&code, &ada).await;
    assert!(again.status == 410 && again.body.contains("used before"), "{again:?}");
    assert_eq!(service.post(&format!("/wallet/{code}/deny"), "").await.status, 410);
    let page = service.get(&format!("/wallet/{code}")).await;
    assert!(page.status == 410 && page.body.contains("used before"), "{page:?}");
    // Too late to cancel; the token is still there.
    let late = service.post(&format!("/scopeRequests/{id}/cancel"), "").await.json();
    assert_eq!(late["status"], "granted");

    let (id, code) = service.ask_well("BASIC_SIGNUP").await;
    assert_eq!(service.post(&format!("/wallet/{code}/deny"), "").await.status, 200);
    assert_eq!(
        service.poll(&id).await,
        json!({"status": "cancelled", "read": false, "expiresIn": 300, "response": null})
    );
    assert_eq!(service.grant(&code, &ada).await.status, 410);

    let (id, code) = service.ask_well("BASIC_SIGNUP").await;
    assert_eq!(service.post(&format!("/scopeRequests/{id}/cancel"), "").await.status, 200);
    assert_eq!(service.grant(&code, &ada).await.status, 410);
}

#[tokio::test]
async fn codes_and_tokens_expire() {
    let service = Service::start().await;
    let (id, code) = service.ask_well("BASIC_SIGNUP").await;
    let (granted, other) = service.ask_well("BASIC_SIGNUP").await;
    service.grant(&other, &json!({"person": "ada"})).await;
    service.pass(299);
    assert_eq!(service.poll(&id).await["status"], "pending");
    service.pass(1);
    assert_eq!(service.poll(&id).await["status"], "expired");
    assert_eq!(service.grant(&code, &json!({"person": "ada"})).await.status, 410);
    assert_eq!(service.get(&format!("/wallet/{code}/request")).await.status, 410);
    // What was granted stays so, but the code token has a life of its own.
    let token = service.poll(&granted).await["response"].as_str().unwrap().to_owned();
    service.pass(1500);
    let error = service.civic.exchange_code(&token).await.unwrap_err();
    assert!(error.status() == Some(400) && error.body().unwrap().contains("expired"));
    // In the end nothing is kept.
    service.ask_well("BASIC_SIGNUP").await;
    assert_eq!(service.get(&format!("/scopeRequests/{id}")).await.status, 404);
}

#[tokio::test]
async fn only_pages_on_the_list_may_ask() {
    let service = Service::start().await;
    for origin in
        ["http://localhost", "https://localhost:8443", "http://127.0.0.1:1", "http://[::1]:9"]
    {
        assert_eq!(service.ask(origin, "BASIC_SIGNUP").await.status, 201, "{origin}");
    }
    for origin in ["https://example.com", "null", "http://localhost.example.com", "file://"] {
        let answer = service.ask(origin, "BASIC_SIGNUP").await;
        assert!(answer.status == 401 && answer.body.contains("list"), "{origin}: {answer:?}");
        // The page has to be able to read why.
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
    let body = json!({"appId": service.sandbox.app_id(), "scopeRequest": "BASIC_SIGNUP"});
    let answer = service.post("/scopeRequests", body.to_string()).await;
    assert!(answer.status == 401 && answer.body.contains("Origin"), "{answer:?}");
    let other = service.request(Method::POST, "/scopeRequests").header("Origin", ORIGIN);
    let body = json!({"appId": "somebody", "scopeRequest": "BASIC_SIGNUP"}).to_string();
    let answer = send(other.body(body)).await;
    assert!(answer.status == 401 && answer.body.contains("app id"), "{answer:?}");

    let listed = Service::with(|builder| builder.domains(["shop.example.com"])).await;
    assert_eq!(listed.ask("https://shop.example.com", "BASIC_SIGNUP").await.status, 201);
    assert_eq!(listed.ask(ORIGIN, "BASIC_SIGNUP").await.status, 401);
}

#[tokio::test]
async fn a_proof_of_identity_needs_approval() {
    let service = Service::with(|builder| builder.proof_of_identity(false)).await;
    let answer = service.ask(ORIGIN, "PROOF_OF_IDENTITY").await;
    assert!(answer.status == 401 && answer.body.contains("approved"), "{answer:?}");
    assert_eq!(service.ask(ORIGIN, "PROOF_OF_AGE").await.status, 201);
}

#[tokio::test]
async fn browsers_may_ask_before_they_ask() {
    let service = Service::start().await;
    let preflight = service
        .request(Method::OPTIONS, "/scopeRequests")
        .header("Origin", ORIGIN)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type");
    let answer = send(preflight).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(answer.header("access-control-allow-headers"), "content-type");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn only_the_page_that_asked_may_frame_it() {
    let service = Service::start().await;
    let (id, code) = service.ask_well("BASIC_SIGNUP").await;
    let page = service.get(&format!("/scopeRequests/{id}/frame")).await;
    assert!(page.header("content-security-policy").ends_with(&format!("frame-ancestors {ORIGIN}")));
    let wallet = service.get(&format!("/wallet/{code}")).await;
    assert!(wallet.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    let qr = service.get(&format!("/scopeRequests/{id}/code.svg")).await;
    assert!(
        qr.status == 200
            && qr.body.starts_with("<svg ")
            && qr.header("content-type") == "image/svg+xml"
    );
}

#[tokio::test]
async fn codes_lead_to_the_public_address() {
    let service =
        Service::with(|builder| builder.public_url("https://phone.example.com/civic/")).await;
    let answer = service.ask(ORIGIN, "BASIC_SIGNUP").await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let page = service.get(&format!("/scopeRequests/{id}/frame")).await;
    assert!(page.body.contains("href=\"https://phone.example.com/civic/wallet/"), "{}", page.body);
}

#[tokio::test]
async fn too_many_at_once_are_refused() {
    let service = Service::start().await;
    for _ in 0..1_000 {
        assert_eq!(service.ask(ORIGIN, "BASIC_SIGNUP").await.status, 201);
    }
    let answer = service.ask(ORIGIN, "BASIC_SIGNUP").await;
    assert!(answer.status == 429 && answer.body.contains("Too many"), "{answer:?}");
    service.pass(300);
    assert_eq!(service.ask(ORIGIN, "BASIC_SIGNUP").await.status, 201);
}
