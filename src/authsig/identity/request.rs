//! Asking an AuthSig server to identify somebody.

use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};

use super::state::State;
use crate::authsig::address::{self, Address};
use crate::authsig::error::{ConfigError, ConfigProblem};
use crate::authsig::{query, request_names, reserved, time};

/// Parameters that are addresses of the app.
const ADDRESSES: [&str; 2] = ["redirect_url", "notify_url"];

/// Builds the URL that a browser is sent to, to be identified by an AuthSig server.
///
/// ```
/// use civic_sip::authsig::{Request, State};
///
/// let state = State::generate()?; // kept in the session until the browser comes back
/// let url = Request::new("https://id.example/verify")
///     .login("user_1")
///     .redirect_url("https://app.example/in")
///     .state(&state)
///     .url()?;
/// assert!(url.starts_with(
///     "https://id.example/verify/request?login=user_1&redirect_url=https%3A%2F%2Fapp.example%2Fin&state="
/// ));
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "`url` makes the URL"]
pub struct Request {
    base: String,
    parameters: Vec<(String, String)>,
    time: Option<SystemTime>,
}

impl Request {
    /// Starts a request to the server at this base URL: https, or http on this machine.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example/verify").login("user_1").url()?;
    /// assert_eq!(url, "https://id.example/verify/request?login=user_1");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), parameters: Vec::new(), time: None }
    }

    /// Sets who is to be identified. Without it, [`provides`](Self::provides) asks who is there.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").login("user_1").url()?;
    /// assert_eq!(url, "https://id.example/request?login=user_1");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn login(self, login: impl Into<String>) -> Self {
        self.set("login", login.into())
    }

    /// Sets the service that the login belongs to; without it, `password`.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").login("c6d5795f").service("civic").url()?;
    /// assert_eq!(url, "https://id.example/request?login=c6d5795f&service=civic");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn service(self, service: impl Into<String>) -> Self {
        self.set("service", service.into())
    }

    /// Sets the address that the browser is sent to after success, with the signed URL as the parameter `authsig`.
    ///
    /// It is the app's [audience](super::RemoteBuilder::audience): https, or http on this machine, spelled as browsers
    /// spell it.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").redirect_url("https://app.example/in").url()?;
    /// assert_eq!(url, "https://id.example/request?redirect_url=https%3A%2F%2Fapp.example%2Fin");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn redirect_url(self, url: impl Into<String>) -> Self {
        self.set("redirect_url", url.into())
    }

    /// Sets the address that a [`Notification`](super::Notification) is posted to after success.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").notify_url("https://app.example/notify").url()?;
    /// assert_eq!(url, "https://id.example/request?notify_url=https%3A%2F%2Fapp.example%2Fnotify");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn notify_url(self, url: impl Into<String>) -> Self {
        self.set("notify_url", url.into())
    }

    /// Hides the signed URL from the person.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").login("user_1").hide().url()?;
    /// assert_eq!(url, "https://id.example/request?login=user_1&hide=1");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn hide(self) -> Self {
        self.set("hide", "1".to_owned())
    }

    /// Sets the time to be signed, in whole seconds; without it, the server signs the current time. The server refuses a
    /// time that is more than [`time_fudge`](Self::time_fudge) ago, or more than 60 s ahead.
    ///
    /// It takes a [`SystemTime`] or chrono's `DateTime`.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use civic_sip::authsig::Request;
    /// let signed_up_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000);
    /// let url = Request::new("https://id.example").login("user_1").time(signed_up_at).url()?;
    /// assert!(url.contains("&time=2025-06-15T15%3A06%3A40"));
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn time(mut self, time: impl Into<SystemTime>) -> Self {
        self.time = Some(time.into());
        self
    }

    /// Sets how long [`time`](Self::time) may be ago when the server signs, in whole seconds: 300 unless set.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").time_fudge(Duration::from_secs(60)).url()?;
    /// assert_eq!(url, "https://id.example/request?time_fudge=60");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn time_fudge(self, fudge: Duration) -> Self {
        self.set("time_fudge", fudge.as_secs().to_string())
    }

    /// Asks the server to fill these in: any of `login`, `service`, `time`. Replaces the names of an earlier call.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").provides(["login", "time"]).url()?;
    /// assert_eq!(url, "https://id.example/request?provides%5B%5D=login&provides%5B%5D=time");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn provides(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.parameters.retain(|(name, _)| name != "provides[]");
        self.parameters
            .extend(names.into_iter().map(|name| ("provides[]".to_owned(), name.into())));
        self
    }

    /// Adds parameters that are stored at the server under this slug. Later ones win.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").login("user_1").default("my-app").url()?;
    /// assert_eq!(url, "https://id.example/request?login=user_1&default%5B%5D=my-app");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn default(self, slug: impl Into<String>) -> Self {
        self.param("default[]", slug.into())
    }

    /// Sets the state of this attempt to log in.
    ///
    /// ```
    /// # use civic_sip::authsig::{Request, State};
    /// let state = State::generate()?;
    /// let url = Request::new("https://id.example").login("user_1").state(&state).url()?;
    /// assert!(url.ends_with(&format!("&state={}", state.as_str())));
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn state(self, state: &State) -> Self {
        self.set("state", state.as_str().to_owned())
    }

    /// Adds another parameter, which the server signs and does not check.
    ///
    /// ```
    /// # use civic_sip::authsig::Request;
    /// let url = Request::new("https://id.example").login("user_1").param("order", 17).url()?;
    /// assert_eq!(url, "https://id.example/request?login=user_1&order=17");
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn param(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.parameters.push((name.into(), value.to_string()));
        self
    }

    fn set(mut self, name: &str, value: String) -> Self {
        self.parameters.retain(|(other, _)| other != name);
        self.parameters.push((name.to_owned(), value));
        self
    }

    /// Writes the URL.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with everything that the server would reject: an unusable base URL or address, parameters that
    /// only the server sets, and queries that no link can have either.
    ///
    /// ```
    /// use civic_sip::authsig::{ConfigProblem, Request};
    ///
    /// let error = Request::new("https://id.example").param("nonce", "x").url().unwrap_err();
    /// assert_eq!(error.problems(), [ConfigProblem::SetByServer("nonce")]);
    /// ```
    pub fn url(&self) -> Result<String, ConfigError> {
        let mut problems = Vec::new();
        let base = address::parse_base(&self.base).unwrap_or_else(|problem| {
            problems.push(problem);
            String::new()
        });
        for (name, value) in &self.parameters {
            problems.extend(check_address(name, value).err());
        }
        let query = self.query().unwrap_or_else(|problem| {
            problems.push(problem);
            String::new()
        });
        ConfigError::check(problems)?;
        Ok(format!("{base}/request?{query}"))
    }

    fn query(&self) -> Result<String, ConfigProblem> {
        let mut query = String::new();
        for (name, value) in &self.parameters {
            query::append(&mut query, name, value);
        }
        if let Some(time) = self.time {
            let text = time::to_rfc3339(time).ok_or(ConfigProblem::TimeOutOfRange("time"))?;
            query::append(&mut query, "time", &text);
        }
        let pairs = reserved::read(&query).map_err(ConfigProblem::Query)?;
        if let Some(name) = request_names::set_by_server(&pairs) {
            return Err(ConfigProblem::SetByServer(name));
        }
        request_names::check_deciding(&pairs).map_err(ConfigProblem::Query)?;
        Ok(query)
    }
}

/// Rejects addresses that every server rejects.
fn check_address(name: &str, value: &str) -> Result<(), ConfigProblem> {
    let Some(name) = ADDRESSES.into_iter().find(|address| *address == name) else { return Ok(()) };
    let problem = match Address::parse(value) {
        Ok(address) if name == "redirect_url" && address.has_signed_url() => {
            "must not have a parameter `authsig`: the server adds it"
        }
        Ok(_) => return Ok(()),
        Err(problem) => problem,
    };
    Err(ConfigProblem::Address { name, problem })
}

/// Shows names only: values may be personal data.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("base", &self.base)
            .field("names", &names)
            .finish_non_exhaustive()
    }
}
