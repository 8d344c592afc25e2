//! The app with a sandbox and a database of its own, and browsers without a window.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{Request, StatusCode};
use civic_sip::authsig::SignerBuilder;
use civic_sip::sandbox::{Person, Sandbox, ScopeRequest};
use http_body_util::BodyExt as _;
use sqlx::SqlitePool;
use tower::ServiceExt as _;
use tower_sessions::cookie::{Cookie, CookieJar};

use crate::axum_app::{self, App, Store};

pub(crate) const APP: &str = "https://app.example.com";
pub(crate) const SECRET: &str = "a secret that the tests know";

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A folder that is removed when this is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) router: Router,
    /// The app's database.
    pub(crate) database: SqlitePool,
    url: String,
    /// How many seconds the clock of the invitations is ahead.
    ahead: Arc<AtomicU64>,
    _folder: Folder,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::at(APP).await
    }

    pub(crate) async fn at(url: &str) -> Self {
        let name =
            format!("axum_app-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Folder(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).unwrap();
        let database = format!("sqlite:{}", folder.0.join("app.db").display());
        let sandbox = Sandbox::start().await.unwrap();
        let ahead = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&ahead);
        let verifier = axum_app::verifier(SECRET, url)
            .clock(move || SystemTime::now() + Duration::from_secs(clock.load(Ordering::SeqCst)));
        let app = App {
            civic: sandbox.client_builder().build().unwrap(),
            library_url: sandbox.base_url().to_owned(),
            store: Store::open(&database).await.unwrap(),
            signer: axum_app::signer(SECRET, url).build().unwrap(),
            verifier: verifier.build().unwrap(),
            public_url: url.to_owned(),
        };
        let database = SqlitePool::connect(&database).await.unwrap();
        let router = axum_app::router(app);
        Self { sandbox, router, database, url: url.to_owned(), ahead, _folder: folder }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn token(&self, person: Person) -> String {
        self.sandbox.issue_token_for(person, ScopeRequest::BasicSignup)
    }

    pub(crate) fn user_id(&self, person: Person) -> String {
        let data = self.sandbox.user_data_for(person, ScopeRequest::BasicSignup);
        data.user_id().to_owned()
    }

    pub(crate) async fn email_of(&self, id: &str) -> Option<String> {
        let email = sqlx::query_scalar("SELECT email FROM users WHERE id = ?").bind(id);
        email.fetch_one(&self.database).await.unwrap()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), origin: self.url.clone(), jar: CookieJar::new() }
    }

    /// A browser in which this person is logged in.
    pub(crate) async fn logged_in(&self, person: Person) -> Browser {
        let mut browser = self.browser();
        let answer = browser.log_in(&self.token(person)).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
        browser
    }

    /// Ada in her browser, and her invitation to the team `blue`, number 1.
    pub(crate) async fn invitation(&self) -> (Browser, String) {
        let mut ada = self.logged_in(Person::Ada).await;
        ada.start_team("blue").await;
        let invitation = ada.invite_to(1).await;
        (ada, invitation)
    }

    /// Signs an invitation as the app does, but for what is changed.
    pub(crate) fn sign(&self, change: impl FnOnce(SignerBuilder) -> SignerBuilder) -> String {
        let signer = change(axum_app::signer(SECRET, &self.url)).build().unwrap();
        path(&signer.link("/join").param("team", 1).sign().unwrap())
    }
}

/// Path and query of an invitation.
pub(crate) fn path(url: &str) -> String {
    url[url.find("/join?").unwrap()..].to_owned()
}

/// Keeps cookies, and follows no redirect by itself.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    origin: String,
    pub(crate) jar: CookieJar,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    /// Asserts that it is the page of an error that says this.
    pub(crate) fn assert_refused(&self, status: StatusCode, advice: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.contains("This did not work"), "{}", self.body);
        assert!(self.body.contains(advice), "{advice}: {}", self.body);
    }
}

impl Browser {
    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let cookies: Vec<_> = self.jar.iter().map(|cookie| cookie.stripped().to_string()).collect();
        let request = Request::builder().method(method).uri(path);
        if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) }
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let cookie = Cookie::parse(cookie.to_str().unwrap().to_owned()).unwrap();
            if cookie.max_age().is_some_and(|age| age.is_zero()) {
                self.jar.force_remove(cookie.name());
            } else {
                self.jar.add(cookie);
            }
        }
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form of the app's own page.
    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        let request = self.request("POST", path).header(ORIGIN, &self.origin);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    pub(crate) async fn log_in(&mut self, token: &str) -> Answer {
        self.post("/login", &format!("token={token}")).await
    }

    pub(crate) async fn start_team(&mut self, name: &str) {
        let answer = self.post("/teams", &format!("name={name}")).await;
        assert_eq!(answer.location(), "/", "{}", answer.body);
    }

    /// Makes an invitation; the first team that was started is number 1.
    pub(crate) async fn invite_to(&mut self, team: u32) -> String {
        let page = self.post(&format!("/teams/{team}/invitations"), "").await.body;
        let (_, rest) = page.split_once("spellcheck=\"false\">").unwrap();
        let (link, _) = rest.split_once("</textarea>").unwrap();
        assert!(link.starts_with(&format!("{}/join?", self.origin)), "{link}");
        path(&link.replace("&#38;", "&"))
    }

    pub(crate) async fn is_in(&mut self, team: &str) -> bool {
        let home = self.get("/").await;
        assert_eq!(home.status, StatusCode::OK);
        home.body.contains(&format!("<strong>{team}</strong>"))
    }

    pub(crate) fn session(&self) -> Option<&Cookie<'static>> {
        self.jar.iter().find(|cookie| cookie.name().ends_with("session"))
    }
}
