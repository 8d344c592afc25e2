//! What requests and answers allocate: counted, so that no machine's speed matters.

#[path = "it/support/mod.rs"]
mod support;

use allocation_counter::{AllocationInfo, measure};
use civic_sip::authsig::{Notification, Signer, Verifier};
use civic_sip::{Reply, UserData};
use serde_json::json;
use support::*;

/// Once before, for what is set up only the first time.
fn counted(mut work: impl FnMut()) -> AllocationInfo {
    work();
    measure(work)
}

#[test]
fn a_request_allocates_little() {
    let civic = client();
    let info = counted(|| drop(civic.request("token").unwrap()));
    // Body, claims, their base64url, token, digest and header, and the table of headers.
    assert!(info.count_total <= REQUEST, "{info:?}");
}

#[test]
fn an_answer_allocates_little() {
    let mut claims = claims(&json!([]));
    let items = json!([
        {"label": "contact.personal.email", "value": "ada@example.com", "isValid": true, "isOwner": true},
        {"label": "contact.personal.phoneNumber", "value": "+1 555 0100", "isValid": true, "isOwner": true}
    ]);
    claims["data"] = encrypt(items.to_string().as_bytes(), true).into();
    let body = envelope(&token(&claims), true);
    let civic = client();
    let open = |body: Vec<u8>| -> UserData {
        match civic.response(200, body) {
            Ok(Reply::UserData(user)) => user,
            other => panic!("{other:?}"),
        }
    };
    let mut bodies = vec![body.clone(), body];
    let info = counted(|| drop(open(bodies.pop().unwrap())));
    // User id and audience, unknown names, the list twice, and label and value of each item.
    assert!(info.count_total <= RESPONSE, "{info:?}");
}

#[test]
fn a_notification_takes_no_more_memory_than_a_few_times_its_length() {
    let fill = |piece: &str| {
        let room = 64 * 1024 - 100;
        format!(
            r#"{{"verified": true, "url": "x", "data": {{"a": [{}0]}}}}"#,
            piece.repeat(room / piece.len())
        )
    };
    let nested = format!(
        r#"{{"verified": true, "url": "x", "data": {{"a": {}{}}}}}"#,
        "[".repeat(32_000),
        "]".repeat(32_000)
    );
    let members: Vec<_> = (0..5_000).map(|index| format!(r#""m{index}":0"#)).collect();
    let members = format!(r#"{{"verified": true, "url": "x", "data": {{{}}}}}"#, members.join(","));
    let unknown: Vec<_> = (0..5_000).map(|index| format!(r#""m{index}":[]"#)).collect();
    let unknown = format!(r#"{{"verified": true, "url": "x", {}}}"#, unknown.join(","));
    for body in [fill("[],"), fill("{},"), fill("\"\","), fill("0,"), nested, members, unknown] {
        assert!(body.len() <= 64 * 1024);
        let used = measure(|| {
            let _ = Notification::parse(&body);
        });
        assert!(used.bytes_max <= 4 * body.len() as u64, "{} of {}", used.bytes_max, body.len());
    }
}

/// Everything is done in the buffer of the body; only what the person released is copied out of it.
#[test]
fn a_large_answer_is_opened_where_it_is() {
    let picture = "/9j/4AAQSkZJRgAB".repeat(100_000);
    let mut claims = claims(&json!([]));
    let items = json!([{"label": "documents.genericId.image", "value": picture}]);
    claims["data"] = encrypt(items.to_string().as_bytes(), true).into();
    let body = envelope(&token(&claims), true);
    let size = body.len() as u64;
    let civic = client();
    let mut body = Some(body);
    let info = measure(|| drop(civic.response(200, body.take().unwrap()).unwrap()));
    // With the body itself, which was there before.
    assert!((info.bytes_max + size) as f64 <= 1.8 * size as f64, "{info:?}, body {size}");
}

/// A peer that announces much and sends little holds no memory.
#[cfg(feature = "client")]
#[test]
fn an_announced_length_reserves_nothing() {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut connection, _) = listener.accept().unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 60000000\r\n\r\n{";
            connection.write_all(head.as_bytes()).unwrap();
        }
    });
    let civic = builder().base_url(url).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let info = counted(|| {
        let error = runtime.block_on(civic.exchange_code("token")).unwrap_err();
        assert!(error.is_transport(), "{error:?}");
    });
    server.join().unwrap();
    assert!(info.bytes_max < 1_000_000, "{info:?}");
}

#[test]
fn signed_urls_allocate_little() {
    let (signer, verifier) = (
        Signer::new("at least sixteen bytes").unwrap(),
        Verifier::new("at least sixteen bytes").unwrap(),
    );
    let query =
        "login=user_1&service=password&team=blue&redirect_url=https%3A%2F%2Fapp.example%2Fa&x=1";
    let info = counted(|| drop(signer.sign_query(query).unwrap()));
    assert!(info.count_total <= SIGN, "{info:?}");
    let signed = signer.sign_query(query).unwrap();
    let info = counted(|| drop(verifier.verify_query(&signed).unwrap()));
    assert!(info.count_total <= VERIFY, "{info:?}");
}

const REQUEST: u64 = 15;
const RESPONSE: u64 = 10;
const SIGN: u64 = 4;
const VERIFY: u64 = 5;
