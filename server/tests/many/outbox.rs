//! Notifications: at least once, with one id, and by one instance.

use std::collections::HashSet;

use crate::support::{Receiver, Site, eventually};

const WAITING: &str = "SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL";

#[tokio::test]
async fn two_instances_deliver_200_notifications_once_each() {
    let receiver = Receiver::start().await;
    let mut variables = receiver.variables().to_vec();
    variables.push(("AUTHSIG_MAX_REQUESTS", "100000".to_owned()));
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    let Some(site) = Site::start(&variables).await else { return };
    let person = site.member("user_1").await;
    let requests: Vec<_> = (0..200)
        .map(|number| {
            let (person, address) = (person.clone(), receiver.address());
            tokio::spawn(async move {
                let state = number.to_string();
                let request = [("login", "user_1"), ("notify_url", &*address), ("state", &*state)];
                assert_eq!(person.request(&request).await.status, 200);
            })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    eventually("everything is delivered", async || {
        (site.database.number(WAITING).await == 0).then_some(())
    })
    .await;
    let received = receiver.received();
    assert_eq!(received.len(), 200);
    assert_eq!(received.iter().map(|one| &one.id).collect::<HashSet<_>>().len(), 200);
    assert_eq!(received.iter().map(|one| &one.state).collect::<HashSet<_>>().len(), 200);
    assert_eq!(site.database.number("SELECT SUM(attempts)::BIGINT FROM outbox").await, 200);
    // What was delivered is not kept.
    const KEPT: &str = "SELECT COUNT(*) FROM outbox WHERE notification IS NOT NULL";
    assert_eq!(site.database.number(KEPT).await, 0);
    // Both had their part.
    let share = |log: String| log.matches("a notification ended").count();
    let shares: Vec<_> = site.instances.iter().map(|instance| share(instance.log())).collect();
    assert_eq!(shares.iter().sum::<usize>(), 200, "{shares:?}");
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
}

/// `kill -9` of the only instance that may have claimed it: the lease ends, and the other one goes on.
#[tokio::test]
async fn what_a_killed_instance_claimed_another_delivers() {
    let receiver = Receiver::start_silent().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let Some(mut site) = Site::start(&variables).await else { return };
    site.kill(1);
    let person = site.member("user_1").await;
    let request = [("login", "user_1"), ("notify_url", &*receiver.address()), ("state", "1")];
    assert_eq!(person.request(&request).await.status, 200);
    let first = receiver.wait_for(1).await;
    site.kill(0);
    site.add(&variables).await;
    const LEASED: &str = "SELECT leased_until - EXTRACT(EPOCH FROM now())::BIGINT FROM outbox";
    assert!((1..=30).contains(&site.database.number(LEASED).await));
    // As if half a minute went by.
    site.database.execute("UPDATE outbox SET leased_until = 0").await;
    receiver.answer(2);
    let received = receiver.wait_for(2).await;
    assert_eq!(received[1].id, first[0].id);
    eventually("it is delivered", async || {
        (site.database.number(WAITING).await == 0).then_some(())
    })
    .await;
    assert_eq!(receiver.received().len(), 2);
}
