//! Faults over HTTP: how tests inject them, and those that concern the delivery of a response.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde::Deserialize;
use serde_json::{Value, json};

use super::tokens::reject_other_sites;
use super::{json_response, json_text, status_code};
use crate::sandbox::authorization::ExchangeRequest;
use crate::sandbox::error::ErrorResponse;
use crate::sandbox::faults::{Fault, exchange_with_fault};
use crate::sandbox::state::State;

/// One fault or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

pub(super) async fn inject(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    body: super::Body,
) -> Result<Response, ErrorResponse> {
    reject_other_sites(&headers)?;
    let values = match body.json()? {
        OneOrMany::Many(values) => values,
        OneOrMany::One(value) => vec![value],
    };
    let faults = values.into_iter().map(parse).collect::<Result<Vec<Fault>, _>>()?;
    let waiting = state.faults.push(faults)?;
    Ok(json_response(201, &json!({ "waiting": waiting })))
}

fn parse(value: Value) -> Result<Fault, ErrorResponse> {
    let fault = serde_json::from_value(value)
        .map_err(|error| ErrorResponse::new(400, format!("the fault is invalid: {error}")))?;
    match fault {
        Fault::Status { status, .. } if !(200..600).contains(&status) => {
            Err(ErrorResponse::new(400, "`status` must be from 200 to 599"))
        }
        fault => Ok(fault),
    }
}

pub(super) async fn count(Shared(state): Shared<Arc<State>>) -> Response {
    json_response(200, &json!({ "waiting": state.faults.len() }))
}

pub(super) async fn clear(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
) -> Result<Response, ErrorResponse> {
    reject_other_sites(&headers)?;
    state.faults.clear();
    Ok(json_response(200, &json!({ "waiting": 0 })))
}

/// Responds to an exchange with a fault.
pub(super) async fn respond(
    state: &State,
    request: &ExchangeRequest<'_>,
    fault: Fault,
) -> Response {
    match fault {
        Fault::Status { status, body } => plain_text(status, body),
        Fault::Throttled { retry_after } => throttled(retry_after),
        Fault::Redirect { location } => redirect(&location),
        Fault::Huge { bytes } => huge(bytes),
        fault => {
            let (status, body) = match exchange_with_fault(state, request, &fault) {
                Ok(body) => (200, body),
                Err(error) => (error.status, json!({ "message": error.message }).to_string()),
            };
            match fault {
                Fault::CutOff { after } => cut_off(status, &body, after),
                fault => {
                    if let Some(delay) = fault.delay() {
                        tokio::time::sleep(delay).await;
                    }
                    json_text(status, body)
                }
            }
        }
    }
}

fn plain_text(status: u16, body: String) -> Response {
    let content_type = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status_code(status), content_type, body).into_response()
}

fn throttled(retry_after: Option<Duration>) -> Response {
    let mut response = ErrorResponse::new(429, "too many requests").into_response();
    if let Some(retry_after) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs()));
    }
    response
}

fn redirect(location: &str) -> Response {
    let mut response = plain_text(307, String::new());
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// A JSON text without announced length.
fn huge(bytes: u64) -> Response {
    let body = Body::new(Huge { left: bytes, started: false });
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// A body that ends early, although its whole length is announced.
fn cut_off(status: u16, body: &str, after: usize) -> Response {
    let sent = after.min(body.len().saturating_sub(1));
    let head = body.as_bytes().get(..sent).unwrap_or_default();
    let head = Some(Bytes::copy_from_slice(head));
    let mut response = json_text(status, String::new());
    *response.body_mut() = Body::new(CutOff { head, flushed: false });
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    response
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
        // The server sends what it has buffered only when the body is pending.
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

/// Sent again and again.
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
