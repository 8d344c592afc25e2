//! The service, on plain sockets.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::answer::Answer;
use crate::random::Random;
use crate::response;

pub(crate) struct Server {
    address: SocketAddr,
}

struct Shared {
    address: SocketAddr,
    seed: usize,
    /// How often each token was received.
    received: Mutex<HashMap<usize, usize>>,
    log: Box<dyn Fn(usize, Answer) + Send + Sync>,
}

impl Server {
    /// Serves in tasks of this runtime. `log` is told of each token, before it is answered.
    pub(crate) async fn start(
        address: SocketAddr,
        seed: usize,
        log: impl Fn(usize, Answer) + Send + Sync + 'static,
    ) -> Self {
        let listener = listen(address).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Box::new(log);
        let shared = Arc::new(Shared { address, seed, received: Mutex::default(), log });
        tokio::spawn(async move {
            loop {
                // Out of files for a moment, say.
                let Ok((stream, _)) = listener.accept().await else { continue };
                tokio::spawn(talk(stream, Arc::clone(&shared)));
            }
        });
        Self { address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // The one that was killed has left connections behind.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

async fn talk(mut stream: TcpStream, shared: Arc<Shared>) {
    // A client that hangs up ends the connection, not the server.
    while let Ok(true) = exchange(&mut stream, &shared).await {}
}

/// One request and its answer. Returns whether the connection goes on.
async fn exchange(stream: &mut TcpStream, shared: &Shared) -> io::Result<bool> {
    let mut request = Vec::new();
    let is_whole = read_request(stream, &mut request).await;
    if let Some(path) = request.strip_prefix(b"GET /payload/") {
        let digits = path.split(|byte| *byte == b' ').next().unwrap_or_default();
        let token = String::from_utf8_lossy(digits).parse().map_err(io::Error::other)?;
        return payload(stream, shared, token).await;
    }
    let Some(token) = response::token_in(&request) else { return Ok(false) };
    let attempt = {
        let mut received = shared.received.lock().unwrap();
        let attempt = received.entry(token).or_default();
        *attempt += 1;
        *attempt
    };
    let mut random = random(shared, token, attempt);
    let answer = Answer::choose(&mut random);
    (shared.log)(token, answer);
    if !is_whole? {
        return Ok(false);
    }
    respond(stream, shared, token, answer, &mut random).await
}

/// The same for the same token, whatever else happens.
fn random(shared: &Shared, token: usize, attempt: usize) -> Random {
    Random((shared.seed.wrapping_mul(1_000_003) ^ (token << 8) ^ attempt) as u64)
}

/// Reads head and body. Returns whether they are whole.
async fn read_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if body.len() >= length {
                return Ok(true);
            }
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(false);
        }
    }
}

fn head(status: u16, length: usize) -> Vec<u8> {
    let again = if status == 429 { "retry-after: 0\r\n" } else { "" };
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{again}content-length: {length}\r\n\r\n"
    )
    .into_bytes()
}

fn whole(status: u16, body: &[u8]) -> Vec<u8> {
    [&head(status, body.len()), body].concat()
}

async fn respond(
    stream: &mut TcpStream,
    shared: &Shared,
    token: usize,
    answer: Answer,
    random: &mut Random,
) -> io::Result<bool> {
    let right = || response::envelope(token, &response::jwt(token), false).into_bytes();
    match answer {
        Answer::Right => stream.write_all(&whole(200, &right())).await?,
        Answer::InPieces => {
            for piece in whole(200, &right()).chunks(200) {
                stream.write_all(piece).await?;
                pause(random, 3).await;
            }
        }
        Answer::ThenClosed => {
            stream.write_all(&whole(200, &right())).await?;
            pause(random, 10).await;
            return Ok(false);
        }
        Answer::Linked => {
            let link = format!("http://{}/payload/{token}", shared.address);
            let body = response::envelope(token, &link, true);
            stream.write_all(&whole(200, body.as_bytes())).await?;
        }
        Answer::BadRequest
        | Answer::Unauthorized
        | Answer::ServerError
        | Answer::GatewayTimeout
        | Answer::Throttled => {
            stream.write_all(&whole(answer.status(), b"{\"message\":\"no\"}")).await?;
        }
        Answer::Reset => {
            reset(stream)?;
            return Ok(false);
        }
        Answer::Stalled => return until_closed(stream).await,
        Answer::StalledInBody => {
            let bytes = whole(200, &right());
            stream.write_all(&bytes[..random.below(bytes.len())]).await?;
            return until_closed(stream).await;
        }
        Answer::Dripped => {
            for byte in whole(200, &right()) {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Answer::Truncated => {
            let bytes = whole(200, &right());
            stream.write_all(&bytes[..random.below(bytes.len())]).await?;
            return Ok(false);
        }
        Answer::Corrupted => {
            let mut jwt = response::jwt(token).into_bytes();
            let at = random.below(jwt.len());
            jwt[at] = if jwt[at] == b'A' { b'B' } else { b'A' };
            let jwt = String::from_utf8(jwt).unwrap();
            let body = response::envelope(token, &jwt, false);
            stream.write_all(&whole(200, body.as_bytes())).await?;
        }
        Answer::NoHttp => {
            stream.write_all(b"\x16\x03\x01 this is something else\r\n\r\n").await?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a link leads to.
async fn payload(stream: &mut TcpStream, shared: &Shared, token: usize) -> io::Result<bool> {
    let mut random = random(shared, token, 0x7f);
    let bytes = whole(200, response::jwt(token).as_bytes());
    match random.below(8) {
        0 => stream.write_all(&whole(500, b"no")).await?,
        1 => return until_closed(stream).await,
        2 => {
            stream.write_all(&bytes[..random.below(bytes.len())]).await?;
            return Ok(false);
        }
        _ => stream.write_all(&bytes).await?,
    }
    Ok(true)
}

/// Up to so many milliseconds.
async fn pause(random: &mut Random, millis: usize) {
    tokio::time::sleep(Duration::from_millis(random.below(millis) as u64)).await;
}

/// Sends nothing more until the client hangs up.
async fn until_closed(stream: &mut TcpStream) -> io::Result<bool> {
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(false)
}

/// The connection ends with RST rather than FIN.
fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}
