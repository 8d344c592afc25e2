//! Extractors of signed links.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use ::axum::extract::{FromRequestParts, OptionalFromRequestParts, OriginalUri};
use ::axum::http::request::Parts;

use super::kind::LinkKind;
use super::rejection::AuthSigRejection;
use crate::authsig::{ReplayGuard, Verified, VerifyError};

/// Verifies that the URL of the request is a signed link of the kind `K`. It dereferences to [`Verified`].
///
/// Verifying has no side effect: the same link may come again. [`SingleUse`] uses a link up.
///
/// `Option<AuthSig<K>>` is `None` for a request **without** a signature; one with a signature that is wrong in any way is
/// rejected all the same.
///
/// The path and the query of the request as it arrived are verified, also in a nested router. Its scheme and host play no
/// part: they come from [`public_url`](crate::authsig::VerifierBuilder::public_url), with the path under which a proxy
/// serves the app.
///
/// # Rejection
///
/// 403 and a problem document that names the cause; see [`AuthSigRejection`].
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use civic_sip::authsig::Verifier;
/// use civic_sip::axum::{AuthSig, LinkKind, LinkVerifier};
///
/// enum Download {}
///
/// impl LinkKind<LinkVerifier> for Download {
///     type Guard = ();
///
///     fn verifier(state: &LinkVerifier) -> &LinkVerifier {
///         state
///     }
///
///     fn guard(_: &LinkVerifier) -> &() {
///         &()
///     }
/// }
///
/// async fn download(link: AuthSig<Download>) -> String {
///     format!("the file {:?}", link.get("file"))
/// }
///
/// let verifier = Verifier::builder()
///     .secret("at least sixteen bytes")
///     .purpose("download")
///     .public_url("https://app.example")
///     .require_expiry()
///     .build()?;
/// let app: Router =
///     Router::new().route("/download", get(download)).with_state(LinkVerifier::new(verifier)?);
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
pub struct AuthSig<K> {
    verified: Verified,
    kind: PhantomData<fn() -> K>,
}

/// Verifies that the URL of the request is a signed link of the kind `K`, and uses it up. It dereferences to [`Verified`].
///
/// GET, HEAD, OPTIONS and TRACE requests are rejected: mail scanners and previews send those, and would use links up. A
/// link in a mail is opened by GET, with [`AuthSig`], and shows a form that posts to the same URL; see the
/// [module](super#single-use).
///
/// The link is used up before the handler runs, and even before the body is read: it stays so if the body turns out
/// wrong or the handler fails. A handler that wants to check something first takes [`AuthSig`] and calls
/// [`consume`](Verified::consume); [`AuthSigRejection`] is the error of that, too.
///
/// # Rejection
///
/// The status is 403 if the link is refused, and 503 if the guard is full or fails; see [`AuthSigRejection`].
///
/// ```
/// use std::sync::Arc;
/// use axum::Router;
/// use axum::routing::get;
/// use civic_sip::authsig::{MemoryGuard, Verifier};
/// use civic_sip::axum::{AuthSig, LinkKind, LinkVerifier, SingleUse};
///
/// struct App {
///     invitations: LinkVerifier,
///     guard: MemoryGuard,
/// }
///
/// enum Invitation {}
///
/// impl LinkKind<Arc<App>> for Invitation {
///     type Guard = MemoryGuard;
///
///     fn verifier(app: &Arc<App>) -> &LinkVerifier {
///         &app.invitations
///     }
///
///     fn guard(app: &Arc<App>) -> &MemoryGuard {
///         &app.guard
///     }
/// }
///
/// async fn show(invitation: AuthSig<Invitation>) -> String {
///     format!("join {:?}?", invitation.get("team"))
/// }
///
/// async fn join(invitation: SingleUse<Invitation>) -> String {
///     format!("you have joined {:?}", invitation.get("team"))
/// }
///
/// let verifier =
///     Verifier::builder().secret("at least sixteen bytes").purpose("invitation").build()?;
/// let app = App { invitations: LinkVerifier::new(verifier)?, guard: MemoryGuard::new(10_000) };
/// let router: Router = Router::new().route("/join", get(show).post(join)).with_state(Arc::new(app));
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
pub struct SingleUse<K> {
    verified: Verified,
    kind: PhantomData<fn() -> K>,
}

impl<S, K> FromRequestParts<S> for AuthSig<K>
where
    S: Send + Sync,
    K: LinkKind<S>,
{
    type Rejection = AuthSigRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let verified = verify::<S, K>(parts, state)?;
        Ok(Self { verified, kind: PhantomData })
    }
}

impl<S, K> OptionalFromRequestParts<S> for AuthSig<K>
where
    S: Send + Sync,
    K: LinkKind<S>,
{
    type Rejection = AuthSigRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        match verify::<S, K>(parts, state) {
            Ok(verified) => Ok(Some(Self { verified, kind: PhantomData })),
            Err(VerifyError::MissingSignature) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl<S, K> FromRequestParts<S> for SingleUse<K>
where
    S: Send + Sync,
    K: LinkKind<S>,
    K::Guard: ReplayGuard,
{
    type Rejection = AuthSigRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        if parts.method.is_safe() {
            return Err(AuthSigRejection::SafeMethod);
        }
        let verified = verify::<S, K>(parts, state)?;
        verified.consume(K::guard(state)).await?;
        Ok(Self { verified, kind: PhantomData })
    }
}

/// Verifies the URL as it arrived: a router that is nested sees only the rest of the path.
fn verify<S, K: LinkKind<S>>(parts: &Parts, state: &S) -> Result<Verified, VerifyError> {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
    K::verifier(state).verifier().verify_url(path_and_query)
}

impl<K> AuthSig<K> {
    /// Returns the contents of the link.
    ///
    /// ```
    /// use civic_sip::authsig::{ReplayError, ReplayGuard, Verified};
    /// use civic_sip::axum::AuthSig;
    ///
    /// /// Uses the link up once the handler has checked something else.
    /// async fn use_up<K>(link: AuthSig<K>, guard: &impl ReplayGuard) -> Result<Verified, ReplayError> {
    ///     let verified = link.into_verified();
    ///     verified.consume(guard).await?;
    ///     Ok(verified)
    /// }
    /// ```
    pub fn into_verified(self) -> Verified {
        self.verified
    }
}

impl<K> SingleUse<K> {
    /// Returns the contents of the link.
    ///
    /// ```
    /// use civic_sip::authsig::Verified;
    /// use civic_sip::axum::SingleUse;
    ///
    /// enum Invitation {}
    ///
    /// async fn join(link: SingleUse<Invitation>) -> String {
    ///     add_to_team(link.into_verified())
    /// }
    ///
    /// fn add_to_team(verified: Verified) -> String {
    ///     format!("you have joined {:?}", verified.get("team"))
    /// }
    /// ```
    pub fn into_verified(self) -> Verified {
        self.verified
    }
}

impl<K> Deref for AuthSig<K> {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.verified
    }
}

impl<K> Deref for SingleUse<K> {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.verified
    }
}

/// Shows no values, as [`Verified`] does.
impl<K> fmt::Debug for AuthSig<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthSig").field(&self.verified).finish()
    }
}

/// Shows no values, as [`Verified`] does.
impl<K> fmt::Debug for SingleUse<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SingleUse").field(&self.verified).finish()
    }
}
