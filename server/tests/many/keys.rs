//! Rotation and revocation of keys, with several instances and a clock of the test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use authsig_server::{Admin, AdminError, AuthSig, Config, HouseSecret, KeyState, Limits};
use civic_sip::authsig::{IdentityVerifier, PublicKeys};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Database, HOUSE_SECRET, Person, eventually};

const URL: &str = "https://id.example";

/// Several instances in this process, on one database.
struct House {
    config: Config,
    /// Seconds since 1970.
    now: Arc<AtomicU64>,
    instances: Vec<(AuthSig, Person)>,
    database: Database,
}

impl House {
    async fn start() -> Option<Self> {
        let database = Database::create().await?;
        let now = Arc::new(AtomicU64::new(1_800_000_000));
        let clock = Arc::clone(&now);
        let mut limits = Limits::default();
        // The clock stands, and the tests ask again and again.
        limits.requests = 100_000;
        let config = Config::new(URL, HouseSecret::new(HOUSE_SECRET).unwrap())
            .database(&database.url)
            .limits(limits)
            .clock(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
        let mut house = Self { config, now, instances: Vec::new(), database };
        house.admin().await.add_account("user_1", "a good password").await.unwrap();
        for _ in 0..2 {
            house.add().await;
        }
        Some(house)
    }

    async fn add(&mut self) {
        let authsig = AuthSig::start(self.config.clone()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = authsig.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut person = Person::new(URL).at(&format!("http://{address}"));
        assert_eq!(person.log_in("user_1", "a good password").await.status, 303);
        self.instances.push((authsig, person));
    }

    async fn admin(&self) -> Admin {
        Admin::open(&self.config).await.unwrap()
    }

    fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    fn at(&self, index: usize) -> &Person {
        &self.instances[index].1
    }

    /// Waits until each instance publishes these keys and no others.
    async fn until_published(&self, ids: &[&str]) {
        let mut expected = ids.to_vec();
        expected.sort_unstable();
        for (_, person) in &self.instances {
            eventually("an instance publishes these keys", async || {
                let mut ids = published(person).await;
                ids.sort_unstable();
                (ids == expected).then_some(())
            })
            .await;
        }
    }

    /// Waits until each instance signs with this key.
    async fn until_signing(&self, id: &str) {
        for (_, person) in &self.instances {
            eventually("an instance signs with this key", async || {
                (self.signing(person).await == id).then_some(())
            })
            .await;
        }
    }

    /// Returns the id of the key that an instance signs with: the one that verifies.
    async fn signing(&self, person: &Person) -> String {
        let url = sign(person).await;
        let keys: Value = person.get("/verify/keys").await.json();
        let verifies = |key: &&Value| {
            let now = Arc::clone(&self.now);
            let alone = json!({ "keys": [key] }).to_string();
            let verifier = IdentityVerifier::builder(format!("{URL}/verify"))
                .public_keys(PublicKeys::from_jwks(&alone).unwrap())
                .any_audience()
                .clock(move || UNIX_EPOCH + Duration::from_secs(now.load(Ordering::Relaxed)))
                .build()
                .unwrap();
            verifier.verify_url(&url).is_ok()
        };
        let keys = keys["keys"].as_array().unwrap();
        keys.iter().find(verifies).unwrap()["kid"].as_str().unwrap().to_owned()
    }

    async fn states(&self) -> Vec<(String, KeyState)> {
        let keys = self.admin().await.keys().await.unwrap();
        keys.into_iter().map(|key| (key.id, key.state)).collect()
    }
}

async fn published(person: &Person) -> Vec<String> {
    let keys: Value = person.get("/verify/keys").await.json();
    let keys = keys["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn sign(person: &Person) -> String {
    person.request(&[("login", "user_1")]).await.signed_url()
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs() {
    let Some(mut house) = House::start().await else { return };
    let old_url = sign(house.at(0)).await;
    let [old] = &house.states().await[..] else { panic!("one key") };
    let old = old.0.clone();
    assert_eq!(house.signing(house.at(1)).await, old);

    let new = house.admin().await.rotate_key().await.unwrap();
    assert_eq!(new.state, KeyState::Upcoming);
    house.until_published(&[&old, &new.id]).await;
    // Those who verify may have fetched the keys a moment before.
    for wait in [0, 300, 59] {
        house.pass(wait);
        assert_eq!(house.signing(house.at(0)).await, old);
        assert_eq!(house.signing(house.at(1)).await, old);
    }
    house.pass(1);
    house.until_signing(&new.id).await;
    let states = [(old.clone(), KeyState::Retired), (new.id.clone(), KeyState::Signing)];
    assert_eq!(house.states().await, states);
    for index in 0..2 {
        assert_eq!(house.at(index).verify(&old_url).await.status, 200);
        let url = sign(house.at(index)).await;
        assert_eq!(house.at(1 - index).verify(&url).await.status, 200);
    }
    // So it is for one that starts now.
    house.add().await;
    assert_eq!(house.signing(house.at(2)).await, new.id);
    assert_eq!(house.at(2).verify(&old_url).await.status, 200);
}

#[tokio::test]
async fn the_private_part_of_an_old_key_is_deleted() {
    let Some(mut house) = House::start().await else { return };
    let url = sign(house.at(0)).await;
    let old = house.states().await.remove(0).0;
    let new = house.admin().await.rotate_key().await.unwrap().id;
    let private = "SELECT id FROM signing_keys WHERE private_key IS NOT NULL ORDER BY ordinal";
    // It may still be needed by an instance whose clock is behind.
    house.pass(6 * 60 + 9 * 60);
    house.add().await;
    assert_eq!(house.database.texts(private).await, [&*old, &*new]);
    house.pass(60);
    house.add().await;
    eventually("the private part is deleted", async || {
        (house.database.texts(private).await == [&*new]).then_some(())
    })
    .await;
    // What it signed is verified until it is revoked.
    for (_, person) in &house.instances {
        assert_eq!(person.verify(&url).await.status, 200);
    }
}

#[tokio::test]
async fn what_a_revoked_key_signed_is_refused_everywhere() {
    let Some(house) = House::start().await else { return };
    let url = sign(house.at(0)).await;
    let old = house.states().await.remove(0).0;
    // There is no other key: one is made that signs at once.
    let new = house.admin().await.revoke_key(&old).await.unwrap().unwrap();
    assert_eq!(new.state, KeyState::Signing);
    house.until_published(&[&new.id]).await;
    house.until_signing(&new.id).await;
    for (_, person) in &house.instances {
        assert_eq!(person.verify(&url).await.status, 403);
        assert_eq!(person.get("/readyz").await.status, 200);
    }
    const PRIVATE: &str = "SELECT COUNT(*) FROM signing_keys WHERE private_key IS NOT NULL";
    assert_eq!(house.database.number(PRIVATE).await, 1);

    // Nothing brings it back.
    let admin = house.admin().await;
    for id in [&*old, "no such key", ""] {
        assert!(matches!(admin.revoke_key(id).await, Err(AdminError::UnknownKey)));
    }
    let restarted = AuthSig::start(house.config.clone()).await.unwrap();
    assert!(!restarted.metrics().await.is_empty());
    assert_eq!(house.states().await[0], (old, KeyState::Revoked));
}

#[tokio::test]
async fn after_a_revocation_another_key_signs() {
    let Some(house) = House::start().await else { return };
    let first = house.states().await.remove(0).0;
    let second = house.admin().await.rotate_key().await.unwrap().id;
    house.pass(6 * 60);
    house.until_signing(&second).await;
    let url = sign(house.at(0)).await;
    // The one before is still able to.
    assert!(house.admin().await.revoke_key(&second).await.unwrap().is_none());
    house.until_signing(&first).await;
    house.until_published(&[&first]).await;
    assert_eq!(house.at(1).verify(&url).await.status, 403);
}

/// An instance that knows a revoked key alone must not go on with it.
#[tokio::test]
async fn no_moment_of_a_revocation_is_without_a_key() {
    let Some(house) = House::start().await else { return };
    let old = house.states().await.remove(0).0;
    let mut stop = house.database.stop_at("signing_keys", "UPDATE", "true").await;
    let (admin, id) = (house.admin().await, old.clone());
    let revoking = tokio::spawn(async move { admin.revoke_key(&id).await.unwrap() });
    stop.until_waiting(1).await;
    assert_eq!(house.database.number("SELECT COUNT(*) FROM signing_keys").await, 2);
    stop.release().await;
    let new = revoking.await.unwrap().unwrap();
    assert_ne!(new.id, old);
    house.until_published(&[&new.id]).await;
}
