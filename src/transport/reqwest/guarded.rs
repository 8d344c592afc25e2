//! Requests to hosts that somebody else named.

use std::net::IpAddr;
use std::sync::Arc;

use super::{ProxyChoice, ReqwestTransport, Settings};
use crate::transport::url::is_loopback;
use crate::transport::{BoxFuture, SendOptions, Transport, TransportError};

/// Sends requests to hosts that a response named, and connects only to addresses that are allowed.
///
/// The addresses are checked when the name is resolved. Behind a proxy that can't be done: it resolves names itself.
pub(crate) struct GuardedTransport {
    remote: ReqwestTransport,
    /// Loopback addresses are never reached through a proxy.
    loopback: ReqwestTransport,
}

impl GuardedTransport {
    /// Creates a transport that connects to an address of a name if `may_connect_to` returns `true` for them.
    pub(crate) fn new(
        settings: Settings,
        may_connect_to: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        let settings = Settings { may_connect_to: Some(Arc::new(may_connect_to)), ..settings };
        let loopback = Settings { proxy: ProxyChoice::None, loopback: true, ..settings.clone() };
        Self { remote: ReqwestTransport::new(settings), loopback: ReqwestTransport::new(loopback) }
    }
}

impl Transport for GuardedTransport {
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        options: SendOptions,
    ) -> BoxFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        let transport = if is_loopback(request.uri()) { &self.loopback } else { &self.remote };
        transport.send(request, options)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;

    fn transport(
        may_connect_to: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static,
    ) -> GuardedTransport {
        GuardedTransport::new(Settings::new(Duration::from_secs(10)), may_connect_to)
    }

    async fn get(
        transport: &GuardedTransport,
        url: String,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        transport.send(request, SendOptions::new()).await
    }

    #[tokio::test]
    async fn a_name_with_no_allowed_address_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let transport = transport(move |name, address| {
            assert_eq!(name, "localhost");
            counter.fetch_add(1, Ordering::SeqCst);
            !address.is_loopback()
        });
        let error = get(&transport, url).await.unwrap_err();
        assert!(matches!(error, TransportError::BlockedAddress(_)), "{error:?}");
        assert!(calls.load(Ordering::SeqCst) > 0);
        // The URL of a payload link is a secret.
        assert!(!format!("{error:?}").contains("localhost"), "{error:?}");
        assert!(tokio::time::timeout(Duration::ZERO, listener.accept()).await.is_err());
    }

    #[tokio::test]
    async fn a_refused_connection_is_not_a_blocked_address() {
        // Bound, and not listening: the port refuses connections and nobody else gets it.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://127.0.0.1:{}/", socket.local_addr().unwrap().port());
        let error = get(&transport(|_, _| true), url).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    }
}
