//! A server with people, and what its visitors must not learn.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, UNIX_EPOCH};

use authsig_server::{Admin, AuthSig, CivicLogin, Config, HouseSecret, Limits};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response};
use civic_sip::authsig::{IdentityVerifier, PublicKeys};
use civic_sip::{BoxFuture, CivicSip, SendOptions, Transport, TransportError};
use tower::ServiceExt as _;

use super::steps;

pub(crate) const URL: &str = "https://id.example";
/// On the allow list.
pub(super) const APP: &str = "https://app.example/in";
/// On the allow list; no address that is ever connected to.
const NOTIFIED: &str = "https://192.0.2.1/";
/// `user_1` agreed to this one, in one request.
pub(super) const STRANGER: &str = "https://stranger.example/in";
/// A default has this one.
pub(super) const STORED: &str = "https://stored.example/in";

const HOUSE_SECRET: &str = "a house secret for tests alone";
const DEFAULT_SECRET: &str = "T6sVQhXVsHkFXkTOhRNGdQ";
/// Hashes of the passwords, with the least work that there is.
pub(super) const PEOPLE: [(&str, &str, &str); 2] = [
    (
        "user_1",
        "kD1-first-password",
        "$argon2id$v=19$m=8,t=1,p=1$Y8rZ95me1jR4MHorqpuhbA$0rbJOLkuLiZckWlVM+VrAY6/nuBE4Gz5EZNiRaegr8k",
    ),
    (
        "user_2",
        "wR9-second-password",
        "$argon2id$v=19$m=8,t=1,p=1$ko+AMLHwryeh+Xsfc1QF5g$RoJDnSL10qILOiU8q8VHIF+ia3rY4cTJxyYX1qh8PhE",
    ),
];

/// After so many inputs the database is a new one.
const MAX_INPUTS: u32 = 5_000;

/// A server, and what is known of the people who use it.
pub(crate) struct World {
    authsig: AuthSig,
    router: Router,
    pub(super) verifier: IdentityVerifier,
    /// Who has which session.
    pub(super) sessions: BTreeMap<String, String>,
    pub(super) passwords: BTreeMap<String, String>,
    /// The parameters of all URLs that the server has signed, without the signature.
    pub(super) signed: BTreeSet<Vec<(String, String)>>,
    /// What nobody ever sees.
    pub(super) secrets: Vec<String>,
    /// What `user_1` has, by the names that inputs have for it.
    pub(super) session: String,
    pub(super) consent: String,
    pub(super) attempt: String,
    signed_query: String,
    /// The session may be over, or the accounts and defaults others.
    pub(super) is_logged_out: bool,
    pub(super) is_changed: bool,
    inputs: u32,
    peers: u32,
}

/// A response, read to its end.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The service of Civic, which refuses every token.
struct NoTokens;

impl Transport for NoTokens {
    fn send<'a>(
        &'a self,
        _: Request<Vec<u8>>,
        _: SendOptions,
    ) -> BoxFuture<'a, Result<Response<Vec<u8>>, TransportError>> {
        let response = Response::builder().status(400).body(Vec::new());
        Box::pin(async { Ok(response.expect("a response")) })
    }
}

fn config(database: &str) -> Config {
    let mut limits = Limits::default();
    // Each costs 19 MiB and 40 ms.
    limits.wrong_passwords = 3;
    limits.wrong_passwords_per_address = 4;
    limits.sign_ups = 2;
    let civic = CivicSip::builder().app_id("app42").transport(NoTokens);
    let civic = civic.private_signing_key("07".repeat(32)).secret("50".repeat(16)).build();
    let script = "https://hosted-sip.civic.com/js/civic.sip.min.js";
    Config::new(URL, HouseSecret::new(HOUSE_SECRET).expect("a secret"))
        .database(database)
        .allow(APP)
        .allow(NOTIFIED)
        .sign_up(true)
        .default_creators(["user_1"])
        .civic(CivicLogin::new(civic.expect("a client"), script))
        .max_outbox(1_000_000)
        .test_notifier()
        .limits(limits)
        .trusted_proxies(["10.0.0.0/8"])
        .clock(|| UNIX_EPOCH + Duration::from_secs(1_800_000_000))
}

