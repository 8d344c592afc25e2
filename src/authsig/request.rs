//! Asking an AuthSig server to identify somebody.

use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeZone};

use super::error::Error;
use super::location::Target;
use super::names;
use super::query::{self, Pair};
use super::time;

/// Builds the URL that a person is sent to, to be identified by an AuthSig server.
///
/// ```
/// use civic_sip::authsig::Request;
///
/// let url = Request::new("https://id.example/verify")
///     .login("user_1")
///     .redirect_url("https://app.example/welcome")
///     .provides(["time"])
///     .url()?;
/// assert_eq!(
///     url,
///     "https://id.example/verify/request?login=user_1&redirect_url=https%3A%2F%2Fapp.example%2Fwelcome&provides%5B%5D=time"
/// );
/// # Ok::<(), civic_sip::authsig::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Request {
    base: String,
    pairs: Vec<(String, String)>,
    defaults: Vec<String>,
    time: Option<Time>,
}

/// Shows names only: values may be personal data.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.pairs.iter().map(|(name, _)| name).collect::<Vec<_>>();
        f.debug_struct("Request").field("names", &names).finish_non_exhaustive()
    }
}

/// A moment, as [`Request::time`] takes it: a time, or the text of one.
#[derive(Clone, Debug)]
pub struct Time(Result<String, Error>);

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        Self(time::instant(time).map(|time| time.timestamp().to_string()))
    }
}

impl<Tz: TimeZone> From<DateTime<Tz>> for Time {
    fn from(time: DateTime<Tz>) -> Self {
        Self(Ok(time.timestamp().to_string()))
    }
}

/// Epoch seconds.
impl From<i64> for Time {
    fn from(seconds: i64) -> Self {
        Self::from(&*seconds.to_string())
    }
}

/// Epoch seconds, RFC 3339 with its offset, or the full form `Tue May 21 17:17:19 UTC 2013`.
impl From<&str> for Time {
    fn from(text: &str) -> Self {
        Self(time::parse_time(text).map(|_| text.to_owned()).ok_or(Error::BadTime("time")))
    }
}

/// As for `&str`.
impl From<String> for Time {
    fn from(text: String) -> Self {
        Self::from(&*text)
    }
}

impl Request {
    /// A request to the server at this address: `https://id.example/verify`.
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), pairs: Vec::new(), defaults: Vec::new(), time: None }
    }

    /// Who is to be identified.
    pub fn login(self, login: impl Into<String>) -> Self {
        self.set("login", login.into())
    }

    /// The service that the login belongs to; `password` if none is named.
    pub fn service(self, service: impl Into<String>) -> Self {
        self.set("service", service.into())
    }

    /// Where the person is sent after success.
    pub fn redirect_url(self, url: impl Into<String>) -> Self {
        self.set("redirect_url", url.into())
    }

    /// Where the signed parameters are posted after success; see [`Notification`](super::Notification).
    pub fn notify_url(self, url: impl Into<String>) -> Self {
        self.set("notify_url", url.into())
    }

    /// Does not show the signed URL to the person.
    pub fn hide(self) -> Self {
        self.set("hide", "1".to_owned())
    }

    /// Has the URL signed only around this time.
    pub fn time(mut self, time: impl Into<Time>) -> Self {
        self.time = Some(time.into());
        self
    }

    /// How far from `time` the moment of signing may be, in whole seconds; 300 s if not set.
    pub fn time_fudge(self, fudge: Duration) -> Self {
        self.set("time_fudge", fudge.as_secs().to_string())
    }

    /// Has the server fill these in: any of `login`, `service`, `time`. Replaces those of an earlier call.
    pub fn provides(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.pairs.retain(|(name, _)| name != "provides[]");
        self.pairs.extend(
            names.into_iter().map(|name| ("provides[]".to_owned(), name.as_ref().to_owned())),
        );
        self
    }

    /// Takes in parameters stored at the server under this slug. May be called for several: later ones win.
    pub fn default(mut self, slug: impl Into<String>) -> Self {
        self.defaults.push(slug.into());
        self
    }

    /// Adds any other parameter, to be signed along.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.pairs.push((name.into(), value.into()));
        self
    }

    fn set(mut self, name: &str, value: String) -> Self {
        self.pairs.retain(|(other, _)| other != name);
        self.pairs.push((name.to_owned(), value));
        self
    }

    /// The URL.
    ///
    /// # Errors
    ///
    /// [`Error::RefusedParameter`] for a `secret` or a `signature` in any form, for names that look like others;
    /// [`Error::BadTarget`], [`Error::BadTime`], and what else a signer refuses in a query.
    pub fn url(&self) -> Result<String, Error> {
        let base = Target::new(&self.base)?;
        if !base.is_web() {
            return Err(Error::BadTarget("has to begin with `https://` or `http://`"));
        }
        let mut pairs: Vec<Pair<'_>> =
            self.pairs.iter().map(|(name, value)| Pair::new(&**name, &**value)).collect();
        if let Some(Time(time)) = &self.time {
            pairs.push(Pair::new("time", time.clone()?));
        }
        let default_name = if self.defaults.len() > 1 { "default[]" } else { "default" };
        pairs.extend(self.defaults.iter().map(|slug| Pair::new(default_name, &**slug)));
        names::check(&pairs)?;
        if pairs.iter().any(|pair| pair.name == "signature") {
            return Err(Error::refused("signature", "a request is signed by the server"));
        }
        let query = query::write(&pairs);
        query::parse(&query)?;
        Ok(format!("{}/request?{query}", base.as_str().trim_end_matches('/')))
    }
}
