//! AuthSig URLs.

use ::axum::body::Body;
use ::axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts, OriginalUri};
use ::axum::http::request::Parts;
use ::axum::http::{Response, StatusCode};
use ::axum::response::IntoResponse;

use super::problem::Problem;
use crate::authsig::{Error, Verified, Verifier};

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
/// Scheme and host of the request play no part: what signatures are bound to comes from
/// [`bind_to`](Verifier::bind_to), which takes the public address. The path has to be the one bound to, so that a URL
/// for one route does not open another; where a proxy changes paths, take the query and
/// [`verify_query`](Verifier::verify_query).
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
/// let verifier = Verifier::new("at least sixteen bytes")
///     .purpose("password-reset")
///     .bind_to("https://app.example.com/reset")
///     .require_expiry();
/// let app: Router = Router::new().route("/reset", get(reset)).with_state(verifier);
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
            Err(Error::MissingSignature) => Ok(None),
            Err(error) => Err(AuthSigRejection(error)),
        }
    }
}

fn verify(parts: &Parts, verifier: &Verifier) -> Result<Verified, Error> {
    // A router that is nested sees the rest of the path only.
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
    let verified = verifier.verify_query(uri.query().unwrap_or_default())?;
    if verifier.is_bound_elsewhere(uri.path()) {
        return Err(Error::Elsewhere);
    }
    Ok(verified)
}

/// Why [`AuthSig`] refuses a request: 403, or 500 if the verifier itself is set up wrongly.
///
/// The `cause` in the problem document is one of `missing`, `mismatch`, `expired`, `not-yet`, `elsewhere`, `login`,
/// `service`, `parameter`, `query`, `signature` and `configuration`; the `detail` says it in words.
#[derive(Clone, Debug)]
pub struct AuthSigRejection(Error);

impl AuthSigRejection {
    /// The error of the verifier.
    pub fn error(&self) -> &Error {
        &self.0
    }
}

impl IntoResponse for AuthSigRejection {
    fn into_response(self) -> Response<Body> {
        let cause = cause(&self.0);
        if cause == "configuration" {
            let detail = "Signed links can't be checked at the moment.";
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, cause, detail).response();
        }
        Problem::new(StatusCode::FORBIDDEN, cause, &self.0.to_string()).response()
    }
}

fn cause(error: &Error) -> &'static str {
    match error {
        Error::MissingSignature => "missing",
        Error::Mismatch => "mismatch",
        Error::Expired | Error::TooOld => "expired",
        Error::NotYet => "not-yet",
        Error::Elsewhere => "elsewhere",
        Error::WrongLogin => "login",
        Error::WrongService => "service",
        Error::MalformedSignature | Error::UnknownKeyId => "signature",
        Error::BadTime(_)
        | Error::MissingParameter(_)
        | Error::RefusedParameter { .. }
        | Error::RepeatedParameter(_)
        | Error::EmptyParameter(_) => "parameter",
        Error::BadUrl
        | Error::QueryTooLong
        | Error::TooManyParameters
        | Error::BrokenEscape
        | Error::InvalidUtf8
        | Error::RefusedCharacter(_) => "query",
        // The rest is about keys and settings, or no outcome of verifying a query.
        _ => "configuration",
    }
}
