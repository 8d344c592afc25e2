//! Which connections are made, for what the public API gives no way to arrange.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use super::*;

fn transport(
    may_lead_to: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static,
) -> ReqwestTransport {
    let ten = Duration::from_secs(10);
    ReqwestTransport::new(Settings {
        may_lead_to: Arc::new(may_lead_to),
        ..Settings::new(ten, ten, false)
    })
}

async fn fetch_payload(
    transport: &ReqwestTransport,
    url: String,
) -> Result<http::Response<Vec<u8>>, TransportError> {
    let request = http::Request::get(url).body(Vec::new()).unwrap();
    transport.fetch_payload(request, true, 1024, Duration::from_secs(10)).await
}

#[tokio::test]
async fn a_name_that_leads_to_forbidden_addresses_alone_is_not_visited() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let transport = transport(move |name, address| {
        assert_eq!(name, "localhost");
        counter.fetch_add(1, Ordering::SeqCst);
        !address.is_loopback()
    });
    let error = fetch_payload(&transport, url).await.unwrap_err();
    assert!(is_blocked_address(&error), "{error:?}");
    assert!(asked.load(Ordering::SeqCst) > 0);
    // The URL of a payload link is a secret.
    assert!(!format!("{error:?}").contains("localhost"), "{error:?}");
    assert!(tokio::time::timeout(Duration::ZERO, listener.accept()).await.is_err());
}

#[tokio::test]
async fn other_failures_to_connect_lead_somewhere() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let transport = transport(|_, _| true);
    let error = fetch_payload(&transport, format!("http://localhost:{port}/")).await.unwrap_err();
    assert!(
        matches!(error, TransportError::NotSent(_)) && !is_blocked_address(&error),
        "{error:?}"
    );
}
