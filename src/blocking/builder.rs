//! The configuration, which is that of the async client.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::CivicSip;
use crate::{Environment, Error, Transport};

/// Configures a blocking [`CivicSip`], with the methods of [`crate::CivicSipBuilder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CivicSipBuilder(crate::CivicSipBuilder);

impl CivicSipBuilder {
    /// See [`crate::CivicSipBuilder::app_id`].
    pub fn app_id(self, app_id: impl Into<String>) -> Self {
        Self(self.0.app_id(app_id))
    }

    /// See [`crate::CivicSipBuilder::private_signing_key`].
    pub fn private_signing_key(self, hex: impl Into<String>) -> Self {
        Self(self.0.private_signing_key(hex))
    }

    /// See [`crate::CivicSipBuilder::secret`].
    pub fn secret(self, hex: impl Into<String>) -> Self {
        Self(self.0.secret(hex))
    }

    /// See [`crate::CivicSipBuilder::environment`].
    pub fn environment(self, environment: Environment) -> Self {
        Self(self.0.environment(environment))
    }

    /// See [`crate::CivicSipBuilder::base_url`].
    pub fn base_url(self, url: impl Into<String>) -> Self {
        Self(self.0.base_url(url))
    }

    /// See [`crate::CivicSipBuilder::stage_in_url`].
    pub fn stage_in_url(self, stage_in_url: bool) -> Self {
        Self(self.0.stage_in_url(stage_in_url))
    }

    /// See [`crate::CivicSipBuilder::sip_public_key`].
    pub fn sip_public_key(self, hex: impl Into<String>) -> Self {
        Self(self.0.sip_public_key(hex))
    }

    /// See [`crate::CivicSipBuilder::sip_public_keys`].
    pub fn sip_public_keys(self, hex: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(self.0.sip_public_keys(hex))
    }

    /// See [`crate::CivicSipBuilder::audience`].
    pub fn audience(self, audience: impl Into<String>) -> Self {
        Self(self.0.audience(audience))
    }

    /// See [`crate::CivicSipBuilder::leeway`].
    pub fn leeway(self, leeway: Duration) -> Self {
        Self(self.0.leeway(leeway))
    }

    /// See [`crate::CivicSipBuilder::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// See [`crate::CivicSipBuilder::connect_timeout`].
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self(self.0.connect_timeout(timeout))
    }

    /// See [`crate::CivicSipBuilder::retries`].
    pub fn retries(self, retries: u32) -> Self {
        Self(self.0.retries(retries))
    }

    /// See [`crate::CivicSipBuilder::proxy`].
    pub fn proxy(self, url: impl Into<String>) -> Self {
        Self(self.0.proxy(url))
    }

    /// See [`crate::CivicSipBuilder::add_root_certificate`].
    pub fn add_root_certificate(self, pem: impl AsRef<[u8]>) -> Self {
        Self(self.0.add_root_certificate(pem))
    }

    /// See [`crate::CivicSipBuilder::transport`]. It is called in a Tokio runtime, on the thread of
    /// the client.
    pub fn transport(self, transport: impl Transport + 'static) -> Self {
        Self(self.0.transport(transport))
    }

    /// See [`crate::CivicSipBuilder::max_response_bytes`].
    pub fn max_response_bytes(self, bytes: usize) -> Self {
        Self(self.0.max_response_bytes(bytes))
    }

    /// See [`crate::CivicSipBuilder::payload_hosts`].
    pub fn payload_hosts(self, hosts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(self.0.payload_hosts(hosts))
    }

    /// See [`crate::CivicSipBuilder::clock`].
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(self.0.clock(clock))
    }

    /// Reads the keys and creates the client.
    ///
    /// # Errors
    ///
    /// `is_config`, with everything that is missing or wrong.
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
