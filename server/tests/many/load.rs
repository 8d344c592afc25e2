//! `kill -9` at random under load. `AUTHSIG_SOAK_SECONDS` says for how long, 10 unless set.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{Answer, Person, Receiver, Site, eventually, password};

/// What was answered, and so must not be lost.
#[derive(Default)]
struct Answered {
    accounts: Mutex<Vec<(String, Person)>>,
    /// The `state` of requests that notify.
    requests: Mutex<HashSet<String>>,
    log_ins: AtomicU64,
    verified: AtomicU64,
    refused: AtomicU64,
    /// 502 of the proxy, 503, or no answer.
    failed: AtomicU64,
    is_over: AtomicBool,
}

impl Answered {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Returns an answer of the server; none if an instance was killed meanwhile.
    fn check(&self, answer: Result<Answer, reqwest::Error>) -> Option<Answer> {
        match answer {
            Ok(answer) if !matches!(answer.status, 502 | 503) => {
                assert!(answer.status < 500, "{answer:?}");
                Some(answer)
            }
            _ => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }
}

fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}

#[tokio::test]
async fn nothing_that_was_answered_is_lost() {
    let seconds = std::env::var("AUTHSIG_SOAK_SECONDS").map_or(10, |text| text.parse().unwrap());
    let receiver = Receiver::start().await;
    let mut variables = receiver.variables().to_vec();
    for name in ["SIGN_UPS", "REQUESTS", "WRONG_PASSWORDS_PER_ADDRESS"] {
        variables.push((name, "1000000".to_owned()));
    }
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| match name.strip_prefix("AUTHSIG_") {
            Some(_) => ((*name).to_owned(), value.clone()),
            None => (format!("AUTHSIG_MAX_{name}"), value.clone()),
        })
        .collect();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    let Some(mut site) = Site::start(&variables).await else { return };
    let answered = Arc::new(Answered::default());
    let mut workers = Vec::new();
    for number in 0..2 {
        let work = sign_up(Arc::clone(&answered), site.visitor(), number);
        workers.push(tokio::spawn(work));
    }
    for number in 0..4 {
        let person = site.member(&format!("asking_{number}")).await;
        let work = ask(Arc::clone(&answered), person, receiver.address(), number);
        workers.push(tokio::spawn(work));
    }
    let (begin, mut kills) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(Duration::from_millis(300 + random(1_000))).await;
        site.kill(random(2) as usize);
        kills += 1;
        site.add(&variables).await;
    }
    answered.is_over.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await.unwrap();
    }
    let delivered = check_notifications(&site, &receiver, &answered).await;
    check_accounts(&site, &answered).await;
    for instance in &site.instances {
        assert!(!instance.log().contains("panicked"), "{}", instance.log());
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{seconds} s under load, {kills} times kill -9: {} sign-ups, {} log-ins, {} notifications (delivered {delivered} \
         times), {} verified, {} forged and refused, {} without an answer",
        answered.accounts.lock().unwrap().len(),
        count(&answered.log_ins),
        answered.requests.lock().unwrap().len(),
        count(&answered.verified),
        count(&answered.refused),
        count(&answered.failed),
    );
    assert!(count(&answered.verified) > 0 && count(&answered.log_ins) > 0);
}

/// Signs up again and again, and logs in to what there should be.
async fn sign_up(answered: Arc<Answered>, visitor: Person, number: u32) {
    for round in 0.. {
        if !answered.goes_on() {
            return;
        }
        let (login, mut person) = (format!("user_{number}_{round}"), visitor.clone());
        let fields = [("login", &*login), ("password", &*password(&login))];
        let Some(answer) = answered.check(person.try_post("/users", &fields).await) else {
            continue;
        };
        assert_eq!(answer.status, 303, "{answer:?}");
        answered.accounts.lock().unwrap().push((login.clone(), person));
        let mut again = visitor.clone();
        if let Some(answer) = answered.check(again.try_post("/session", &fields).await) {
            assert_eq!(answer.status, 303, "{answer:?}");
            answered.log_ins.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Asks for signed URLs with a notification, and visits them and forged ones.
async fn ask(answered: Arc<Answered>, person: Person, address: String, number: u32) {
    let login = format!("asking_{number}");
    for round in 0.. {
        if !answered.goes_on() {
            return;
        }
        let state = format!("{number}_{round}");
        let query = crate::support::encoded(&[
            ("login", &login),
            ("notify_url", &address),
            ("state", &state),
        ]);
        let path = format!("/verify/request?{query}");
        let Some(answer) = answered.check(person.try_send(&path, None).await) else { continue };
        let url = answer.signed_url();
        answered.requests.lock().unwrap().insert(state.clone());
        let path = url.split_at(url.find("/verify/").unwrap()).1;
        if let Some(answer) = answered.check(person.try_send(path, None).await) {
            assert_eq!(answer.status, 200, "{answer:?}");
            answered.verified.fetch_add(1, Ordering::Relaxed);
        }
        let forged = path.replace(&format!("login={login}"), "login=asking_9");
        assert_ne!(forged, path);
        if let Some(answer) = answered.check(person.try_send(&forged, None).await) {
            assert_eq!(answer.status, 403, "{answer:?}");
            answered.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Returns how often notifications came.
async fn check_notifications(site: &Site, receiver: &Receiver, answered: &Answered) -> usize {
    // As if the half minute of the leases of killed instances went by.
    site.database.execute("UPDATE outbox SET leased_until = 0").await;
    eventually("everything is delivered", async || {
        const WAITING: &str = "SELECT COUNT(*) FROM outbox WHERE finished_at IS NULL";
        (site.database.number(WAITING).await == 0).then_some(())
    })
    .await;
    let (mut ids, mut states) = (HashMap::new(), HashMap::new());
    let received = receiver.received();
    for one in &received {
        let id = ids.entry(&one.state).or_insert(&one.id);
        assert_eq!(*id, &one.id, "one notification has one id");
        assert_eq!(*states.entry(&one.id).or_insert(&one.state), &one.state);
    }
    for state in &*answered.requests.lock().unwrap() {
        assert!(ids.contains_key(state), "the notification {state} is lost");
    }
    received.len()
}

async fn check_accounts(site: &Site, answered: &Answered) {
    const ACCOUNTS: &str = "SELECT login FROM accounts JOIN credentials USING (login)";
    let stored: HashSet<_> = site.database.texts(ACCOUNTS).await.into_iter().collect();
    const HALVES: &str =
        "SELECT COUNT(*) FROM accounts WHERE login NOT IN (SELECT login FROM credentials)";
    assert_eq!(site.database.number(HALVES).await, 0);
    let accounts = answered.accounts.lock().unwrap().clone();
    for (login, person) in &accounts {
        assert!(stored.contains(login), "the account {login} is lost");
        let answer = person.request(&[("login", login)]).await;
        assert_eq!(answer.status, 200, "the session of {login} is lost: {answer:?}");
    }
}
