//! AuthSig URLs.

use ::axum::body::Body;
use ::axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts, OriginalUri};
use ::axum::http::request::Parts;
use ::axum::http::{Response, StatusCode};
use ::axum::response::IntoResponse;

use super::problem::Problem;
use crate::authsig::{TimeError, Verified, Verifier, VerifyError};

/// What the signature in the URL of this request proves. Without a valid one, the handler is not called.
///
/// The [`Verifier`] comes from the router's state: it is the state, or the state gives it by [`FromRef`]. Routes that
/// accept different signatures, say for different purposes, need different states.
///
/// `Option<AuthSig>` lets requests **without** a signature pass, as `None`; one with a signature that is wrong in any
/// way is refused as ever.
///
/// # Behind a proxy
///
/// Scheme and host of the request play no part: they come from
/// [`public_url`](crate::authsig::VerifierBuilder::public_url), with the path under which a proxy serves the app.
///
/// # Rejection
///
/// 403 and a problem document (RFC 9457) that names the cause; see [`AuthSigRejection`].
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use civic_sip::authsig::Verifier;
/// use civic_sip::axum::AuthSig;
///
/// async fn reset(AuthSig(link): AuthSig) -> String {
///     format!("a new password for {}", link.login().unwrap_or("nobody"))
/// }
///
/// let verifier = Verifier::builder()
///     .secret("at least sixteen bytes")
///     .purpose("password-reset")
///     .public_url("https://app.example.com")
///     .require_expiry()
///     .build()?;
/// let app: Router = Router::new().route("/reset", get(reset)).with_state(verifier);
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuthSig(pub Verified);

impl<S> FromRequestParts<S> for AuthSig
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = AuthSigRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        verify(parts, &Verifier::from_ref(state)).map(Self).map_err(AuthSigRejection)
    }
}

impl<S> OptionalFromRequestParts<S> for AuthSig
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = AuthSigRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        match verify(parts, &Verifier::from_ref(state)) {
            Ok(verified) => Ok(Some(Self(verified))),
            Err(VerifyError::MissingSignature) => Ok(None),
            Err(error) => Err(AuthSigRejection(error)),
        }
    }
}

fn verify(parts: &Parts, verifier: &Verifier) -> Result<Verified, VerifyError> {
    // A router that is nested sees the rest of the path only.
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
    verifier.verify_url(uri.path_and_query().map_or("/", |path| path.as_str()))
}

/// Why [`AuthSig`] rejects a request: 403.
///
/// The `cause` in the problem document is one of `missing`, `mismatch`, `expired`, `not-yet`, `address`, `login`,
/// `service`, `parameter`, `query` and `signature`; the `detail` says it in words.
#[derive(Clone, Debug)]
pub struct AuthSigRejection(VerifyError);

impl AuthSigRejection {
    /// The error of the verifier.
    pub fn error(&self) -> &VerifyError {
        &self.0
    }
}

impl IntoResponse for AuthSigRejection {
    fn into_response(self) -> Response<Body> {
        Problem::new(StatusCode::FORBIDDEN, cause(&self.0), &self.0.to_string()).response()
    }
}

fn cause(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::MissingSignature => "missing",
        VerifyError::Mismatch => "mismatch",
        VerifyError::Time(TimeError::Expired) | VerifyError::TooOld => "expired",
        VerifyError::Time(TimeError::Ahead) => "not-yet",
        VerifyError::WrongLogin => "login",
        VerifyError::WrongService => "service",
        VerifyError::MalformedSignature | VerifyError::UnknownKey => "signature",
        VerifyError::Url(_) => "address",
        VerifyError::Query(_) => "query",
        _ => "parameter",
    }
}
