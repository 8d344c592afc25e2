//! Stages of the service, and the configuration from environment variables.

use std::env;

use super::{CivicSip, CivicSipBuilder};
use crate::Error;

/// A stage of the hosted service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Environment {
    /// `prod`: real people, real data.
    #[default]
    Prod,
    /// `dev`: for development.
    Dev,
}

impl Environment {
    pub(super) fn stage(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Dev => "dev",
        }
    }

    pub(super) fn from_stage(stage: &str) -> Option<Self> {
        [Self::Prod, Self::Dev].into_iter().find(|environment| environment.stage() == stage)
    }
}

/// The variable behind a setting.
pub(super) fn variable(field: &str) -> &str {
    match field {
        "app_id" => "CIVIC_APP_ID",
        "private_signing_key" => "CIVIC_PRIVATE_SIGNING_KEY",
        "secret" => "CIVIC_SECRET",
        "environment" => "CIVIC_ENV",
        "base_url" => "CIVIC_BASE_URL",
        "sip_public_key" => "CIVIC_SIP_PUBLIC_KEY",
        other => other,
    }
}

impl CivicSip {
    /// A client configured by the environment: `CIVIC_APP_ID`, `CIVIC_PRIVATE_SIGNING_KEY`, `CIVIC_SECRET` and, if they
    /// are set and not empty, `CIVIC_ENV` (`prod` or `dev`), `CIVIC_BASE_URL`, `CIVIC_SIP_PUBLIC_KEY`.
    ///
    /// # Errors
    ///
    /// `is_config`, naming everything that is missing or wrong.
    pub fn from_env() -> Result<Self, Error> {
        let mut builder = CivicSipBuilder::new().named_by_environment();
        type Setter = fn(CivicSipBuilder, String) -> CivicSipBuilder;
        let settings: [(&str, Setter); 6] = [
            ("app_id", CivicSipBuilder::app_id),
            ("private_signing_key", CivicSipBuilder::private_signing_key),
            ("secret", CivicSipBuilder::secret),
            ("environment", CivicSipBuilder::environment_named),
            ("base_url", CivicSipBuilder::base_url),
            ("sip_public_key", CivicSipBuilder::sip_public_key),
        ];
        for (field, set) in settings {
            match env::var_os(variable(field)) {
                // What is not Unicode is read as something that no setting accepts.
                Some(value) if !value.is_empty() => {
                    builder = set(builder, value.to_string_lossy().into_owned());
                }
                _ => {}
            }
        }
        builder.build()
    }
}
