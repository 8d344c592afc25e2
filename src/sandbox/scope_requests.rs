//! Scope requests: a page asks, a wallet answers, the page hears of it.
//!
//! Each has two names that can't be guessed. The page's lets it ask how things stand, and fetch the code token; the
//! wallet's, which is in the QR code, lets the wallet answer, once.

use std::collections::HashMap;
use std::sync::Mutex;

use super::credentials::unguessable;
use super::lock;
use super::scope::Scope;

/// How long the wallet has to answer, in seconds.
pub(super) const LIFETIME: f64 = 300.0;

/// How long the page can still ask how it ended, in seconds.
const RETENTION: f64 = 600.0;

/// More scope requests than this are not kept.
const MAX_KEPT: usize = 1_000;

/// What can't be done, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Unknown,
    Used,
    Cancelled,
    Expired,
    Full,
    NoRandomness,
}

/// How a scope request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    /// With the code token.
    Granted(String),
    /// By the page or in the wallet.
    Cancelled,
    Expired,
}

#[derive(Clone)]
pub(super) struct ScopeRequest {
    /// The wallet's name for it.
    pub(super) code: String,
    pub(super) scope: Scope,
    /// The page that asks.
    pub(super) origin: String,
    pub(super) expires: f64,
    state: State,
}

impl ScopeRequest {
    pub(super) fn state(&self, now: f64) -> State {
        match &self.state {
            State::Pending if self.expires <= now => State::Expired,
            state => state.clone(),
        }
    }

    /// Whole seconds that are left.
    pub(super) fn seconds_left(&self, now: f64) -> u64 {
        (self.expires - now).max(0.0).ceil() as u64
    }
}

/// All scope requests, bounded in number and time.
#[derive(Default)]
pub(super) struct ScopeRequests(Mutex<Store>);

#[derive(Default)]
struct Store {
    by_id: HashMap<String, ScopeRequest>,
    ids: HashMap<String, String>,
}

impl ScopeRequests {
    /// The page's name for a new scope request.
    pub(super) fn create(&self, scope: Scope, origin: &str, now: f64) -> Result<String, Refusal> {
        let id = unguessable().ok_or(Refusal::NoRandomness)?;
        let code = unguessable().ok_or(Refusal::NoRandomness)?;
        let mut store = lock(&self.0);
        store.keep(|request| request.expires + RETENTION > now);
        if store.by_id.len() >= MAX_KEPT {
            store.keep(|request| request.state(now) == State::Pending);
        }
        if store.by_id.len() >= MAX_KEPT {
            return Err(Refusal::Full);
        }
        store.ids.insert(code.clone(), id.clone());
        let origin = origin.to_owned();
        let request =
            ScopeRequest { code, scope, origin, expires: now + LIFETIME, state: State::Pending };
        store.by_id.insert(id.clone(), request);
        Ok(id)
    }

    /// What the page sees.
    pub(super) fn get(&self, id: &str) -> Option<ScopeRequest> {
        lock(&self.0).by_id.get(id).cloned()
    }

    /// What the wallet sees, while it can still answer.
    pub(super) fn by_code(&self, code: &str, now: f64) -> Result<ScopeRequest, Refusal> {
        lock(&self.0).open(code, now).cloned()
    }

    /// The page gives up. Once it has ended otherwise, nothing changes.
    pub(super) fn cancel(&self, id: &str, now: f64) -> Result<State, Refusal> {
        let mut store = lock(&self.0);
        let request = store.by_id.get_mut(id).ok_or(Refusal::Unknown)?;
        if request.state(now) == State::Pending {
            request.state = State::Cancelled;
        }
        Ok(request.state(now))
    }

    /// The wallet says no.
    pub(super) fn deny(&self, code: &str, now: f64) -> Result<(), Refusal> {
        lock(&self.0).open(code, now)?.state = State::Cancelled;
        Ok(())
    }

    /// The wallet says yes; `issue` makes the code token, and is called only if the wallet still may.
    pub(super) fn grant(
        &self,
        code: &str,
        now: f64,
        issue: impl FnOnce() -> String,
    ) -> Result<(), Refusal> {
        let mut store = lock(&self.0);
        let request = store.open(code, now)?;
        request.state = State::Granted(issue());
        Ok(())
    }
}

