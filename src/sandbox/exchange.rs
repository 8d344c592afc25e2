//! Code tokens that are waiting, and the answer that each is exchanged for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::Serialize;
use serde::de::MapAccess;
use serde_json::json;
use uuid::Uuid;

use super::authorization;
use super::credentials::Credentials;
use crate::protocol::json::{self, Object, Text};
use crate::protocol::{AUDIENCE, ISSUER, base64, claims, jws};
use crate::{UserData, crypto};

/// How long a code token and an answer are good, in seconds.
const LIFETIME: f64 = 1800.0;

/// More code tokens than this are not kept waiting; the oldest goes first.
const MAX_WAITING: usize = 10_000;

/// What the service says: a status and a body.
pub(super) type Answer = (u16, String);

/// The exchange, apart from HTTP.
pub(super) struct Exchange {
    pub(super) credentials: Credentials,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    waiting: Mutex<HashMap<String, Waiting>>,
}

struct Waiting {
    user: UserData,
    expires: f64,
}

impl Exchange {
    pub(super) fn new(
        credentials: Credentials,
        clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    ) -> Self {
        Self { credentials, clock, waiting: Mutex::default() }
    }

    pub(super) fn issue_token(&self, user: &UserData) -> String {
        let now = claims::seconds_since_epoch(self.now());
        let expires = now + LIFETIME;
        let token = self.sign(&json!({
            "jti": uuid(), "iat": now, "exp": expires,
            "iss": ISSUER, "aud": AUDIENCE, "sub": self.credentials.app_id,
            "data": { "codeToken": uuid() },
        }));
        let mut waiting = self.waiting();
        waiting.retain(|_, waiting| waiting.expires > now);
        if waiting.len() >= MAX_WAITING {
            let soonest = waiting.iter().min_by(|a, b| a.1.expires.total_cmp(&b.1.expires));
            if let Some(token) = soonest.map(|(token, _)| token.clone()) {
                waiting.remove(&token);
            }
        }
        waiting.insert(token.clone(), Waiting { user: user.clone(), expires });
        token
    }

    /// Answers a request for an exchange.
    pub(super) fn answer(&self, authorization: Option<&str>, body: &[u8]) -> Answer {
        let now = self.now();
        let authorized = authorization
            .ok_or("the Authorization header is missing")
            .and_then(|header| authorization::check(header, body, &self.credentials, now));
        if let Err(problem) = authorized {
            return refuse(401, problem);
        }
        let Some(token) = json::object::<Body<'_>>(body).and_then(|body| body.auth_token) else {
            return refuse(400, "the body has to be a JSON object with the text `authToken`");
        };
        let Some(waiting) = self.waiting().remove(&*token.0) else {
            return refuse(400, "the code token is unknown or was exchanged before");
        };
        if waiting.expires <= claims::seconds_since_epoch(now) {
            return refuse(400, "the code token has expired");
        }
        match self.envelope(&waiting.user, now) {
            Some(envelope) => (200, envelope),
            None => refuse(500, "the answer could not be made"),
        }
    }

    fn envelope(&self, user: &UserData, now: SystemTime) -> Option<String> {
        let iat = claims::seconds_since_epoch(now);
        let iv = crypto::random::<16>()?;
        let items = serde_json::to_vec(user.items()).ok()?;
        let ciphertext = self.credentials.cbc_key.encrypt(iv, &items)?;
        let token = self.sign(&json!({
            "jti": uuid(), "iat": iat, "exp": iat + LIFETIME,
            "iss": ISSUER, "aud": AUDIENCE, "sub": self.credentials.app_id,
            "data": hex::encode(iv) + &base64::encode(ciphertext),
        }));
        let envelope = json!({
            "data": token, "userId": user.user_id(), "encrypted": true, "alg": "aes",
        });
        Some(envelope.to_string())
    }

    /// Empty if signing fails, which no client takes for a token.
    fn sign(&self, claims: &impl Serialize) -> String {
        serde_json::to_vec(claims)
            .ok()
            .and_then(|claims| jws::sign(&claims, &self.credentials.service_key))
            .unwrap_or_default()
    }

    fn now(&self) -> SystemTime {
        (self.clock)()
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn uuid() -> Uuid {
    uuid::Builder::from_random_bytes(crypto::random().unwrap_or_default()).into_uuid()
}

pub(super) fn refuse(status: u16, message: &str) -> Answer {
    (status, json!({ "message": message }).to_string())
}

#[derive(Default)]
struct Body<'a> {
    auth_token: Option<Text<'a>>,
}

impl<'a> Object<'a> for Body<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "authToken" => json::set(&mut self.auth_token, map),
            _ => Ok(false),
        }
    }
}
