//! Keeps the connections to the service at most as many as the exchanges that go on at once.
//!
//! Left alone, the pool opens more: an exchange connects while a connection that another has just finished with is on
//! its way back, and a connection that is overtaken that way is made all the same. Here an exchange begins to connect
//! only if more exchanges wait for a connection than there are connections on the way to them.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tower_layer::Layer;
use tower_service::Service;

use super::BoxError;

/// After this time a connection that was to come back is believed to have been closed.
const RETURN: Duration = Duration::from_millis(100);

/// Nobody waits longer than this for a connection that somebody else makes: it may never come.
const PATIENCE: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// The exchange in whose name a connection is asked for. What the pool finishes behind its back has none.
    static ASKING: Arc<Asking>;
}

#[derive(Default)]
struct Asking {
    connected: AtomicBool,
}

/// Shared by all exchanges over one pool.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Shared>);

#[derive(Default)]
struct Shared {
    counts: Mutex<Counts>,
    /// A connection that was counted on failed.
    changed: Notify,
}

#[derive(Default)]
struct Counts {
    /// Exchanges without a connection.
    waiting: usize,
    /// Connections being made.
    connecting: usize,
    /// When each connection on its way to the pool set out.
    returning: VecDeque<Instant>,
}

impl Gate {
    /// Runs `send`, a request, in the name of one exchange.
    pub(super) async fn pass<T>(&self, send: impl Future<Output = T>) -> T {
        let asking = Arc::new(Asking::default());
        ASKING
            .scope(Arc::clone(&asking), async move {
                let mut send = pin!(send);
                let mut first = true;
                std::future::poll_fn(|context| {
                    let poll = send.as_mut().poll(context);
                    // The pool asks for a connection at once where it has none.
                    if std::mem::take(&mut first) && !asking.connected.load(Ordering::Relaxed) {
                        self.0.counts().returning.pop_front();
                    }
                    poll
                })
                .await
            })
            .await
    }

    /// A connection is free again.
    pub(super) fn returns(&self) {
        self.0.counts().returning.push_back(Instant::now());
    }
}

impl Shared {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more connection is needed, and counts it.
    async fn open(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let changed = self.changed.notified();
            let mut changed = pin!(changed);
            changed.as_mut().enable();
            let until = {
                let mut counts = self.counts();
                let now = Instant::now();
                while counts.returning.front().is_some_and(|since| now >= *since + RETURN) {
                    counts.returning.pop_front();
                }
                let coming = counts.connecting + counts.returning.len();
                if coming < counts.waiting || now >= deadline {
                    counts.connecting += 1;
                    return;
                }
                // Where none returns, a connection in the making will come or fail.
                counts.returning.front().map_or(now + RETURN, |since| *since + RETURN)
            };
            // Either way, look again.
            let _ = timeout_at(until, changed).await;
        }
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, connector: S) -> Gated<S> {
        Gated { connector, gate: self.clone() }
    }
}

/// A connector behind the gate.
#[derive(Clone)]
pub(super) struct Gated<S> {
    connector: S,
    gate: Gate,
}

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, to: R) -> Self::Future {
        // The one that was polled ready is the one to call.
        let mut connector = self.connector.clone();
        std::mem::swap(&mut connector, &mut self.connector);
        let _ = ASKING.try_with(|asking| asking.connected.store(true, Ordering::Relaxed));
        let mut place = Place::take(&self.gate);
        Box::pin(async move {
            {
                let shared = Arc::clone(&place.shared);
                let mut open = pin!(shared.open());
                std::future::poll_fn(|context| {
                    if ASKING.try_with(|_| ()).is_err() {
                        return Poll::Ready(Err("another connection was free before"));
                    }
                    open.as_mut().poll(context).map(Ok)
                })
                .await
            }
            .inspect_err(|_| place.overtaken())?;
            place.connecting = true;
            let mut connect = pin!(connector.call(to));
            let result = std::future::poll_fn(|context| {
                if ASKING.try_with(|_| ()).is_err() {
                    place.overtaken();
                }
                connect.as_mut().poll(context)
            })
            .await;
            place.is_made(result.is_ok());
            result
        })
    }
}

/// A place in the counts, given up when it is dropped.
struct Place {
    shared: Arc<Shared>,
    /// The exchange still waits for it.
    waiting: bool,
    connecting: bool,
    made: bool,
}

impl Place {
    fn take(gate: &Gate) -> Self {
        gate.0.counts().waiting += 1;
        Self { shared: Arc::clone(&gate.0), waiting: true, connecting: false, made: false }
    }

    fn is_made(&mut self, made: bool) {
        self.made = made;
    }

    /// The exchange has got a connection that came back.
    fn overtaken(&mut self) {
        if std::mem::take(&mut self.waiting) {
            let mut counts = self.shared.counts();
            counts.waiting -= 1;
            counts.returning.pop_front();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.shared.counts();
        if self.waiting {
            counts.waiting -= 1;
        }
        if self.connecting {
            counts.connecting -= 1;
            if self.made && !self.waiting {
                // Nobody waited for it any more, so it goes to the pool.
                counts.returning.push_back(Instant::now());
            }
        }
        drop(counts);
        if self.connecting && !self.made {
            self.shared.changed.notify_waiters();
        }
    }
}
