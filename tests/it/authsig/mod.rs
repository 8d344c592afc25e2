//! Signed URLs.

mod v2;

#[cfg(feature = "authsig-legacy")]
mod asking;
#[cfg(feature = "authsig-legacy")]
mod decide;
mod guards;
#[cfg(feature = "authsig-legacy")]
mod legacy;
#[cfg(feature = "authsig-legacy")]
mod properties;
#[cfg(feature = "authsig-legacy")]
mod remote;
