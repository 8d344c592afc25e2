//! Kinds of links, and where an app has what verifies them.

use crate::authsig::{ConfigError, ConfigProblem, Verifier};

/// Names a kind of link and finds its verifier and guard in the state `S` of a router.
///
/// An app implements it for a type of its own that stands for the kind, such as `Invitation`, once for each type of state.
/// Two kinds must not share a purpose, or a link of one is accepted as the other.
///
/// ```
/// use std::sync::Arc;
/// use civic_sip::authsig::MemoryGuard;
/// use civic_sip::axum::{LinkKind, LinkVerifier};
///
/// struct App {
///     invitations: LinkVerifier,
///     downloads: LinkVerifier,
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
/// enum Download {}
///
/// impl LinkKind<Arc<App>> for Download {
///     type Guard = (); // for any number of uses
///
///     fn verifier(app: &Arc<App>) -> &LinkVerifier {
///         &app.downloads
///     }
///
///     fn guard(_: &Arc<App>) -> &() {
///         &()
///     }
/// }
/// ```
pub trait LinkKind<S> {
    /// The guard of a kind that is used up, a [`ReplayGuard`](crate::authsig::ReplayGuard); `()` for other kinds, which
    /// [`SingleUse`](super::SingleUse) does not take.
    type Guard;

    /// Returns the verifier of this kind.
    ///
    /// ```
    /// # use civic_sip::axum::{LinkKind, LinkVerifier};
    /// # struct App { invitations: LinkVerifier }
    /// # enum Invitation {}
    /// impl LinkKind<App> for Invitation {
    ///     type Guard = ();
    ///
    ///     fn verifier(app: &App) -> &LinkVerifier {
    ///         &app.invitations
    ///     }
    /// #   fn guard(_: &App) -> &() { &() }
    /// }
    /// ```
    fn verifier(state: &S) -> &LinkVerifier;

    /// Returns the guard of this kind.
    ///
    /// ```
    /// # use civic_sip::authsig::MemoryGuard;
    /// # use civic_sip::axum::{LinkKind, LinkVerifier};
    /// # struct App { invitations: LinkVerifier, guard: MemoryGuard }
    /// # enum Invitation {}
    /// impl LinkKind<App> for Invitation {
    ///     type Guard = MemoryGuard;
    ///
    ///     fn guard(app: &App) -> &MemoryGuard {
    ///         &app.guard
    ///     }
    /// #   fn verifier(app: &App) -> &LinkVerifier { &app.invitations }
    /// }
    /// ```
    fn guard(state: &S) -> &Self::Guard;
}

/// The [`Verifier`] of one kind of link: one with a purpose.
///
/// ```
/// use civic_sip::authsig::{ConfigProblem, Verifier};
/// use civic_sip::axum::LinkVerifier;
///
/// let builder = Verifier::builder().secret("at least sixteen bytes").require_expiry();
/// let error = LinkVerifier::new(builder.clone().build()?).unwrap_err();
/// assert_eq!(error.problems(), [ConfigProblem::MissingPurpose]);
///
/// let invitations = LinkVerifier::new(builder.purpose("invitation").build()?)?;
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinkVerifier(Verifier);

impl LinkVerifier {
    /// Takes a verifier that has a [purpose](crate::authsig::VerifierBuilder::purpose).
    ///
    /// # Errors
    ///
    /// [`ConfigProblem::MissingPurpose`].
    ///
    /// ```
    /// # use civic_sip::authsig::Verifier;
    /// # use civic_sip::axum::LinkVerifier;
    /// let verifier = Verifier::builder().secret("at least sixteen bytes").purpose("download").build()?;
    /// let downloads = LinkVerifier::new(verifier)?;
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn new(verifier: Verifier) -> Result<Self, ConfigError> {
        if verifier.has_purpose() {
            Ok(Self(verifier))
        } else {
            Err(ConfigProblem::MissingPurpose.into())
        }
    }

    /// Returns the verifier.
    ///
    /// ```
    /// # use civic_sip::authsig::Verifier;
    /// # use civic_sip::axum::LinkVerifier;
    /// # let verifier = Verifier::builder().secret("at least sixteen bytes").purpose("download").build()?;
    /// let downloads = LinkVerifier::new(verifier)?;
    /// assert!(downloads.verifier().verify_url("/download?file=a.pdf").is_err());
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn verifier(&self) -> &Verifier {
        &self.0
    }
}
