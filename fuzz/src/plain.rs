//! What calls return, in types that are the same for both backends.

pub(crate) type Pairs = Vec<(String, String)>;

/// An item: label, value, whether it is valid, whether it is the person's.
pub(crate) type Item = (String, String, bool, bool);

#[derive(Debug, PartialEq)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) items: Vec<Item>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    User(User),
    Link(String),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) pairs: Pairs,
    pub(crate) login: Option<String>,
    pub(crate) service: String,
    pub(crate) time: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) key_id: Option<String>,
}

impl Link {
    /// What the methods return follows from the pairs.
    pub(crate) fn check(&self) {
        let get = |name: &str| {
            let mut values = self.pairs.iter().filter(|pair| pair.0 == name).map(|pair| &*pair.1);
            values.next().filter(|_| values.next().is_none())
        };
        assert_eq!(self.login.as_deref(), get("login"));
        assert_eq!(self.service, get("service").unwrap_or("password"));
        assert_eq!(self.time.is_some(), get("time").is_some());
        assert_eq!(self.expires_at.is_some(), get("expires_at").is_some());
        for (time, name) in [(self.time, "time"), (self.expires_at, "expires_at")] {
            if let Some(Ok(seconds)) = get(name).map(str::parse::<i64>) {
                assert_eq!(time, Some(seconds));
            }
        }
        assert!(self.expires_at.is_none_or(|expiry| expiry > super::setup::NOW as i64));
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Identity {
    pub(crate) login: String,
    pub(crate) service: String,
    pub(crate) time: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) audience: Vec<String>,
    pub(crate) params: Pairs,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Notification {
    pub(crate) url: String,
    pub(crate) data: Option<String>,
    pub(crate) identity: Result<Identity, String>,
}

/// What an AuthSig server decided.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// Without the signature, which differs each time.
    Signed {
        params: Pairs,
        redirects_to: Option<String>,
        notifies: Option<String>,
        audience: Vec<String>,
        identity: Result<Identity, String>,
    },
    Consent {
        redirect: Option<String>,
        notify: Option<String>,
        params: Pairs,
        consent: String,
    },
    Refused(String),
}

/// A key of links, and what they are signed for.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    pub(crate) public: bool,
    pub(crate) public_url: bool,
    pub(crate) purpose: &'s str,
}

/// A query at an AuthSig server: who asks, with which defaults under `app` and `more`, and with which consent.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) query: &'a str,
    pub(crate) login: &'a str,
    pub(crate) service: &'a str,
    pub(crate) session: &'a str,
    pub(crate) defaults: [&'a str; 2],
    pub(crate) consent: &'a str,
}
