//! Scope requests in progress: a page asks, a wallet answers, the page polls for the answer.
//!
//! Each has two random identifiers. The page polls with `id`; the wallet answers with `code`, which is in the QR code.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::credentials::random_id;
use super::error::ErrorResponse;
use super::lock::lock;
use super::scope_request::ScopeRequest;

/// Seconds in which the wallet can answer.
pub(super) const LIFETIME: f64 = 300.0;

/// Seconds after that in which the page can still poll.
const RETENTION: f64 = 600.0;

/// The largest number of requests that are kept.
const MAX_REQUESTS: usize = 1_000;

/// The reason why a request can't be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WalletError {
    Unknown,
    Used,
    Cancelled,
    Expired,
    Full,
    NoRandomness,
}

impl WalletError {
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::Used | Self::Cancelled | Self::Expired => 410,
            Self::Full => 429,
            Self::NoRandomness => 503,
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Unknown => "There is no such request, or it ended more than ten minutes ago.",
            Self::Used => "This code was used before: each works once.",
            Self::Cancelled => "This request was cancelled.",
            Self::Expired => "This code has expired.",
            Self::Full => "Too many requests are waiting.",
            Self::NoRandomness => "The system has no random numbers.",
        }
    }
}

impl From<WalletError> for ErrorResponse {
    fn from(error: WalletError) -> Self {
        Self::new(error.status(), error.message())
    }
}

/// The progress of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    Pending,
    /// With the code token.
    Granted(String),
    /// By the page or in the wallet.
    Cancelled,
    Expired,
}

#[derive(Clone)]
pub(super) struct WalletRequest {
    /// The wallet's identifier.
    pub(super) code: String,
    pub(super) scope_request: ScopeRequest,
    /// The origin of the page that asks.
    pub(super) origin: String,
    /// The wallet has fetched the request.
    pub(super) read: bool,
    expires: f64,
    progress: Progress,
}

impl WalletRequest {
    pub(super) fn progress(&self, now: f64) -> Progress {
        match &self.progress {
            Progress::Pending if self.expires <= now => Progress::Expired,
            progress => progress.clone(),
        }
    }

    /// Returns the whole seconds that are left.
    pub(super) fn seconds_left(&self, now: f64) -> u64 {
        Duration::try_from_secs_f64((self.expires - now).ceil()).unwrap_or_default().as_secs()
    }
}

/// All requests, bounded in number and time.
#[derive(Default)]
pub(super) struct WalletRequests(Mutex<Store>);

#[derive(Default)]
struct Store {
    by_id: HashMap<String, WalletRequest>,
    ids_by_code: HashMap<String, String>,
}

impl WalletRequests {
    /// Creates a request and returns the page's identifier.
    pub(super) fn create(
        &self,
        scope_request: ScopeRequest,
        origin: &str,
        now: f64,
    ) -> Result<String, WalletError> {
        let id = random_id().ok_or(WalletError::NoRandomness)?;
        let code = random_id().ok_or(WalletError::NoRandomness)?;
        let mut store = lock(&self.0);
        store.retain(|request| request.expires + RETENTION > now);
        if store.by_id.len() >= MAX_REQUESTS {
            store.retain(|request| request.progress(now) == Progress::Pending);
        }
        if store.by_id.len() >= MAX_REQUESTS {
            return Err(WalletError::Full);
        }
        let request = WalletRequest {
            code: code.clone(),
            scope_request,
            origin: origin.to_owned(),
            read: false,
            expires: now + LIFETIME,
            progress: Progress::Pending,
        };
        store.ids_by_code.insert(code, id.clone());
        store.by_id.insert(id.clone(), request);
        Ok(id)
    }

    /// Returns the request for the page.
    pub(super) fn get(&self, id: &str) -> Result<WalletRequest, WalletError> {
        lock(&self.0).by_id.get(id).cloned().ok_or(WalletError::Unknown)
    }

    /// Returns the request for the wallet, if it is still pending, and marks it as read.
    pub(super) fn read(&self, code: &str, now: f64) -> Result<WalletRequest, WalletError> {
        let mut store = lock(&self.0);
        let request = store.pending(code, now)?;
        request.read = true;
        Ok(request.clone())
    }

    /// Cancels a pending request for the page, and returns the request.
    pub(super) fn cancel(&self, id: &str, now: f64) -> Result<WalletRequest, WalletError> {
        let mut store = lock(&self.0);
        let request = store.by_id.get_mut(id).ok_or(WalletError::Unknown)?;
        if request.progress(now) == Progress::Pending {
            request.progress = Progress::Cancelled;
        }
        Ok(request.clone())
    }

    /// Cancels a pending request for the wallet.
    pub(super) fn deny(&self, code: &str, now: f64) -> Result<(), WalletError> {
        lock(&self.0).pending(code, now)?.progress = Progress::Cancelled;
        Ok(())
    }

