//! Exchanges over loopback HTTP.

use std::convert::Infallible;
use std::hint::black_box;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::measure::{Row, median};
use crate::sip::Fixture;

/// Exchanges per slice.
const EXCHANGES: u32 = 40;
const ROUNDS: usize = 41;

/// Answers every request with the same bytes, on a thread of its own.
fn serve(answer: Vec<u8>) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Bytes::from(answer);
    thread::spawn(move || {
        current_thread().block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let answer = answer.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = answer.clone();
                    async move {
                        request.into_body().collect().await.unwrap();
                        Ok::<_, Infallible>(Response::new(Full::new(answer)))
                    }
                });
                tokio::spawn(
                    server::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
    });
    address
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The CPU time of the thread that the client runs on.
pub fn exchange(fixture: &Fixture) -> Row {
    let address = serve(fixture.small.clone());
    let civic = fixture.client_at(address);
    let crypto = fixture.bare_operations();
    let runtime = current_thread();
    let (parts, body) = civic.request(&fixture.token).unwrap().into_parts();
    let body = Bytes::from(body);
    let mut sender = runtime.block_on(async {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = client::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    });

    let ours = || {
        cpu(|| {
            runtime.block_on(async {
                for _ in 0..EXCHANGES {
                    black_box(civic.exchange_code(&fixture.token).await.unwrap());
                }
            });
        })
    };
    let mut floor = || {
        cpu(|| {
            runtime.block_on(async {
                for _ in 0..EXCHANGES {
                    crypto.sign_and_verify();
                    let mut request = Request::new(Full::new(body.clone()));
                    *request.method_mut() = parts.method.clone();
                    *request.uri_mut() = parts.uri.path().parse().unwrap();
                    *request.headers_mut() = parts.headers.clone();
                    let host = address.to_string().parse().unwrap();
                    request.headers_mut().insert("host", host);
                    sender.ready().await.unwrap();
                    let answer = sender.send_request(request).await.unwrap();
                    black_box(answer.into_body().collect().await.unwrap().to_bytes());
                }
            });
        })
    };
    for _ in 0..3 {
        ours();
        floor();
    }
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (ours(), floor())).collect();
    Row {
        name: "exchange over loopback, kept alive, client's CPU",
        floor: "sign + verify + the same bytes by bare hyper",
        ours: median(rounds.iter().map(|(ours, _)| *ours).collect()),
        base: median(rounds.iter().map(|(_, floor)| *floor).collect()),
        ratio: median(rounds.iter().map(|(ours, floor)| ours / floor).collect()),
        target: 1.5,
        at_least: false,
        unit: "µs",
    }
}

/// Microseconds of CPU time per exchange.
fn cpu(work: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    work();
    start.elapsed().as_secs_f64() * 1e6 / f64::from(EXCHANGES)
}

/// The median time of an exchange with a server that closes each connection after its response, without saying so.
pub fn silent_close(fixture: &Fixture) -> Row {
    const EXCHANGES: usize = 300;

    let address = serve_and_close(&fixture.small);
    let civic = fixture.client_at(address);
    let bare = reqwest::Client::builder().no_proxy().build().unwrap();
    let (url, body) = (format!("http://{address}/"), fixture.small.clone());
    let runtime = current_thread();
    let mut ours = Vec::with_capacity(EXCHANGES);
    let mut base = Vec::with_capacity(EXCHANGES);
    runtime.block_on(async {
        // A request that meets the end of a connection fails; both count it.
        for _ in 0..EXCHANGES {
            let started = Instant::now();
            let _ = black_box(civic.exchange_code(&fixture.token).await);
            ours.push(started.elapsed().as_secs_f64() * 1e6);
            let started = Instant::now();
            if let Ok(response) = bare.post(&url).body(body.clone()).send().await {
                let _ = black_box(response.bytes().await);
            }
            base.push(started.elapsed().as_secs_f64() * 1e6);
        }
    });
    let (ours, base) = (median(ours), median(base));
    Row {
        name: "exchange, the server closes silently, median time",
        floor: "bare reqwest, the same bytes",
        ours,
        base,
        ratio: ours / base,
        target: 2.0,
        at_least: false,
        unit: "µs",
    }
}

/// Sends one response on each connection and closes it, without a header that announces it.
fn serve_and_close(answer: &[u8]) -> SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
    let response = [head.as_bytes(), answer].concat();
    thread::spawn(move || {
        current_thread().block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let response = response.clone();
                tokio::spawn(async move {
                    let mut request = [0; 64 * 1024];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(&response).await;
                    let _ = stream.shutdown().await;
                    // Reads what is left, so that the close is a FIN rather than a reset.
                    while stream.read(&mut request).await.is_ok_and(|length| length > 0) {}
                });
            }
        });
    });
    address
}

/// Exchanges per second, by many tasks and by one.
pub fn tasks(fixture: &Fixture) -> Row {
    const TASKS: u32 = 64;
    const SLICE: Duration = Duration::from_millis(250);

    let cores = thread::available_parallelism().map_or(1, usize::from);
    let address = serve(fixture.small.clone());
    let run = |tasks: u32| {
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let civic = fixture.client_at(address);
        runtime.block_on(async {
            let started = Instant::now();
            let workers: Vec<_> = (0..tasks)
                .map(|_| {
                    let (civic, token) = (civic.clone(), fixture.token.clone());
                    tokio::spawn(async move {
                        let mut done = 0;
                        while started.elapsed() < SLICE {
                            black_box(civic.exchange_code(&token).await.unwrap());
                            done += 1;
                        }
                        done
                    })
                })
                .collect();
            let mut done = 0;
            for worker in workers {
                done += worker.await.unwrap();
            }
            f64::from(done) / started.elapsed().as_secs_f64()
        })
    };
    let rounds: Vec<(f64, f64)> = (0..9).map(|_| (run(TASKS), run(1) * cores as f64)).collect();
    Row {
        name: "64 tasks on one client, exchanges per second",
        floor: "1 task × cores (the server shares them)",
        ours: median(rounds.iter().map(|(many, _)| *many).collect()),
        base: median(rounds.iter().map(|(_, one)| *one).collect()),
        ratio: median(rounds.iter().map(|(many, one)| many / one).collect()),
        target: 0.9,
        at_least: true,
        unit: "/s",
    }
}
