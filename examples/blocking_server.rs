//! A login on a plain blocking server: threads, and no runtime in sight.
//!
//! ```text
//! cargo run --example sandbox        # in another terminal; paste the CIVIC_* lines that it prints
//! cargo run --example blocking_server
//! curl -d '…token…' http://127.0.0.1:3000/login
//! ```
//!
//! It starts no session, so there is nothing that another site could do in somebody's name. Before yours does, let it
//! compare the `Origin` of the request with its own, as the guide says under "Sessions".

use std::io::Read;
use std::thread;

use civic_sip::blocking::CivicSip;
use tiny_http::{Method, Request, Response, Server};

/// No token is longer than 16 KiB.
const MAX_BODY: u64 = 16 * 1024 + 1;

const THREADS: usize = 8;

/// Takes requests until the server is unblocked. Threads share the client, and the client's connections.
pub(crate) fn serve(server: &Server, civic: &CivicSip) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    answer(request, civic);
                }
            });
        }
    });
}

fn answer(mut request: Request, civic: &CivicSip) {
    let (status, body) = match (request.method(), request.url()) {
        (Method::Post, "/login") => login(&mut request, civic),
        _ => (404, "there is nothing here".to_owned()),
    };
    // Whoever asked may be gone.
    let _ = request.respond(Response::from_string(body).with_status_code(status));
}

/// The page sends the token that civic.sip.js gave it.
fn login(request: &mut Request, civic: &CivicSip) -> (u16, String) {
    let mut token = String::new();
    if request.as_reader().take(MAX_BODY).read_to_string(&mut token).is_err() {
        return (400, "that is no token".to_owned());
    }
    match civic.exchange_code(token) {
        Ok(user) => (200, format!("hello {}", user.email().unwrap_or("you"))),
        Err(error) => {
            eprintln!("login failed: {error}");
            match error.status() {
                _ if error.is_retryable() => (503, "please wait a moment".to_owned()),
                Some(400) => (400, "please start again".to_owned()),
                _ => (502, "please start again".to_owned()),
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let civic = CivicSip::from_env()?;
    serve(&Server::http("127.0.0.1:3000")?, &civic);
    Ok(())
}
