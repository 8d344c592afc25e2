//! Answers that are too large for the answer itself, and are fetched from a link.

use std::collections::HashMap;
use std::sync::Mutex;

use super::credentials::unguessable;
use super::lock;

/// How long a link is good, in seconds.
const LIFETIME: f64 = 60.0;

/// More payloads than this are not kept; the oldest goes first.
const MAX_WAITING: usize = 64;

struct Payload {
    token: String,
    expires: f64,
}

/// The payloads that have a link.
#[derive(Default)]
pub(super) struct Payloads(Mutex<HashMap<String, Payload>>);

impl Payloads {
    /// The name under which the token can be fetched. `None` if the system has no random numbers.
    pub(super) fn add(&self, token: String, now: f64) -> Option<String> {
        let name = unguessable()?;
        let mut waiting = lock(&self.0);
        waiting.retain(|_, payload| payload.expires > now);
        if waiting.len() >= MAX_WAITING {
            let soonest = waiting.iter().min_by(|a, b| a.1.expires.total_cmp(&b.1.expires));
            if let Some(name) = soonest.map(|(name, _)| name.clone()) {
                waiting.remove(&name);
            }
        }
        waiting.insert(name.clone(), Payload { token, expires: now + LIFETIME });
        Some(name)
    }

    /// As often as it is asked for, while it lives.
    pub(super) fn get(&self, name: &str, now: f64) -> Option<String> {
        let mut waiting = lock(&self.0);
        waiting.retain(|_, payload| payload.expires > now);
        waiting.get(name).map(|payload| payload.token.clone())
    }
}
