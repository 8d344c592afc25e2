//! An app of another origin than the server's, and a server that knows it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authsig_server::{Admin, AuthSig, Config, HouseSecret};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Html;
use serde_json::Value;
use tokio::net::TcpListener;

/// How long a notification may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request that the app got.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path_and_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// An app on another port and host than the server: `localhost`, which is not `127.0.0.1`.
pub(crate) struct App {
    pub(crate) origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl App {
    pub(crate) async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().fallback(record).with_state(Arc::clone(&seen));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { origin, seen }
    }

    /// The address to redirect to.
    pub(crate) fn redirect_url(&self) -> String {
        [&*self.origin, "/in?from=authsig"].concat()
    }

    /// The address to notify.
    pub(crate) fn notify_url(&self) -> String {
        [&*self.origin, "/notify"].concat()
    }

    /// The requests that came for this path.
    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.path_and_query.starts_with(path)).cloned().collect()
    }

    /// Waits for the first request for this path.
    pub(crate) async fn wait_for(&self, path: &str) -> Seen {
        let wait = async {
            loop {
                if let Some(seen) = self.seen(path).into_iter().next() {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the app is asked")
    }
}

async fn record(State(seen): State<Arc<Mutex<Vec<Seen>>>>, request: Request) -> Html<&'static str> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    seen.lock().unwrap().push(Seen {
        path_and_query: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    Html("<!DOCTYPE html><title>App</title><link rel=icon href='data:,'><h1>The app</h1>")
}

/// A server in this process, which lists the app's addresses.
pub(crate) struct Server {
    pub(crate) url: String,
    folder: PathBuf,
}

impl Server {
    pub(crate) async fn for_app(app: &App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let name = format!("authsig-browser-{}-{}", std::process::id(), address.port());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let secret = HouseSecret::new("a house secret of the tests").unwrap();
        let config = Config::new(&url, secret)
            .database(format!("sqlite:{}", folder.join("authsig.db").display()))
            .allow(app.redirect_url())
            .allow(app.notify_url())
            .notify_origin(&app.origin)
            .sign_up(true);
        let admin = Admin::open(&config).await.unwrap();
        admin.add_account("user_1", "password_1").await.unwrap();
        admin.close().await;
        let authsig = AuthSig::start(config).await.unwrap();
        tokio::spawn(async move {
            axum::serve(listener, authsig.router()).await.unwrap();
            drop(authsig);
        });
        Self { url, folder }
    }

    /// The address of a request with these parameters.
    pub(crate) fn request(&self, params: &[(&str, &str)]) -> String {
        request(&self.url, params)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The address of a request to a server with these parameters.
pub(crate) fn request(server: &str, params: &[(&str, &str)]) -> String {
    url::Url::parse_with_params(&format!("{server}/verify/request"), params).unwrap().into()
}

/// Returns the signed URL that is in the address of a redirect.
pub(crate) fn signed_url(address: &str) -> String {
    let url = url::Url::parse("http://localhost").unwrap().join(address).unwrap();
    let mut values = url.query_pairs().filter(|(name, _)| name == "authsig");
    let (_, value) = values.next().expect("the address has a signed URL");
    value.into_owned()
}

/// Asks the server about a signed URL, as an app does.
pub(crate) async fn verify(signed_url: &str) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.get(signed_url).header("accept", "application/json");
    let text = request.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap()
}
