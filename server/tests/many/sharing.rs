//! What one instance did counts at the other.

use crate::support::{Receiver, Site, password};

const DEFAULTS: (&str, &str) = ("AUTHSIG_DEFAULT_CREATORS", "user_1");

#[tokio::test]
async fn a_session_counts_at_both() {
    let Some(site) = Site::start(&[]).await else { return };
    let person = site.member("user_1").await;
    let mut first = site.at(0, &site.visitor());
    assert_eq!(first.log_in("user_1", &password("user_1")).await.status, 303);
    let second = site.at(1, &first);
    let url = second.request(&[("login", "user_1")]).await.signed_url();
    assert_eq!(site.at(0, &person).verify(&url).await.status, 200);
    assert_eq!(site.at(1, &person).verify(&url).await.status, 200);

    assert_eq!(first.post("/session/end", &[]).await.status, 303);
    assert_eq!(second.request(&[("login", "user_1")]).await.status, 401);
    // The other session of the same person goes on.
    assert_eq!(person.request(&[("login", "user_1")]).await.status, 200);
}

#[tokio::test]
async fn a_new_password_ends_sessions_at_both() {
    let Some(site) = Site::start(&[]).await else { return };
    let person = site.member("user_1").await;
    let mut changing = site.at(0, &person);
    let fields = [("password", &*password("user_1")), ("new_password", "another password")];
    assert_eq!(changing.post("/account/password", &fields).await.status, 303);
    assert_eq!(site.at(1, &person).request(&[("login", "user_1")]).await.status, 401);
    assert_eq!(site.at(1, &changing).request(&[("login", "user_1")]).await.status, 200);
    let mut old = site.at(1, &site.visitor());
    assert_eq!(old.log_in("user_1", &password("user_1")).await.status, 401);
}

#[tokio::test]
async fn consent_that_one_asked_for_is_given_at_the_other() {
    let Some(site) = Site::start(&[]).await else { return };
    let person = site.member("user_1").await;
    let request = [("login", "user_1"), ("redirect_url", "https://stranger.example/in")];
    let asked = site.at(0, &person).request(&request).await;
    assert_eq!(asked.status, 409, "{}", asked.body);
    let page = asked.json()["consent"].as_str().unwrap().to_owned();
    let path = page.strip_prefix(&*site.proxy.url).unwrap();
    let page = site.at(0, &person).get(path).await.body;
    let (_, consent) = page.split_once(r#"name="consent" value=""#).unwrap();
    let consent = consent.split('"').next().unwrap();

    let mut other = site.at(1, &person);
    let given = other.post(path, &[("consent", consent)]).await;
    assert_eq!(site.at(0, &person).verify(&given.signed_url()).await.status, 200);
    let mut somebody_else = site.at(1, &site.member("user_2").await);
    assert_ne!(somebody_else.post(path, &[("consent", consent)]).await.status, 200);
}

#[tokio::test]
async fn a_default_of_one_works_at_the_other() {
    let Some(site) = Site::start(&[DEFAULTS]).await else { return };
    let person = site.member("user_1").await;
    let params = r#"{"state": "from the default", "provides": ["login"]}"#;
    assert_eq!(site.at(0, &person).create_default("app", params).await.status, 201);
    let asked = site.at(1, &person).request(&[("default[]", "app")]).await;
    let verified = site.at(0, &person).verify(&asked.signed_url()).await;
    assert_eq!(verified.status, 200, "{}", verified.body);
    assert_eq!(verified.json()["data"]["state"], "from the default");
    assert_eq!(site.at(1, &person).create_default("app", "{}").await.status, 409);
}

#[tokio::test]
async fn what_one_stored_the_other_delivers() {
    let receiver = Receiver::start().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let Some(mut site) = Site::start(&variables).await else { return };
    let person = site.member("user_1").await;
    // Nobody claims anything until the first instance is gone.
    let mut stop = site.database.stop_at("outbox", "UPDATE", "true").await;
    let request = [("login", "user_1"), ("notify_url", &*receiver.address()), ("state", "1")];
    assert_eq!(site.at(0, &person).request(&request).await.status, 200);
    stop.until_waiting(1).await;
    site.kill(0);
    stop.end().await;
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].state, "1");
    assert_eq!(person.verify(&received[0].url).await.status, 200);
}

#[tokio::test]
async fn one_of_200_who_sign_up_at_once_gets_the_name() {
    let Some(site) = Site::start(&[("AUTHSIG_MAX_SIGN_UPS", "100000")]).await else { return };
    let tries = (0..200).map(|number| {
        let mut person = site.visitor();
        tokio::spawn(async move {
            let password = format!("password {number}");
            loop {
                let answer = person.sign_up("user_1", &password).await;
                match answer.status {
                    // Too many passwords were being hashed.
                    503 => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
                    status => return (status, password),
                }
            }
        })
    });
    let tries: Vec<_> = tries.collect();
    let mut winners = Vec::new();
    for one in tries {
        match one.await.unwrap() {
            (303, password) => winners.push(password),
            (status, _) => assert_eq!(status, 409),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(site.visitor().log_in("user_1", &winners[0]).await.status, 303);
    assert_eq!(site.database.number("SELECT COUNT(*) FROM accounts").await, 1);
    assert_eq!(site.database.number("SELECT COUNT(*) FROM credentials").await, 1);
}

#[tokio::test]
async fn one_of_200_defaults_at_once_gets_the_slug() {
    let Some(site) = Site::start(&[DEFAULTS, ("AUTHSIG_MAX_DEFAULTS", "100000")]).await else {
        return;
    };
    let person = site.member("user_1").await;
    let tries = (0..200).map(|number| {
        let person = person.clone();
        tokio::spawn(async move {
            let params = format!(r#"{{"state": "{number}", "provides": ["login"]}}"#);
            (person.create_default("app", &params).await.status, number.to_string())
        })
    });
    let tries: Vec<_> = tries.collect();
    let mut winners = Vec::new();
    for one in tries {
        match one.await.unwrap() {
            (201, state) => winners.push(state),
            (status, _) => assert_eq!(status, 409),
        }
    }
    assert_eq!(winners.len(), 1);
    let url = person.request(&[("default[]", "app")]).await.signed_url();
    assert_eq!(person.verify(&url).await.json()["data"]["state"], *winners[0]);
}
