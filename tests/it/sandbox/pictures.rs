//! Large user data over `POST /tokens`.

use civic_sip::UserData;
use serde_json::json;

use super::Service;

fn user_data(picture: &str) -> String {
    let item = json!({
        "label": "documents.genericId.image", "value": picture, "isValid": true, "isOwner": true,
    });
    json!({"userData": {"userId": "36a59d10", "data": [item]}}).to_string()
}

async fn exchange(service: &Service, picture: &str) -> UserData {
    let answer = service.post("/tokens", user_data(picture)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    service.civic.exchange_code(token).await.unwrap()
}

#[tokio::test]
async fn a_picture_of_two_mebibytes_is_accepted() {
    let service = Service::start().await;
    // Base64 of 2 MiB.
    let picture = "QUJD".repeat((2_usize << 20).div_ceil(3));
    let user = exchange(&service, &picture).await;
    assert_eq!(user.items()[0].value(), picture);
}

#[tokio::test]
async fn a_body_of_more_than_four_mebibytes_is_not() {
    let service = Service::start().await;
    let answer = service.post("/tokens", user_data(&"A".repeat(4 << 20))).await;
    assert_eq!(answer.status, 413);
    assert!(answer.json()["message"].as_str().unwrap().contains("too large"));
}
