//! The router as a part of another app: nested at a path, with people of the app's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authsig_server::{People, Unavailable};
use axum::Router;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::routing::get;
use civic_sip::authsig::decide::Person;

use crate::support::{APP, Browser, STRANGER, Server, encoded};

const NESTED: &str = "https://app.example/id";

/// A browser of an app that nests the server, and has pages of its own.
fn browser(server: &Server) -> Browser {
    let app = Router::new()
        .route("/", get(async || "the app"))
        .nest("/id", server.router())
        .fallback(async || (StatusCode::NOT_FOUND, "the app's own fallback"));
    Browser::new(app, "https://app.example")
}

#[tokio::test]
async fn all_paths_stand_below_the_one_that_it_is_nested_at() {
    let server = Server::at(NESTED, |config| config.sign_up(true)).await;
    let mut browser = browser(&server);
    assert_eq!(browser.get("/").await.body, "the app");
    assert_eq!(browser.get("/elsewhere").await.body, "the app's own fallback");

    let request = "/id/verify/request?login=user_1&a=b";
    let to_log_in = browser.get(request).await.location().to_owned();
    assert!(to_log_in.starts_with("/id/session?return_to=%2Fid%2Fverify%2Frequest"));
    let page = browser.get(&to_log_in).await;
    assert_eq!((&*page.action(), &*page.field("return_to")), ("/id/session", request));
    let fields = [("login", "user_1"), ("password", "password_1"), ("return_to", request)];
    assert_eq!(browser.post("/id/session", &fields).await.location(), request);
    let url = browser.get_json(request).await.text("url");
    assert!(url.starts_with("https://app.example/id/verify/verified?login=user_1"), "{url}");
    assert_eq!(browser.get(&url).await.status, 200);
    assert_eq!(browser.get("/id/verify/keys").await.status, 200);

    let query = format!("login=user_1&redirect_url={}", encoded(STRANGER));
    let consent = browser.get_json(&format!("/id/verify/request?{query}")).await.text("consent");
    assert_eq!(consent, format!("{NESTED}/verify/consent?{query}"));
    let page = browser.get(&consent).await;
    assert_eq!(page.action(), format!("/id/verify/consent?{query}"));
    let consent = page.field("consent");
    let answer = browser.post(&page.action(), &[("consent", &consent)]).await;
    assert!(answer.location().starts_with(STRANGER));
    assert_eq!(browser.get("/id/compose?a=b").await.location(), "/id/verify/request?a=b");
}

/// A nested router never gets `/id/`: axum leaves that to the app.
#[tokio::test]
async fn the_root_page_is_the_path_itself() {
    let server = Server::at(NESTED, |config| config).await;
    let mut browser = browser(&server);
    let page = browser.get("/id").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("action=\"/id/compose\""));
    for return_to in ["", "/", "/elsewhere"] {
        let fields = [LOG_IN[0], LOG_IN[1], ("return_to", return_to)];
        assert_eq!(browser.post("/id/session", &fields).await.location(), "/id", "{return_to}");
    }
    let answer = browser.post("/id/session/end", &[("return_to", "/id?a=b")]).await;
    assert_eq!(answer.location(), "/id?a=b");
}

const LOG_IN: [(&str, &str); 2] = [("login", "user_1"), ("password", "password_1")];

#[tokio::test]
async fn every_link_of_every_page_leads_somewhere() {
    let server = Server::at(NESTED, |config| config.sign_up(true)).await;
    let mut browser = browser(&server);
    let mut links = vec!["/id".to_owned(), "/id/nothing".to_owned()];
    links.push("/id/verify/verified".to_owned());
    browser.post("/id/session", &LOG_IN).await;
    for path in [
        "/id/verify/request?login=user_1",
        "/id/verify/request?login=user_2",
        "/id/account",
        // Nothing leads there for somebody who is logged in.
        "/id/session",
    ] {
        links.push(path.to_owned());
    }
    let mut seen = 0;
    while let Some(path) = links.get(seen).cloned() {
        seen += 1;
        let page = browser.get(&path).await;
        assert!(page.status < 400 || seen <= 6, "{path}: {}", page.status);
        for part in page.body.split("href=\"").chain(page.body.split("src=\"")).skip(1) {
            let link = part.split('"').next().unwrap().replace("&#38;", "&");
            if link.starts_with('/') && !links.contains(&link) {
                assert!(link == "/id" || link.starts_with("/id/"), "{link} on {path}");
                links.push(link);
            }
        }
    }
    assert!(links.len() > 10, "{links:?}");
}

