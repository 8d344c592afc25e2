//! The mistakes in a configuration.

use super::environment;
use crate::Error;

/// All mistakes in a configuration, so that they can be fixed at once. Names of settings, never their values.
pub(super) struct ConfigErrors {
    errors: Vec<String>,
    from_environment: bool,
}

impl ConfigErrors {
    /// With `from_environment`, settings are called by their environment variables.
    pub(super) fn new(from_environment: bool) -> Self {
        Self { errors: Vec::new(), from_environment }
    }

    pub(super) fn add(&mut self, setting: &str, error: &str) {
        let name = if self.from_environment { environment::variable(setting) } else { setting };
        self.errors.push(format!("`{name}` {error}"));
    }

    pub(super) fn add_if(&mut self, wrong: bool, setting: &str, error: &str) {
        if wrong {
            self.add(setting, error);
        }
    }

    /// Returns the value, or notes the error.
    pub(super) fn check<T>(&mut self, setting: &str, result: Result<T, &'static str>) -> Option<T> {
        result.map_err(|error| self.add(setting, error)).ok()
    }

    /// Returns `config` if there was no error.
    pub(super) fn finish<T>(self, config: Option<T>) -> Result<T, Error> {
        match config {
            Some(config) if self.errors.is_empty() => Ok(config),
            _ => Err(Error::config(self.errors.join("; "))),
        }
    }
}

/// Reads a setting that is required.
pub(super) fn required<T>(
    value: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Result<T, &'static str> {
    match value {
        None => Err("is missing"),
        Some(value) if value.trim().is_empty() => Err("must not be empty"),
        Some(value) => read(value),
    }
}
