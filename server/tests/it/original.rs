//! What is broken in the original AuthSig server, point by point.

use civic_sip::authsig::{Secret, Signer};

use crate::support::{STRANGER, Server, encoded};

/// The original signs names and values without anything between them, so that one text has many readings.
#[tokio::test]
async fn a_signature_can_t_be_moved_to_other_parameters() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let mut browser = server.browser();
    browser.post("/users", &[("login", "attacker"), ("password", "a good password")]).await;
    let query = "login=attacker&a=zlogin:adminm:";
    let url = browser.get_json(&format!("/verify/request?{query}")).await.text("url");
    let signature = url.split_once("&signature=").unwrap().1;
    for forged in [
        "a=z&login=admin&m=login:attacker",
        "a=z&login=admin&m=login%3Aattacker&time=2027-01-15T08%3A00%3A00Z",
        "login=attacker&a=z&login=admin&m=&time=2027-01-15T08%3A00%3A00Z",
    ] {
        let path = format!("/verify/verified?{forged}&signature={signature}");
        assert_eq!(browser.get_json(&path).await.status, 403, "{forged}");
    }
    assert_eq!(browser.get_json(&url).await.status, 200);
}

#[tokio::test]
async fn a_login_that_begins_with_another_proves_nothing_about_that() {
    let server = Server::with(|config| config.sign_up(true)).await;
    let mut browser = server.browser();
    browser.post("/users", &[("login", "user_1m"), ("password", "a good password")]).await;
    let url = browser.get_json("/verify/request?login=user_1m&x=1").await.text("url");
    for forged in [url.replace("user_1m&", "user_1&m"), url.replace("user_1m&", "user_1&m=&")] {
        assert_eq!(browser.get_json(&forged).await.status, 403, "{forged}");
    }
    assert_eq!(browser.get_json("/verify/request?login=user_1&m=").await.status, 403);
}

#[tokio::test]
async fn a_secret_in_the_query_signs_and_verifies_nothing() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let secret = Secret::generate().unwrap();
    for name in ["secret", "Secret", "secret[]", "[secret]", "secret.x", "%73ecret"] {
        let query = format!("login=user_1&{name}={}", secret.as_str());
        assert_eq!(
            browser.get_json(&format!("/verify/request?{query}")).await.status,
            403,
            "{name}"
        );
    }
    // What somebody signed with a secret of their own.
    let clock = server.clock.clone();
    let signer = Signer::builder().secret(secret.as_str()).clock(move || clock.now());
    let signer = signer.public_url("https://id.example/verify").build().unwrap();
    let time = "time=2027-01-15T08%3A00%3A00Z";
    let url = signer.sign_url(&format!("/verified?login=user_1&{time}")).unwrap();
    assert!(url.starts_with("https://id.example/verify/verified?"), "{url}");
    for url in [url.clone(), format!("{url}&secret={}", secret.as_str())] {
        assert_eq!(browser.get_json(&url).await.status, 403);
    }
}

/// The original's signatures are bcrypt: with a NUL byte, they sign nothing; with a high cost, they take days.
#[tokio::test]
async fn a_signature_of_the_original_is_refused_at_once() {
    let server = Server::start().await;
    let mut browser = server.browser();
    for cost in ["04", "10", "31"] {
        let signature =
            format!("$2a${cost}$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz0123456");
        let path = format!("/verify/verified?login=user_1&signature={}", encoded(&signature));
        assert_eq!(browser.get_json(&path).await.status, 403);
    }
    for query in
        ["login=user_1%00&signature=v3.a.b", "login=user_1&signature=%00", "%00=&login=user_1"]
    {
        assert_eq!(browser.get_json(&format!("/verify/verified?{query}")).await.status, 403);
    }
}

#[tokio::test]
async fn a_nul_in_a_value_is_signed_with_all_that_follows() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    let url = browser.get_json("/verify/request?login=user_1&a=x%00y").await.text("url");
    assert_eq!(browser.get_json(&url).await.status, 200);
    for changed in
        [url.replace("%00y", "%00z"), url.replace("%00y", ""), url.replace("%00y", "%00")]
    {
        assert_eq!(browser.get_json(&changed).await.status, 403, "{changed}");
    }
}

#[tokio::test]
async fn without_success_nobody_is_notified_or_redirected() {
    let server = Server::with(|config| config.allow(STRANGER)).await;
    let address = encoded(STRANGER);
    let requests = [
        format!("login=user_1&notify_url={address}&redirect_url={address}"),
        format!("login=admin&notify_url={address}&redirect_url={address}"),
        format!("login=user_1&service=other&notify_url={address}&redirect_url={address}"),
        format!("login=user_1&time=1&notify_url={address}&redirect_url={address}"),
        format!("login=user_1&default=none&notify_url={address}&redirect_url={address}"),
    ];
    let (mut nobody, mut browser) = (server.browser(), server.logged_in("user_1").await);
    for (index, query) in requests.iter().enumerate() {
        let path = format!("/verify/request?{query}");
        let mut answers = vec![nobody.get(&path).await, nobody.get_json(&path).await];
        if index > 0 {
            answers.extend([browser.get(&path).await, browser.get_json(&path).await]);
        }
        for answer in answers {
            let location = answer.header("location").unwrap_or("/session");
            assert!(location.starts_with("/session"), "{query}: {answer:?}");
            assert!(!answer.body.contains("signature") && answer.status >= 300, "{query}");
        }
    }
    assert_eq!(server.notifications().await, 0);
}

#[tokio::test]
async fn addresses_that_the_operator_does_not_list_are_asked_about_first() {
    let server = Server::start().await;
    let mut browser = server.logged_in("user_1").await;
    for name in ["notify_url", "redirect_url"] {
        let path = format!("/verify/request?provides=login&{name}={}", encoded(STRANGER));
        assert_eq!(browser.get_json(&path).await.status, 409);
        assert!(browser.get(&path).await.body.contains("stranger.example"));
    }
    assert_eq!(server.notifications().await, 0);
}

#[tokio::test]
async fn not_anybody_takes_a_slug() {
    let server = Server::start().await;
    let body = r#"{"slug": "app", "params": {}}"#;
    assert_eq!(server.browser().post_json("/defaults", body).await.status, 403);
    assert_eq!(server.logged_in("user_1").await.post_json("/defaults", body).await.status, 403);
}
