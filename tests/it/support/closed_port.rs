//! A port that nobody listens at.

use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// Refuses connections as long as it lives: it is bound, so that nobody else gets it, and does not listen.
pub(crate) struct ClosedPort(TcpSocket);

impl ClosedPort {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self(socket)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}
