//! An app that is notified, on a socket of this machine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::timeout;

/// What an app got.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Answer = (StatusCode, HeaderMap);

#[derive(Clone)]
struct Inbox {
    received: UnboundedSender<Received>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    is_held: watch::Receiver<bool>,
}

pub(crate) struct Receiver {
    pub(crate) origin: String,
    received: UnboundedReceiver<Received>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    hold: watch::Sender<bool>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (sender, received) = unbounded_channel();
        let answers = Arc::default();
        let (hold, is_held) = watch::channel(false);
        let inbox = Inbox { received: sender, answers: Arc::clone(&answers), is_held };
        let app = Router::new().fallback(receive).with_state(inbox);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { origin, received, answers, hold }
    }

    /// Returns an address of the app.
    pub(crate) fn address(&self) -> String {
        [&*self.origin, "/notify"].concat()
    }

    /// Answers the next notification that was not yet spoken for so; all others get 204. Those to `/wake` do not count.
    pub(crate) fn answer(&self, status: u16, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        let answer = (StatusCode::from_u16(status).unwrap(), headers.collect());
        self.answers.lock().unwrap().push_back(answer);
    }

    /// Leaves what comes from now on without a response, until it is told to go on.
    pub(crate) fn hold(&self, is_held: bool) {
        self.hold.send_replace(is_held);
    }

    /// Waits for a notification.
    pub(crate) async fn next(&mut self) -> Received {
        let next = timeout(Duration::from_secs(60), self.received.recv()).await;
        next.expect("a notification comes").unwrap()
    }

    /// Returns whether a notification came that was not waited for.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.received.is_empty()
    }
}

async fn receive(State(inbox): State<Inbox>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if path == "/wake" {
        return (StatusCode::NO_CONTENT, HeaderMap::new());
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let answer = inbox.answers.lock().unwrap().pop_front();
    let mut is_held = inbox.is_held.clone();
    let _ = inbox.received.send(Received { path, headers: parts.headers, body });
    let _ = is_held.wait_for(|is_held| !is_held).await;
    answer.unwrap_or((StatusCode::NO_CONTENT, HeaderMap::new()))
}
