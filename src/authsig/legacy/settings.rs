//! The settings that a signer and a verifier share.

use std::fmt;

use zeroize::Zeroizing;

use super::ambiguity::Names;
use crate::authsig::error::ConfigProblem;

/// The settings as they are given, checked by [`build`](Self::build).
#[derive(Clone, Default)]
pub(super) struct SettingsBuilder {
    pub(super) secret: Option<Zeroizing<Vec<u8>>>,
    pub(super) only_names: Option<Vec<String>>,
}

impl SettingsBuilder {
    pub(super) fn set_secret(&mut self, secret: &[u8]) {
        self.secret = Some(Zeroizing::new(secret.to_vec()));
    }

    pub(super) fn set_only_names(&mut self, names: impl IntoIterator<Item = impl AsRef<str>>) {
        self.only_names = Some(names.into_iter().map(|name| name.as_ref().to_owned()).collect());
    }

    /// Returns the settings, usable if no problem is added.
    pub(super) fn build(self, problems: &mut Vec<ConfigProblem>) -> Settings {
        match self.secret.as_deref() {
            None => problems.push(ConfigProblem::NoKey),
            Some(secret) if secret.is_empty() => problems.push(ConfigProblem::EmptySecret),
            Some(_) => {}
        }
        let only_names = self.only_names.and_then(|names| {
            let report = |reasons: Vec<_>| {
                problems.extend(reasons.into_iter().map(ConfigProblem::OnlyNames));
            };
            Names::new(names).map_err(report).ok()
        });
        Settings { secret: self.secret.unwrap_or_default(), only_names }
    }
}

/// Checked settings.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) secret: Zeroizing<Vec<u8>>,
    pub(super) only_names: Option<Names>,
}

impl fmt::Debug for SettingsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("only_names", &self.only_names).finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("only_names", &self.only_names).finish_non_exhaustive()
    }
}