impl World {
    /// Starts a server on an empty database.
    pub(crate) async fn start(database: &str) -> Self {
        let config = config(database);
        let admin = Admin::open(&config).await.expect("a database");
        for (login, _, hash) in PEOPLE {
            admin.import_account(login, hash).await.expect("an account");
        }
        admin.close().await;
        let authsig = AuthSig::start(config).await.expect("a server");
        let router = authsig.router();
        let hashes = PEOPLE.map(|(.., hash)| hash.rsplit('$').next().expect("a hash").to_owned());
        let [_, (_, password, _)] = PEOPLE;
        let mut world = Self {
            authsig,
            router,
            verifier: IdentityVerifier::builder(format!("{URL}/verify"))
                .secret("not yet known, but needed")
                .any_audience()
                .build()
                .expect("a verifier"),
            sessions: BTreeMap::new(),
            passwords: PEOPLE.map(|(login, password, _)| (login.into(), password.into())).into(),
            signed: BTreeSet::new(),
            secrets: [HOUSE_SECRET, DEFAULT_SECRET, password]
                .map(str::to_owned)
                .into_iter()
                .chain(hashes)
                .collect(),
            session: String::new(),
            consent: String::new(),
            attempt: "none yet".to_owned(),
            signed_query: String::new(),
            is_logged_out: true,
            is_changed: false,
            inputs: 0,
            peers: 0,
        };
        let keys = world.get("/verify/keys", "").await.text();
        world.verifier = IdentityVerifier::builder(format!("{URL}/verify"))
            .public_keys(PublicKeys::from_jwks(&keys).expect("keys"))
            .any_audience()
            .clock(|| UNIX_EPOCH + Duration::from_secs(1_800_000_000))
            .build()
            .expect("a verifier");
        let other = world.log_in("user_2").await;
        world.secrets.push(other);
        world.log_in_again().await;
        for (slug, params) in [
            ("app", format!(r#"{{"redirect_url": "{APP}", "provides": ["login"]}}"#)),
            ("stored", format!(r#"{{"redirect_url": "{STORED}", "secret": "{DEFAULT_SECRET}"}}"#)),
        ] {
            let body = format!(r#"{{"slug": "{slug}", "params": {params}}}"#);
            let answer = world.post("/defaults", "application/json", body).await;
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        world
    }

    /// Returns whether another world must be started for the next input.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_changed || self.inputs > MAX_INPUTS
    }

    /// Stops the server.
    pub(crate) async fn end(self) {
        self.authsig.shutdown().await;
    }

    /// Sends the requests of an input, and checks each answer. Returns the statuses.
    pub(crate) async fn visit(&mut self, input: &[u8]) -> Vec<u16> {
        if self.is_logged_out {
            self.log_in_again().await;
        }
        self.inputs += 1;
        let peer = self.peer();
        let mut statuses = Vec::new();
        for mut step in steps(input) {
            let [(_, password, _), _] = PEOPLE;
            step.fill("{session}", &self.session);
            step.fill("{password}", password);
            step.fill("{consent}", &self.consent);
            step.fill("{attempt}", &self.attempt);
            step.fill("{signed}", &self.signed_query);
            let Some(request) = step.request(peer) else { continue };
            let answer = self.send(request).await;
            statuses.push(answer.status);
            self.check(&step, &answer).await;
        }
        statuses
    }

    /// Another address each time, so that what one input tried counts for no other.
    pub(super) fn peer(&mut self) -> SocketAddr {
        self.peers += 1;
        SocketAddr::from((Ipv4Addr::from(0x0a00_0000 | (self.peers & 0x00ff_ffff)), 4711))
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(super) async fn get(&mut self, target: &str, session: &str) -> Answer {
        let text =
            format!("GET {target}\naccept: application/json\ncookie: __Host-authsig={session}");
        self.own(&text).await
    }

    async fn post(&mut self, target: &str, kind: &str, body: String) -> Answer {
        let session = &self.session;
        let headers = format!("content-type: {kind}\ncookie: __Host-authsig={session}");
        self.own(&format!("POST {target}\n{headers}\n\n{body}")).await
    }

    async fn own(&mut self, text: &str) -> Answer {
        let peer = self.peer();
        let request = super::Step::read(text.as_bytes()).request(peer).expect("a request");
        self.send(request).await
    }

    async fn log_in(&mut self, login: &str) -> String {
        let body = format!("login={login}&password={}", self.passwords[login]);
        let answer = self.post("/session", "application/x-www-form-urlencoded", body).await;
        let cookie = answer.headers["set-cookie"].to_str().expect("a cookie");
        let session = cookie.split(['=', ';']).nth(1).expect("a session").to_owned();
        self.sessions.insert(session.clone(), login.to_owned());
        session
    }

    async fn log_in_again(&mut self) {
        self.session = self.log_in("user_1").await;
        self.is_logged_out = false;
        let session = self.session.clone();
        let answer = self.get("/verify/request?login=user_1&state=abc", &session).await;
        self.note_signed(&answer, &["user_1"]);
        let (_, query) = answer
            .text()
            .split_once("verified?")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .expect("a URL");
        self.signed_query = query.split('"').next().expect("a query").to_owned();
        let text = format!(
            "GET /verify/consent?login=user_1&redirect_url={STRANGER}\naccept: text/html\n\
             cookie: __Host-authsig={session}"
        );
        let page = self.own(&text).await.text();
        let (_, rest) = page.split_once("name=\"consent\" value=\"").expect("a form");
        self.consent = rest.split('"').next().expect("a consent").to_owned();
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "\n{} {:#?}\n\n{body}", self.status, self.headers)
    }
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }
}
