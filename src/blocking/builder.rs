//! The configuration: that of the async client.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::CivicSip;
use crate::{Environment, Error, Transport};

/// Sets up a blocking [`CivicSip`]: see [`crate::CivicSipBuilder`], whose methods these are.
#[must_use = "a builder does nothing until `build` is called"]
pub struct CivicSipBuilder(crate::CivicSipBuilder);

impl CivicSipBuilder {
    /// As [`crate::CivicSipBuilder::app_id`].
    pub fn app_id(self, app_id: impl Into<String>) -> Self {
        Self(self.0.app_id(app_id))
    }

    /// As [`crate::CivicSipBuilder::private_signing_key`].
    pub fn private_signing_key(self, hex: impl Into<String>) -> Self {
        Self(self.0.private_signing_key(hex))
    }

    /// As [`crate::CivicSipBuilder::secret`].
    pub fn secret(self, hex: impl Into<String>) -> Self {
        Self(self.0.secret(hex))
    }

    /// As [`crate::CivicSipBuilder::environment`].
    pub fn environment(self, environment: Environment) -> Self {
        Self(self.0.environment(environment))
    }

    /// As [`crate::CivicSipBuilder::base_url`].
    pub fn base_url(self, url: impl Into<String>) -> Self {
        Self(self.0.base_url(url))
    }

    /// As [`crate::CivicSipBuilder::stage_in_url`].
    pub fn stage_in_url(self, stage_in_url: bool) -> Self {
        Self(self.0.stage_in_url(stage_in_url))
    }

    /// As [`crate::CivicSipBuilder::sip_public_key`].
    pub fn sip_public_key(self, hex: impl Into<String>) -> Self {
        Self(self.0.sip_public_key(hex))
    }

    /// As [`crate::CivicSipBuilder::audience`].
    pub fn audience(self, audience: impl Into<String>) -> Self {
        Self(self.0.audience(audience))
    }

    /// As [`crate::CivicSipBuilder::leeway`].
    pub fn leeway(self, leeway: Duration) -> Self {
        Self(self.0.leeway(leeway))
    }

    /// As [`crate::CivicSipBuilder::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// As [`crate::CivicSipBuilder::connect_timeout`].
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self(self.0.connect_timeout(timeout))
    }

    /// As [`crate::CivicSipBuilder::proxy`].
    pub fn proxy(self, url: impl Into<String>) -> Self {
        Self(self.0.proxy(url))
    }

    /// As [`crate::CivicSipBuilder::add_root_certificate`].
    pub fn add_root_certificate(self, pem: impl AsRef<[u8]>) -> Self {
        Self(self.0.add_root_certificate(pem))
    }

    /// As [`crate::CivicSipBuilder::transport`]. It is called in a Tokio runtime, on the thread of the client.
    pub fn transport(self, transport: impl Transport + 'static) -> Self {
        Self(self.0.transport(transport))
    }

    /// As [`crate::CivicSipBuilder::max_response_bytes`].
    pub fn max_response_bytes(self, bytes: usize) -> Self {
        Self(self.0.max_response_bytes(bytes))
    }

    /// As [`crate::CivicSipBuilder::payload_hosts`].
    pub fn payload_hosts(self, hosts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(self.0.payload_hosts(hosts))
    }

    /// As [`crate::CivicSipBuilder::clock`].
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(self.0.clock(clock))
    }

    /// Reads the keys and makes the client.
    ///
    /// # Errors
    ///
    /// `is_config`, naming everything that is missing or wrong, and what it should look like.
    pub fn build(self) -> Result<CivicSip, Error> {
        self.0.build().map(CivicSip::from)
    }
}

/// Such as that of a sandbox, made ready for it.
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
