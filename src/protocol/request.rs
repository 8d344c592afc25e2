//! The request: the token in a body, a JWT that names the app, a digest that ties the two.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use uuid::Uuid;

use super::{MAX_CODE_TOKEN, PATH, jws};
use crate::crypto::{self, HmacKey, SigningKey};
use crate::encoding::base64;
use crate::{Error, MalformedError};

/// How long a request stays good, in seconds; the service refuses more.
const LIFETIME: u64 = 180;

/// The app's side of a request.
pub(crate) struct Requester<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) signing_key: &'a SigningKey,
    pub(crate) digest_key: &'a HmacKey,
}

/// Members in alphabetical order: the service digests a sorted parse of the body, the gem the body as it stands.
#[derive(Serialize)]
struct Body<'a> {
    /// That a link is understood where the data is too large for the answer.
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

/// Whether the token can be sent.
pub(crate) fn check(token: &str) -> Result<(), Error> {
    let problem = if token.is_empty() {
        "empty"
    } else if token.len() > MAX_CODE_TOKEN {
        "longer than 16 KiB"
    } else if !token.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        "not printable ASCII"
    } else {
        return Ok(());
    };
    Err(Error::Malformed(MalformedError::Token(problem)))
}

/// The body of the request.
pub(crate) fn body(token: &str) -> Result<Vec<u8>, Error> {
    check(token)?;
    json(&Body { allow_payload_link: true, auth_token: token })
}

impl Requester<'_> {
    /// The `Authorization` header over the body: `Civic <JWT>.<digest>`.
    pub(crate) fn authorization(&self, body: &[u8], now: SystemTime) -> Result<String, Error> {
        let jti = crypto::random::<16>()
            .ok_or_else(|| Error::config("the system has no random numbers"))?;
        self.authorization_with(body, now, uuid::Builder::from_random_bytes(jti).into_uuid())
    }

    pub(super) fn authorization_with(
        &self,
        body: &[u8],
        now: SystemTime,
        jti: Uuid,
    ) -> Result<String, Error> {
        let iat = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let claims = json(&Claims {
            jti,
            iat,
            exp: iat.saturating_add(LIFETIME),
            iss: self.app_id,
            aud: self.audience,
            sub: self.app_id,
            data: Data { method: "POST", path: PATH },
        })?;
        let token = jws::sign(&claims, self.signing_key)
            .ok_or_else(|| Error::config("the private signing key can't sign"))?;
        Ok(["Civic ", &token, ".", &base64::encode(self.digest_key.sign(body))].concat())
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    // Strings and numbers alone can always be written.
    serde_json::to_vec(value).map_err(|_| Error::config("the request can't be written as JSON"))
}
