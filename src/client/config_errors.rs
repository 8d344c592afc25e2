//! What is wrong with a configuration.

use super::environment;
use crate::Error;

/// Everything that is wrong, so that all of it can be mended at once. Names and forms, never values.
pub(super) struct ConfigErrors {
    found: Vec<String>,
    variables: bool,
}

impl ConfigErrors {
    /// With `variables`, settings are called by the environment variables behind them.
    pub(super) fn new(variables: bool) -> Self {
        Self { found: Vec::new(), variables }
    }

    pub(super) fn found(&self) -> &[String] {
        &self.found
    }

    pub(super) fn add(&mut self, field: &str, problem: &str) {
        let name = if self.variables { environment::variable(field) } else { field };
        self.found.push(format!("{name} {problem}"));
    }

    pub(super) fn unless_ok<T>(
        &mut self,
        field: &str,
        result: Result<T, &'static str>,
    ) -> Option<T> {
        result.map_err(|problem| self.add(field, problem)).ok()
    }
}

impl From<ConfigErrors> for Error {
    fn from(errors: ConfigErrors) -> Self {
        Self::config(errors.found.join("; "))
    }
}

/// A setting that there has to be.
pub(super) fn required<T>(
    value: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Result<T, &'static str> {
    match value {
        None => Err("is missing"),
        Some(value) if value.trim().is_empty() => Err("is empty"),
        Some(value) => read(value),
    }
}
