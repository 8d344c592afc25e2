//! The thread that exchanges run on.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, ThreadId};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::Error;

/// A worker that starts with its first use, and stops when the last clone is dropped.
#[derive(Clone, Default)]
pub(super) struct SharedWorker(Arc<Mutex<Option<Arc<Worker>>>>);

struct Worker {
    runtime: Handle,
    thread: ThreadId,
    /// Ends the thread when it is dropped. Nothing waits for that, so the worker can be dropped anywhere.
    _stop: oneshot::Sender<Infallible>,
}

impl SharedWorker {
    /// Runs `future` on the worker and blocks this thread until it ends.
    ///
    /// # Errors
    ///
    /// `is_config` if there is no thread, or this is the worker's own; `is_transport` if the future panicked.
    pub(super) fn run<T, F>(&self, future: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let worker = self.get()?;
        if thread::current().id() == worker.thread {
            return Err(Error::config(
                "the blocking client was called by its own transport or clock",
            ));
        }
        // `block_on` and the channels of Tokio panic inside of async tasks.
        let (result, answer) = mpsc::sync_channel(1);
        worker.runtime.spawn(in_callers_span(async move {
            // The caller waits for it.
            let _ = result.send(future.await);
        }));
        answer.recv().map_err(|_| {
            Error::Transport("the exchange panicked; see the message of the panic".into())
        })
    }

    fn get(&self) -> Result<Arc<Worker>, Error> {
        let mut worker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*worker {
            Some(worker) => Ok(Arc::clone(worker)),
            None => Worker::start()
                .map(|started| Arc::clone(worker.insert(Arc::new(started))))
                .map_err(|error| {
                    Error::config(format!("the blocking client can't start its thread: {error}"))
                }),
        }
    }
}

impl Worker {
    fn start() -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (started, start) = mpsc::sync_channel(1);
        // The runtime is created and dropped there: dropping one inside of an async task panics.
        let thread = thread::Builder::new().name("civic-sip".to_owned()).spawn(move || {
            match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    let _ = started.send(Ok(runtime.handle().clone()));
                    // Ends with an error when the sender is dropped.
                    let _ = runtime.block_on(stopped);
                    // Does not wait for name lookups that have begun.
                    runtime.shutdown_background();
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            }
        })?;
        let runtime = start.recv().map_err(io::Error::other)??;
        Ok(Self { runtime, thread: thread.thread().id(), _stop: stop })
    }
}

/// Logs to where the caller logs.
#[cfg(feature = "tracing")]
fn in_callers_span<F: Future>(future: F) -> impl Future<Output = F::Output> {
    use tracing::Instrument;
    use tracing::instrument::WithSubscriber;

    future.in_current_span().with_current_subscriber()
}

#[cfg(not(feature = "tracing"))]
fn in_callers_span<F: Future>(future: F) -> F {
    future
}
