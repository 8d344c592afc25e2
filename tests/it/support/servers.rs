//! Services that misbehave on purpose, on real sockets.
#![allow(dead_code, reason = "each test program uses another part")]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use civic_sip::CivicSip;
use civic_sip::sandbox::Sandbox;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::people::ada;
use super::tls;

/// A sandbox, and a valid answer of it for a service that only plays it back.
pub(crate) struct Canned {
    pub(crate) sandbox: Sandbox,
    pub(crate) answer: Vec<u8>,
}

impl Canned {
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let civic = sandbox.client_builder().build().unwrap();
        let request = civic.request(sandbox.issue_token(&ada())).unwrap();
        let answer =
            super::http_client::client().execute(request.try_into().unwrap()).await.unwrap();
        let answer = answer.bytes().await.unwrap().into();
        Self { sandbox, answer }
    }

    pub(crate) fn client(&self, base_url: &str) -> CivicSip {
        self.sandbox.client_builder().base_url(base_url).build().unwrap()
    }

    /// The token by itself, as it is stored behind a payload link.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let answer: serde_json::Value = serde_json::from_slice(&self.answer).unwrap();
        answer["data"].as_str().unwrap().as_bytes().to_vec()
    }

    /// An answer that is a link.
    pub(crate) fn linking_to(&self, url: &str) -> Vec<u8> {
        serde_json::json!({
            "data": url, "userId": "36a59d10c8f2", "encrypted": true, "alg": "aes", "processed": true,
        })
        .to_string()
        .into_bytes()
    }
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What came in.
#[derive(Default)]
pub(crate) struct Log {
    connections: AtomicUsize,
    requests: Mutex<Vec<Request>>,
}

#[derive(Clone)]
pub(crate) struct Request {
    /// Request line and headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A listening socket on loopback.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

impl Service {
    /// Hands every connection to `talk`.
    pub(crate) async fn start<F>(talk: impl Fn(Connection) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log::default());
        let logged = Arc::clone(&log);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                logged.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(talk(Connection {
                    stream: Box::new(stream),
                    log: Arc::clone(&logged),
                }));
            }
        });
        Self { address, log, task }
    }

    /// Answers every request with the same bytes.
    pub(crate) async fn answering(answer: Vec<u8>) -> Self {
        let answer = Arc::new(answer);
        Self::start(move |mut connection| {
            let answer = Arc::clone(&answer);
            async move {
                while connection.request().await.is_some() {
                    connection.write(&answer).await;
                }
            }
        })
        .await
    }

    /// The same, to those who talk TLS.
    pub(crate) async fn answering_over_tls(acceptor: tls::Acceptor, answer: Vec<u8>) -> Self {
        let answer = Arc::new(answer);
        Self::start(move |connection| {
            let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
            async move {
                let Some(mut connection) = connection.over_tls(acceptor).await else { return };
                while connection.request().await.is_some() {
                    connection.write(&answer).await;
                }
            }
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.requests.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) struct Connection {
    pub(crate) stream: Box<dyn Stream>,
    log: Arc<Log>,
}

impl Connection {
    pub(crate) async fn over_tls(self, acceptor: tls::Acceptor) -> Option<Self> {
        let stream = acceptor.accept(self.stream).await.ok()?;
        Some(Self { stream: Box::new(stream), log: self.log })
    }

    /// Reads one request whole; `None` once there are no more.
    pub(crate) async fn request(&mut self) -> Option<Request> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.ok()?);
        }
        let mut request = Request { head: String::from_utf8(head).unwrap(), body: Vec::new() };
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        request.body.resize(length, 0);
        self.stream.read_exact(&mut request.body).await.ok()?;
        self.log.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// That the other end is gone is its own affair.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Waits for the other end to hang up.
    pub(crate) async fn gone(&mut self) {
        let mut rest = [0; 1024];
        while self.stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    }
}

/// An answer in HTTP/1.1.
pub(crate) fn http(status: u16, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        answer.push_str(header);
        answer.push_str("\r\n");
    }
    answer.push_str("\r\n");
    [answer.as_bytes(), body].concat()
}

/// Passes on what comes, byte by byte, and counts the connections.
pub(crate) async fn relay(to: &str) -> Service {
    let to = to.strip_prefix("http://").unwrap().to_owned();
    Service::start(move |mut connection| {
        let to = to.clone();
        async move {
            let mut onward = TcpStream::connect(to).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut connection.stream, &mut onward).await;
        }
    })
    .await
}

/// A proxy that understands CONNECT, and takes everybody to the same place wherever they want to go.
pub(crate) async fn proxy(to: SocketAddr) -> Service {
    Service::start(move |mut connection| async move {
        if connection.request().await.is_none() {
            return;
        }
        let mut onward = TcpStream::connect(to).await.unwrap();
        connection.write(b"HTTP/1.1 200 Connected\r\n\r\n").await;
        let _ = tokio::io::copy_bidirectional(&mut connection.stream, &mut onward).await;
    })
    .await
}
