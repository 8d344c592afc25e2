//! An app that is notified, on a socket of this machine.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::eventually;

/// A notification.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) state: String,
}

/// An app at `http://127.0.0.1:…/hook`.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) origin: String,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Semaphore>,
}

impl Receiver {
    /// Starts an app that answers 204 to whatever comes.
    pub(crate) async fn start() -> Self {
        let receiver = Self::start_silent().await;
        receiver.answer(1_000_000);
        receiver
    }

    /// Starts an app that does not answer before it is told to.
    pub(crate) async fn start_silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let receiver =
            Self { origin, received: Arc::default(), answers: Arc::new(Semaphore::new(0)) };
        let app = Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    /// Answers so many more.
    pub(crate) fn answer(&self, count: usize) {
        self.answers.add_permits(count);
    }

    pub(crate) fn address(&self) -> String {
        [&*self.origin, "/hook"].concat()
    }

    /// Returns what came until now.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many came, and returns them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        eventually("so many notifications come", async || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
        .await
    }

    /// Returns the variables by which instances notify this app without asking anybody.
    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        [("AUTHSIG_ALLOW", self.address()), ("AUTHSIG_NOTIFY_ORIGIN", self.origin.clone())]
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let received = Received {
        id: headers["webhook-id"].to_str().unwrap().to_owned(),
        url: body["url"].as_str().unwrap().to_owned(),
        state: body["data"]["state"].as_str().unwrap().to_owned(),
    };
    receiver.received.lock().unwrap().push(received);
    receiver.answers.acquire().await.unwrap().forget();
    StatusCode::NO_CONTENT
}
