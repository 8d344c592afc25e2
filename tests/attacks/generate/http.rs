//! Bytes that a service sends over a connection, which it closes after them.

use serde_json::{Value, json};

use crate::case::{attack, control};
use crate::responses::good;

/// Texts, or texts and how often they stand there.
fn response(parts: Value) -> Value {
    json!({ "response": parts })
}

fn of(head: &str, body: &str) -> Value {
    response(json!([format!("HTTP/1.1 {head}\r\n\r\n{body}")]))
}

pub(crate) fn cases() -> Vec<Value> {
    let body = good().to_string();
    let length = body.len();
    let mut cases = Vec::new();
    for (name, head) in [
        ("a response with its length", format!("200 OK\r\ncontent-length: {length}")),
        ("a response that ends with the connection", "200 OK".to_owned()),
        (
            "a response of another type",
            format!("200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}"),
        ),
        ("a response without a reason", format!("200\r\ncontent-length: {length}")),
    ] {
        cases.push(control(name, of(&head, &body)));
    }
    let chunked =
        format!("200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n");
    cases.push(control("a response in chunks", of(&chunked, "")));
    let interim = format!("103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {length}");
    cases.push(control("a response after an interim one", of(&interim, &body)));
    statuses(&mut cases, &body);
    lengths(&mut cases, &body);
    heads(&mut cases, &body);
    cases
}

fn statuses(cases: &mut Vec<Value>, body: &str) {
    let length = body.len();
    for status in
        [201, 202, 203, 206, 300, 400, 401, 403, 404, 405, 409, 429, 500, 502, 503, 504, 599]
    {
        let input = of(&format!("{status} x\r\ncontent-length: {length}"), body);
        cases.push(attack(
            format!("status {status} with the body of a response"),
            &format!("Api({status})"),
            input,
        ));
    }
    for status in [301, 302, 303, 307, 308] {
        for location in ["https://evil.example/", "/elsewhere", "http://169.254.169.254/"] {
            let input = of(
                &format!("{status} x\r\nlocation: {location}\r\ncontent-length: {length}"),
                body,
            );
            cases.push(attack(
                format!("status {status} to {location}"),
                &format!("Api({status})"),
                input,
            ));
        }
    }
    for status in [204, 304] {
        cases.push(attack(
            format!("status {status} with a body"),
            &format!("Api({status})"),
            of(&format!("{status} x\r\ncontent-length: {length}"), body),
        ));
    }
    for status in ["000", "099", "20", "2000", "-200", "2x0", "２００", ""] {
        cases.push(attack(
            format!("status {status:?}"),
            "Transport",
            of(&format!("{status} OK\r\ncontent-length: {length}"), body),
        ));
    }
}

