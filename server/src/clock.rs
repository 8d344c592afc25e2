//! The source of the time.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time.
#[derive(Clone)]
pub(crate) struct Clock {
    now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    is_system: bool,
}

impl Clock {
    pub(crate) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), is_system: false }
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.now)()
    }

    /// Returns whether it is the clock of this machine, and not one of a test.
    pub(crate) fn is_system(&self) -> bool {
        self.is_system
    }

    /// Returns the time in seconds since 1970.
    pub(crate) fn seconds(&self) -> i64 {
        self.millis() / 1000
    }

    /// Returns the time in milliseconds since 1970.
    pub(crate) fn millis(&self) -> i64 {
        let since = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self { is_system: true, ..Self::new(SystemTime::now) }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}
