//! The public keys of version 3, and their form as a JWK set (RFC 7517).

use std::fmt;
use std::sync::Arc;

use serde::de::MapAccess;
use serde_json::json;
use serde_json::value::RawValue;

use crate::authsig::error::{ConfigError, ConfigProblem};
use crate::crypto::{self, PUBLIC_KEY_LEN, SIGNATURE_LEN, VerifyingKey};
use crate::encoding::base64::{decode_url_array, encode_url};
use crate::encoding::json::{self, CowStr, OneOrMany, StrictObject, set};

const PRIVATE_PART: &str =
    "must not have a private part (`d`): publish `public_key()`, and replace this key";

/// P-256 public keys, which verify links of version 3.
///
/// ```
/// use civic_sip::authsig::{PrivateKey, PublicKeys};
///
/// // For the days in which a key is replaced, publish both.
/// let (old, new) = (PrivateKey::generate()?, PrivateKey::generate()?);
/// let published = new.public_key().merge(old.public_key()).to_jwks();
/// assert_eq!(PublicKeys::from_jwks(&published)?.ids().count(), 2);
/// # Ok::<(), civic_sip::authsig::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct PublicKeys(Arc<[PublicKey]>);

impl PublicKeys {
    /// No keys: those of a server that were not fetched yet.
    pub(in crate::authsig) fn none() -> Self {
        Self([].into())
    }

    pub(super) fn one(key: PublicKey) -> Self {
        Self([key].into())
    }

    /// Reads a JWK set.
    ///
    /// Keys of other types and curves, for other algorithms and other uses are left out.
    ///
    /// # Errors
    ///
    /// [`ConfigProblem::PublicKeys`] if it is no JWK set, if no key is left, and if any key has a private part (`d`), is
    /// not a point of the curve, has a `kid` that is not its thumbprint (RFC 7638, SHA-256), or is there twice.
    ///
    /// ```
    /// let keys = civic_sip::authsig::PublicKeys::from_jwks(
    ///     r#"{"keys": [{"kty": "EC", "crv": "P-256",
    ///         "x": "_MOlySLBMwsek9AvsiXI7LKe7NGUmcukBnULvuW7yZU",
    ///         "y": "rE7RWcjNmLEsPkDRJwuQItJRNIh8flYuhYSrsUxcZpA"}]}"#,
    /// )?;
    /// assert!(keys.ids().eq(["SkMMijs2Po4Fz7EFrA6835SfoiOf1BQcN_AwfG90w2s"]));
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn from_jwks(jwks: &str) -> Result<Self, ConfigError> {
        const FORM: ConfigProblem =
            ConfigProblem::PublicKeys("must be a JWK set, without a member that stands twice");
        let JwkSet { keys } = json::object(jwks.as_bytes()).ok_or(FORM)?;
        let mut usable: Vec<PublicKey> = Vec::new();
        for raw in keys.ok_or(FORM)? {
            if !is_p256(raw).map_err(ConfigProblem::PublicKeys)? {
                continue;
            }
            let jwk: Jwk<'_> = json::object(raw.get().as_bytes()).ok_or(FORM)?;
            let Some(key) = jwk.read().map_err(ConfigProblem::PublicKeys)? else { continue };
            if usable.iter().any(|other| other.id == key.id) {
                return Err(ConfigProblem::PublicKeys("must not have a key twice").into());
            }
            usable.push(key);
        }
        if usable.is_empty() {
            let problem = "must have at least one P-256 key for ES256 signatures";
            return Err(ConfigProblem::PublicKeys(problem).into());
        }
        Ok(Self(usable.into()))
    }

    /// Writes the keys as a JWK set, to be published.
    ///
    /// ```
    /// # use civic_sip::authsig::{PrivateKey, PublicKeys};
    /// let jwks = PrivateKey::generate()?.public_key().to_jwks();
    /// assert_eq!(PublicKeys::from_jwks(&jwks)?.to_jwks(), jwks);
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn to_jwks(&self) -> String {
        let keys: Vec<_> = self.0.iter().map(PublicKey::to_jwk).collect();
        json!({ "keys": keys }).to_string()
    }

    /// Returns the keys of both sets.
    ///
    /// ```
    /// # use civic_sip::authsig::PrivateKey;
    /// let (old, new) = (PrivateKey::generate()?, PrivateKey::generate()?);
    /// assert_eq!(new.public_key().merge(old.public_key()).ids().count(), 2);
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let added = other.0.iter().filter(|key| self.get(&key.id).is_none());
        Self(self.0.iter().chain(added).cloned().collect())
    }

    /// Returns the ids of the keys: their thumbprints.
    ///
    /// ```
    /// let key = civic_sip::authsig::PrivateKey::generate()?;
    /// assert!(key.public_key().ids().all(|id| id.len() == 43));
    /// # Ok::<(), civic_sip::authsig::ConfigError>(())
    /// ```
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| &*key.id)
    }

    pub(in crate::authsig) fn get(&self, id: &str) -> Option<&PublicKey> {
        self.0.iter().find(|key| *key.id == *id)
    }
}

/// Shows the ids.
impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

