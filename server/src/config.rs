//! The configuration.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use civic_sip::CivicSip;
use civic_sip::authsig::PrivateKey;

use crate::clock::Clock;
use crate::house::HouseSecret;
use crate::people::{DynPeople, People};

/// The configuration of a server; [`AuthSig::start`](crate::AuthSig::start) checks it.
///
/// ```
/// use authsig_server::{Config, HouseSecret};
///
/// # fn main() -> Result<(), authsig_server::ShortSecret> {
/// let secret = HouseSecret::new("9XUDzt0VvPRHT3EWhV6wPQ")?;
/// let config = Config::new("https://id.example", secret)
///     .database("sqlite:/var/lib/authsig/authsig.db")
///     .allow("https://app.example/in");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Config {
    pub(crate) public_url: String,
    pub(crate) house_secret: HouseSecret,
    pub(crate) database: String,
    pub(crate) private_key: Option<PrivateKey>,
    pub(crate) allowed: Vec<String>,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) notify_origins: Vec<String>,
    pub(crate) sign_up: bool,
    pub(crate) default_creators: DefaultCreators,
    pub(crate) civic: Option<CivicLogin>,
    pub(crate) people: Option<Arc<dyn DynPeople>>,
    pub(crate) max_outbox: u32,
    pub(crate) test_notifier: bool,
    pub(crate) limits: Limits,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) clock: Clock,
}

/// The accounts that may create defaults.
#[derive(Clone, Debug)]
pub(crate) enum DefaultCreators {
    Logins(Vec<String>),
    Everybody,
}

impl Config {
    /// Configures a server that is reached at `public_url`: `https://id.example`, or `https://app.example/id` where its
    /// router is nested at `/id`. On this machine it may be `http://127.0.0.1:8080`.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = Config::new("https://id.example", HouseSecret::new(b"random, and at least 16 bytes")?);
    /// assert!(AuthSig::check(&config).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(public_url: impl Into<String>, house_secret: HouseSecret) -> Self {
        Self {
            public_url: public_url.into(),
            house_secret,
            database: "sqlite:authsig.db".to_owned(),
            private_key: None,
            allowed: Vec::new(),
            allowed_origins: Vec::new(),
            notify_origins: Vec::new(),
            sign_up: false,
            default_creators: DefaultCreators::Logins(Vec::new()),
            civic: None,
            people: None,
            max_outbox: 10_000,
            test_notifier: false,
            limits: Limits::default(),
            trusted_proxies: Vec::new(),
            clock: Clock::default(),
        }
    }

    /// Sets the database: `sqlite:path` (a file is created), `postgres://user:password@host/name`. `sqlite:authsig.db`
    /// unless set.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.database("postgres://authsig@db.example/authsig");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = url.into();
        self
    }

    /// Signs with this key, instead of the one that is made at the first start and kept in the database.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// # let pem = civic_sip::authsig::PrivateKey::generate()?.to_pem();
    /// let config = config.private_key(civic_sip::authsig::PrivateKey::from_pem(&pem)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn private_key(mut self, key: PrivateKey) -> Self {
        self.private_key = Some(key);
        self
    }

    /// Redirects to and notifies this address without asking the person: exactly this address, query included. May be
    /// called for several.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.allow("https://app.example/in");
    /// assert!(AuthSig::check(&config).is_ok());
    /// assert!(AuthSig::check(&config.allow("http://app.example/in")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow(mut self, address: impl Into<String>) -> Self {
        self.allowed.push(address.into());
        self
    }

    /// Does the same for all addresses of an origin. For demonstrations: a single page there that shows its own URL gives
    /// away who a visitor is.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.allow_origin("https://demo.example");
    /// assert!(AuthSig::check(&config).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.allowed_origins.push(origin.into());
        self
    }

    /// Notifies addresses of this origin though it is on a port other than 443, or on this machine.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.notify_origin("https://app.example:8443");
    /// assert!(AuthSig::check(&config).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn notify_origin(mut self, origin: impl Into<String>) -> Self {
        self.notify_origins.push(origin.into());
        self
    }

    /// Lets strangers sign up. Off unless set.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.sign_up(true);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_up(mut self, is_open: bool) -> Self {
        self.sign_up = is_open;
        self
    }

    /// Lets these accounts create defaults. Nobody may, unless set.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.default_creators(["ada", "bob"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn default_creators(mut self, logins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.default_creators = DefaultCreators::Logins(
            logins.into_iter().map(|login| login.into().to_ascii_lowercase()).collect(),
        );
        self
    }

    /// Lets everybody create defaults, for demonstrations.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.anybody_creates_defaults();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn anybody_creates_defaults(mut self) -> Self {
        self.default_creators = DefaultCreators::Everybody;
        self
    }

    /// Offers to log in with Civic.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// # let client = civic_sip::CivicSip::builder().app_id("app42")
    /// #     .private_signing_key("ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4")
    /// #     .secret("50c0c3273d5a7ca8a04287f82c6d0111").build()?;
    /// let script = "https://hosted-sip.civic.com/js/civic.sip.min.js";
    /// let config = config.civic(CivicLogin::new(client, script));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn civic(mut self, civic: CivicLogin) -> Self {
        self.civic = Some(civic);
        self
    }

    /// Takes people from the app that this server is part of, instead of accounts of the server's own.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// # use authsig_server::{People, Unavailable};
    /// # use civic_sip::authsig::decide::Person;
    /// struct Nobody;
    ///
    /// impl People for Nobody {
    ///     async fn person(&self, _: &axum::http::request::Parts) -> Result<Option<Person>, Unavailable> {
    ///         Ok(None)
    ///     }
    ///
    ///     async fn login_url(&self, _: &str) -> String {
    ///         "/log-in".to_owned()
    ///     }
    /// }
    /// let config = config.people(Nobody);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn people(mut self, people: impl People) -> Self {
        self.people = Some(Arc::new(people));
        self
    }

    /// Keeps at most this many undelivered notifications; a request that would add one more gets 503. 10,000 unless set.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.max_outbox(100_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_outbox(mut self, max: u32) -> Self {
        self.max_outbox = max;
        self
    }

    /// Limits what strangers may try. The limits count addresses, so serve the router with
    /// `into_make_service_with_connect_info::<SocketAddr>()`; without it, all clients count as one.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let mut limits = Limits::default();
    /// limits.sign_ups = 5;
    /// let config = config.limits(limits);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Believes `X-Forwarded-For` of these proxies: `10.0.0.0/8`, `192.0.2.1`. Nobody is believed unless set.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.trusted_proxies(["10.0.0.0/8"]);
    /// assert!(AuthSig::check(&config).is_ok());
    /// assert!(AuthSig::check(&config.trusted_proxies(["my-proxy"])).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trusted_proxies(
        mut self,
        networks: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.trusted_proxies = networks.into_iter().map(Into::into).collect();
        self
    }

    /// Serves `POST /test-notifier`, which logs that a notification came. For demonstrations.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// let config = config.test_notifier();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn test_notifier(mut self) -> Self {
        self.test_notifier = true;
        self
    }

    /// Sets the source of the time, for tests.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// # use std::time::{Duration, SystemTime};
    /// let config = config.clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }
}

