//! The outbox: notifications are stored before anybody hears of success, and delivered at least once.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic_sip::authsig::decide::{Delivery, Person};
use civic_sip::authsig::{ConfigError, Notifier, NotifyError};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config::Config;
use crate::failure::Failure;
use crate::house::{House, Purpose};
use crate::metrics::Metrics;
use crate::random::{self, sha256};
use crate::stop::Stop;
use crate::store::{Claimed, OutboxLimits, Store, StoreError};

/// The waits before the next attempts, in seconds: about a day in all.
const WAITS: [i64; 12] =
    [5, 30, 120, 600, 1_800, 3_600, 7_200, 10_800, 14_400, 14_400, 14_400, 14_400];

/// Nothing is attempted later than this after the request, in seconds, whatever a receiver asks for.
const GIVE_UP_AFTER: i64 = 25 * 60 * 60;

/// An instance that claimed a notification and died keeps it for this long, in seconds. An attempt takes 5 at most.
const LEASE: i64 = 30;

/// A tenth of the outbox may wait for one person, and so many in any case, so that nobody takes all of it.
const MIN_PER_PERSON: u32 = 100;

/// Notifications that one instance delivers at once.
const AT_ONCE: i64 = 16;

/// The time between two looks for notifications of other instances.
const POLL: Duration = Duration::from_secs(2);

/// The encrypted content of a row.
#[derive(Serialize, Deserialize)]
struct Stored {
    address: String,
    body: String,
}

/// The outbox of this instance.
#[derive(Clone)]
pub(crate) struct Outbox {
    store: Store,
    house: Arc<House>,
    notifier: Notifier,
    clock: Clock,
    max: OutboxLimits,
    metrics: Arc<Metrics>,
    wake: Arc<Notify>,
}

/// Configures what posts to the addresses.
pub(crate) fn notifier(config: &Config) -> Result<Notifier, ConfigError> {
    let origins = config.notify_origins.iter();
    origins.fold(Notifier::builder(), |notifier, origin| notifier.allow_origin(origin)).build()
}

