//! Everything that a running sandbox keeps.

use std::collections::HashMap;
use std::sync::Mutex;

use super::credentials::Credentials;
use super::domains::Domains;
use super::faults::FaultQueue;
use super::lock::lock;
use super::people::Person;
use super::response;
use super::scope_request::ScopeRequest;
use super::wallet_requests::WalletRequests;
use crate::UserData;
use crate::clock::Clock;
use crate::protocol::claims;

/// The largest number of code tokens that are kept.
const MAX_TOKENS: usize = 10_000;

/// The largest number of payloads that are kept.
const MAX_PAYLOADS: usize = 64;

/// The largest size of the data that either of them keeps, in bytes.
const MAX_BYTES: usize = 256 * 1024 * 1024;

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
    /// Only the form of the service's own clients is accepted.
    pub(super) strict: bool,
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
            tokens: ExpiringMap::new(MAX_TOKENS, MAX_BYTES),
            payloads: ExpiringMap::new(MAX_PAYLOADS, MAX_BYTES),
            wallet_requests: WalletRequests::default(),
            faults: FaultQueue::default(),
        }
    }

    /// Returns the current time in seconds since 1970.
    pub(super) fn now(&self) -> f64 {
        claims::seconds_since_epoch(self.settings.clock.now())
    }

    /// Returns the address in the QR code.
    pub(super) fn wallet_url(&self, code: &str) -> String {
        format!("{}/wallet/{code}", self.settings.public_url)
    }

    /// Creates a code token that can be exchanged once for this user data.
    pub(super) fn issue_token(&self, user: UserData) -> String {
        let now = self.now();
        let token = response::code_token(&self.credentials, now);
        let size = user.items().iter().map(|item| item.label().len() + item.value().len()).sum();
        self.tokens.insert(token.clone(), user, size, now + response::LIFETIME);
        token
    }

    /// Returns the data that this app gets when the person approves.
    pub(super) fn user_data(&self, person: Person, scope_request: ScopeRequest) -> UserData {
        person.user_data(scope_request, &self.credentials.app_id)
    }
}

/// A map whose entries expire, bounded in number and size.
pub(super) struct ExpiringMap<V> {
    max_entries: usize,
    max_bytes: usize,
    entries: Mutex<Entries<V>>,
}

struct Entries<V> {
    by_key: HashMap<String, Entry<V>>,
    bytes: usize,
}

struct Entry<V> {
    value: V,
    size: usize,
    expires: f64,
}

impl<V> ExpiringMap<V> {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        let entries = Entries { by_key: HashMap::new(), bytes: 0 };
        Self { max_entries, max_bytes, entries: Mutex::new(entries) }
    }

    /// Adds an entry of `size` bytes, and removes those that expire first until there is room.
    pub(super) fn insert(&self, key: String, value: V, size: usize, expires: f64) {
        let mut entries = lock(&self.entries);
        while entries.by_key.len() >= self.max_entries || entries.bytes + size > self.max_bytes {
            let Some(first) = entries.first_to_expire() else { break };
            entries.remove(&first);
        }
        entries.bytes += size;
        entries.by_key.insert(key, Entry { value, size, expires });
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
        let entry = entries.by_key.get(key).filter(|entry| entry.expires > now)?;
        Some(entry.value.clone())
    }
}

impl<V> Entries<V> {
    fn first_to_expire(&self) -> Option<String> {
        let first = self.by_key.iter().min_by(|a, b| a.1.expires.total_cmp(&b.1.expires));
        first.map(|(key, _)| key.clone())
    }

    fn remove(&mut self, key: &str) -> Option<Entry<V>> {
        let entry = self.by_key.remove(key)?;
        self.bytes -= entry.size;
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(map: &ExpiringMap<()>) -> Vec<&'static str> {
        ["a", "b", "c", "d"].into_iter().filter(|key| map.get(key, 0.0).is_some()).collect()
    }

    #[test]
    fn the_first_to_expire_makes_room() {
        let map = ExpiringMap::new(2, 100);
        map.insert("a".to_owned(), (), 1, 20.0);
        map.insert("b".to_owned(), (), 1, 10.0);
        map.insert("c".to_owned(), (), 1, 30.0);
        assert_eq!(keys(&map), ["a", "c"]);
        map.insert("d".to_owned(), (), 99, 5.0);
        assert_eq!(keys(&map), ["c", "d"]);
        // A larger value than all is kept alone.
        map.insert("a".to_owned(), (), 101, 1.0);
        assert_eq!(keys(&map), ["a"]);
        assert!(map.remove("a", 0.0).is_some());
        map.insert("b".to_owned(), (), 100, 1.0);
        assert_eq!(keys(&map), ["b"]);
    }

    #[test]
    fn an_entry_expires_to_the_second_and_is_removed_once() {
        let map = ExpiringMap::new(2, 2);
        map.insert("a".to_owned(), 1, 1, 10.0);
        assert_eq!((map.get("a", 9.9), map.get("a", 10.0)), (Some(1), None));
        assert_eq!(map.remove("a", 10.0), Some((1, true)));
        assert_eq!(map.remove("a", 0.0), None);
    }
}
