//! The server's keys, and the authority that signs with them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use civic_sip::authsig::decide::{Authority, AuthorityBuilder};
use civic_sip::authsig::{ConfigError, PrivateKey, PublicKeys};

use crate::clock::Clock;
use crate::config::Config;
use crate::house::{House, OpenError, Purpose};
use crate::store::{HOUSE_CHECK, Store, StoreError, StoredKey};

/// The keys can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The house secret was checked before: the row itself is damaged.
    #[error("the signing key {0:?} in the database is damaged")]
    Damaged(String),
    #[error("the database is now encrypted with another house secret: restart with that one")]
    Rekeyed,
    #[error("the database has no signing key: `authsig key rotate` adds one")]
    NoKey,
}

/// The authority, made anew when the keys in the database change.
pub(crate) struct KeyRing {
    authority: RwLock<Arc<Authority>>,
    are_current: AtomicBool,
    /// The authority without its keys.
    builder: AuthorityBuilder,
    given: Option<PrivateKey>,
    store: Store,
    house: Arc<House>,
    clock: Clock,
}

impl KeyRing {
    /// Loads the keys, and makes the first one where there is none.
    pub(crate) async fn load(
        config: &Config,
        store: Store,
        house: Arc<House>,
    ) -> Result<Self, KeyError> {
        let (given, builder) = (config.private_key.clone(), authority(config));
        let (clock, now) = (config.clock.clone(), config.clock.seconds());
        let keys = usable_keys(&store, &house, given.as_ref(), now).await?;
        let authority = build(&builder, given.as_ref(), &keys, &house, now)?;
        let authority = RwLock::new(Arc::new(authority));
        let are_current = AtomicBool::new(true);
        Ok(Self { authority, are_current, builder, given, store, house, clock })
    }

    /// Returns the authority with the keys as they were read last.
    pub(crate) fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.authority.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns whether the keys were read when they were read last.
    pub(crate) fn are_current(&self) -> bool {
        self.are_current.load(Ordering::Relaxed)
    }

    /// Reads the keys again.
    pub(crate) async fn refresh(&self) -> Result<(), KeyError> {
        let result = self.reload().await;
        self.are_current.store(result.is_ok(), Ordering::Relaxed);
        result
    }

    /// Deletes the private keys that sign no more on any instance.
    pub(crate) async fn retire(&self) -> Result<(), KeyError> {
        let keys = self.store.signing_keys().await?;
        // The clocks of instances differ, and each follows within a minute.
        if let Some(key) = signing(&keys, self.clock.seconds() - 10 * 60) {
            self.store.retire_keys_before(key.ordinal).await?;
        }
        Ok(())
    }

    async fn reload(&self) -> Result<(), KeyError> {
        let check = self.store.meta(HOUSE_CHECK).await?.unwrap_or_default();
        if !self.house.is_check(&check) {
            return Err(KeyError::Rekeyed);
        }
        let (given, now) = (self.given.as_ref(), self.clock.seconds());
        let keys = usable_keys(&self.store, &self.house, given, now).await?;
        let authority = build(&self.builder, given, &keys, &self.house, now)?;
        *self.authority.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(authority);
        Ok(())
    }
}

/// Configures the authority, but for its keys.
fn authority(config: &Config) -> AuthorityBuilder {
    let public_url = config.public_url.trim_end_matches('/');
    let mut builder = Authority::builder(format!("{public_url}/verify"));
    for address in &config.allowed {
        builder = builder.allow(address);
    }
    for origin in &config.allowed_origins {
        builder = builder.allow_origin(origin);
    }
    // Whoever runs the server on this machine has apps on this machine.
    if public_url.starts_with("http:") { builder.loopback_http() } else { builder }
}

/// Checks the configuration of the authority, before there is any key.
pub(crate) fn check_config(config: &Config) -> Result<(), ConfigError> {
    let key = PrivateKey::generate()?;
    authority(config).private_key(key).build().map(drop)
}

fn build(
    builder: &AuthorityBuilder,
    given: Option<&PrivateKey>,
    keys: &[StoredKey],
    house: &House,
    now: i64,
) -> Result<Authority, KeyError> {
    let mut builder = builder.clone();
    for key in keys.iter().filter(|key| key.revoked_at.is_none()) {
        let public = PublicKeys::from_jwks(&key.public_jwks);
        builder = builder.retired_keys(public.map_err(|_| KeyError::Damaged(key.id.clone()))?);
    }
    let key = match given {
        Some(key) => key.clone(),
        None => open_key(signing_or_next(keys, now).ok_or(KeyError::NoKey)?, house)?,
    };
    Ok(builder.private_key(key).build()?)
}

/// Returns the key that signs: the newest whose time has come.
pub(crate) fn signing(keys: &[StoredKey], now: i64) -> Option<&StoredKey> {
    keys.iter().rev().find(|key| can_sign(key) && key.signs_from <= now)
}

/// Returns the key that signs, or else the first whose time will come: the clock of the instance that made it may be ahead.
/// Without it, an instance would go on with a key that was revoked.
pub(crate) fn signing_or_next(keys: &[StoredKey], now: i64) -> Option<&StoredKey> {
    let next = || keys.iter().filter(|key| can_sign(key)).min_by_key(|key| key.signs_from);
    signing(keys, now).or_else(next)
}

fn can_sign(key: &StoredKey) -> bool {
    key.revoked_at.is_none() && key.private_key.is_some()
}

/// Returns the keys, with a new one if none of them signs or will: at the first start, or after several were revoked at once.
async fn usable_keys(
    store: &Store,
    house: &House,
    given: Option<&PrivateKey>,
    now: i64,
) -> Result<Vec<StoredKey>, KeyError> {
    let keys = store.signing_keys().await?;
    if given.is_some() || keys.iter().any(can_sign) {
        return Ok(keys);
    }
    let ordinal = keys.last().map_or(1, |key| key.ordinal + 1);
    add_key(store, house, ordinal, now, now).await?;
    Ok(store.signing_keys().await?)
}

pub(crate) fn open_key(key: &StoredKey, house: &House) -> Result<PrivateKey, KeyError> {
    let damaged = || KeyError::Damaged(key.id.clone());
    let sealed = key.private_key.as_deref().ok_or_else(damaged)?;
    let pem = house.open(Purpose::SigningKey, &key.id, sealed).map_err(|_| damaged())?;
    let pem = std::str::from_utf8(&pem).map_err(|_| damaged())?;
    PrivateKey::from_pem(pem).map_err(|_| damaged())
}

/// Makes a key and stores it, encrypted. If another instance stored one with this ordinal meanwhile, that one stays.
pub(crate) async fn add_key(
    store: &Store,
    house: &House,
    ordinal: i64,
    now: i64,
    signs_from: i64,
) -> Result<bool, KeyError> {
    let key = PrivateKey::generate()?;
    let public = key.public_key();
    let id = public.ids().next().unwrap_or_default().to_owned();
    let sealed = house.seal(Purpose::SigningKey, &id, key.to_pem().as_bytes());
    let sealed = sealed.map_err(|OpenError| KeyError::Damaged(id.clone()))?;
    let key = StoredKey {
        ordinal,
        id,
        public_jwks: public.to_jwks(),
        private_key: Some(sealed),
        created_at: now,
        signs_from,
        revoked_at: None,
    };
    Ok(store.add_signing_key(&key).await?)
}
