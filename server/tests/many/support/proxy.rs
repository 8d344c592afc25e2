//! A proxy in front of several instances, as operators have one.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use reqwest::redirect::Policy;
use tokio::net::TcpListener;

/// Takes instances in turn, and adds the address of the client to `X-Forwarded-For`.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    instances: Arc<Mutex<Vec<String>>>,
    next: Arc<AtomicUsize>,
    http: reqwest::Client,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy();
        let proxy = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            instances: Arc::default(),
            next: Arc::default(),
            http: http.build().unwrap(),
        };
        let app = Router::new().fallback(pass_on).with_state(proxy.clone());
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        proxy
    }

    pub(crate) fn add(&self, instance: &str) {
        self.instances.lock().unwrap().push(instance.to_owned());
    }

    pub(crate) fn remove(&self, instance: &str) {
        self.instances.lock().unwrap().retain(|other| other != instance);
    }

    fn next(&self) -> Option<String> {
        let instances = self.instances.lock().unwrap();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        instances.get(turn.checked_rem(instances.len())?).cloned()
    }

    async fn send(
        &self,
        instance: &str,
        (parts, body): (&axum::http::request::Parts, &[u8]),
        client: SocketAddr,
    ) -> Result<Response, reqwest::Error> {
        let path = parts.uri.path_and_query().unwrap().as_str();
        let mut headers: HeaderMap = parts.headers.clone();
        headers.remove("host");
        headers.append("x-forwarded-for", client.ip().to_string().parse().unwrap());
        let request = self.http.request(parts.method.clone(), [instance, path].concat());
        let response = request.headers(headers).body(body.to_vec()).send().await?;
        let (status, mut headers) = (response.status(), response.headers().clone());
        headers.remove("transfer-encoding");
        let body = response.bytes().await?;
        Ok((status, headers, body).into_response())
    }
}

async fn pass_on(
    State(proxy): State<Proxy>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body: Body = body;
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut tries = 0;
    while let Some(instance) = proxy.next() {
        tries += 1;
        match proxy.send(&instance, (&parts, &body), client).await {
            Ok(response) => return response,
            // It was not sent: the instance is gone.
            Err(error) if error.is_connect() && tries < 10 => {}
            Err(_) => break,
        }
    }
    StatusCode::BAD_GATEWAY.into_response()
}
