//! The clocks of machines differ. By which one instances wait for each other must not depend on them.

use crate::support::{Database, Receiver, Site, password};

/// The database is 10 minutes ahead, as if the instances were 10 minutes late.
#[tokio::test]
async fn limits_and_leases_follow_the_database() {
    let Some(database) = Database::create().await else { return };
    database.set_clock("+ interval ''10 minutes''").await;
    let receiver = Receiver::start_silent().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let site = Site::on(database, &variables).await;
    let mut person = site.member("user_1").await;
    site.database.execute("DELETE FROM limits").await;
    assert_eq!(person.log_in("user_1", "a wrong one").await.status, 401);
    const NOW: &str = "(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) * 1000)::BIGINT";
    let ahead = |column: &str, table: &str| format!("SELECT MAX({column} - {NOW}) FROM {table}");
    let full = site.database.number(&ahead("full_at", "limits")).await;
    assert!((540_000..=640_000).contains(&full), "{full}");

    let request = [("login", "user_1"), ("notify_url", &*receiver.address()), ("state", "1")];
    let url = person.request(&request).await.signed_url();
    receiver.wait_for(1).await;
    for (column, expected) in
        [("created_at", 540_000..=600_000), ("leased_until", 541_000..=630_000)]
    {
        let found = site.database.number(&ahead(&format!("{column} * 1000"), "outbox")).await;
        assert!(expected.contains(&found), "{column}: {found}");
    }
    // What is signed, and how long sessions last, go by the clock of the instance.
    let signed = person.verify(&url).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    let seen = site.database.number(&ahead("seen_at * 1000", "sessions")).await;
    assert!((-60_000..=0).contains(&seen), "{seen}");
    assert_eq!(site.visitor().log_in("user_1", &password("user_1")).await.status, 303);
}
