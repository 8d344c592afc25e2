//! What was decided.

use std::fmt;

use serde_json::Value as Json;

use crate::authsig::error::Error;
use crate::authsig::query::Pair;
use crate::authsig::verified::DEFAULT_SERVICE;

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Person {
    login: String,
    service: String,
}

impl Person {
    /// Somebody with an account of the server's own (the service `password`).
    pub fn new(login: impl Into<String>) -> Self {
        Self { login: login.into(), service: DEFAULT_SERVICE.to_owned() }
    }

    /// Somebody who was identified by another service.
    pub fn with_service(login: impl Into<String>, service: impl Into<String>) -> Self {
        Self { login: login.into(), service: service.into() }
    }

    /// The login.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The service.
    pub fn service(&self) -> &str {
        &self.service
    }
}

/// Shows nobody's name.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("service", &self.service).finish_non_exhaustive()
    }
}

/// What is to be done about a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing is signed, nobody redirected, nobody notified.
    Refused(Refusal),
    /// The person is who the request asks for.
    Signed(Box<Signed>),
}

/// What a request that succeeded leads to.
#[derive(Clone)]
#[non_exhaustive]
pub struct Signed {
    /// The signed URL, `{base}/verified?…`.
    pub url: String,
    /// Whether the person may see it: not if the request has `hide`.
    pub is_shown: bool,
    /// Where the person goes next. Any address that the request named: whether it is a good one is for the
    /// caller to say.
    pub redirect_to: Option<String>,
    /// Whom to tell. The caller has to keep the address from reaching its own network.
    pub notify: Option<Notify>,
}

/// A notification to be posted.
#[derive(Clone)]
#[non_exhaustive]
pub struct Notify {
    /// Where to.
    pub url: String,
    /// The body, `application/json`.
    pub body: String,
}

/// A signed URL is as good as the person's word: it is not shown.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("is_shown", &self.is_shown)
            .field("redirects", &self.redirect_to.is_some())
            .field("notifies", &self.notify.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

/// Why nothing is signed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request can't be read, or a time in it.
    #[error("the request is refused: {0}")]
    Request(#[from] Error),
    /// The request does not say who is to be identified.
    #[error("the request does not say who is to be identified")]
    NoLogin,
    /// A slug that nothing is stored under.
    #[error("nothing is stored under the default {0:?}")]
    UnknownDefault(String),
    /// The stored parameters can't be used: they have names that no URL may have, or, with version 2, a `secret`.
    #[error("the stored parameters can't be used")]
    UnusableDefault,
    /// Nobody is logged in: log in, then decide again.
    #[error("nobody is logged in")]
    NotLoggedIn,
    /// Somebody else is logged in than is to be identified.
    #[error("somebody else is logged in than is to be identified")]
    WrongLogin,
    /// The person is logged in by another service than asked for.
    #[error("the person is logged in by another service than asked for")]
    WrongService,
    /// The request is for another time.
    #[error("the request is for another time than now")]
    OutsideTime,
    /// `redirect_url` or `notify_url` is not an absolute `http` or `https` URL.
    #[error("`{0}` is not an absolute http or https URL")]
    BadAddress(&'static str),
    /// The signer refused.
    #[error("the URL could not be signed: {0}")]
    NotSigned(#[source] Error),
}

/// Parameters under their own names, repeated ones as arrays: what version 2 signs can be told from it.
pub(super) fn flat(pairs: &[Pair<'_>]) -> Json {
    let mut data = serde_json::Map::new();
    for pair in pairs {
        let value = Json::from(pair.value());
        match data.get_mut(&*pair.name) {
            None => {
                data.insert(pair.name.to_string(), value);
            }
            Some(Json::Array(values)) => values.push(value),
            Some(there) => *there = Json::Array(vec![there.take(), value]),
        }
    }
    Json::Object(data)
}
