//! One client for the whole process, optional: the gem's `Civic::SIP.configure`.

use std::fmt;
use std::future::Future;
use std::sync::{PoisonError, RwLock};

use super::{CivicSip, Environment};
use crate::{Error, UserData};

static CLIENT: RwLock<Option<CivicSip>> = RwLock::new(None);

/// The configuration that [`configure`] passes to its closure.
///
/// ```
/// use civic_sip::{Config, Environment};
///
/// let error = civic_sip::configure(|config: &mut Config| {
///     config.app_id = "app42".into();
///     config.environment = Environment::Dev;
/// });
/// assert!(error.unwrap_err().to_string().contains("`secret` must not be empty"));
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Config {
    /// The id of the app.
    pub app_id: String,
    /// The app's P-256 private key, in hex.
    pub private_signing_key: String,
    /// The secret that the app shares with the service, in hex.
    pub secret: String,
    /// The stage of the service.
    pub environment: Environment,
    /// The URL of the service, if not that of api.civic.com.
    pub base_url: Option<String>,
    /// The public key of the service in hex, if not that of api.civic.com.
    pub sip_public_key: Option<String>,
}

/// Shows no key and no secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("app_id", &self.app_id)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

/// Configures the client that the function [`exchange_code`] uses.
///
/// A later call replaces it for later exchanges. An invalid configuration leaves the previous one.
///
/// # Errors
///
/// `is_config`, naming everything that is missing or wrong.
///
/// ```
/// # fn main() -> Result<(), civic_sip::Error> {
/// civic_sip::configure(|config| {
///     config.app_id = "app42".into();
///     config.private_signing_key =
///         "ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4".into();
///     config.secret = "50c0c3273d5a7ca8a04287f82c6d0111".into();
/// })?;
/// # Ok(())
/// # }
/// ```
pub fn configure(set: impl FnOnce(&mut Config)) -> Result<(), Error> {
    let mut config = Config::default();
    set(&mut config);
    // The keys are moved, so that the builder wipes them.
    let mut builder = CivicSip::builder()
        .app_id(config.app_id)
        .private_signing_key(config.private_signing_key)
        .secret(config.secret)
        .environment(config.environment);
    if let Some(base_url) = config.base_url {
        builder = builder.base_url(base_url);
    }
    if let Some(sip_public_key) = config.sip_public_key {
        builder = builder.sip_public_key(sip_public_key);
    }
    let client = builder.build()?;
    *CLIENT.write().unwrap_or_else(PoisonError::into_inner) = Some(client);
    Ok(())
}

/// Exchanges a token with the client that [`configure`] has configured at the time of the call.
///
/// # Errors
///
/// `is_config` if nothing was configured; else as [`CivicSip::exchange_code`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), civic_sip::Error> {
/// # let sandbox = civic_sip::sandbox::Sandbox::start().await?;
/// # let token = sandbox.issue_token(&civic_sip::UserData::new("36a59d10", vec![]));
/// # civic_sip::configure(|config| {
/// #     config.app_id = sandbox.app_id().into();
/// #     config.private_signing_key = sandbox.private_signing_key().into();
/// #     config.secret = sandbox.secret().into();
/// #     config.base_url = Some(sandbox.base_url().into());
/// #     config.sip_public_key = Some(sandbox.sip_public_key().into());
/// # })?;
/// let user = civic_sip::exchange_code(token).await?;
/// assert_eq!(user.user_id(), "36a59d10");
/// # Ok(()) }
/// ```
pub fn exchange_code(
    token: impl AsRef<str>,
) -> impl Future<Output = Result<UserData, Error>> + Send + 'static {
    let token = token.as_ref().to_owned();
    let client = client();
    async move { client?.exchange_code(token).await }
}

/// Returns the configured client.
pub(crate) fn client() -> Result<CivicSip, Error> {
    let client = CLIENT.read().unwrap_or_else(PoisonError::into_inner).clone();
    client.ok_or_else(|| Error::config("nothing is configured; call `civic_sip::configure` first"))
}
