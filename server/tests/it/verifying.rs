//! `/verify/verified` and `/verify/keys`.

use axum::http::Method;
use civic_sip::authsig::{PrivateKey, PublicKeys};
use serde_json::json;

use crate::support::{APP, Answer, NOW, Server, encoded};

async fn signed(server: &Server, query: &str) -> String {
    let path = format!("/verify/request?login=user_1{query}");
    server.logged_in("user_1").await.get_json(&path).await.text("url")
}

fn assert_not_verified(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 403, "{what}");
    assert_eq!(answer.json()["verified"], false, "{what}");
    answer.error();
}

#[tokio::test]
async fn a_signed_url_is_verified_for_programs() {
    let server = Server::with(|config| config.allow(APP)).await;
    let query = format!("&redirect_url={}&team=blue&ids[]=1&ids[]=2", encoded(APP));
    let url = signed(&server, &query).await;
    let answer = server.browser().get_json(&url).await;
    let data = json!({
        "login": "user_1",
        "redirect_url": APP,
        "team": "blue",
        "ids[]": ["1", "2"],
        "time": "2027-01-15T08:00:00Z",
        "audience": APP,
    });
    let expected = json!({
        "verified": true,
        "login": "user_1",
        "service": "password",
        "audience": [APP],
        "data": data,
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
}

#[tokio::test]
async fn a_signed_url_is_verified_for_people() {
    let server = Server::start().await;
    let url = signed(&server, "&note=%3Cb%3E%26%C3%BC").await;
    let page = server.browser().get(&url).await;
    assert_eq!(page.status, 200);
    for part in ["Verified", "<strong>user_1</strong>", "nobody in particular", "%26%C3%BC"] {
        assert!(page.body.contains(part), "{part}");
    }
    assert!(!page.body.contains("<b>"));
}

#[tokio::test]
async fn a_changed_url_is_not_verified() {
    let server = Server::start().await;
    let url = signed(&server, "&a=1&b=2").await;
    let mut browser = server.browser();
    let (rest, signature) = url.split_once("&signature=").unwrap();
    for changed in [
        url.replace("user_1", "user_2"),
        url.replace("a=1&b=2", "b=2&a=1"),
        url.replace("&a=1", ""),
        format!("{rest}&c=3&signature={signature}"),
        format!("{url}&c=3"),
        format!("{url}&signature={signature}"),
        format!("{url}="),
        rest.to_owned(),
        format!("{rest}&signature="),
        format!("{rest}&signature={}", signature.replace("v3.", "v2.")),
        format!("{rest}&signature={}", &signature[..signature.len() - 1]),
        "/verify/verified".to_owned(),
    ] {
        assert_ne!(changed, url);
        assert_not_verified(&browser.get_json(&changed).await, &changed);
        let page = browser.get(&changed).await;
        assert_eq!(page.status, 403);
        assert!(page.body.contains("Not verified") && !page.body.contains("user_2"));
    }
}

#[tokio::test]
async fn every_changed_character_of_the_signature_counts() {
    let server = Server::start().await;
    let url = signed(&server, "").await;
    let mut browser = server.browser();
    let start = url.find("signature=").unwrap();
    for index in start..url.len() {
        let other = if url.as_bytes()[index] == b'A' { "B" } else { "A" };
        let changed = format!("{}{other}{}", &url[..index], &url[index + 1..]);
        assert_not_verified(&browser.get_json(&changed).await, &changed);
    }
}

#[tokio::test]
async fn a_url_of_another_server_is_not_verified() {
    let (server, other) = (Server::start().await, Server::start().await);
    let url = signed(&other, "").await;
    assert_eq!(other.browser().get_json(&url).await.status, 200);
    assert_not_verified(&server.browser().get_json(&url).await, "another server's key");
    // The same key at another address.
    let key = PrivateKey::generate().unwrap();
    let with_key = |key: &PrivateKey| key.clone();
    let (one, two) = (with_key(&key), with_key(&key));
    let server = Server::with(|config| config.private_key(one)).await;
    let other = Server::at("https://other.example", |config| config.private_key(two)).await;
    let url = signed(&other, "").await.replace("other.example", "id.example");
    assert_not_verified(&server.browser().get_json(&url).await, "another server's address");
}

#[tokio::test]
async fn verifying_needs_no_log_in_and_has_no_effect() {
    let server = Server::start().await;
    let url = signed(&server, "").await;
    for _ in 0..3 {
        let answer = server.browser().get_json(&url).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (200, 0));
    }
    server.clock.pass(100 * 24 * 60 * 60);
    assert_eq!(server.browser().get_json(&url).await.status, 200);
}

#[tokio::test]
async fn head_has_the_status_of_get_and_no_body() {
    let server = Server::start().await;
    let url = signed(&server, "").await;
    for (url, status) in [(url.clone(), 200), (url.replace("user_1", "user_2"), 403)] {
        for accept in ["text/html", "application/json"] {
            let mut browser = server.browser();
            let answer = browser.send(Method::HEAD, &url, &[("accept", accept)], "").await;
            assert_eq!((answer.status, &*answer.body), (status, ""));
        }
    }
}

#[tokio::test]
async fn the_time_of_a_url_is_for_the_app_to_look_at() {
    let server = Server::start().await;
    let ahead = signed(&server, &format!("&time={}", NOW + 60)).await;
    assert_eq!(server.browser().get_json(&ahead).await.status, 200);
    server.clock.pass(366 * 24 * 60 * 60);
    assert_eq!(server.browser().get_json(&ahead).await.status, 200);
}

#[tokio::test]
async fn the_keys_are_published() {
    let server = Server::start().await;
    let answer = server.browser().get("/verify/keys").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let keys = answer.json();
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!((keys.len(), &keys[0]["kty"], &keys[0]["crv"]), (1, &json!("EC"), &json!("P-256")));
    assert_eq!((&keys[0]["alg"], &keys[0]["use"]), (&json!("ES256"), &json!("sig")));
    assert!(keys[0].get("d").is_none());
    assert_eq!(PublicKeys::from_jwks(&answer.body).unwrap().ids().count(), 1);
    let url = signed(&server, "").await;
    assert!(url.contains(&format!("&signature=v3.{}.", keys[0]["kid"].as_str().unwrap())));
}

#[tokio::test]
async fn the_key_survives_a_restart() {
    let server = Server::start().await;
    let keys = server.browser().get("/verify/keys").await.body;
    let url = signed(&server, "").await;
    let server = server.restart().await;
    assert_eq!(server.browser().get("/verify/keys").await.body, keys);
    assert_eq!(server.browser().get_json(&url).await.status, 200);
}

#[tokio::test]
async fn a_given_key_signs_and_is_not_stored() {
    let key = PrivateKey::generate().unwrap();
    let id = key.public_key().ids().next().unwrap().to_owned();
    let server = Server::with(|config| config.private_key(key)).await;
    assert!(signed(&server, "").await.contains(&id));
    assert_eq!(server.database.number("SELECT COUNT(*) FROM signing_keys").await, 0);
}

#[tokio::test]
async fn the_private_key_is_encrypted() {
    let server = Server::start().await;
    assert!(!server.database.contains("PRIVATE KEY").await);
    let keys = server.browser().get("/verify/keys").await.json();
    let id = keys["keys"][0]["kid"].as_str().unwrap().to_owned();
    assert!(server.database.contains(&id).await, "the search finds what is there");
}