    /// Grants a pending request; only then is the code token issued.
    pub(super) fn grant(
        &self,
        code: &str,
        now: f64,
        issue_token: impl FnOnce() -> String,
    ) -> Result<(), WalletError> {
        let mut store = lock(&self.0);
        let request = store.pending(code, now)?;
        request.progress = Progress::Granted(issue_token());
        Ok(())
    }
}

impl Store {
    fn retain(&mut self, keep: impl Fn(&WalletRequest) -> bool) {
        self.by_id.retain(|_, request| keep(request));
        self.ids_by_code.retain(|_, id| self.by_id.contains_key(id));
    }

    fn pending(&mut self, code: &str, now: f64) -> Result<&mut WalletRequest, WalletError> {
        let id = self.ids_by_code.get(code).ok_or(WalletError::Unknown)?;
        let request = self.by_id.get_mut(id).ok_or(WalletError::Unknown)?;
        match request.progress(now) {
            Progress::Pending => Ok(request),
            Progress::Granted(_) => Err(WalletError::Used),
            Progress::Cancelled => Err(WalletError::Cancelled),
            Progress::Expired => Err(WalletError::Expired),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "http://localhost:3000";

    fn create(requests: &WalletRequests, now: f64) -> (String, String) {
        let id = requests.create(ScopeRequest::BasicSignup, ORIGIN, now).unwrap();
        let code = requests.get(&id).unwrap().code;
        (id, code)
    }

    fn progress(requests: &WalletRequests, id: &str, now: f64) -> Progress {
        requests.get(id).unwrap().progress(now)
    }

    #[test]
    fn a_code_serves_once() {
        let requests = WalletRequests::default();
        let (id, code) = create(&requests, 0.0);
        assert_eq!(progress(&requests, &id, 0.0), Progress::Pending);
        assert_eq!(requests.grant(&code, 1.0, || "token".to_owned()), Ok(()));
        assert_eq!(progress(&requests, &id, 1.0), Progress::Granted("token".to_owned()));
        let unissued = || -> String { panic!("no second token") };
        assert_eq!(requests.grant(&code, 1.0, unissued), Err(WalletError::Used));
        assert_eq!(requests.deny(&code, 1.0), Err(WalletError::Used));
        assert!(requests.read(&code, 1.0).is_err_and(|error| error == WalletError::Used));
        // Too late to cancel, and the token stays to be fetched.
        let request = requests.cancel(&id, 1.0).unwrap();
        assert_eq!(request.progress(1.0), Progress::Granted("token".to_owned()));
    }

    #[test]
    fn denied_and_cancelled_are_the_end() {
        let requests = WalletRequests::default();
        let (id, code) = create(&requests, 0.0);
        assert_eq!(requests.deny(&code, 1.0), Ok(()));
        assert_eq!(progress(&requests, &id, 1.0), Progress::Cancelled);
        let (id, code) = create(&requests, 0.0);
        assert_eq!(requests.cancel(&id, 1.0).unwrap().progress(1.0), Progress::Cancelled);
        assert_eq!(requests.grant(&code, 1.0, String::new), Err(WalletError::Cancelled));
    }

    #[test]
    fn it_expires_to_the_second() {
        let requests = WalletRequests::default();
        let (id, code) = create(&requests, 0.0);
        assert_eq!(requests.get(&id).unwrap().seconds_left(0.5), 300);
        assert!(requests.read(&code, 299.9).is_ok());
        assert_eq!(requests.grant(&code, 300.0, String::new), Err(WalletError::Expired));
        assert_eq!(progress(&requests, &id, 300.0), Progress::Expired);
        assert_eq!(requests.get(&id).unwrap().seconds_left(301.0), 0);
    }

    #[test]
    fn the_names_don_t_serve_for_each_other() {
        let requests = WalletRequests::default();
        let (id, code) = create(&requests, 0.0);
        assert!(requests.get(&code).is_err());
        assert_eq!(requests.grant(&id, 0.0, String::new), Err(WalletError::Unknown));
        assert_eq!(requests.deny(&id, 0.0), Err(WalletError::Unknown));
        assert!(requests.cancel(&code, 0.0).is_err_and(|error| error == WalletError::Unknown));
    }

    #[test]
    fn there_is_room_for_so_many_and_ended_ones_make_way() {
        let requests = WalletRequests::default();
        let (first, _) = create(&requests, 0.0);
        for _ in 1..MAX_REQUESTS {
            create(&requests, 0.0);
        }
        assert_eq!(requests.create(ScopeRequest::ProofOfAge, ORIGIN, 0.0), Err(WalletError::Full));
        requests.cancel(&first, 0.0).unwrap();
        create(&requests, 0.0);
        assert!(requests.get(&first).is_err());
        // The expired ones make way as well.
        create(&requests, LIFETIME);
        assert_eq!(lock(&requests.0).by_id.len(), 1);
        assert_eq!(lock(&requests.0).ids_by_code.len(), 1);
    }
}
