//! The stages of the service, and the configuration from environment variables.

use std::env;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CivicSip, CivicSipBuilder};
use crate::Error;

/// A stage of the hosted service.
///
/// ```
/// use civic_sip::Environment;
///
/// assert_eq!("dev".parse::<Environment>()?, Environment::Dev);
/// assert_eq!(Environment::Prod.to_string(), "prod");
/// # Ok::<(), civic_sip::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Environment {
    /// `prod`: real people, real data.
    #[default]
    Prod,
    /// `dev`: for development.
    Dev,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prod => "prod",
            Self::Dev => "dev",
        })
    }
}

/// Parses `prod` or `dev`. The error is `is_config`.
impl FromStr for Environment {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "prod" => Ok(Self::Prod),
            "dev" => Ok(Self::Dev),
            _ => Err(Error::config("the environment must be `prod` or `dev`")),
        }
    }
}

/// Returns the environment variable of a setting.
pub(super) fn variable(setting: &str) -> &str {
    match setting {
        "app_id" => "CIVIC_APP_ID",
        "private_signing_key" => "CIVIC_PRIVATE_SIGNING_KEY",
        "secret" => "CIVIC_SECRET",
        "environment" => "CIVIC_ENV",
        "base_url" => "CIVIC_BASE_URL",
        "sip_public_key" => "CIVIC_SIP_PUBLIC_KEY",
        other => other,
    }
}

/// Returns the client that the environment variables configure.
pub(super) fn client_from_env() -> Result<CivicSip, Error> {
    type Setter = fn(CivicSipBuilder, String) -> CivicSipBuilder;
    const SETTERS: [(&str, Setter); 6] = [
        ("app_id", CivicSipBuilder::app_id),
        ("private_signing_key", CivicSipBuilder::private_signing_key),
        ("secret", CivicSipBuilder::secret),
        ("environment", CivicSipBuilder::environment_name),
        ("base_url", CivicSipBuilder::base_url),
        ("sip_public_key", CivicSipBuilder::sip_public_key),
    ];
    let mut builder = CivicSipBuilder::new().with_variable_names();
    for (setting, set) in SETTERS {
        match env::var_os(variable(setting)) {
            // Text that is not Unicode is replaced by characters that no setting accepts.
            Some(value) if !value.is_empty() => {
                builder = set(builder, value.to_string_lossy().into_owned());
            }
            _ => {}
        }
    }
    builder.build()
}
