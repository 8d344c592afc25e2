//! Responses as bytes on a socket.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::case::{exchange_name, joined, run};
use crate::responses::builder;

/// Reads a whole request: its head, and the body that the head announces.
fn read_request(stream: &mut TcpStream) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            if body.len() >= length.unwrap().trim().parse().unwrap() {
                return;
            }
        }
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the request ends early");
        bytes.extend_from_slice(&buffer[..count]);
    }
}

/// Answers one request with these bytes, and closes the connection.
fn serve(response: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        // The client may have hung up by then.
        let _ = stream.write_all(&response);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read(&mut [0; 1]);
    });
    url
}

#[test]
fn bytes_on_a_socket() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    run(include_str!("http.jsonl"), |case| {
        let client = builder()
            .base_url(serve(joined(&case["response"])))
            .max_response_bytes(64 * 1024)
            .timeout(Duration::from_secs(60))
            .retries(0)
            .build()
            .unwrap();
        runtime.block_on(client.exchange_code("token")).map_err(|error| {
            // The token was sent: nobody may be told to send it again, but after status 429.
            assert_eq!(error.is_retryable(), error.status() == Some(429), "{case}: {error:?}");
            exchange_name(&error)
        })
    });
}