impl Store {
    fn keep(&mut self, wanted: impl Fn(&ScopeRequest) -> bool) {
        self.by_id.retain(|_, request| wanted(request));
        let by_id = &self.by_id;
        self.ids.retain(|_, id| by_id.contains_key(id));
    }

    fn open(&mut self, code: &str, now: f64) -> Result<&mut ScopeRequest, Refusal> {
        let id = self.ids.get(code).ok_or(Refusal::Unknown)?;
        let request = self.by_id.get_mut(id).ok_or(Refusal::Unknown)?;
        match request.state(now) {
            State::Pending => Ok(request),
            State::Granted(_) => Err(Refusal::Used),
            State::Cancelled => Err(Refusal::Cancelled),
            State::Expired => Err(Refusal::Expired),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "http://localhost:3000";

    fn create(requests: &ScopeRequests, now: f64) -> (String, String) {
        let id = requests.create(Scope::BasicSignup, ORIGIN, now).unwrap();
        let code = requests.get(&id).unwrap().code;
        (id, code)
    }

    fn state(requests: &ScopeRequests, id: &str, now: f64) -> State {
        requests.get(id).unwrap().state(now)
    }

    #[test]
    fn a_code_serves_once() {
        let requests = ScopeRequests::default();
        let (id, code) = create(&requests, 0.0);
        assert_eq!(state(&requests, &id, 0.0), State::Pending);
        assert_eq!(requests.grant(&code, 1.0, || "token".to_owned()), Ok(()));
        assert_eq!(state(&requests, &id, 1.0), State::Granted("token".to_owned()));
        let unissued = || -> String { panic!("no second token") };
        assert_eq!(requests.grant(&code, 1.0, unissued), Err(Refusal::Used));
        assert_eq!(requests.deny(&code, 1.0), Err(Refusal::Used));
        assert!(requests.by_code(&code, 1.0).is_err_and(|refusal| refusal == Refusal::Used));
        // Too late to cancel, and the token stays to be fetched.
        assert_eq!(requests.cancel(&id, 1.0), Ok(State::Granted("token".to_owned())));
    }

    #[test]
    fn denied_and_cancelled_are_the_end() {
        let requests = ScopeRequests::default();
        let (id, code) = create(&requests, 0.0);
        assert_eq!(requests.deny(&code, 1.0), Ok(()));
        assert_eq!(state(&requests, &id, 1.0), State::Cancelled);
        let (id, code) = create(&requests, 0.0);
        assert_eq!(requests.cancel(&id, 1.0), Ok(State::Cancelled));
        assert_eq!(requests.grant(&code, 1.0, String::new), Err(Refusal::Cancelled));
    }

    #[test]
    fn it_expires_to_the_second() {
        let requests = ScopeRequests::default();
        let (id, code) = create(&requests, 0.0);
        assert_eq!(requests.get(&id).unwrap().seconds_left(0.5), 300);
        assert!(requests.by_code(&code, 299.9).is_ok());
        assert_eq!(requests.grant(&code, 300.0, String::new), Err(Refusal::Expired));
        assert_eq!(state(&requests, &id, 300.0), State::Expired);
        assert_eq!(requests.get(&id).unwrap().seconds_left(301.0), 0);
    }

    #[test]
    fn the_names_don_t_serve_for_each_other() {
        let requests = ScopeRequests::default();
        let (id, code) = create(&requests, 0.0);
        assert!(requests.get(&code).is_none());
        assert_eq!(requests.grant(&id, 0.0, String::new), Err(Refusal::Unknown));
        assert_eq!(requests.deny(&id, 0.0), Err(Refusal::Unknown));
        assert_eq!(requests.cancel(&code, 0.0), Err(Refusal::Unknown));
    }

    #[test]
    fn there_is_room_for_so_many_and_ended_ones_make_way() {
        let requests = ScopeRequests::default();
        let (first, _) = create(&requests, 0.0);
        for _ in 1..MAX_KEPT {
            create(&requests, 0.0);
        }
        assert_eq!(requests.create(Scope::ProofOfAge, ORIGIN, 0.0), Err(Refusal::Full));
        requests.cancel(&first, 0.0).unwrap();
        create(&requests, 0.0);
        assert!(requests.get(&first).is_none());
        // The expired ones make way as well.
        create(&requests, LIFETIME);
        assert_eq!(lock(&requests.0).by_id.len(), 1);
        assert_eq!(lock(&requests.0).ids.len(), 1);
    }
}
