//! What the example's handlers answer to requests that its page does not send.

use civic_sip::sandbox::{Fault, Sandbox};
use civic_sip::{UserData, UserDataItem};
use reqwest::header::HeaderMap;
use tower::ServiceExt as _;

use crate::web_login;

struct App {
    sandbox: Sandbox,
    http: reqwest::Client,
    url: String,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `name=value` of the cookie that was set.
    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

impl App {
    async fn start() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let civic = sandbox.client_builder().build().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = web_login::app(&url, civic, sandbox.script_url());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirect).build().unwrap();
        Self { sandbox, http, url }
    }

    async fn get(&self, cookie: &str) -> Answer {
        send(self.http.get(&self.url).header("Cookie", cookie)).await
    }

    fn post(&self, path: &str, body: String) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.url)).body(body);
        request.header("Content-Type", "application/x-www-form-urlencoded")
    }

    fn token(&self, items: Vec<UserDataItem>) -> String {
        self.sandbox.issue_token(&UserData::new("36a59d10", items))
    }

    async fn log_in(&self, items: Vec<UserDataItem>) -> Answer {
        let body = format!("token={}", self.token(items));
        send(self.post("/login", body).header("Origin", &self.url)).await
    }
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, body: answer.text().await.unwrap() }
}

fn name(value: &str, is_valid: bool, is_owner: bool) -> UserDataItem {
    UserDataItem::new("documents.genericId.name", value, is_valid, is_owner)
}

#[tokio::test]
async fn a_session_begins_and_ends() {
    let app = App::start().await;
    let answer = app.log_in(vec![name("Ada Winterbourne", true, true)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    let set = answer.header("set-cookie");
    assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Lax"), "{set}");
    let cookie = answer.cookie();
    // 128 random bits in base64.
    assert_eq!(cookie.split_once('=').unwrap().1.len(), 22);
    let page = app.get(&cookie).await.body;
    assert!(page.contains("Hello, Ada Winterbourne") && page.contains("You are logged in until"));
    // Another login has another id, and ends the session that came with it.
    let body = format!("token={}", app.token(vec![]));
    let again = app.post("/login", body).header("Origin", &app.url).header("Cookie", &cookie);
    let again = send(again).await.cookie();
    assert_ne!(again, cookie);
    assert!(app.get(&cookie).await.body.contains("Continue with Civic"));
    assert!(app.get(&again).await.body.contains("Hello"));
    let out =
        app.post("/logout", String::new()).header("Origin", &app.url).header("Cookie", &again);
    assert_eq!(send(out).await.status, 303);
    // What the server forgot is worth nothing, even to who kept the cookie.
    assert!(app.get(&again).await.body.contains("Continue with Civic"));
    assert!(app.get("session=AAAAAAAAAAAAAAAAAAAAAA").await.body.contains("Continue with Civic"));
}

#[tokio::test]
async fn a_session_id_that_the_server_did_not_choose_is_not_adopted() {
    let app = App::start().await;
    let chosen = "session=AAAAAAAAAAAAAAAAAAAAAA";
    let body = format!("token={}", app.token(vec![]));
    let request = app.post("/login", body).header("Origin", &app.url).header("Cookie", chosen);
    let cookie = send(request).await.cookie();
    assert!(cookie.starts_with("session=") && cookie != chosen, "{cookie}");
    assert!(app.get(chosen).await.body.contains("Continue with Civic"));
}

#[tokio::test]
async fn other_sites_can_t_log_people_in_or_out() {
    let app = App::start().await;
    let token = app.token(vec![]);
    for (header, value) in [
        ("Origin", "https://evil.example.com"),
        ("Origin", "null"),
        // Another port and another scheme of this host.
        ("Origin", "http://127.0.0.1:1"),
        ("Origin", &app.url.replace("http://", "https://")),
        ("X-Nothing", "no origin at all"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
    ] {
        for path in ["/login", "/logout"] {
            let request = app.post(path, format!("token={token}")).header(header, value);
            let answer = send(request).await;
            assert_eq!((answer.status, answer.header("set-cookie")), (403, ""), "{path} {value}");
        }
    }
    // None of them used the token up.
    let request = app.post("/login", format!("token={token}"));
    assert_eq!(send(request.header("Origin", &app.url)).await.status, 303);
}

#[tokio::test]
async fn on_https_the_cookie_can_be_set_by_nobody_else() {
    let sandbox = Sandbox::start().await.unwrap();
    let civic = sandbox.client_builder().build().unwrap();
    let app = web_login::app("https://app.example.com", civic, sandbox.script_url());
    let token = sandbox.issue_token(&UserData::new("36a59d10", vec![]));
    let request = http::Request::post("/login")
        .header("Origin", "https://app.example.com")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(format!("token={token}")));
    let answer = app.oneshot(request.unwrap()).await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    for part in ["__Host-session=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn what_people_release_is_text_and_not_html() {
    let app = App::start().await;
    let nasty = "<script>alert('x')</script>\"&";
    let items = vec![name(nasty, true, true), UserDataItem::new(nasty, nasty, false, true)];
    let cookie = app.log_in(items).await.cookie();
    let page = app.get(&cookie).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert_eq!(
        page.body.matches("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;").count(),
        4
    );
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn nobody_is_greeted_by_a_name_that_was_not_verified() {
    let app = App::start().await;
    for (is_valid, is_owner) in [(false, true), (true, false)] {
        let cookie = app.log_in(vec![name("Ada Winterbourne", is_valid, is_owner)]).await.cookie();
        let page = app.get(&cookie).await.body;
        assert!(page.contains("Hello, you whose name was not verified"), "{page}");
    }
}

#[tokio::test]
async fn a_failed_exchange_logs_nobody_in() {
    let app = App::start().await;
    let used = app.token(vec![]);
    let log_in = async |token: &str| {
        let request = app.post("/login", format!("token={token}")).header("Origin", &app.url);
        send(request).await
    };
    assert_eq!(log_in(&used).await.status, 303);
    for (fault, token, status) in [
        (None, used.clone(), 401),
        (None, "junk".to_owned(), 401),
        (None, String::new(), 502),
        (Some(Fault::WrongKey), app.token(vec![]), 502),
        (Some(Fault::Expired), app.token(vec![]), 502),
        (Some(Fault::NotJson), app.token(vec![]), 502),
    ] {
        if let Some(fault) = &fault {
            app.sandbox.inject(fault.clone());
        }
        let answer = log_in(&token).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (status, ""), "{fault:?}");
        assert!(answer.body.contains("did not work"), "{}", answer.body);
    }
    let request = app.post("/login", "nothing=1".to_owned()).header("Origin", &app.url);
    assert_eq!(send(request).await.status, 422);
}