#[tokio::test]
async fn a_failure_of_a_nested_server_is_its_own() {
    let server = Server::at(NESTED, |config| config).await;
    let mut browser = browser(&server);
    let answer = browser.get_json("/id/nothing").await;
    assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")));
    answer.error();
    assert_eq!(browser.get_json("/id/session/end").await.status, 405);
}

/// People who are logged in to the app, as a header says in these tests.
#[derive(Clone, Default)]
struct OurPeople {
    is_down: Arc<AtomicBool>,
}

impl People for OurPeople {
    async fn person(&self, parts: &Parts) -> Result<Option<Person>, Unavailable> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        let login = parts.headers.get("x-login").map(|login| login.to_str().unwrap());
        Ok(login.map(|login| Person::new(login, "a session of the app").with_service("ours")))
    }

    async fn login_url(&self, return_to: &str) -> String {
        format!("https://app.example/log-in?next={}", encoded(return_to))
    }
}

async fn server_with(people: &OurPeople) -> Server {
    let people = people.clone();
    Server::at(NESTED, |config| config.people(people).allow(APP)).await
}

async fn ask(
    browser: &mut Browser,
    login: &str,
    accept: &str,
    query: &str,
) -> crate::support::Answer {
    let headers = [("x-login", login), ("accept", accept)];
    let path = format!("/id/verify/request?{query}");
    browser.send(Method::GET, &path, &headers, "").await
}

#[tokio::test]
async fn people_of_the_app_are_identified() {
    let server = server_with(&OurPeople::default()).await;
    let mut browser = browser(&server);
    let query = "login=Ada%20L&service=ours";
    let url = ask(&mut browser, "Ada L", "application/json", query).await.text("url");
    let answer = browser.get_json(&url).await.json();
    assert_eq!((&answer["login"], &answer["service"]), (&"Ada L".into(), &"ours".into()));
    for (login, query) in
        [("Ada L", "login=Ada%20L"), ("Eve", query), ("Ada L", "login=Eve&service=ours")]
    {
        assert_eq!(ask(&mut browser, login, "application/json", query).await.status, 403);
        assert_eq!(ask(&mut browser, login, "text/html", query).await.status, 403);
    }
    let answer = browser.get("/id/verify/request?login=a").await;
    let expected = "https://app.example/log-in?next=%2Fid%2Fverify%2Frequest%3Flogin%3Da";
    assert_eq!((answer.status, answer.location()), (303, expected));
    assert_eq!(browser.get_json("/id/verify/request?login=a").await.status, 401);
}

#[tokio::test]
async fn people_of_the_app_are_asked_for_consent() {
    let server = server_with(&OurPeople::default()).await;
    let mut browser = browser(&server);
    let query = format!("provides[]=login&provides[]=service&redirect_url={}", encoded(STRANGER));
    assert_eq!(ask(&mut browser, "ada", "application/json", &query).await.status, 409);
    let page = ask(&mut browser, "ada", "text/html", &query).await;
    let body = format!("consent={}", page.field("consent"));
    let post = |login: &'static str| {
        let origin = ("origin", "https://app.example");
        [("x-login", login), origin, ("content-type", "application/x-www-form-urlencoded")]
    };
    let action = page.action();
    let answer = browser.send(Method::POST, &action, &post("eve"), &body).await;
    assert!(answer.body.contains("Do you agree?"), "{answer:?}");
    let answer = browser.send(Method::POST, &action, &post("ada"), &body).await;
    assert!(answer.location().starts_with(STRANGER));
}

#[tokio::test]
async fn an_app_with_people_of_its_own_has_no_accounts_here() {
    let server = server_with(&OurPeople::default()).await;
    let mut browser = browser(&server);
    for path in ["/id/session", "/id/users", "/id/account"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
        assert_eq!(browser.post(path, &LOG_IN).await.status, 404, "{path}");
    }
    let page = browser.get("/id").await;
    assert!(page.status == 200 && !page.body.contains("Log in"));
}

#[tokio::test]
async fn people_who_can_t_be_found_out_are_503_and_verifying_goes_on() {
    let people = OurPeople::default();
    let server = server_with(&people).await;
    let mut browser = browser(&server);
    let query = "provides[]=login&provides[]=service";
    let url = ask(&mut browser, "ada", "application/json", query).await.text("url");
    people.is_down.store(true, Ordering::SeqCst);
    for accept in ["application/json", "text/html"] {
        let answer = ask(&mut browser, "ada", accept, query).await;
        assert_eq!((answer.status, answer.header("location")), (503, None));
    }
    assert_eq!(browser.get_json(&url).await.status, 200);
    assert_eq!(browser.get("/id/verify/keys").await.status, 200);
}
