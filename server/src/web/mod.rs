//! Handlers: requests, verifying, defaults, the root page, health.

pub(crate) mod assets;
pub(crate) mod defaults;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod request;
pub(crate) mod verified;
