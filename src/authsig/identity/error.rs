//! The error of verifying with keys that are fetched.

use std::sync::Arc;

use crate::authsig::error::{ConfigError, VerifyError};
use crate::transport::TransportError;

/// The failure of a [`Remote`](super::Remote) to verify a URL.
///
/// Only [`Verify`](Self::Verify) is about the URL. With all others the server's keys could not be fetched: the URL may
/// be good, and can be verified later.
///
/// ```
/// use civic_sip::authsig::{RemoteError, VerifyError};
///
/// /// Returns whether the same URL may be tried again, later.
/// fn is_temporary(error: &RemoteError) -> bool {
///     !matches!(error, RemoteError::Verify(_))
/// }
/// assert!(is_temporary(&RemoteError::Status(503)));
/// assert!(!is_temporary(&RemoteError::Verify(VerifyError::Mismatch)));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The URL is not accepted.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The request for the keys failed.
    #[error("the keys of the AuthSig server could not be fetched")]
    Transport(#[source] Arc<TransportError>),
    /// The response to the request for the keys does not have the status 200.
    #[error("the AuthSig server answered the request for its keys with the status {0}, not 200")]
    Status(u16),
    /// The response to the request for the keys has no usable keys.
    #[error("the keys of the AuthSig server can't be used")]
    Keys(#[source] ConfigError),
}

impl RemoteError {
    pub(super) fn transport(error: TransportError) -> Self {
        Self::Transport(Arc::new(error))
    }
}
