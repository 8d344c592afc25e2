//! The secret of one attempt to log in.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::authsig::error::{ConfigError, ConfigProblem, VerifyError};
use crate::crypto::{self, HmacKey};
use crate::encoding::base64::decode_url_array;

const LEN: usize = 16;

/// The random value that ties an attempt to log in to one browser.
///
/// The app generates one for each attempt, keeps it in the session of that browser, and sends it along with the
/// [request](super::Request::state). A URL that comes back with another one was made for another browser, and
/// [`log_in`](super::Remote::log_in) rejects it.
///
/// ```
/// use civic_sip::authsig::State;
///
/// let state = State::generate()?;
/// let stored = state.as_str().to_owned(); // in the session, until the browser comes back
/// let state: State = stored.parse()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct State(String);

impl State {
    /// Makes a state of 128 random bits.
    ///
    /// # Errors
    ///
    /// [`ConfigProblem::NoRandomness`].
    ///
    /// ```
    /// # use civic_sip::authsig::State;
    /// assert_ne!(State::generate()?.as_str(), State::generate()?.as_str());
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn generate() -> Result<Self, ConfigError> {
        let bytes: [u8; LEN] = crypto::random().ok_or(ConfigProblem::NoRandomness)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Returns the value for the session: 22 characters of `A-Z a-z 0-9 - _`.
    ///
    /// ```
    /// let state = civic_sip::authsig::State::generate()?;
    /// assert_eq!(state.as_str().len(), 22);
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares with the state of a URL, in the same time wherever they differ.
    pub(super) fn matches(&self, other: &str) -> bool {
        // MACs are compared in constant time; nobody needs their key.
        let key = HmacKey::new(b"authsig state");
        key.verify(other.as_bytes(), &key.sign(self.0.as_bytes()))
    }
}

/// Reads the value that the session kept.
impl FromStr for State {
    type Err = VerifyError;

    /// # Errors
    ///
    /// [`VerifyError::WrongState`] for anything but what [`as_str`](State::as_str) returned.
    fn from_str(text: &str) -> Result<Self, VerifyError> {
        match decode_url_array::<LEN>(text.as_bytes()) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(VerifyError::WrongState),
        }
    }
}

/// Shows nothing of it.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}
