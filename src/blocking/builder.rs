//! The configuration, which is that of the async client.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::CivicSip;
use crate::{Environment, Error, Transport};

/// Configures a blocking [`CivicSip`], with the methods of [`crate::CivicSipBuilder`].
///
/// ```
/// use civic_sip::blocking::CivicSip;
///
/// let error = CivicSip::builder().app_id("app42").build().unwrap_err();
/// assert!(error.is_config()); // the keys are missing
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CivicSipBuilder(crate::CivicSipBuilder);

/// Adds methods of [`crate::CivicSipBuilder`], each with its argument, and an argument for the example.
macro_rules! forward {
    ($($(#[$docs:meta])* $name:ident($argument:ident: $type:ty) $example:literal;)*) => {
        impl CivicSipBuilder {
            $(
                #[doc = concat!("See [`crate::CivicSipBuilder::", stringify!($name), "`].")]
                $(#[$docs])*
                #[doc = "\n```"]
                #[doc = include_str!("../docs/setup/blocking_builder.md")]
                #[doc = concat!("let civic = builder.", stringify!($name), "(", $example, ").build()?;")]
                #[doc = "# Ok::<(), Box<dyn std::error::Error>>(())\n```"]
                pub fn $name(self, $argument: $type) -> Self {
                    Self(self.0.$name($argument))
                }
            )*
        }
    };
}

forward! {
    app_id(app_id: impl Into<String>) "\"app42\"";
    private_signing_key(hex: impl Into<String>) "key";
    secret(hex: impl Into<String>) "\"50c0c3273d5a7ca8a04287f82c6d0111\"";
    environment(environment: Environment) "Environment::Dev";
    base_url(url: impl Into<String>) "\"https://sip.example.com\"";
    stage_in_url(stage_in_url: bool) "false";
    sip_public_key(hex: impl Into<String>) "service_key";
    sip_public_keys(hex: impl IntoIterator<Item = impl Into<String>>) "[service_key, next_key]";
    audience(audience: impl Into<String>) "\"https://sip.example.com/\"";
    leeway(leeway: Duration) "Duration::from_secs(120)";
    timeout(timeout: Duration) "Duration::from_secs(10)";
    connect_timeout(timeout: Duration) "Duration::from_secs(3)";
    retries(retries: u32) "0";
    proxy(url: impl Into<String>) "\"http://proxy.example.com:3128\"";
    add_root_certificate(pem: impl AsRef<[u8]>) "pem";
    /// It is called in a Tokio runtime, on the thread of the client.
    transport(transport: impl Transport + 'static) "Offline";
    max_response_bytes(bytes: usize) "1024 * 1024";
    payload_hosts(hosts: impl IntoIterator<Item = impl AsRef<str>>) "[\"storage.example.com\"]";
    clock(clock: impl Fn() -> SystemTime + Send + Sync + 'static) "move || time";
}

impl CivicSipBuilder {
    /// Reads the keys and creates the client.
    ///
    /// # Errors
    ///
    /// `is_config`, with everything that is missing or wrong.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/blocking_builder.md")]
    /// let civic = builder.build()?;
    /// assert_eq!(civic.app_id(), "app42");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn build(self) -> Result<CivicSip, Error> {
        self.0.build().map(CivicSip::from)
    }
}

/// Converts a builder of the async client, for instance that of a sandbox.
impl From<crate::CivicSipBuilder> for CivicSipBuilder {
    fn from(builder: crate::CivicSipBuilder) -> Self {
        Self(builder)
    }
}

/// Shows no key and no secret.
impl fmt::Debug for CivicSipBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
