//! Limits on what strangers may try, per address and per account and address.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::app::App;
use crate::client::Client;
use crate::failure::Failure;
use crate::random::sha256;
use crate::store::Limit;

/// An action that is limited.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    SignUp,
    CreateDefault,
    Request,
}

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self::new(peer.map(|ConnectInfo(peer)| peer.ip()), &parts.headers, &app.trusted_proxies))
    }
}

/// Uses of limits that can be taken back.
pub(crate) struct Used(Vec<(String, Limit)>);

impl App {
    /// Counts one try of a password, for the account and address and for the address.
    pub(crate) async fn use_password_limits(
        &self,
        login: &str,
        Client(address): &Client,
    ) -> Result<Used, Failure> {
        let login = login.trim().to_ascii_lowercase();
        let limits = vec![
            (name(&["login", &login, address]), log_ins(self.limits.wrong_passwords)),
            (name(&["logins", address]), log_ins(self.limits.wrong_passwords_per_address)),
        ];
        self.use_limits(&limits, "There were too many wrong passwords.").await?;
        Ok(Used(limits))
    }

    /// Counts one try to log in by another service, for the address alone: who it will be is not known yet.
    pub(crate) async fn use_log_in_limit(&self, Client(address): &Client) -> Result<Used, Failure> {
        let limit = log_ins(self.limits.wrong_passwords_per_address);
        let limits = vec![(name(&["logins", address]), limit)];
        self.use_limits(&limits, "There were too many log-ins that failed.").await?;
        Ok(Used(limits))
    }

    /// Takes back a try to log in that succeeded, or was not checked.
    pub(crate) async fn release_limits(&self, Used(limits): &Used) -> Result<(), Failure> {
        Ok(self.store.release_limits(limits).await?)
    }

    /// Checks a password whose try was counted. `None` is the hash of an unknown login.
    pub(crate) async fn verify_password(
        &self,
        password: &str,
        hash: Option<&str>,
        used: &Used,
    ) -> Result<bool, Failure> {
        let passwords = self.passwords.as_ref().ok_or_else(Failure::not_found)?;
        match passwords.verify(password, hash).await {
            Ok(is_right) => Ok(is_right),
            Err(busy) => {
                // Nobody is locked out because others log in.
                self.release_limits(used).await?;
                Err(busy.into())
            }
        }
    }

    /// Counts something that a client does.
    pub(crate) async fn use_limit(
        &self,
        action: Action,
        Client(address): &Client,
    ) -> Result<(), Failure> {
        let (kind, count, per_seconds, message) = match action {
            Action::SignUp => {
                ("sign-ups", self.limits.sign_ups, 60 * 60, "There were too many sign-ups.")
            }
            Action::CreateDefault => {
                ("defaults", self.limits.defaults, 60 * 60, "There were too many new defaults.")
            }
            Action::Request => {
                ("requests", self.limits.requests, 60, "There were too many requests.")
            }
        };
        let limit = Limit { count: count.into(), per_seconds };
        self.use_limits(&[(name(&[kind, address]), limit)], message).await
    }

    async fn use_limits(
        &self,
        limits: &[(String, Limit)],
        message: &'static str,
    ) -> Result<(), Failure> {
        if limits.iter().any(|(_, limit)| limit.count == 0) {
            return Err(Failure::new(StatusCode::FORBIDDEN, "This is not allowed here."));
        }
        let now = self.store.shared_millis(&self.clock).await?;
        match self.store.use_limits(limits, now).await? {
            None => Ok(()),
            Some(wait_ms) => {
                tracing::warn!(message, "refused");
                let seconds = u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000).max(1);
                let message = format!("{message} Please try again in {seconds} seconds.");
                Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(seconds))
            }
        }
    }
}

/// Limits log-ins that fail: so many in 5 minutes.
fn log_ins(count: u32) -> Limit {
    Limit { count: count.into(), per_seconds: 5 * 60 }
}

/// Names a row. A hash bounds its length, whatever was typed as a login.
fn name(parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(sha256(parts.join("\n").as_bytes()))
}
