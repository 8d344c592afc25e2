//! Instances in processes of their own, what they stand on, and those who visit them.

mod instance;
mod person;
mod postgres;
mod proxy;
mod receiver;

use std::future::Future;
use std::time::{Duration, Instant};

pub(crate) use instance::{Instance, authsig, environment};
pub(crate) use person::{Answer, Person, encoded};
pub(crate) use postgres::{Cluster, Database};
pub(crate) use proxy::Proxy;
pub(crate) use receiver::Receiver;

pub(crate) const HOUSE_SECRET: &str = "a house secret for tests alone";

/// Waits until `check` gives a value, for a minute at most.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut check: impl FnMut() -> F,
) -> T {
    let begin = Instant::now();
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "this does not happen: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Several instances on one database, and a proxy in front of them.
pub(crate) struct Site {
    pub(crate) proxy: Proxy,
    pub(crate) instances: Vec<Instance>,
    pub(crate) database: Database,
}

impl Site {
    /// Starts two instances with these variables. `None` where there is no PostgreSQL.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Option<Self> {
        let database = Database::create().await?;
        Some(Self::on(database, variables).await)
    }

    pub(crate) async fn on(database: Database, variables: &[(&str, &str)]) -> Self {
        let proxy = Proxy::start().await;
        let mut site = Self { proxy, instances: Vec::new(), database };
        for _ in 0..2 {
            site.add(variables).await;
        }
        site
    }

    /// Starts one more instance.
    pub(crate) async fn add(&mut self, variables: &[(&str, &str)]) {
        let mut all = environment(&self.proxy.url, &self.database.url);
        // What is behind this proxy is told apart by its address.
        all.push(("AUTHSIG_TRUSTED_PROXIES".into(), "127.0.0.1".into()));
        all.push(("AUTHSIG_SIGN_UP".into(), "true".into()));
        all.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let instance = Instance::start(all).await;
        self.proxy.add(&instance.url);
        self.instances.push(instance);
    }

    /// Ends an instance by `kill -9`.
    pub(crate) fn kill(&mut self, index: usize) {
        let instance = self.instances.remove(index);
        self.proxy.remove(&instance.url);
        drop(instance);
    }

    /// Returns somebody who is not logged in, behind the proxy.
    pub(crate) fn visitor(&self) -> Person {
        Person::new(&self.proxy.url)
    }

    /// Returns somebody who has signed up.
    pub(crate) async fn member(&self, login: &str) -> Person {
        let mut person = self.visitor();
        let answer = person.sign_up(login, &password(login)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        person
    }

    /// Returns the same person, who visits one instance and not the proxy.
    pub(crate) fn at(&self, index: usize, person: &Person) -> Person {
        person.at(&self.instances[index].url)
    }
}

/// Returns the password of somebody who signs up in tests.
pub(crate) fn password(login: &str) -> String {
    format!("the password of {login}")
}
