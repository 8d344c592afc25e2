//! The failures of a transport.

use std::error::Error as StdError;

/// The cause of a [`TransportError`].
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The failure of a [`Transport`](crate::Transport). Its cause must show no URL and no header.
///
/// ```
/// use std::io;
/// use civic_sip::TransportError;
///
/// fn connect() -> Result<(), TransportError> {
///     let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
///     Err(TransportError::NotSent(refused.into()))
/// }
/// assert_eq!(connect().unwrap_err().to_string(), "no connection could be made");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection was made, so no byte of the request was sent. The request may be sent again.
    ///
    /// A [`std::io::Error`] of the kind `TimedOut` as the cause makes this a time-out.
    #[error("no connection could be made")]
    NotSent(#[source] BoxError),
    /// The time ran out after the request may have been sent.
    #[error("no response in the time allowed")]
    Timeout(#[source] BoxError),
    /// The body of the response is larger than
    /// [`max_response_bytes`](crate::SendOptions::max_response_bytes).
    #[error("the response is larger than the limit")]
    TooLarge(#[source] BoxError),
    /// The host resolves to addresses that must not be connected to. Nothing was sent.
    #[error("the host resolves to no address that may be connected to")]
    BlockedAddress(#[source] BoxError),
    /// The transport can't work as it is configured, or where it is called. Nothing was sent.
    #[error("the transport can't be used")]
    Unusable(#[source] BoxError),
    /// Any other failure. The request may have been sent.
    #[error("the connection failed")]
    Failed(#[source] BoxError),
}
