//! The client over real sockets and over transports that fail.

mod retry;

#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod payload;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod sockets;
