//! What a URL with a legacy signature proves.

use std::fmt;

use chrono::{DateTime, Utc};

use super::parameters::Parameters;
use crate::authsig::checks::Times;
use crate::authsig::verified::DEFAULT_SERVICE;

/// What a legacy signature proves: `login`, `service`, `time` and `expires_at`. Only verifying makes one.
#[derive(Clone)]
pub struct Verified {
    parameters: Parameters,
    times: Times,
}

impl Verified {
    pub(super) fn new(parameters: Parameters, times: Times) -> Self {
        Self { parameters, times }
    }

    /// Who was identified. A legacy URL without a login is not verified, so this is never `None`.
    pub fn login(&self) -> Option<&str> {
        Some(self.parameters.login())
    }

    /// The service that identified the person: `password` if none is named.
    pub fn service(&self) -> &str {
        self.parameters.get("service").unwrap_or(DEFAULT_SERVICE)
    }

    /// The `time`, when the person was identified.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.times.time
    }

    /// The last moment at which the URL is valid.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.times.expires_at
    }

    /// A parameter that the URL (or a default) has, and that **nobody has vouched for**: whoever asked for the
    /// signature chose it, and may have asked for another one. Arrays and hashes are as Ruby writes them.
    pub fn asked_for(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }
}

/// Shows no values: they are personal data.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").finish_non_exhaustive()
    }
}
