//! PostgreSQL goes away and comes back, each time in another way.

use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{Cluster, Database, Person, Receiver, Site, eventually, password};

/// Checks what needs no database.
async fn verifies(site: &Site, url: &str) {
    for instance in &site.instances {
        let at = site.visitor().at(&instance.url);
        let forged = url.replace("user_1", "user_2");
        assert_eq!(at.verify(url).await.status, 200);
        assert_eq!(at.verify(&forged).await.status, 403);
        assert!(at.get("/verify/keys").await.body.contains("kid"));
        assert_eq!(at.get("/healthz").await.status, 200);
    }
}

/// Checks that everything that needs the database gets 503 in time: nobody seems to be logged out.
async fn unavailable(site: &Site, person: &Person, within: Duration) {
    for instance in &site.instances {
        let at = person.at(&instance.url);
        let begin = Instant::now();
        let (mut logging_in, mut signing_up) = (at.clone(), at.clone());
        let password = password("user_1");
        let (ready, asked, logged_in, signed_up, account) = tokio::join!(
            at.get("/readyz"),
            at.request(&[("login", "user_1")]),
            logging_in.log_in("user_1", &password),
            signing_up.sign_up("user_3", &password),
            at.get("/account"),
        );
        assert!(begin.elapsed() < within, "{:?}", begin.elapsed());
        assert_eq!(ready.status, 503);
        for answer in [asked, logged_in, signed_up, account] {
            assert_eq!(answer.status, 503, "{}", answer.body);
            assert_eq!(answer.retry_after(), 5);
        }
    }
}

/// Waits until both instances work as before, and returns how long it took.
async fn recovered(site: &Site, person: &Person) -> Duration {
    let begin = Instant::now();
    for instance in &site.instances {
        let at = person.at(&instance.url);
        eventually("an instance recovers", async || {
            let asked = at.request(&[("login", "user_1")]).await.status;
            assert!(matches!(asked, 200 | 503), "{asked}");
            let ready = at.get("/readyz").await.status;
            (asked == 200 && ready == 200).then_some(())
        })
        .await;
    }
    begin.elapsed()
}

async fn start(cluster: &Cluster) -> (Site, Receiver) {
    let receiver = Receiver::start().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let site = Site::on(Database::create_on(cluster).await, &variables).await;
    (site, receiver)
}

/// Checks that the workers go on, too.
async fn notifies(receiver: &Receiver, person: &Person) {
    let before = receiver.received().len();
    let request = [("login", "user_1"), ("notify_url", &*receiver.address()), ("state", "1")];
    assert_eq!(person.request(&request).await.status, 200);
    receiver.wait_for(before + 1).await;
}

#[tokio::test]
async fn it_is_stopped_and_started() {
    let Some(cluster) = Cluster::start() else { return };
    let (site, receiver) = start(&cluster).await;
    let person = site.member("user_1").await;
    let url = person.request(&[("login", "user_1")]).await.signed_url();

    cluster.stop();
    verifies(&site, &url).await;
    unavailable(&site, &person, Duration::from_secs(3)).await;
    verifies(&site, &url).await;

    cluster.start_again();
    let took = recovered(&site, &person).await;
    println!("both instances work {} ms after PostgreSQL started again", took.as_millis());
    notifies(&receiver, &person).await;
    verifies(&site, &url).await;
}

#[tokio::test]
async fn it_stands_still() {
    let Some(cluster) = Cluster::start() else { return };
    let (site, receiver) = start(&cluster).await;
    let person = site.member("user_1").await;
    let url = person.request(&[("login", "user_1")]).await.signed_url();

    // One request waits for the answer to its statement when it happens.
    let mut stop = site.database.stop_at("accounts", "INSERT", "true").await;
    let mut caught = site.visitor();
    let caught = tokio::spawn(async move {
        let begin = Instant::now();
        (caught.sign_up("user_2", &password("user_2")).await.status, begin.elapsed())
    });
    stop.until_waiting(1).await;
    cluster.freeze();
    verifies(&site, &url).await;
    unavailable(&site, &person, Duration::from_secs(7)).await;
    let (status, took) = caught.await.unwrap();
    assert_eq!(status, 503);
    assert!(took < Duration::from_secs(8), "{took:?}");
    verifies(&site, &url).await;

    cluster.thaw();
    stop.end().await;
    let took = recovered(&site, &person).await;
    println!("both instances work {} ms after PostgreSQL went on", took.as_millis());
    notifies(&receiver, &person).await;
}

/// The machine of the database is gone, and another one answers at its address: no connection ends, none answers.
#[tokio::test]
async fn it_falls_silent() {
    let Some(cluster) = Cluster::start() else { return };
    let (address, silence) = forward(cluster.port()).await;
    let mut database = Database::create_on(&cluster).await;
    let direct = database.url.clone();
    database.url = direct.replace(&format!(":{}/", cluster.port()), &format!(":{address}/"));
    let receiver = Receiver::start().await;
    let variables = receiver.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let mut site = Site::on(database, &variables).await;
    site.database.url = direct;
    let person = site.member("user_1").await;
    // Each instance has several connections by then.
    let busy: Vec<_> = (0..16)
        .map(|_| {
            let person = person.clone();
            tokio::spawn(async move { person.request(&[("login", "user_1")]).await.status })
        })
        .collect();
    for one in busy {
        assert_eq!(one.await.unwrap(), 200);
    }
    let url = person.request(&[("login", "user_1")]).await.signed_url();

    silence.send_modify(|count| *count += 1);
    verifies(&site, &url).await;
    let took = recovered(&site, &person).await;
    println!("both instances work {} ms after PostgreSQL moved", took.as_millis());
    notifies(&receiver, &person).await;
}

/// Passes connections on to a port. Whenever the count changes, those that exist fall silent.
async fn forward(port: u16) -> (u16, watch::Sender<u32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().port();
    let (silence, silenced) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut silenced = silenced.clone();
            silenced.mark_unchanged();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    _ = silenced.changed() => std::future::pending().await,
                }
            });
        }
    });
    (address, silence)
}
