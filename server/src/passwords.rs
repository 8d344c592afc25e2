//! Passwords: Argon2id, with a bound on the work that strangers can ask for.

use std::io;
use std::sync::mpsc::{RecvError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, available_parallelism};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _};
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

/// Returns whether a text is a hash of Argon2 in the PHC string format.
pub(crate) fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| {
        let is_whole = hash.salt.is_some() && hash.hash.is_some();
        is_whole
            && Algorithm::try_from(hash.algorithm.as_str()).is_ok()
            && Params::try_from(&hash).is_ok()
    })
}

/// Too many hashes are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub(crate) struct Busy;

type Job = Box<dyn FnOnce() + Send>;

/// Hashes passwords on threads of their own, one for each core.
///
/// Each hash takes 19 MiB. On the many threads of Tokio's blocking pool, the allocator keeps that much for every thread that
/// ever hashed: 400 MiB were measured after 200 log-ins.
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
                loop {
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    match job {
                        Ok(job) => job(),
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
        self.work(move || {
            let hash = Argon2::default().hash_password(&password);
            hash.map(|hash| hash.to_string())
        })
        .await?
        .map_err(|_| Busy)
    }

    /// Checks a password. `None` is the hash of an unknown login, which takes the same time.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Busy> {
        let password = Zeroizing::new(password.as_bytes().to_vec());
        let (is_known, hash) = (hash.is_some(), hash.unwrap_or(NOBODY).to_owned());
        let is_right = self.work(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(&password, &hash).is_ok())
        });
        Ok(is_right.await? && is_known)
    }

    async fn work<T: Send + 'static>(
        &self,
        hash: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, result) = oneshot::channel();
        let job = move || {
            // A request that was given up needs no answer.
            if !answer.is_closed() {
                let _ = answer.send(hash());
            }
        };
        self.jobs.try_send(Box::new(job)).map_err(|_| Busy)?;
        result.await.map_err(|_| Busy)
    }
}
