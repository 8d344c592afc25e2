//! The invented people and the scope requests, from Rust and over HTTP.

use civic_sip::UserData;
use civic_sip::sandbox::{Person, Sandbox, ScopeRequest};
use serde_json::{Value, json};

use super::Service;

const DOCUMENT: [&str; 10] = [
    "documents.genericId.type",
    "documents.genericId.number",
    "documents.genericId.name",
    "documents.genericId.dateOfBirth",
    "documents.genericId.dateOfIssue",
    "documents.genericId.dateOfExpiry",
    "documents.genericId.image",
    "documents.genericId.image_md5",
    "documents.genericId.country",
    "verifications.levels.CIVIC:IAL1",
];
const CONTACT: [&str; 2] = ["contact.personal.email", "contact.personal.phoneNumber"];

/// Names and texts of the constants, and the labels that they bring.
fn scope_requests() -> Vec<(ScopeRequest, &'static [&'static str], Vec<&'static str>)> {
    let pick = |indices: &[usize]| indices.iter().map(|&index| DOCUMENT[index]).collect();
    vec![
        (ScopeRequest::AnonymousLogin, &["ANONYMOUS_LOGIN", "Anonymous_Login"], vec![]),
        (ScopeRequest::BasicLogin, &["BASIC_LOGIN", "Login"], CONTACT.to_vec()),
        (
            ScopeRequest::BasicSignup,
            &["BASIC_SIGNUP", "CIVIC_BASIC", "civicBasic"],
            CONTACT.to_vec(),
        ),
        (ScopeRequest::Legal, &["LEGAL", "Legal"], pick(&[2, 3, 8, 9])),
        (ScopeRequest::IdVerification, &["ID_VERIFICATION", "id_verification"], DOCUMENT.to_vec()),
        (ScopeRequest::Passport, &["PASSPORT", "passport"], DOCUMENT.to_vec()),
        (ScopeRequest::DriverLicense, &["DRIVER_LICENSE", "driversLicense"], DOCUMENT.to_vec()),
        (
            ScopeRequest::ProofOfResidence,
            &["PROOF_OF_RESIDENCE", "proofOfResidence"],
            pick(&[2, 8, 9]),
        ),
        (
            ScopeRequest::ProofOfIdentity,
            &["PROOF_OF_IDENTITY", "proofOfIdentity"],
            [&CONTACT[..], &DOCUMENT].concat(),
        ),
        (ScopeRequest::ProofOfAge, &["PROOF_OF_AGE", "proofOfAge"], pick(&[3, 9])),
    ]
}

fn labels(user: &UserData) -> Vec<&str> {
    user.items().iter().map(|item| item.label()).collect()
}

#[tokio::test]
async fn every_scope_request_brings_its_labels_in_rust_and_over_http() {
    let service = Service::start().await;
    for (scope_request, names, expected) in scope_requests() {
        assert_eq!((scope_request.name(), scope_request.labels()), (names[0], &*expected));
        let token = service.sandbox.issue_token_for(Person::Ada, scope_request);
        let user = service.civic.exchange_code(&token).await.unwrap();
        assert_eq!(labels(&user), expected);
        assert_eq!(user, service.sandbox.user_data_for(Person::Ada, scope_request));
        for name in names {
            let body = json!({"person": "ada", "scopeRequest": name}).to_string();
            let token = service.post("/tokens", body).await.json();
            let same = service.civic.exchange_code(token["token"].as_str().unwrap()).await;
            assert_eq!(same.unwrap(), user, "{name}");
        }
    }
}

#[tokio::test]
async fn pages_may_name_them_by_constant_or_text_or_not_at_all() {
    let service = Service::start().await;
    let create = async |scope_request: Value| {
        let body = json!({"appId": service.sandbox.app_id(), "scopeRequest": scope_request});
        let request = service.request(reqwest::Method::POST, "/scopeRequests");
        let request = request.header("Origin", "http://localhost:3000").body(body.to_string());
        super::send(request).await
    };
    for (scope_request, names, _) in scope_requests() {
        for name in names {
            let id = create(json!(name)).await.json()["id"].as_str().unwrap().to_owned();
            let page = service.get(&format!("/scopeRequests/{id}/frame")).await.body;
            let code = page.split_once("/wallet/").unwrap().1.split('"').next().unwrap();
            let shown = service.get(&format!("/wallet/{code}/request")).await.json();
            assert_eq!(shown["scopeRequest"], scope_request.name());
        }
    }
    assert_eq!(create(Value::Null).await.status, 201);
    for name in ["", "civicbasic", "Proof_Of_Age", "PROOF_OF_NOTHING"] {
        assert_eq!(create(json!(name)).await.status, 400, "{name}");
    }
    assert_eq!(create(json!(["Login"])).await.status, 400);
}

#[tokio::test]
async fn the_people_are_told_apart_and_have_the_flags_that_are_documented() {
    let sandbox = Sandbox::start().await.unwrap();
    let ids: Vec<&str> = Sandbox::people().iter().map(|person| person.id()).collect();
    assert_eq!(ids, ["ada", "bruno", "chioma", "dagny"]);
    let mut user_ids = std::collections::HashSet::new();
    for &person in Sandbox::people() {
        let user = sandbox.user_data_for(person, ScopeRequest::ProofOfIdentity);
        assert!(user_ids.insert(user.user_id().to_owned()));
        assert_eq!(user.identity_document().unwrap().name(), Some(person.name()));
        let is_phone_valid = user.get(CONTACT[1]).unwrap().is_valid();
        let is_email_owned = user.get(CONTACT[0]).unwrap().is_owner();
        assert_eq!(is_phone_valid, person != Person::Bruno);
        assert_eq!(is_email_owned, person != Person::Chioma);
    }
    // Bruno's document is a driving licence, unless a passport is asked for.
    for (scope_request, kind) in [
        (ScopeRequest::IdVerification, "driving_license"),
        (ScopeRequest::DriverLicense, "driving_license"),
        (ScopeRequest::Passport, "passport"),
    ] {
        let user = sandbox.user_data_for(Person::Bruno, scope_request);
        assert_eq!(user.get(DOCUMENT[0]).unwrap().value(), kind);
    }
}

#[tokio::test]
async fn a_page_learns_that_the_wallet_has_read_the_request() {
    let service = Service::start().await;
    let (id, code) = service.ask_well("BASIC_SIGNUP").await;
    assert_eq!(service.poll(&id).await["read"], false);
    // The frame shows the address, but does not fetch it.
    service.get(&format!("/scopeRequests/{id}/code.svg")).await;
    assert_eq!(service.poll(&id).await["read"], false);
    assert_eq!(service.get(&format!("/wallet/{code}")).await.status, 200);
    assert_eq!(service.poll(&id).await["read"], true);
    assert_eq!(service.poll(&id).await["status"], "pending");
    // A wallet that answers has read it.
    let (id, code) = service.ask_well("BASIC_SIGNUP").await;
    service.grant(&code, &json!({"person": "ada"})).await;
    let progress = service.poll(&id).await;
    assert_eq!((&progress["status"], &progress["read"]), (&json!("granted"), &json!(true)));
}