impl Outbox {
    pub(crate) fn new(
        config: &Config,
        notifier: Notifier,
        store: Store,
        house: Arc<House>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            store,
            house,
            notifier,
            clock: config.clock.clone(),
            max: OutboxLimits {
                in_all: config.max_outbox.into(),
                per_person: MIN_PER_PERSON.max(config.max_outbox / 10).into(),
            },
            metrics,
            wake: Arc::new(Notify::new()),
        }
    }

    /// Stores a notification; it is delivered from then on, whatever happens.
    pub(crate) async fn add(&self, delivery: &Delivery, person: &Person) -> Result<(), Failure> {
        let id = format!("msg_{}", random::id::<16>()?);
        let stored =
            Stored { address: delivery.address().to_owned(), body: delivery.body().to_owned() };
        let text = Zeroizing::new(serde_json::to_vec(&stored).map_err(|_| Failure::unavailable())?);
        let sealed = self.house.seal(Purpose::Notification, &id, &text)?;
        let now = self.store.shared_seconds(&self.clock).await?;
        let person = sha256([person.service(), person.login()].join("\n").as_bytes());
        let person = URL_SAFE_NO_PAD.encode(person);
        if !self.store.add_notification(&id, &sealed, &person, now, self.max).await? {
            tracing::error!("the outbox is full");
            return Err(Failure::unavailable().retry_after(60));
        }
        self.wake.notify_one();
        Ok(())
    }

    /// Delivers until told to stop, and then finishes what it began.
    pub(crate) async fn run(self, mut stop: Stop) {
        let mut running = JoinSet::new();
        while !stop.is_set() {
            while running.try_join_next().is_some() {}
            let free = AT_ONCE - i64::try_from(running.len()).unwrap_or(AT_ONCE);
            let mut found = 0;
            if free > 0 {
                match self.claim(free).await {
                    Ok(claimed) => {
                        found = claimed.len();
                        for claimed in claimed {
                            let outbox = self.clone();
                            running.spawn(async move { outbox.deliver(claimed).await });
                        }
                    }
                    Err(error) => tracing::error!(%error, "the outbox can't be read"),
                }
            }
            if found == 0 {
                tokio::select! {
                    () = stop.wait() => {}
                    () = self.wake.notified() => {}
                    _ = running.join_next(), if !running.is_empty() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    async fn claim(&self, limit: i64) -> Result<Vec<Claimed>, StoreError> {
        let now = self.store.shared_seconds(&self.clock).await?;
        self.store.claim_notifications(now, now + LEASE, limit).await
    }

    /// Makes one attempt, and stores its outcome.
    async fn deliver(&self, claimed: Claimed) {
        let outcome = self.attempt(&claimed).await;
        if let Err(error) = self.note(&claimed, outcome).await {
            // It is claimed until the lease ends, and then attempted again.
            tracing::error!(%error, id = claimed.id, "what came of a notification was not stored");
        }
    }

    async fn note(&self, claimed: &Claimed, outcome: Outcome) -> Result<(), StoreError> {
        let now = self.store.shared_seconds(&self.clock).await?;
        let next = match outcome {
            Outcome::Finished(outcome) => Err(outcome),
            Outcome::Failed { asked } => {
                next_wait(claimed, now, asked, jitter_percent()).ok_or("given up")
            }
        };
        match next {
            Ok(wait) => {
                self.metrics.notification("retried");
                self.store.retry_notification(claimed, now + wait).await
            }
            Err(outcome) => {
                self.metrics.notification(outcome);
                let (id, attempts) = (&claimed.id, claimed.attempts);
                tracing::info!(id, attempts, outcome, "a notification ended");
                self.store.finish_notification(claimed, outcome, now).await
            }
        }
    }

    async fn attempt(&self, claimed: &Claimed) -> Outcome {
        let opened = self.house.open(Purpose::Notification, &claimed.id, &claimed.notification);
        let stored = opened.ok().and_then(|text| serde_json::from_slice::<Stored>(&text).ok());
        let Some(stored) = stored else {
            // Not deleted at once: `authsig rekey` may have encrypted it under a secret that this instance does not have.
            tracing::error!(id = claimed.id, "a stored notification can't be read");
            return Outcome::Failed { asked: None };
        };
        let delivery = Delivery::new(stored.address, stored.body).with_webhook_id(&claimed.id);
        // The notifier has a time-out of its own; the lease must hold whatever happens.
        let sent = timeout(Duration::from_secs(20), self.notifier.send(&delivery)).await;
        let asked = match sent {
            Ok(Ok(response)) if response.status().is_success() => {
                return Outcome::Finished("delivered");
            }
            Ok(Ok(response)) if response.status() == StatusCode::GONE => {
                return Outcome::Finished("gone");
            }
            Ok(Ok(response)) => {
                tracing::info!(
                    id = claimed.id,
                    status = response.status().as_u16(),
                    "a notification was refused"
                );
                response.retry_after(self.clock.now())
            }
            Ok(Err(error @ (NotifyError::Address(_) | NotifyError::WebhookId))) => {
                tracing::warn!(id = claimed.id, %error, "a notification can't be sent");
                return Outcome::Finished("address");
            }
            Ok(Err(error)) => {
                tracing::info!(id = claimed.id, %error, "a notification did not arrive");
                None
            }
            Err(_) => None,
        };
        let asked = asked.map(|wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
        Outcome::Failed { asked }
    }
}

/// The outcome of an attempt.
enum Outcome {
    Finished(&'static str),
    Failed {
        /// The seconds that the receiver asks to wait.
        asked: Option<i64>,
    },
}

/// Returns the seconds until the next attempt: at least as long as the receiver asks for. `None` after about a day.
fn next_wait(claimed: &Claimed, now: i64, asked: Option<i64>, percent: i64) -> Option<i64> {
    let index = usize::try_from(claimed.attempts - 1).ok()?;
    let wait = *WAITS.get(index)? * percent / 100;
    let wait = wait.max(asked.unwrap_or(0)).max(1);
    // A receiver may ask for any time.
    let age = now.saturating_add(wait).saturating_sub(claimed.created_at);
    (age <= GIVE_UP_AFTER).then_some(wait)
}

/// Returns how much of a wait is waited: 80 to 120 percent, at random, so that notifications that failed together are not
/// attempted together.
fn jitter_percent() -> i64 {
    let mut byte = [0];
    let _ = SystemRandom::new().fill(&mut byte);
    80 + i64::from(byte[0]) * 40 / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(attempts: i64) -> Claimed {
        Claimed { id: String::new(), notification: Vec::new(), created_at: 1_000, attempts }
    }

    #[test]
    fn attempts_go_on_for_about_a_day() {
        for percent in [80, 100, 120] {
            let (mut now, mut attempts) = (1_000, 1);
            while let Some(wait) = next_wait(&claimed(attempts), now, None, percent) {
                now += wait;
                attempts += 1;
            }
            let hours = (now - 1_000) / 3600;
            assert!((18..=25).contains(&hours), "{hours}");
            assert!((11..=13).contains(&attempts), "{attempts}");
        }
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_ever() {
        assert_eq!(next_wait(&claimed(1), 1_000, Some(900), 100), Some(900));
        assert_eq!(next_wait(&claimed(1), 1_000, Some(1), 100), Some(5));
        assert_eq!(next_wait(&claimed(1), 1_000, Some(GIVE_UP_AFTER + 1), 100), None);
        assert_eq!(next_wait(&claimed(1), 1_000, Some(i64::MAX), 100), None);
    }
}
