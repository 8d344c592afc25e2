//! A client from its configuration, which is checked as a whole.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use super::builder::CivicSipBuilder;
use super::config_errors::{ConfigErrors, required};
use super::payload_hosts::PayloadHosts;
use super::retry::Limits;
use super::transports::TransportConfig;
use super::{CivicSip, Inner, credentials};
use crate::Error;
use crate::crypto::VerifyingKey;
use crate::protocol::PATH;
use crate::protocol::app::App;
use crate::transport::url;

/// The hosted service.
const BASE_URL: &str = "https://api.civic.com/sip";

/// A longer leeway would turn the checks of time off.
const MAX_LEEWAY: Duration = Duration::from_secs(600);

const MAX_RETRIES: u32 = 10;

impl CivicSipBuilder {
    /// Reads the keys and creates the client.
    ///
    /// # Errors
    ///
    /// `is_config`, with everything that is missing or wrong.
    ///
    /// ```
    /// let error = civic_sip::CivicSip::builder().app_id("app42").build().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "configuration: `private_signing_key` is missing; `secret` is missing",
    /// );
    /// ```
    pub fn build(self) -> Result<CivicSip, Error> {
        let mut errors = ConfigErrors::new(self.variable_names);
        let app = app(&self, &mut errors);
        check_limits(&self, &mut errors);
        let hosts = self.payload_hosts.as_deref().map(PayloadHosts::listed).transpose();
        let hosts = errors.check("payload_hosts", hosts);
        let transports = TransportConfig::read(&self, &mut errors);
        let ((app, hosts), transports) = errors.finish(app.zip(hosts).zip(transports))?;
        let payload_hosts = hosts.unwrap_or_else(|| PayloadHosts::default_for(&app.uri));
        let (transport, payload_transport) = transports.build(&app.uri, &payload_hosts);
        Ok(CivicSip(Arc::new(Inner {
            app,
            clock: self.clock,
            transport,
            payload_transport,
            payload_hosts,
            max_response_bytes: self.max_response_bytes,
            limits: Limits {
                timeout: self.timeout,
                connect_timeout: self.connect_timeout,
                retries: self.retries,
            },
        })))
    }
}

fn app(builder: &CivicSipBuilder, errors: &mut ConfigErrors) -> Option<App> {
    let id = errors.check("app_id", required(builder.app_id.as_deref(), app_id));
    let signing_key = builder.private_signing_key.as_ref().map(|key| key.as_str());
    let signing_key = required(signing_key, credentials::signing_key);
    let signing_key = errors.check("private_signing_key", signing_key);
    let secret = builder.secret.as_ref().map(|secret| secret.as_str());
    let secret = errors.check("secret", required(secret, credentials::secret));
    let service_keys = errors.check("sip_public_key", service_keys(builder));
    let uri = errors.check("base_url", uri(builder));
    errors.add_if(builder.environment.is_none(), "environment", "must be `prod` or `dev`");
    errors.add_if(builder.audience.is_empty(), "audience", "must not be empty");
    let (digest_key, cbc_key) = secret?;
    Some(App {
        id: id?,
        audience: builder.audience.clone(),
        uri: uri?,
        signing_key: signing_key?,
        digest_key,
        cbc_key,
        service_keys: service_keys?,
        leeway: builder.leeway,
    })
}

fn check_limits(builder: &CivicSipBuilder, errors: &mut ConfigErrors) {
    const ZERO: &str = "must be greater than zero";
    errors.add_if(builder.leeway > MAX_LEEWAY, "leeway", "must be 10 minutes or less");
    errors.add_if(builder.timeout.is_zero(), "timeout", ZERO);
    errors.add_if(builder.connect_timeout.is_zero(), "connect_timeout", ZERO);
    errors.add_if(builder.max_response_bytes == 0, "max_response_bytes", ZERO);
    errors.add_if(builder.retries > MAX_RETRIES, "retries", "must be 10 or less");
}

fn app_id(text: &str) -> Result<String, &'static str> {
    let app_id = text.trim();
    // U+FFFD replaces what was not Unicode in an environment variable.
    if app_id.contains(|character: char| character.is_control() || character == '\u{fffd}') {
        return Err("must be the app's id from the portal, with no control characters in it");
    }
    Ok(app_id.to_owned())
}

fn service_keys(builder: &CivicSipBuilder) -> Result<Vec<VerifyingKey>, &'static str> {
    let Some(keys) = &builder.sip_public_keys else {
        return Ok(vec![credentials::public_key(credentials::SERVICE_PUBLIC_KEY)?]);
    };
    if keys.is_empty() {
        return Err("must be at least one key");
    }
    keys.iter().map(|key| required(Some(key), credentials::public_key)).collect()
}

fn uri(builder: &CivicSipBuilder) -> Result<Uri, &'static str> {
    let base = builder.base_url.as_deref().unwrap_or(BASE_URL).trim();
    if base.contains('?') {
        return Err("must be a URL without a query");
    }
    let base = base.trim_end_matches('/');
    if builder.stage_in_url {
        let stage = builder.environment.unwrap_or_default();
        url::parse(&format!("{base}/{stage}/{PATH}"))
    } else {
        url::parse(&format!("{base}/{PATH}"))
    }
}
