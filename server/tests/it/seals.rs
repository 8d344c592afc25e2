//! Whoever writes to the database without the house secret: what is encrypted counts in its own row alone.

use authsig_server::{AuthSig, Config, StartError};

use crate::support::{Receiver, Server, encoded};

#[tokio::test]
async fn a_default_that_can_t_be_decrypted_is_one_failure_whatever_was_done_to_it() {
    let server = Server::with(|config| config.anybody_creates_defaults()).await;
    let mut browser = server.logged_in("user_1").await;
    for slug in ["one", "two", "three"] {
        let body = format!(r#"{{"slug": "{slug}", "params": {{"state": "of {slug}"}}}}"#);
        assert_eq!(browser.post_json("/defaults", &body).await.status, 201);
    }
    let path = "/verify/request?login=user_1&default=two";
    assert_eq!(browser.get_json(path).await.status, 200);
    let mut answers = Vec::new();
    for value in [
        // Of another row, of another purpose, cut at each end, and empty.
        "(SELECT params FROM defaults WHERE slug = 'one')",
        "(SELECT private_key FROM signing_keys)",
        "(SELECT value FROM meta WHERE name = 'house_check')",
        "(SELECT substr(params, 1, 30) FROM defaults WHERE slug = 'three')",
        "(SELECT substr(params, 1, 13) FROM defaults WHERE slug = 'three')",
        "(SELECT substr(params, 2) FROM defaults WHERE slug = 'three')",
        "(SELECT substr(params, 1, 1) FROM defaults WHERE slug = 'three')",
        "(SELECT substr(params, 1, 0) FROM defaults WHERE slug = 'three')",
    ] {
        let sql = format!("UPDATE defaults SET params = {value} WHERE slug = 'two'");
        server.database.execute(&sql).await;
        let mut answer = browser.get_json(path).await;
        assert_eq!(answer.status, 503, "{value}: {answer:?}");
        answer.headers.remove("x-request-id");
        answers.push((answer.headers, answer.body));
    }
    let first = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| *answer == first), "{answers:?}");
    assert_eq!(browser.get_json(&path.replace("two", "one")).await.status, 200);
}

#[tokio::test]
async fn a_private_key_of_another_row_never_signs() {
    let server = Server::start().await;
    server.admin().await.rotate_key().await.unwrap();
    server.clock.pass(6 * 60);
    let server = server.restart().await;
    server.logged_in("user_1").await;
    server
        .database
        .execute(
            "UPDATE signing_keys SET private_key = \
             (SELECT private_key FROM signing_keys WHERE ordinal = 1) WHERE ordinal = 2",
        )
        .await;
    let Err(error) = AuthSig::start(server.config.clone()).await else { panic!("it started") };
    assert!(matches!(error, StartError::Keys(_)), "{error:?}");
    assert!(error.to_string().contains("is damaged"), "{error}");
}

#[tokio::test]
async fn a_notification_of_another_row_is_never_sent() {
    let mut receiver = Receiver::start().await;
    let origin = receiver.origin.clone();
    let listed = |config: Config| config.allow_origin(&origin).notify_origin(&origin);
    let server = Server::at("http://127.0.0.1:8700", listed).await;
    let mut browser = server.logged_in("user_1").await;
    let address = encoded(&receiver.address());
    let path = format!("/verify/request?login=user_1&notify_url={address}");
    let mut ids = Vec::new();
    for _ in 0..2 {
        receiver.answer(500, &[]);
        assert_eq!(browser.get_json(&path).await.status, 200);
        ids.push(receiver.next().await.id().to_owned());
    }
    let attempted = |number: i64| {
        format!("SELECT COUNT(*) FROM outbox WHERE attempts = {number} AND leased_until = 0")
    };
    server.database.until(&attempted(1), 2).await;
    let [first, second] = &ids[..] else { panic!("{ids:?}") };
    let sql = format!(
        "UPDATE outbox SET notification = (SELECT notification FROM outbox WHERE id = '{first}') \
         WHERE id = '{second}'"
    );
    server.database.execute(&sql).await;
    server.clock.pass(10);
    // The first one arrives, and the other one stays where it is.
    assert_eq!(receiver.next().await.id(), first);
    server.database.until(&attempted(2), 1).await;
    let waiting = format!(
        "SELECT COUNT(*) FROM outbox WHERE id = '{second}' AND attempts = 2 AND finished_at IS NULL"
    );
    server.database.until(&waiting, 1).await;
    assert!(receiver.is_empty());
}
