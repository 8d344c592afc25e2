//! Code tokens that are waiting, and the answer that each is exchanged for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde::de::MapAccess;
use serde_json::json;

use super::credentials::Credentials;
use super::envelope::{self, LIFETIME, Sealer};
use super::fault::{Fault, Faults};
use super::payloads::Payloads;
use super::{authorization, lock};
use crate::UserData;
use crate::encoding::json::{self, CowStr, StrictObject};
use crate::protocol::claims;

/// More code tokens than this are not kept waiting; the oldest goes first.
const MAX_WAITING: usize = 10_000;

/// What the service says: a status and a body.
pub(super) type Answer = (u16, String);

/// Where the time comes from.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The exchange, apart from HTTP.
pub(super) struct Exchange {
    pub(super) credentials: Credentials,
    pub(super) faults: Faults,
    pub(super) payloads: Payloads,
    clock: Clock,
    /// What payload links begin with.
    base_url: String,
    /// A longer token than this is put behind a link, if the caller can follow one.
    payload_size: usize,
    waiting: Mutex<HashMap<String, Waiting>>,
}

struct Waiting {
    user: UserData,
    expires: f64,
}

impl Exchange {
    pub(super) fn new(
        credentials: Credentials,
        clock: Clock,
        base_url: String,
        payload_size: usize,
    ) -> Self {
        Self {
            credentials,
            faults: Faults::default(),
            payloads: Payloads::default(),
            clock,
            base_url,
            payload_size,
            waiting: Mutex::default(),
        }
    }

    pub(super) fn issue_token(&self, user: &UserData) -> String {
        let now = self.now();
        let token = envelope::code_token(&self.credentials, now);
        let mut waiting = lock(&self.waiting);
        // Only when it is full: looking through all of them at every token would be slow.
        if waiting.len() >= MAX_WAITING {
            waiting.retain(|_, waiting| waiting.expires > now);
        }
        if waiting.len() >= MAX_WAITING {
            let soonest = waiting.iter().min_by(|a, b| a.1.expires.total_cmp(&b.1.expires));
            if let Some(token) = soonest.map(|(token, _)| token.clone()) {
                waiting.remove(&token);
            }
        }
        waiting.insert(token.clone(), Waiting { user: user.clone(), expires: now + LIFETIME });
        token
    }

    /// Answers a request for an exchange; the fault spoils the answer if there is one to spoil.
    pub(super) fn answer(
        &self,
        authorization: Option<&str>,
        body: &[u8],
        fault: Option<&Fault>,
    ) -> Answer {
        let authorized =
            authorization.ok_or("the Authorization header is missing").and_then(|header| {
                authorization::check(header, body, &self.credentials, (self.clock)())
            });
        if let Err(problem) = authorized {
            return refuse(401, problem);
        }
        let form = "the body has to be a JSON object with the text `authToken`";
        let Some(body) = json::object::<Body<'_>>(body) else { return refuse(400, form) };
        let Some(token) = body.auth_token else { return refuse(400, form) };
        let Some(waiting) = lock(&self.waiting).remove(&*token.0) else {
            return refuse(400, "the code token is unknown or was exchanged before");
        };
        let now = self.now();
        if waiting.expires <= now {
            return refuse(400, "the code token has expired");
        }
        let sealer = Sealer { credentials: &self.credentials, now, fault };
        match self.envelope(&sealer, &waiting.user, body.allows_link.unwrap_or(false)) {
            Some(envelope) => (200, envelope),
            None => refuse(500, "the answer could not be made"),
        }
    }

    fn envelope(&self, sealer: &Sealer<'_>, user: &UserData, allows_link: bool) -> Option<String> {
        let token = sealer.token(user.items())?;
        if !allows_link || token.len() <= self.payload_size {
            return Some(sealer.envelope(&token, user, false));
        }
        let name = self.payloads.add(token, sealer.now)?;
        Some(sealer.envelope(&format!("{}/payloads/{name}", self.base_url), user, true))
    }

    /// The payload behind a link, while it lives.
    pub(super) fn payload(&self, name: &str) -> Option<String> {
        self.payloads.get(name, self.now())
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> f64 {
        claims::seconds_since_epoch((self.clock)())
    }
}

pub(super) fn refuse(status: u16, message: &str) -> Answer {
    (status, json!({ "message": message }).to_string())
}

#[derive(Default)]
struct Body<'a> {
    auth_token: Option<CowStr<'a>>,
    /// The caller can follow a link to a large payload.
    allows_link: Option<bool>,
}

impl<'a> StrictObject<'a> for Body<'a> {
    fn member<A: MapAccess<'a>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "authToken" => json::set(&mut self.auth_token, map),
            "allowS3UploadedPayload" => json::set(&mut self.allows_link, map),
            _ => Ok(false),
        }
    }
}
