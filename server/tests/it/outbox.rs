//! Notifications: stored before anybody hears of success, delivered at least once, always with the same id.

use authsig_server::Config;
use civic_sip::authsig::Notification;
use serde_json::json;

use crate::support::{Browser, Receiver, Server, encoded};

/// A base on this machine, since the receivers of these tests are there.
const LOCAL: &str = "http://127.0.0.1:8700";

/// A server, an app that it notifies without asking, and somebody who is logged in.
struct World {
    server: Server,
    receiver: Receiver,
    browser: Browser,
}

impl World {
    async fn start() -> Self {
        Self::with(|config| config).await
    }

    async fn with(configure: impl FnOnce(Config) -> Config) -> Self {
        let receiver = Receiver::start().await;
        let origin = receiver.origin.clone();
        let configure =
            |config: Config| configure(config.allow_origin(&origin).notify_origin(&origin));
        let server = Server::at(LOCAL, configure).await;
        let browser = server.logged_in("user_1").await;
        Self { server, receiver, browser }
    }

    /// Has the app notified, and returns the signed URL.
    async fn notify(&mut self) -> String {
        let path = request(&self.receiver.address());
        let answer = self.browser.get_json(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("url")
    }

    /// Waits until the worker has noted what came of this attempt, which is to be repeated.
    async fn noted(&self, id: &str, attempts: u32) {
        let sql = format!(
            "SELECT COUNT(*) FROM outbox \
             WHERE id = '{id}' AND attempts = {attempts} AND leased_until = 0 AND finished_at IS NULL"
        );
        self.server.database.until(&sql, 1).await;
    }

    /// Waits until a notification has ended like this, and asserts that nothing of it is left.
    async fn ended(&self, id: &str, outcome: &str) {
        let sql = format!(
            "SELECT COUNT(*) FROM outbox \
             WHERE id = '{id}' AND outcome = '{outcome}' AND notification IS NULL"
        );
        self.server.database.until(&sql, 1).await;
    }

    async fn attempts(&self, id: &str) -> i64 {
        let sql = format!("SELECT attempts FROM outbox WHERE id = '{id}'");
        self.server.database.number(&sql).await
    }

    /// Lets time pass, and waits until the worker has begun all that was due then.
    async fn pass(&mut self, seconds: u64) {
        self.server.clock.pass(seconds);
        // Another notification wakes the worker, which takes what is due in its order.
        self.browser.log_in("user_1").await;
        let path = request(&[&*self.receiver.origin, "/wake"].concat());
        assert_eq!(self.browser.get_json(&path).await.status, 200);
        let sql = "SELECT COUNT(*) FROM outbox WHERE attempts = 0";
        self.server.database.until(sql, 0).await;
    }
}

fn request(address: &str) -> String {
    format!("/verify/request?login=user_1&notify_url={}", encoded(address))
}

#[tokio::test]
async fn a_notification_is_the_signed_url() {
    let mut world = World::start().await;
    let url = world.notify().await;
    let received = world.receiver.next().await;
    assert_eq!(received.path, "/notify");
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(received.id().starts_with("msg_") && received.id().len() == 26, "{}", received.id());
    // The signed URL is the proof; a signature of the body would need a key for each receiver.
    assert!(!received.headers.contains_key("webhook-signature"));
    assert!(!received.headers.contains_key("cookie"));
    let address = world.receiver.address();
    let body = json!({
        "verified": true,
        "url": url,
        "data": {
            "login": "user_1",
            "notify_url": address,
            "time": "2027-01-15T08:00:00Z",
            "audience": address,
        },
    });
    assert_eq!(received.json(), body);
    let verifier = world.server.verifier().await.audience(address).build().unwrap();
    let notification = Notification::parse(&received.body).unwrap();
    assert_eq!(notification.verify(&verifier).unwrap().login(), "user_1");
    world.ended(received.id(), "delivered").await;
}

#[tokio::test]
async fn each_notification_has_an_id_of_its_own() {
    let mut world = World::start().await;
    world.notify().await;
    let first = world.receiver.next().await;
    world.notify().await;
    assert_ne!(world.receiver.next().await.id(), first.id());
}

#[tokio::test]
async fn a_notification_is_stored_before_anybody_hears_of_success() {
    let mut world = World::start().await;
    world.server.database.execute("ALTER TABLE outbox RENAME TO outbox_away").await;
    let path = request(&world.receiver.address());
    for answer in [world.browser.get(&path).await, world.browser.get_json(&path).await] {
        assert_eq!(answer.status, 503);
        assert!(!answer.body.contains("signature"), "{answer:?}");
    }
    world.server.database.execute("ALTER TABLE outbox_away RENAME TO outbox").await;
    world.notify().await;
    assert_eq!(world.server.notifications().await, 1);
}

#[tokio::test]
async fn an_attempt_that_fails_is_repeated_with_the_same_id() {
    for status in [500, 503, 404, 400, 302, 429] {
        let mut world = World::start().await;
        world.receiver.answer(status, &[("location", &world.receiver.address())]);
        world.notify().await;
        let first = world.receiver.next().await;
        world.noted(first.id(), 1).await;
        // After 4 to 6 seconds.
        world.pass(3).await;
        assert_eq!(world.attempts(first.id()).await, 1, "{status}");
        world.pass(3).await;
        let second = world.receiver.next().await;
        assert_eq!((second.id(), &second.body), (first.id(), &first.body), "{status}");
        world.ended(first.id(), "delivered").await;
        assert!(world.receiver.is_empty());
    }
}

#[tokio::test]
async fn attempts_become_rarer() {
    let mut world = World::start().await;
    world.receiver.answer(500, &[]);
    world.receiver.answer(500, &[]);
    world.notify().await;
    let id = world.receiver.next().await.id().to_owned();
    world.noted(&id, 1).await;
    world.pass(6).await;
    world.receiver.next().await;
    world.noted(&id, 2).await;
    // After 24 to 36 seconds.
    world.pass(23).await;
    assert_eq!(world.attempts(&id).await, 2);
    world.pass(13).await;
    assert_eq!(world.receiver.next().await.id(), id);
}

#[tokio::test]
async fn the_receiver_says_when_to_try_again() {
    for retry_after in ["120", "Fri, 15 Jan 2027 08:02:00 GMT"] {
        let mut world = World::start().await;
        world.receiver.answer(503, &[("retry-after", retry_after)]);
        world.notify().await;
        let first = world.receiver.next().await;
        world.noted(first.id(), 1).await;
        world.pass(119).await;
        assert_eq!(world.attempts(first.id()).await, 1, "{retry_after}");
        world.pass(1).await;
        assert_eq!(world.receiver.next().await.id(), first.id());
    }
}

#[tokio::test]
async fn every_2xx_and_410_end_a_notification() {
    for (status, outcome) in
        [(200, "delivered"), (202, "delivered"), (204, "delivered"), (410, "gone")]
    {
        let mut world = World::start().await;
        world.receiver.answer(status, &[]);
        world.notify().await;
        let id = world.receiver.next().await.id().to_owned();
        world.ended(&id, outcome).await;
        world.pass(24 * 60 * 60).await;
        assert!(world.receiver.is_empty());
    }
}

#[tokio::test]
async fn attempts_end_after_about_a_day() {
    let mut world = World::start().await;
    for _ in 0..20 {
        world.receiver.answer(500, &[]);
    }
    world.notify().await;
    let (mut id, mut attempts) = (String::new(), 0);
    let waiting = "SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL AND attempts > 0 AND leased_until = 0";
    loop {
        let received = world.receiver.next().await;
        assert!(attempts == 0 || received.id() == id);
        id = received.id().to_owned();
        attempts += 1;
        let over = format!(
            "SELECT COUNT(*) FROM outbox WHERE id = '{id}' AND leased_until > 0 AND finished_at IS NULL"
        );
        world.server.database.until(&over, 0).await;
        if world.server.database.number(waiting).await == 0 {
            break;
        }
        // The longest wait, with all its jitter.
        world.pass(17_280).await;
    }
    let sql = format!("SELECT next_attempt_at - created_at FROM outbox WHERE id = '{id}'");
    let hours = world.server.database.number(&sql).await / 3_600;
    assert!((18..=25).contains(&hours), "{hours} hours, {attempts} attempts");
    world.ended(&id, "given up").await;
}

#[tokio::test]
async fn a_notification_is_encrypted_and_deleted_when_it_ended() {
    let mut world = World::start().await;
    world.receiver.answer(500, &[]);
    let path = request(&world.receiver.address()) + "&note=a-note-of-this-test";
    let url = world.browser.get_json(&path).await.text("url");
    let first = world.receiver.next().await;
    world.noted(first.id(), 1).await;
    let signature = url.split_once("&signature=").unwrap().1;
    for text in [signature, "a-note-of-this-test", &world.receiver.origin, "/notify", "login="] {
        assert!(!world.server.database.contains(text).await, "{text}");
    }
    assert!(world.server.database.contains(first.id()).await);
    world.pass(6).await;
    world.ended(first.id(), "delivered").await;
    let sql =
        "SELECT COUNT(*) FROM outbox WHERE finished_at IS NOT NULL AND notification IS NOT NULL";
    assert_eq!(world.server.database.number(sql).await, 0);
}

#[tokio::test]
async fn rows_of_finished_notifications_are_deleted_after_a_day() {
    let mut world = World::start().await;
    world.notify().await;
    let id = world.receiver.next().await.id().to_owned();
    world.ended(&id, "delivered").await;
    world.server.clock.pass(24 * 60 * 60 + 1);
    let World { server, receiver, .. } = world;
    let server = server.restart().await;
    server.database.until("SELECT COUNT(*) FROM outbox", 0).await;
    drop(receiver);
}

#[tokio::test]
async fn a_full_outbox_is_503_and_nothing_signed_is_shown() {
    let mut world = World::with(|config| config.max_outbox(1)).await;
    world.receiver.hold(true);
    world.notify().await;
    let first = world.receiver.next().await;
    let path = request(&world.receiver.address());
    let with_redirect = format!("{path}&redirect_url={}", encoded(&world.receiver.origin));
    for path in [path, with_redirect + "%2F"] {
        for answer in [world.browser.get(&path).await, world.browser.get_json(&path).await] {
            assert_eq!((answer.status, answer.header("location")), (503, None), "{answer:?}");
            assert!(answer.header("retry-after").is_some());
            assert!(!answer.body.contains("signature"), "{answer:?}");
        }
    }
    // Whoever notifies nobody is not concerned.
    assert_eq!(world.browser.get("/verify/request?login=user_1").await.status, 200);
    world.receiver.hold(false);
    world.ended(first.id(), "delivered").await;
    world.notify().await;
    assert_ne!(world.receiver.next().await.id(), first.id());
}

#[tokio::test]
async fn a_failing_receiver_never_fails_the_request() {
    let mut world = World::start().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("http://{closed}");
    // What is no public address, and not listed.
    let addresses = [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://a.invalid/",
        &closed,
    ];
    for address in addresses {
        let consent = world.browser.get(&request(address)).await;
        let field = consent.field("consent");
        let answer = world.browser.post(&consent.action(), &[("consent", &field)]).await;
        assert_eq!(answer.status, 200, "{address}: {answer:?}");
        assert!(answer.body.contains("signature="));
    }
    let sql =
        "SELECT COUNT(*) FROM outbox WHERE attempts = 1 AND outcome IS DISTINCT FROM 'delivered'";
    world.server.database.until(sql, 5).await;
}

#[tokio::test]
async fn two_instances_deliver_each_notification_once() {
    let mut world = World::start().await;
    let other = authsig_server::AuthSig::start(world.server.config.clone()).await.unwrap();
    let mut there = Browser::new(other.router(), LOCAL).with_cookies(&world.browser.cookies);
    let path = request(&world.receiver.address());
    for _ in 0..10 {
        world.notify().await;
        assert_eq!(there.get_json(&path).await.status, 200);
    }
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..20 {
        ids.insert(world.receiver.next().await.id().to_owned());
    }
    let sql = "SELECT COUNT(*) FROM outbox WHERE outcome = 'delivered' AND attempts = 1";
    world.server.database.until(sql, 20).await;
    assert!(ids.len() == 20 && world.receiver.is_empty());
    other.shutdown().await;
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_being_delivered() {
    let mut world = World::start().await;
    world.receiver.hold(true);
    world.notify().await;
    let id = world.receiver.next().await.id().to_owned();
    let World { server, receiver, .. } = world;
    let Server { authsig, database, .. } = server;
    let shutdown = tokio::spawn(async move { authsig.shutdown().await });
    tokio::task::yield_now().await;
    assert!(!shutdown.is_finished());
    receiver.hold(false);
    shutdown.await.unwrap();
    let sql = format!("SELECT COUNT(*) FROM outbox WHERE id = '{id}' AND outcome = 'delivered'");
    assert_eq!(database.number(&sql).await, 1);
}

#[tokio::test]
async fn what_another_instance_left_is_delivered_when_its_lease_ends() {
    let mut world = World::start().await;
    world.receiver.answer(500, &[]);
    world.notify().await;
    let first = world.receiver.next().await;
    world.noted(first.id(), 1).await;
    // As an instance leaves it that claimed it and died.
    let until = world.server.clock.seconds() + 30;
    let sql = format!("UPDATE outbox SET leased_until = {until}, next_attempt_at = 0");
    world.server.database.execute(&sql).await;
    world.pass(29).await;
    assert_eq!(world.attempts(first.id()).await, 1);
    world.pass(1).await;
    assert_eq!(world.receiver.next().await.id(), first.id());
}

/// An app may keep the router alone.
#[tokio::test]
async fn the_router_works_on_without_the_handle() {
    let World { server, mut receiver, mut browser } = World::start().await;
    let Server { authsig, database, .. } = server;
    drop(authsig);
    assert_eq!(browser.get_json(&request(&receiver.address())).await.status, 200);
    receiver.next().await;
    drop(database);
}
