//! What notify_url receives.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::error::Error;
use super::query::{self, Pair};
use super::verified::Verified;
use super::verifier::Verifier;

/// Longest body that is read: a query of 16 KiB, written as JSON with every character escaped.
const MAX_BODY_LEN: usize = 128 * 1024;

/// What an AuthSig server posts to notify_url: `{"verified": true, "data": {…}}`.
///
/// The word `verified` proves nothing, since anybody can post it: the parameters are given out only once the
/// signature among them has been verified.
///
/// ```
/// use civic_sip::authsig::{Error, Notification, Signer, Verifier};
///
/// let signed = Signer::new("at least sixteen bytes").sign_query("login=user_1")?;
/// let signature = signed.rsplit_once('=').unwrap().1;
/// let body = format!(r#"{{"verified": true, "data": {{"login": "user_1", "signature": "{signature}"}}}}"#);
///
/// let notification = Notification::parse(body)?;
/// let verified = notification.verify(&Verifier::new("at least sixteen bytes"))?;
/// assert_eq!(verified.login(), Some("user_1"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Notification {
    data: Vec<(String, Json)>,
}

impl Notification {
    /// Reads the body of the request.
    ///
    /// # Errors
    ///
    /// [`Error::BadNotification`] if it is not of this form, does not say `"verified": true`, is longer than
    /// 128 KiB, or has a member twice.
    pub fn parse(body: impl AsRef<[u8]>) -> Result<Self, Error> {
        let body = body.as_ref();
        if body.len() > MAX_BODY_LEN {
            return Err(Error::BadNotification("it is longer than 128 KiB"));
        }
        let json: Json = serde_json::from_slice(body)
            .map_err(|_| Error::BadNotification("it is not JSON, or has a member twice"))?;
        let Json::Object(members) = json else {
            return Err(Error::BadNotification("it is not an object"));
        };
        let (mut is_verified, mut data) = (false, None);
        for (name, member) in members {
            match (&*name, member) {
                ("verified", Json::Bool(true)) => is_verified = true,
                ("data", Json::Object(members)) => data = Some(members),
                _ => {}
            }
        }
        if !is_verified {
            return Err(Error::BadNotification("it does not say that anything was verified"));
        }
        let data = data.ok_or(Error::BadNotification("it has no data"))?;
        Ok(Self { data })
    }

    /// Verifies a signature of version 2.
    ///
    /// # Errors
    ///
    /// Those of [`Verifier::verify_query`], and [`Error::BadNotification`].
    pub fn verify(&self, verifier: &Verifier) -> Result<Verified, Error> {
        match verifier.verify_query(&self.query(false)?) {
            // Servers differ in whether they write `x[]` as `x` with an array.
            Err(Error::Mismatch) => verifier.verify_query(&self.query(true)?),
            result => result,
        }
    }

    /// The query that the parameters came from; with arrays under their own name, or as `name[]`.
    fn query(&self, bracketed: bool) -> Result<String, Error> {
        let mut pairs = Vec::new();
        for (name, value) in &self.data {
            flatten(name.clone(), value, bracketed, &mut pairs)?;
        }
        Ok(query::write(&pairs))
    }
}

fn flatten(
    name: String,
    value: &Json,
    bracketed: bool,
    pairs: &mut Vec<Pair<'static>>,
) -> Result<(), Error> {
    let value = match value {
        Json::Null => None,
        Json::Text(text) => Some(text.clone().into()),
        Json::Bool(_) => {
            return Err(Error::BadNotification("a parameter is neither text nor a list"));
        }
        Json::Array(items) => {
            let is_plain = bracketed && !name.ends_with("[]");
            let name = if is_plain { format!("{name}[]") } else { name };
            return items.iter().try_for_each(|item| match item {
                Json::Null | Json::Text(_) => flatten(name.clone(), item, bracketed, pairs),
                _ => Err(Error::BadNotification("a list has something else than text in it")),
            });
        }
        Json::Object(members) => {
            return members.iter().try_for_each(|(key, member)| {
                if key.contains(['[', ']']) {
                    return Err(Error::BadNotification("a name has brackets where they can't be"));
                }
                flatten(format!("{name}[{key}]"), member, bracketed, pairs)
            });
        }
    };
    pairs.push(Pair::with_optional_value(name, value));
    Ok(())
}

/// Shows names only: values are personal data.
impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.data.iter().map(|(name, _)| name).collect();
        f.debug_struct("Notification").field("names", &names).finish_non_exhaustive()
    }
}

/// JSON whose objects keep their order and have no member twice.
#[derive(Clone)]
enum Json {
    Null,
    Bool(bool),
    Text(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the parameters of a notification")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    /// A parameter is text; a number is what somebody made of its digits.
    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Text(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some((name, member)) = map.next_entry::<String, Json>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("a member stands twice"));
            }
            members.push((name, member));
        }
        Ok(Json::Object(members))
    }
}
