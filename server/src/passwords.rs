//! Passwords: Argon2id, with a bound on the work that strangers can ask for.

use std::io;
use std::sync::mpsc::{RecvError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, available_parallelism};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Most password checks that may wait. At 40 ms each, the last one waits some seconds for a core.
const MAX_WAITING: usize = 64;

/// The hash of a random password that nobody knows: an unknown login takes as long as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Wo/AIIUFcE61wapw6JctBA$tyERn5gPUmgZG8rLOMDRQq9eg0coNAgA+6u4HUl4rz8";

const PASSWORD_LEN: std::ops::RangeInclusive<usize> = 8..=1024;

/// Returns whether a password may be set: 8 to 1,024 bytes.
pub(crate) fn is_password(text: &str) -> bool {
    PASSWORD_LEN.contains(&text.len())
}

/// The costliest hash that is imported: each log-in to its account pays for it. Memory in KiB.
const MAX_MEMORY: u32 = 64 * 1024;
const MAX_ITERATIONS: u32 = 10;
const MAX_LANES: u32 = 4;

/// Returns whether a text is a hash of Argon2 in the PHC string format, at a bearable cost.
pub(crate) fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| {
        let is_whole = hash.salt.is_some() && hash.hash.is_some();
        is_whole
            && Algorithm::try_from(hash.algorithm.as_str()).is_ok()
            && Params::try_from(&hash).is_ok_and(|params| is_bearable(&params))
    })
}

fn is_bearable(params: &Params) -> bool {
    params.m_cost() <= MAX_MEMORY
        && params.t_cost() <= MAX_ITERATIONS
        && params.p_cost() <= MAX_LANES
}

/// Too many hashes are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub(crate) struct Busy;

type Memory = Vec<Block>;
type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// Hashes passwords on threads of their own, one for each core.
///
/// Each hash takes 19 MiB, which a thread uses again for the next one. Allocated anew, they leave holes that the allocator
/// keeps: 217 MiB were measured after 128 log-ins on two threads.
#[derive(Debug)]
pub(crate) struct Passwords {
    jobs: SyncSender<Job>,
}

impl Passwords {
    /// Starts the threads, which end when this is dropped.
    pub(crate) fn start() -> io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(MAX_WAITING);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..available_parallelism().map_or(1, usize::from) {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name("authsig-passwords".to_owned()).spawn(move || {
                let mut memory = Memory::new();
                loop {
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    match job {
                        Ok(job) => job(&mut memory),
                        Err(RecvError) => return,
                    }
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Hashes a new password, into the PHC string format.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Busy> {
        let password = Zeroizing::new(password.as_bytes().to_vec());
        self.work(move |memory| new_hash(&password, memory)).await?.ok_or(Busy)
    }

    /// Checks a password. `None` is the hash of an unknown login, which takes the same time.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Busy> {
        let password = Zeroizing::new(password.as_bytes().to_vec());
        let (is_known, hash) = (hash.is_some(), hash.unwrap_or(NOBODY).to_owned());
        let is_right = self.work(move |memory| is_right(&password, &hash, memory)).await?;
        Ok(is_right.unwrap_or(false) && is_known)
    }

    async fn work<T: Send + 'static>(
        &self,
        hash: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, result) = oneshot::channel();
        let job = move |memory: &mut Memory| {
            // A request that was given up needs no answer.
            if !answer.is_closed() {
                let _ = answer.send(hash(memory));
            }
        };
        self.jobs.try_send(Box::new(job)).map_err(|_| Busy)?;
        result.await.map_err(|_| Busy)
    }
}

fn new_hash(password: &[u8], memory: &mut Memory) -> Option<String> {
    let argon2 = Argon2::default();
    let (mut salt, mut hash) = ([0; 16], [0; 32]);
    SystemRandom::new().fill(&mut salt).ok()?;
    derive(&argon2, password, &salt, &mut hash, memory)?;
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params()).ok()?,
        salt: Some(Salt::new(&salt).ok()?),
        hash: Some(Output::new(&hash).ok()?),
    };
    Some(hash.to_string())
}

/// Returns `None` if the hash can't be checked.
fn is_right(password: &[u8], hash: &str, memory: &mut Memory) -> Option<bool> {
    let hash = PasswordHash::new(hash).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map(Version::try_from).transpose().ok()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&hash).ok()?);
    let (salt, expected) = (hash.salt?, hash.hash?);
    let mut found = vec![0; expected.len()];
    derive(&argon2, password, &salt, &mut found, memory)?;
    Some(verify_slices_are_equal(&found, expected.as_ref()).is_ok())
}

fn derive(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    hash: &mut [u8],
    memory: &mut Memory,
) -> Option<()> {
    let usual = Params::DEFAULT.block_count();
    let result = if argon2.params().block_count() <= usual {
        memory.resize(usual, Block::default());
        argon2.hash_password_into_with_memory(password, salt, hash, memory.as_mut_slice())
    } else {
        // An imported hash that takes more than usual.
        argon2.hash_password_into(password, salt, hash)
    };
    result.ok()
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    fn params(m_cost: u32, p_cost: u32) -> Params {
        Params::new(m_cost, 1, p_cost, None).unwrap()
    }

    #[test]
    fn hashes_are_those_of_the_crate() {
        let mut memory = Memory::new();
        for (algorithm, params) in [
            (Algorithm::Argon2id, Params::DEFAULT),
            (Algorithm::Argon2id, params(64, 4)),
            (Algorithm::Argon2id, params(Params::DEFAULT_M_COST + 1024, 1)),
            (Algorithm::Argon2i, params(8, 1)),
            (Algorithm::Argon2d, params(8, 1)),
        ] {
            for version in [Version::V0x10, Version::V0x13] {
                let argon2 = Argon2::new(algorithm, version, params.clone());
                let hash = argon2.hash_password(b"password_1").unwrap().to_string();
                assert_eq!(is_right(b"password_1", &hash, &mut memory), Some(true), "{hash}");
                assert_eq!(is_right(b"password_2", &hash, &mut memory), Some(false), "{hash}");
            }
        }
        let hash = new_hash(b"password_1", &mut memory).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(Argon2::default().verify_password(b"password_1", &*hash).is_ok());
        assert!(Argon2::default().verify_password(b"password_2", &*hash).is_err());
        assert_ne!(new_hash(b"password_1", &mut memory).unwrap(), hash);
    }

    #[test]
    fn hashes_that_cost_too_much_are_not_imported() {
        assert!(is_hash(NOBODY));
        for (from, to) in [
            ("m=19456", "m=65537"),
            ("m=19456", "m=4294967295"),
            ("t=2", "t=11"),
            ("p=1", "p=5"),
            ("argon2id", "scrypt"),
            ("argon2id", "argon2x"),
            ("m=19456", "m=0"),
        ] {
            let hash = NOBODY.replace(from, to);
            assert_ne!(hash, NOBODY);
            assert!(!is_hash(&hash), "{hash}");
        }
        assert!(!is_hash("password"));
    }

    #[test]
    fn what_is_no_hash_is_never_right() {
        let mut memory = Memory::new();
        let (whole, _) = NOBODY.rsplit_once('$').unwrap();
        for hash in ["", "password_1", whole, &NOBODY.replace("argon2id", "scrypt")] {
            assert_eq!(is_right(b"password_1", hash, &mut memory), None, "{hash}");
        }
    }
}