/// One public key.
#[derive(Clone)]
pub(in crate::authsig) struct PublicKey {
    id: Arc<str>,
    point: [u8; PUBLIC_KEY_LEN],
    verifying: Arc<VerifyingKey>,
}

impl PublicKey {
    /// `None` if the point is not on the curve.
    pub(super) fn new(point: &[u8; PUBLIC_KEY_LEN]) -> Option<Self> {
        let verifying = VerifyingKey::from_point(point)?;
        let [x, y] = coordinates(point);
        // RFC 7638, section 3: the required members alone, sorted, without white space.
        let required = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let id = encode_url(crypto::sha256(required.as_bytes()));
        Some(Self { id: id.into(), point: *point, verifying: Arc::new(verifying) })
    }

    pub(super) fn id(&self) -> Arc<str> {
        self.id.clone()
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        self.verifying.verify(message, signature)
    }

    fn to_jwk(&self) -> serde_json::Value {
        let [x, y] = coordinates(&self.point);
        json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y,
            "alg": "ES256", "use": "sig", "kid": &*self.id,
        })
    }
}

/// Both coordinates of an uncompressed point, in base64url.
fn coordinates(point: &[u8; PUBLIC_KEY_LEN]) -> [String; 2] {
    let (x, y) = point.split_at(PUBLIC_KEY_LEN / 2 + 1);
    [encode_url(x.get(1..).unwrap_or_default()), encode_url(y)]
}

#[derive(Default)]
struct JwkSet<'de> {
    keys: Option<Vec<&'de RawValue>>,
}

impl<'de> StrictObject<'de> for JwkSet<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        if name == "keys" { set(&mut self.keys, map) } else { Ok(false) }
    }
}

/// Returns whether this is a key of P-256. Others may have any members but a private part.
fn is_p256(raw: &RawValue) -> Result<bool, &'static str> {
    let key: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(raw.get()).map_err(|_| "must be a JWK set: each key an object")?;
    if key.get("d").is_some_and(|d| !d.is_null()) {
        return Err(PRIVATE_PART);
    }
    let is = |name: &str, value: &str| key.get(name).and_then(|v| v.as_str()) == Some(value);
    Ok(is("kty", "EC") && is("crv", "P-256"))
}

/// A key of P-256, for any use.
#[derive(Default)]
struct Jwk<'de> {
    kty: Option<CowStr<'de>>,
    crv: Option<CowStr<'de>>,
    x: Option<CowStr<'de>>,
    y: Option<CowStr<'de>>,
    d: Option<CowStr<'de>>,
    kid: Option<CowStr<'de>>,
    alg: Option<CowStr<'de>>,
    r#use: Option<CowStr<'de>>,
    key_ops: Option<OneOrMany<'de>>,
}

impl<'de> StrictObject<'de> for Jwk<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "kty" => set(&mut self.kty, map),
            "crv" => set(&mut self.crv, map),
            "x" => set(&mut self.x, map),
            "y" => set(&mut self.y, map),
            "d" => set(&mut self.d, map),
            "kid" => set(&mut self.kid, map),
            "alg" => set(&mut self.alg, map),
            "use" => set(&mut self.r#use, map),
            "key_ops" => set(&mut self.key_ops, map),
            _ => Ok(false),
        }
    }
}

impl Jwk<'_> {
    /// `None` for a key that is not for signatures of version 3.
    fn read(&self) -> Result<Option<PublicKey>, &'static str> {
        if self.d.is_some() {
            return Err(PRIVATE_PART);
        }
        let is = |member: &Option<CowStr<'_>>, value| text(member) == Some(value);
        let may_be = |member: &Option<CowStr<'_>>, value| member.is_none() || is(member, value);
        let may_verify = self
            .key_ops
            .as_ref()
            .is_none_or(|OneOrMany(operations)| operations.iter().any(|CowStr(op)| op == "verify"));
        if !is(&self.kty, "EC")
            || !is(&self.crv, "P-256")
            || !may_be(&self.alg, "ES256")
            || !may_be(&self.r#use, "sig")
            || !may_verify
        {
            return Ok(None);
        }
        let key = self.point().and_then(|point| PublicKey::new(&point));
        let key =
            key.ok_or("must have points of the curve P-256, as 43 characters of base64url")?;
        if text(&self.kid).is_some_and(|kid| *kid != *key.id) {
            return Err("must have the thumbprint of each key (RFC 7638, SHA-256) as its `kid`");
        }
        Ok(Some(key))
    }

    /// `04`, x, y (SEC 1, section 2.3.3).
    fn point(&self) -> Option<[u8; PUBLIC_KEY_LEN]> {
        let coordinate = |member| decode_url_array::<32>(text(member)?.as_bytes());
        let mut point = [4; PUBLIC_KEY_LEN];
        let (_, to) = point.split_first_mut()?;
        let from = coordinate(&self.x)?.into_iter().chain(coordinate(&self.y)?);
        to.iter_mut().zip(from).for_each(|(to, from)| *to = from);
        Some(point)
    }
}

fn text<'a>(member: &'a Option<CowStr<'_>>) -> Option<&'a str> {
    member.as_ref().map(|CowStr(text)| &**text)
}
