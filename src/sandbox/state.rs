//! Everything that a running sandbox keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::credentials::Credentials;
use super::domains::Domains;
use super::faults::FaultQueue;
use super::response;
use super::wallet_requests::WalletRequests;
use crate::UserData;
use crate::protocol::claims;

/// Code tokens that are kept; the one that expires first is removed when there are more.
const MAX_TOKENS: usize = 10_000;

/// Payloads that are kept, likewise.
const MAX_PAYLOADS: usize = 64;

/// Returns the current time.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The state that all requests share.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) credentials: Credentials,
    /// The user data that each unused code token stands for.
    pub(super) tokens: ExpiringMap<UserData>,
    /// The signed tokens that are fetched from links.
    pub(super) payloads: ExpiringMap<String>,
    pub(super) wallet_requests: WalletRequests,
    pub(super) faults: FaultQueue,
}

/// The settings from the builder.
pub(super) struct Settings {
    pub(super) clock: Clock,
    pub(super) base_url: String,
    /// The address by which a phone reaches the sandbox.
    pub(super) public_url: String,
    pub(super) domains: Domains,
    /// The app is approved for proofs of identity.
    pub(super) proof_of_identity: bool,
    /// A longer signed token is delivered by link, if the client can follow one.
    pub(super) payload_size: usize,
}

impl State {
    pub(super) fn new(settings: Settings, credentials: Credentials) -> Self {
        Self {
            settings,
            credentials,
            tokens: ExpiringMap::new(MAX_TOKENS),
            payloads: ExpiringMap::new(MAX_PAYLOADS),
            wallet_requests: WalletRequests::default(),
            faults: FaultQueue::default(),
        }
    }

    /// Returns the current time in seconds since 1970.
    pub(super) fn now(&self) -> f64 {
        claims::seconds_since_epoch((self.settings.clock)())
    }

    /// Returns the address in the QR code.
    pub(super) fn wallet_url(&self, code: &str) -> String {
        format!("{}/wallet/{code}", self.settings.public_url)
    }

    /// Creates a code token that can be exchanged once for this user data.
    pub(super) fn issue_token(&self, user: UserData) -> String {
        let now = self.now();
        let token = response::code_token(&self.credentials, now);
        self.tokens.insert(token.clone(), user, now + response::LIFETIME, now);
        token
    }
}

/// A map of bounded size whose entries expire.
pub(super) struct ExpiringMap<V> {
    capacity: usize,
    entries: Mutex<HashMap<String, Expiring<V>>>,
}

struct Expiring<V> {
    value: V,
    expires: f64,
}

impl<V> ExpiringMap<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    /// Adds an entry, and removes the one that expires first if there is no room.
    pub(super) fn insert(&self, key: String, value: V, expires: f64, now: f64) {
        let mut entries = lock(&self.entries);
        // Only when it is full: a scan at every insertion would be slow.
        if entries.len() >= self.capacity {
            entries.retain(|_, entry| entry.expires > now);
        }
        if entries.len() >= self.capacity {
            let first = entries.iter().min_by(|a, b| a.1.expires.total_cmp(&b.1.expires));
            if let Some(key) = first.map(|(key, _)| key.clone()) {
                entries.remove(&key);
            }
        }
        entries.insert(key, Expiring { value, expires });
    }

    /// Removes an entry; the flag says whether it has expired.
    pub(super) fn remove(&self, key: &str, now: f64) -> Option<(V, bool)> {
        let entry = lock(&self.entries).remove(key)?;
        Some((entry.value, entry.expires <= now))
    }
}

impl<V: Clone> ExpiringMap<V> {
    /// Returns an entry that has not expired.
    pub(super) fn get(&self, key: &str, now: f64) -> Option<V> {
        let entries = lock(&self.entries);
        entries.get(key).filter(|entry| entry.expires > now).map(|entry| entry.value.clone())
    }
}

/// Locks a mutex, poisoned or not: no holder leaves its data half changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_map_drops_expired_entries_and_then_the_first_to_expire() {
        let map = ExpiringMap::new(2);
        map.insert("a".to_owned(), 1, 10.0, 0.0);
        map.insert("b".to_owned(), 2, 20.0, 0.0);
        map.insert("c".to_owned(), 3, 30.0, 5.0);
        assert_eq!(
            (map.get("a", 5.0), map.get("b", 5.0), map.get("c", 5.0)),
            (None, Some(2), Some(3))
        );
        map.insert("d".to_owned(), 4, 25.0, 20.0);
        assert_eq!(
            (map.get("b", 0.0), map.get("c", 20.0), map.get("d", 20.0)),
            (None, Some(3), Some(4))
        );
    }

    #[test]
    fn an_entry_expires_to_the_second_and_is_removed_once() {
        let map = ExpiringMap::new(2);
        map.insert("a".to_owned(), 1, 10.0, 0.0);
        assert_eq!((map.get("a", 9.9), map.get("a", 10.0)), (Some(1), None));
        assert_eq!(map.remove("a", 10.0), Some((1, true)));
        assert_eq!(map.remove("a", 0.0), None);
    }
}
