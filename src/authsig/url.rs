//! Addresses: cutting a URL into its parts, the public URL, and the address that is signed.

use ::url::Url;

use super::error::UrlError;

/// A URL cut at the first `#`, then at the first `?`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'u> {
    /// The part before the query: a path, or scheme, authority and path.
    pub(super) before_query: &'u str,
    pub(super) query: &'u str,
    pub(super) fragment: Option<&'u str>,
}

/// Cuts an absolute URL, or one that begins with a single `/`.
pub(super) fn split(url: &str) -> Result<Parts<'_>, UrlError> {
    let (before_fragment, fragment) = match url.split_once('#') {
        Some((before, fragment)) => (before, Some(fragment)),
        None => (url, None),
    };
    let (before_query, query) = before_fragment.split_once('?').unwrap_or((before_fragment, ""));
    if path(before_query).is_none() {
        return Err(UrlError::NotAbsolute);
    }
    Ok(Parts { before_query, query, fragment })
}

impl Parts<'_> {
    /// The URL with another query; everything else as it was.
    #[cfg(feature = "authsig-legacy")]
    pub(super) fn with_query(&self, query: &str) -> String {
        let fragment = self.fragment.map(|fragment| ["#", fragment]).unwrap_or_default();
        [self.before_query, "?", query].into_iter().chain(fragment).collect()
    }
}

/// The address of a link, in two pieces: what is signed, and what stands before the query of the signed URL.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Address<'a> {
    /// The part of the public URL that goes in front of `before_query`.
    pub(super) base: &'a str,
    pub(super) before_query: &'a str,
    signed: [&'a str; 2],
}

impl<'a> Address<'a> {
    /// Takes the address of a URL, below the public URL if there is one, and rejects what parsers disagree on.
    pub(super) fn new(
        before_query: &'a str,
        public_url: Option<&'a PublicUrl>,
    ) -> Result<Self, UrlError> {
        let path = path(before_query).ok_or(UrlError::NotAbsolute)?;
        check_characters(before_query)?;
        check_path(path)?;
        let written = if path.is_empty() { "/" } else { path };
        let Some(PublicUrl(public_url)) = public_url else {
            return Ok(Self { base: "", before_query, signed: ["", written] });
        };
        if before_query.starts_with('/') {
            return Ok(Self { base: public_url, before_query, signed: [public_url, path] });
        }
        let rest = before_query.strip_prefix(&**public_url).ok_or(UrlError::Mismatch)?;
        match rest.as_bytes().first() {
            Some(b'/') => Ok(Self { base: "", before_query, signed: [public_url, rest] }),
            Some(_) => Err(UrlError::Mismatch),
            // The path is the base's, or `/` where that is empty.
            None => Ok(Self {
                base: "",
                before_query,
                signed: [public_url, if path.is_empty() { "/" } else { "" }],
            }),
        }
    }

    /// The address as it is signed, in pieces: empty for a bare query.
    pub(super) fn signed(&self) -> [&'a str; 2] {
        self.signed
    }
}

/// The path of an absolute URL, possibly empty, or of one that begins with a single `/`. Browsers read `//host` and
/// `/\host` as another host.
fn path(before_query: &str) -> Option<&str> {
    if before_query.starts_with('/') {
        return (!before_query.starts_with("//") && !before_query.starts_with("/\\"))
            .then_some(before_query);
    }
    let (scheme, rest) = before_query.split_once("://")?;
    let (first, others) = scheme.as_bytes().split_first()?;
    let is_scheme = first.is_ascii_alphabetic()
        && others.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (is_scheme && !authority.is_empty()).then_some(path)
}

/// Rejects white space, control characters, `\` and everything outside ASCII.
fn check_characters(before_query: &str) -> Result<(), UrlError> {
    let is_refused = |char: char| !char.is_ascii_graphic() || char == '\\';
    match before_query.chars().find(|char| is_refused(*char)) {
        Some(char) => Err(UrlError::UnencodedCharacter(char)),
        None => Ok(()),
    }
}

/// Rejects segments that some parser removes, or that move up.
fn check_path(path: &str) -> Result<(), UrlError> {
    if path.contains("//") {
        return Err(UrlError::EmptySegment);
    }
    // Without a dot in any spelling there is no dot segment.
    if path.contains('.') || path.contains("%2e") || path.contains("%2E") {
        let decoded = path.to_ascii_lowercase().replace("%2f", "/").replace("%5c", "/");
        let is_dots = |segment: &str| matches!(&*segment.replace("%2e", "."), "." | "..");
        if decoded.split('/').any(is_dots) {
            return Err(UrlError::DotSegment);
        }
    }
    Ok(())
}

/// Parses a URL that parsers agree on: without user information, and equal to its own serialisation, but for an empty
/// path.
pub(super) fn parse_serialised(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "must be an absolute URL: `https://host/path`")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not have user information");
    }
    let is_same = url.as_str().strip_prefix(text).is_some_and(|rest| {
        rest.is_empty() || (rest == "/" && url.path() == "/" && url.query().is_none())
    });
    if !is_same {
        return Err("must be written as browsers write it: lower-case host, no default port, \
                    everything but ASCII percent-encoded");
    }
    Ok(url)
}

/// Scheme, host, port and perhaps the beginning of the path, under which an app is reached. Without a last slash.
#[derive(Clone, Debug)]
pub(super) struct PublicUrl(String);

impl PublicUrl {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains(['?', '#']) {
            return Err("must not have a query or a fragment");
        }
        let url = parse_serialised(text)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err("must begin with `https://` or `http://`");
        }
        check_characters(text)
            .and_then(|()| check_path(url.path()))
            .map_err(|_| "must not have `\\`, empty or dot segments in its path")?;
        Ok(Self(text.strip_suffix('/').unwrap_or(text).to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