fn lengths(cases: &mut Vec<Value>, body: &str) {
    let length = body.len();
    for (name, head, error) in [
        (
            "one byte shorter than its length",
            format!("content-length: {}", length + 1),
            "Transport",
        ),
        (
            "one byte longer than its length",
            format!("content-length: {}", length - 1),
            "Malformed.Envelope",
        ),
        ("length of zero", "content-length: 0".to_owned(), "Malformed.Envelope"),
        ("negative length", "content-length: -1".to_owned(), "Transport"),
        ("length with a sign", format!("content-length: +{length}"), "Transport"),
        ("length that is no number", "content-length: x".to_owned(), "Transport"),
        ("length beyond 64 bits", "content-length: 18446744073709551616".to_owned(), "Transport"),
        ("length of a terabyte", "content-length: 1099511627776".to_owned(), "Malformed.TooLarge"),
        (
            "two lengths",
            format!("content-length: {length}\r\ncontent-length: {}", length - 1),
            "Transport",
        ),
        (
            "two lengths in one header",
            format!("content-length: {length}, {}", length - 1),
            "Transport",
        ),
        ("chunks that are none", "transfer-encoding: chunked".to_owned(), "Transport"),
        (
            "chunks and a length",
            format!("content-length: {length}\r\ntransfer-encoding: chunked"),
            "Transport",
        ),
        (
            "an encoding that is not known",
            "transfer-encoding: gzip, chunked".to_owned(),
            "Transport",
        ),
    ] {
        cases.push(attack(name, error, of(&format!("200 OK\r\n{head}"), body)));
    }
    let chunks = |text: &str| of("200 OK\r\ntransfer-encoding: chunked", text);
    for (name, text, error) in [
        ("chunks cut before the last", format!("{length:x}\r\n{body}\r\n"), "Transport"),
        (
            "a chunk shorter than it says",
            format!("{:x}\r\n{body}\r\n0\r\n\r\n", length + 9),
            "Transport",
        ),
        (
            "a chunk longer than it says",
            format!("{:x}\r\n{body}\r\n0\r\n\r\n", length - 9),
            "Transport",
        ),
        (
            "a chunk with a negative size",
            format!("-{length:x}\r\n{body}\r\n0\r\n\r\n"),
            "Transport",
        ),
        (
            "a chunk of more than 64 bits",
            format!("1ffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
            "Transport",
        ),
        ("a chunk of 16 exabytes", format!("ffffffffffffffff\r\n{body}\r\n0\r\n\r\n"), "Transport"),
        ("no chunk", "0\r\n\r\n".to_owned(), "Malformed.Envelope"),
    ] {
        cases.push(attack(name, error, chunks(&text)));
    }
    // The limit of these tests is 64 KiB.
    let large = "content-length: 70000\r\n\r\n";
    for (name, parts) in [
        (
            "larger than the limit, and says so",
            json!(["HTTP/1.1 200 OK\r\n", large, ["x", 70_000]]),
        ),
        (
            "larger than the limit, to the end of the connection",
            json!(["HTTP/1.1 200 OK\r\n\r\n", ["x", 70_000]]),
        ),
        (
            "larger than the limit, in chunks",
            json!([
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                ["400\r\n", 1],
                ["x", 1024],
                "\r\n",
                ["1\r\nx\r\n", 66_000]
            ]),
        ),
        ("an error larger than the limit", json!(["HTTP/1.1 500 x\r\n", large, ["x", 70_000]])),
    ] {
        cases.push(attack(name, "Malformed.TooLarge", response(parts)));
    }
}

fn heads(cases: &mut Vec<Value>, body: &str) {
    let ok = "HTTP/1.1 200 OK\r\n";
    for (name, parts) in [
        ("nothing", json!([])),
        ("an empty line", json!(["\r\n"])),
        ("a body without a head", json!([body])),
        ("another protocol", json!(["SSH-2.0-OpenSSH_9.6\r\n\r\n", body])),
        ("a version that is not known", json!(["HTTP/9.9 200 OK\r\n\r\n", body])),
        ("HTTP/2 without being asked", json!(["HTTP/2 200 OK\r\n\r\n", body])),
        ("a head that is cut", json!([ok, "content-le"])),
        ("a head without its end", json!([ok, "content-length: 2\r\n"])),
        ("a NUL in a header", json!([ok, "x: \u{0}\r\n\r\n", body])),
        ("a header without a colon", json!([ok, "x y\r\n\r\n", body])),
        ("a header with a space in its name", json!([ok, "x y: z\r\n\r\n", body])),
        ("a head of 10,000 headers", json!([ok, ["x: y\r\n", 10_000], "\r\n", body])),
        ("a header of 1 MB", json!([ok, "x: ", ["y", 1_000_000], "\r\n\r\n", body])),
        ("an interim response alone", json!(["HTTP/1.1 100 Continue\r\n\r\n"])),
        ("a thousand line breaks", json!([["\r\n", 1000]])),
        ("a megabyte of nothing", json!([["\u{0}", 1_000_000]])),
    ] {
        cases.push(attack(name, "Transport", response(parts)));
    }
}
