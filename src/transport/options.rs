//! The limits of one request.

use std::time::Duration;

const DEFAULT_MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Limits that a [`Transport`](crate::Transport) keeps to while it sends one request.
///
/// ```
/// use std::time::Duration;
/// use civic_sip::SendOptions;
///
/// let options = SendOptions::new().with_timeout(Duration::from_secs(5)).with_max_response_bytes(1024);
/// assert_eq!(options.timeout(), Duration::from_secs(5));
/// assert_eq!(options.max_response_bytes(), 1024);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendOptions {
    max_response_bytes: usize,
    timeout: Duration,
}

impl SendOptions {
    /// Creates options with the defaults of the client: 64 MiB and 30 seconds.
    ///
    /// ```
    /// assert_eq!(civic_sip::SendOptions::new().max_response_bytes(), 64 * 1024 * 1024);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES, timeout: DEFAULT_TIMEOUT }
    }

    /// Sets the largest body of a response, in bytes.
    ///
    /// ```
    /// let options = civic_sip::SendOptions::new().with_max_response_bytes(1024);
    /// assert_eq!(options.max_response_bytes(), 1024);
    /// ```
    #[must_use]
    pub fn with_max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Sets the time for the whole request, from the name lookup to the last byte of the response.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let options = civic_sip::SendOptions::new().with_timeout(Duration::from_secs(5));
    /// assert_eq!(options.timeout(), Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the largest body of a response, in bytes.
    ///
    /// ```
    /// # let (body, options) = (vec![0; 10], civic_sip::SendOptions::new());
    /// let is_too_large = body.len() > options.max_response_bytes();
    /// assert!(!is_too_large);
    /// ```
    #[must_use]
    pub fn max_response_bytes(&self) -> usize {
        self.max_response_bytes
    }

    /// Returns the time limit of the request: the time that is left of the exchange.
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(civic_sip::SendOptions::new().timeout(), Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

impl Default for SendOptions {
    fn default() -> Self {
        Self::new()
    }
}
