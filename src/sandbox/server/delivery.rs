//! Bodies that arrive in an unusual way.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use http_body::Frame;

/// The body stops after so many bytes, or before its last byte, though its whole length is announced.
pub(super) fn cut_off(response: Response, body: &str, after: usize) -> Response {
    let announced = HeaderValue::from(body.len());
    let mut head = body.as_bytes().to_vec();
    head.truncate(after.min(body.len().saturating_sub(1)));
    let mut response =
        response.map(|_| Body::new(CutOff { head: Some(head.into()), flushed: false }));
    response.headers_mut().insert(CONTENT_LENGTH, announced);
    response
}

/// A JSON text of so many bytes, and of no announced length.
pub(super) fn huge(bytes: u64) -> Body {
    Body::new(Huge { left: bytes, started: false })
}

struct CutOff {
    head: Option<Bytes>,
    flushed: bool,
}

impl http_body::Body for CutOff {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        // What was written is sent only when the body has nothing more for the moment.
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}

struct Huge {
    left: u64,
    started: bool,
}

/// Sent over and over.
static FILLING: [u8; 64 * 1024] = [b'a'; 64 * 1024];

impl http_body::Body for Huge {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let part: &'static [u8] = if self.started { &FILLING } else { b"{\"data\":\"" };
        self.started = true;
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(part.len());
        if length == 0 {
            return Poll::Ready(None);
        }
        self.left = self.left.saturating_sub(length as u64);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(part).slice(..length)))))
    }
}
