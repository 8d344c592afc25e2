//! The trait that tells who is logged in.

use std::future::Future;
use std::pin::Pin;

use axum::http::request::Parts;
use civic_sip::authsig::decide::Person;

/// Tells who is logged in. An app implements it to use its own accounts instead of the server's.
///
/// ```
/// use authsig_server::{People, Unavailable};
/// use axum::http::request::Parts;
/// use civic_sip::authsig::decide::Person;
///
/// /// The session that a layer of the app has put into the extensions of the request.
/// #[derive(Clone)]
/// struct Session { id: String, login: String }
///
/// struct OurPeople;
///
/// impl People for OurPeople {
///     async fn person(&self, parts: &Parts) -> Result<Option<Person>, Unavailable> {
///         let session = parts.extensions.get::<Session>();
///         Ok(session.map(|session| Person::new(&session.login, &session.id)))
///     }
///
///     async fn login_url(&self, return_to: &str) -> String {
///         let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", return_to).finish();
///         format!("/our/login?{query}")
///     }
/// }
/// ```
pub trait People: Send + Sync + 'static {
    /// Returns the person that a request comes from, if anybody is logged in.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if that can't be found out now, which is not the same as nobody.
    ///
    /// ```
    /// # use authsig_server::Unavailable;
    /// # use civic_sip::authsig::decide::Person;
    /// # struct OurPeople;
    /// # #[derive(Clone)] struct Session { id: String, login: String }
    /// # impl authsig_server::People for OurPeople {
    /// // A layer of the app has put the session into the extensions.
    /// async fn person(&self, parts: &axum::http::request::Parts) -> Result<Option<Person>, Unavailable> {
    ///     let session = parts.extensions.get::<Session>();
    ///     Ok(session.map(|session| Person::new(&session.login, &session.id)))
    /// }
    /// # async fn login_url(&self, _: &str) -> String { String::new() }
    /// # }
    /// ```
    fn person(
        &self,
        parts: &Parts,
    ) -> impl Future<Output = Result<Option<Person>, Unavailable>> + Send;

    /// Returns the URL of the page to log in at, which leads back to `return_to`, a path with a query on this host.
    ///
    /// ```
    /// # use authsig_server::Unavailable;
    /// # use civic_sip::authsig::decide::Person;
    /// # struct OurPeople;
    /// # impl authsig_server::People for OurPeople {
    /// # async fn person(&self, _: &axum::http::request::Parts) -> Result<Option<Person>, Unavailable> { Ok(None) }
    /// async fn login_url(&self, return_to: &str) -> String {
    ///     let next: String = url::form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
    ///     format!("/our/login?next={next}")
    /// }
    /// # }
    /// ```
    fn login_url(&self, return_to: &str) -> impl Future<Output = String> + Send;
}

/// The accounts can't be reached now, so that nobody knows who is logged in. The server answers 503.
///
/// ```
/// # use authsig_server::Unavailable;
/// assert_eq!(Unavailable.to_string(), "the accounts can't be reached now: try again later");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the accounts can't be reached now: try again later")]
pub struct Unavailable;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`People`] as an object.
pub(crate) trait DynPeople: Send + Sync {
    fn person<'a>(&'a self, parts: &'a Parts)
    -> BoxFuture<'a, Result<Option<Person>, Unavailable>>;
    fn login_url<'a>(&'a self, return_to: &'a str) -> BoxFuture<'a, String>;
}

impl<P: People> DynPeople for P {
    fn person<'a>(
        &'a self,
        parts: &'a Parts,
    ) -> BoxFuture<'a, Result<Option<Person>, Unavailable>> {
        Box::pin(People::person(self, parts))
    }

    fn login_url<'a>(&'a self, return_to: &'a str) -> BoxFuture<'a, String> {
        Box::pin(People::login_url(self, return_to))
    }
}