/// Shows neither secrets nor the database's password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("public_url", &self.public_url)
            .field("sign_up", &self.sign_up)
            .field("allow", &self.allowed)
            .field("allow_origin", &self.allowed_origins)
            .finish_non_exhaustive()
    }
}

/// Limits on requests, counted for all instances together.
///
/// An address is an IPv4 address or a /64 of IPv6. Wrong passwords count per account *and* address, so that nobody can lock
/// somebody else out.
///
/// ```
#[doc = include_str!("docs/config.md")]
/// let limits = Limits::default();
/// assert_eq!((limits.wrong_passwords, limits.wrong_passwords_per_address), (10, 50));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Wrong passwords for one account from one address in 5 minutes. 10 unless set.
    pub wrong_passwords: u32,
    /// Wrong passwords from one address in 5 minutes. 50 unless set.
    pub wrong_passwords_per_address: u32,
    /// Sign-ups from one address in an hour. 20 unless set.
    pub sign_ups: u32,
    /// New defaults from one address in an hour. 60 unless set.
    pub defaults: u32,
    /// Requests for a signed URL, by people who are logged in, from one address in a minute. 120 unless set.
    pub requests: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wrong_passwords: 10,
            wrong_passwords_per_address: 50,
            sign_ups: 20,
            defaults: 60,
            requests: 120,
        }
    }
}

/// Log-in with Civic: a person logs in with the service `civic` and the user id that Civic has for them.
///
/// ```
#[doc = include_str!("docs/config.md")]
/// # let client = civic_sip::CivicSip::builder().app_id("app42")
/// #     .private_signing_key("ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4")
/// #     .secret("50c0c3273d5a7ca8a04287f82c6d0111").build()?;
/// let civic = CivicLogin::new(client, "https://hosted-sip.civic.com/js/civic.sip.min.js");
/// let config = config.civic(civic);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CivicLogin {
    pub(crate) client: CivicSip,
    pub(crate) script_url: String,
}

impl CivicLogin {
    /// Exchanges code tokens with `client`; pages load the browser library from `script_url`.
    ///
    /// ```
    #[doc = include_str!("docs/config.md")]
    /// # let client = civic_sip::CivicSip::builder().app_id("app42")
    /// #     .private_signing_key("ec844af6422e1f3db7bdbf6443bd47ea9e58f31a708045a9b8c4f36a3987bad4")
    /// #     .secret("50c0c3273d5a7ca8a04287f82c6d0111").build()?;
    /// let civic = CivicLogin::new(client, "https://hosted-sip.civic.com/js/civic.sip.min.js");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(client: CivicSip, script_url: impl Into<String>) -> Self {
        Self { client, script_url: script_url.into() }
    }
}
