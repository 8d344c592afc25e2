//! Building a link piece by piece.

use std::fmt::{self, Display};

use super::error::{SignError, UrlError};
use super::query;
use super::signer::Signer;
use super::url;

/// A link that is being built; [`Signer::link`] starts one.
///
/// Segments, names and values are percent-encoded, so that none of them can reach into another part of the URL.
///
/// ```
/// use civic_sip::authsig::Signer;
///
/// let signer = Signer::new("at least sixteen bytes")?;
/// let url = signer
///     .link("https://app.example/join")
///     .segment("blue team")
///     .param("name", "Zoë & Co")
///     .fragment("welcome")
///     .sign()?;
/// assert!(url.starts_with("https://app.example/join/blue%20team?name=Zo%C3%AB%20%26%20Co&signature="));
/// assert!(url.ends_with("#welcome"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "`sign` makes the URL"]
pub struct Link<'s> {
    signer: &'s Signer,
    /// Up to the query.
    address: String,
    query: String,
    fragment: Option<String>,
    problem: Option<UrlError>,
}

impl<'s> Link<'s> {
    pub(super) fn new(signer: &'s Signer, mut url: String) -> Self {
        let problem = match url::split(&url) {
            Ok(parts) => parts.fragment.map(|_| UrlError::Fragment),
            Err(problem) => Some(problem),
        };
        let query = match url.split_once('?') {
            Some((before, query)) => {
                let (len, query) = (before.len(), query.to_owned());
                url.truncate(len);
                query
            }
            None => String::new(),
        };
        Self { signer, address: url, query, fragment: None, problem }
    }

    /// Appends a segment to the path. An empty one, `.` and `..` make [`sign`](Self::sign) fail.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
    /// let url = signer.link("/files").segment("a/b").sign()?;
    /// assert!(url.starts_with("/files/a%2Fb?signature="));
    /// assert!(signer.link("/files").segment("..").sign().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn segment(mut self, segment: impl Display) -> Self {
        let segment = query::encoded(&segment.to_string());
        if segment.is_empty() {
            self.problem.get_or_insert(UrlError::EmptySegment);
        }
        if !self.address.ends_with('/') {
            self.address.push('/');
        }
        self.address.push_str(&segment);
        self
    }

    /// Appends a parameter to the query.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
    /// let url = signer.link("/join").param("team", "blue & green").param("seat", 17).sign()?;
    /// assert!(url.starts_with("/join?team=blue%20%26%20green&seat=17&signature="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn param(mut self, name: impl AsRef<str>, value: impl Display) -> Self {
        query::append(&mut self.query, name.as_ref(), &value.to_string());
        self
    }

    /// Sets the fragment. It is not signed, and browsers don't send it.
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
    /// assert!(signer.link("/manual").fragment("chapter-2").sign()?.ends_with("#chapter-2"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fragment(mut self, fragment: impl Display) -> Self {
        self.fragment = Some(query::encoded(&fragment.to_string()));
        self
    }

    /// Signs the link.
    ///
    /// # Errors
    ///
    /// The errors of [`Signer::sign_url`].
    ///
    /// ```
    #[doc = include_str!("../docs/setup/signer.md")]
    /// let error = signer.link("/join").param("login", "").sign().unwrap_err();
    /// assert_eq!(error, SignError::Query(QueryError::Empty("login")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign(self) -> Result<String, SignError> {
        if let Some(problem) = self.problem {
            return Err(problem.into());
        }
        let url = [&*self.address, "?", &*self.query].concat();
        let mut signed = self.signer.sign_url(&url)?;
        if let Some(fragment) = self.fragment {
            signed.push('#');
            signed.push_str(&fragment);
        }
        Ok(signed)
    }
}

/// Shows no values: they are personal data.
impl fmt::Debug for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("signer", self.signer).finish_non_exhaustive()
    }
}
