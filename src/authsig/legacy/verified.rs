//! What a URL with a legacy signature proves.

use std::fmt;

use chrono::{DateTime, Utc};

use super::parameters::Parameters;
use crate::authsig::time::Times;

/// A person whom an original AuthSig server identified: `login`, `service`, `time` and `expires_at`.
#[derive(Clone)]
pub struct Verified {
    parameters: Parameters,
    times: Times,
}

impl Verified {
    pub(super) fn new(parameters: Parameters, times: Times) -> Self {
        Self { parameters, times }
    }

    /// Returns the login.
    pub fn login(&self) -> &str {
        self.parameters.login()
    }

    /// Returns the service that the login belongs to: `password` if the URL names none.
    pub fn service(&self) -> &str {
        self.parameters.service()
    }

    /// Returns the `time`, when the person was identified.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.times.time
    }

    /// Returns the moment from which on the URL is not accepted.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.times.expires_at
    }

    /// Returns a parameter that **nobody has vouched for**: whoever asked for the signature chose it, and may have
    /// asked for another one. An array is written as Ruby does.
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
