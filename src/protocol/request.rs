//! The body and the claims of a request.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use uuid::Uuid;

use super::PATH;
use super::error::ProtocolError;

/// Largest code token that is sent. The service's own have a few hundred bytes.
const MAX_CODE_TOKEN: usize = 16 * 1024;

/// The life of a request in seconds. The service rejects a longer one.
const LIFETIME: u64 = 180;

/// Members in alphabetical order: the service digests a sorted parse of the body, the gem the body itself.
#[derive(Serialize)]
struct Body<'a> {
    /// Lets the service send a link where the data is too large for the response.
    #[serde(rename = "allowS3UploadedPayload")]
    allow_payload_link: bool,
    #[serde(rename = "authToken")]
    auth_token: &'a str,
}

/// Members in the order of the Node client.
#[derive(Serialize)]
struct Claims<'a> {
    jti: Uuid,
    iat: u64,
    exp: u64,
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    method: &'a str,
    path: &'a str,
}

/// Returns the body of the request that exchanges `token`.
pub(super) fn body(token: &str) -> Result<Vec<u8>, ProtocolError> {
    if token.is_empty() {
        return Err(ProtocolError::Token("empty"));
    }
    if token.len() > MAX_CODE_TOKEN {
        return Err(ProtocolError::Token("longer than 16 KiB"));
    }
    if !token.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(ProtocolError::Token("not printable ASCII"));
    }
    json(&Body { allow_payload_link: true, auth_token: token })
}

/// Returns the claims of the request JWT.
pub(super) fn claims(
    app_id: &str,
    audience: &str,
    now: SystemTime,
    jti: Uuid,
) -> Result<Vec<u8>, ProtocolError> {
    let iat = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    json(&Claims {
        jti,
        iat,
        exp: iat.saturating_add(LIFETIME),
        iss: app_id,
        aud: audience,
        sub: app_id,
        data: Data { method: "POST", path: PATH },
    })
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, ProtocolError> {
    serde_json::to_vec(value)
        .map_err(|_| ProtocolError::Internal("the request can't be written as JSON"))
}
