//! The sandbox as programs see it that talk to it over HTTP: scope requests, faults, payload links, junk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use civic_sip::sandbox::{Sandbox, SandboxBuilder};
use civic_sip::{CivicSip, UserData, UserDataItem};
use reqwest::Method;

use crate::support::http_client::{Answer, client, send};

mod command_line;
mod exchange;
mod faults;
mod junk;
mod payloads;
mod people;
mod pictures;
mod scope_requests;
mod setup;
mod siblings;
mod tokens;

/// A sandbox, a client of its exchange, and a plain HTTP client.
struct Service {
    sandbox: Sandbox,
    civic: CivicSip,
    http: reqwest::Client,
    /// How many seconds the clock of the sandbox and of the client is ahead.
    ahead: Arc<AtomicU64>,
}

impl Service {
    async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(adjust: impl FnOnce(SandboxBuilder) -> SandboxBuilder) -> Self {
        let ahead = Arc::new(AtomicU64::new(0));
        let clock = |ahead: &Arc<AtomicU64>| {
            let ahead = Arc::clone(ahead);
            move || SystemTime::now() + Duration::from_secs(ahead.load(Ordering::Relaxed))
        };
        let sandbox = adjust(Sandbox::builder().clock(clock(&ahead))).start().await.unwrap();
        let civic = sandbox.client_builder().clock(clock(&ahead)).build().unwrap();
        Self { sandbox, civic, http: client(), ahead }
    }

    /// Lets the clock jump.
    fn pass(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.sandbox.base_url()))
    }

    async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        send(self.request(Method::POST, path).body(body)).await
    }

    fn token(&self) -> String {
        self.sandbox.issue_token(&ada())
    }
}

fn ada() -> UserData {
    let email = UserDataItem::new("contact.personal.email", "ada@example.com", true, true);
    UserData::new("36a59d10", vec![email])
}
