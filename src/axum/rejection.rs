//! Rejected links and identities as responses.

use ::axum::body::Body;
use ::axum::http::{Response, StatusCode};
use ::axum::response::IntoResponse;

use super::problem::Problem;
use crate::authsig::{RemoteError, ReplayError, TimeError, VerifyError};

/// The reason to reject a link or an identity. Handlers that call `verify_url` or `consume` themselves can return it, too:
/// `?` converts all these errors.
///
/// As a response it is a problem document (RFC 9457, `application/problem+json`) with a `detail` in words and a `cause`
/// for programs. Every refused link or identity gets status 403.
///
/// | status | `cause` | |
/// |---|---|---|
/// | 403 | `missing` | no signature |
/// | 403 | `mismatch` | signed for something else, or altered |
/// | 403 | `signature` | malformed, or made with an unknown key |
/// | 403 | `expired` | too late |
/// | 403 | `not-yet` | `time` lies ahead |
/// | 403 | `address`, `query` | a URL that parsers read differently |
/// | 403 | `parameter` | a required parameter is missing, or a time can't be read |
/// | 403 | `login`, `service`, `audience` | for another one than the verifier demands |
/// | 403 | `state` | not of this attempt to log in |
/// | 403 | `notification` | malformed |
/// | 403 | `used` | used before |
/// | 403 | `reusable` | to be used up, but not from a signer with `single_use` |
/// | 403 | `method` | to be used up, but by GET, HEAD, OPTIONS or TRACE |
/// | 503 | `guard` | the guard is full or its store failed: the same link may be sent again later |
/// | 503 | `keys` | the AuthSig server's keys could not be fetched: the same URL may be sent again later |
///
/// ```
/// use civic_sip::authsig::{MemoryGuard, Verified, Verifier};
/// use civic_sip::axum::AuthSigRejection;
///
/// async fn use_up(
///     url: &str,
///     verifier: &Verifier,
///     guard: &MemoryGuard,
/// ) -> Result<Verified, AuthSigRejection> {
///     let verified = verifier.verify_url(url)?;
///     verified.consume(guard).await?;
///     Ok(verified)
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthSigRejection {
    /// The link was not verified.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The link was not used up.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The keys that an identity needs were not fetched.
    #[error(transparent)]
    Keys(RemoteError),
    /// A link was to be used up by GET, HEAD, OPTIONS or TRACE.
    #[error("GET, HEAD, OPTIONS and TRACE must not use a link up: send a POST to it")]
    SafeMethod,
}

impl AuthSigRejection {
    fn status(&self) -> StatusCode {
        match self {
            Self::Replay(ReplayError::GuardFull | ReplayError::Guard(_)) | Self::Keys(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Verify(_) | Self::Replay(_) | Self::SafeMethod => StatusCode::FORBIDDEN,
        }
    }

    fn cause(&self) -> &'static str {
        match self {
            Self::Verify(error) => verify_cause(error),
            Self::Replay(error) => replay_cause(error),
            Self::Keys(_) => "keys",
            Self::SafeMethod => "method",
        }
    }
}

impl From<RemoteError> for AuthSigRejection {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Verify(error) => Self::Verify(error),
            error => Self::Keys(error),
        }
    }
}

impl IntoResponse for AuthSigRejection {
    fn into_response(self) -> Response<Body> {
        Problem::new(self.status(), self.cause(), &self.to_string()).response()
    }
}

fn verify_cause(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::MissingSignature => "missing",
        VerifyError::Mismatch => "mismatch",
        VerifyError::MalformedSignature | VerifyError::UnknownKey => "signature",
        VerifyError::Time(TimeError::Expired) | VerifyError::TooOld => "expired",
        VerifyError::Time(TimeError::Ahead) => "not-yet",
        VerifyError::Time(TimeError::Unreadable(_) | TimeError::TooFarAhead)
        | VerifyError::Missing(_) => "parameter",
        VerifyError::WrongLogin => "login",
        VerifyError::WrongService => "service",
        VerifyError::WrongAudience => "audience",
        VerifyError::WrongState => "state",
        VerifyError::Notification(_) => "notification",
        VerifyError::Url(_) => "address",
        VerifyError::Query(_) => "query",
        #[cfg(feature = "authsig-legacy")]
        VerifyError::Legacy(_) => "signature",
    }
}

fn replay_cause(error: &ReplayError) -> &'static str {
    match error {
        ReplayError::Replayed => "used",
        ReplayError::Expired => "expired",
        ReplayError::NotSingleUse(_) => "reusable",
        ReplayError::GuardFull | ReplayError::Guard(_) => "guard",
    }
}
