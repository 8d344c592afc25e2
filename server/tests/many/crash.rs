//! `kill -9` at named points.

use crate::support::{Receiver, Site, eventually, password};

const WAITING: &str = "SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL";

async fn all_delivered(site: &Site) {
    eventually("everything is delivered", async || {
        (site.database.number(WAITING).await == 0).then_some(())
    })
    .await;
}

/// Kills all instances.
fn kill_all(site: &mut Site) {
    while !site.instances.is_empty() {
        site.kill(0);
    }
}

#[tokio::test]
async fn after_a_notification_was_stored() {
    let receiver = Receiver::start().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let Some(mut site) = Site::start(&variables).await else { return };
    let person = site.member("user_1").await;
    let claims = "NEW.leased_until > OLD.leased_until";
    let mut stop = site.database.stop_at("outbox", "UPDATE", claims).await;
    let request = [("login", "user_1"), ("notify_url", &*receiver.address()), ("state", "1")];
    assert_eq!(person.request(&request).await.status, 200);
    stop.until_waiting(1).await;
    kill_all(&mut site);
    stop.end().await;
    assert_eq!(receiver.received().len(), 0);
    assert_eq!(site.database.number(WAITING).await, 1);

    site.add(&variables).await;
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].state, "1");
    assert_eq!(person.verify(&received[0].url).await.status, 200);
    all_delivered(&site).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn after_the_receiver_has_answered() {
    let receiver = Receiver::start().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let Some(mut site) = Site::start(&variables).await else { return };
    let person = site.member("user_1").await;
    let notes = "NEW.finished_at IS NOT NULL";
    let mut stop = site.database.stop_at("outbox", "UPDATE", notes).await;
    let request = [("login", "user_1"), ("notify_url", &*receiver.address()), ("state", "1")];
    assert_eq!(person.request(&request).await.status, 200);
    stop.until_waiting(1).await;
    kill_all(&mut site);
    stop.end().await;
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(site.database.number(WAITING).await, 1);

    site.add(&variables).await;
    // As if the half minute of the lease went by.
    site.database.execute("UPDATE outbox SET leased_until = 0").await;
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].id, received[1].id);
    assert_eq!(received[0].url, received[1].url);
    all_delivered(&site).await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn before_a_notification_was_stored() {
    let receiver = Receiver::start().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let Some(mut site) = Site::start(&variables).await else { return };
    let person = site.member("user_1").await;
    let mut stop = site.database.stop_at("outbox", "INSERT", "true").await;
    let (asking, address) = (person.clone(), receiver.address());
    let asking = tokio::spawn(async move {
        asking.request(&[("login", "user_1"), ("notify_url", &address), ("state", "1")]).await
    });
    stop.until_waiting(1).await;
    kill_all(&mut site);
    stop.end().await;
    // Nobody heard of success.
    assert_eq!(asking.await.unwrap().status, 502);
    assert_eq!(site.database.number("SELECT COUNT(*) FROM outbox").await, 0);
    site.add(&variables).await;
    assert_eq!(person.request(&[("login", "user_1")]).await.status, 200);
}

#[tokio::test]
async fn in_the_middle_of_a_sign_up() {
    let Some(mut site) = Site::start(&[]).await else { return };
    for (table, exists) in [("credentials", false), ("sessions", true)] {
        let login = format!("user_{table}");
        let mut stop = site.database.stop_at(table, "INSERT", "true").await;
        let mut person = site.visitor();
        let signing_up = {
            let login = login.clone();
            tokio::spawn(async move { person.sign_up(&login, &password(&login)).await.status })
        };
        stop.until_waiting(1).await;
        kill_all(&mut site);
        stop.end().await;
        assert_eq!(signing_up.await.unwrap(), 502);
        site.database.execute("DROP FUNCTION wait_here CASCADE").await;
        site.add(&[]).await;

        // Either nothing happened, or the account is whole.
        let (mut person, mut again) = (site.visitor(), site.visitor());
        let logged_in = person.log_in(&login, &password(&login)).await.status;
        let signed_up = again.sign_up(&login, &password(&login)).await.status;
        assert_eq!((logged_in, signed_up), if exists { (303, 409) } else { (401, 303) });
    }
}

#[tokio::test]
async fn in_the_middle_of_a_change_of_the_password() {
    let Some(mut site) = Site::start(&[]).await else { return };
    let person = site.member("user_1").await;
    let mut stop = site.database.stop_at("sessions", "INSERT", "true").await;
    let mut changing = person.clone();
    let changing = tokio::spawn(async move {
        let fields = [("password", &*password("user_1")), ("new_password", "another password")];
        changing.post("/account/password", &fields).await.status
    });
    stop.until_waiting(1).await;
    kill_all(&mut site);
    stop.end().await;
    assert_eq!(changing.await.unwrap(), 502);
    site.add(&[]).await;
    assert_eq!(person.request(&[("login", "user_1")]).await.status, 200);
    assert_eq!(site.visitor().log_in("user_1", "another password").await.status, 401);
    assert_eq!(site.visitor().log_in("user_1", &password("user_1")).await.status, 303);
}
