//! The thread that exchanges run on.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, ThreadId};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::Error;

/// A worker that starts when it is first needed, and stops when the last who shares it is gone.
#[derive(Clone, Default)]
pub(super) struct SharedWorker(Arc<Mutex<Option<Arc<Worker>>>>);

struct Worker {
    runtime: Handle,
    thread: ThreadId,
    /// Dropped with the worker, which ends the thread. Nobody waits for that, so that it can happen anywhere.
    _stop: oneshot::Sender<Infallible>,
}

impl SharedWorker {
    /// Runs `future` on the worker and waits for it, blocking this thread.
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
                "the blocking client was called by the transport or the clock that it is waiting for",
            ));
        }
        // Neither `block_on` nor a channel of Tokio: both panic inside of async tasks.
        let (result, answer) = mpsc::sync_channel(1);
        worker.runtime.spawn(in_callers_span(async move {
            // Whoever asked is waiting, so somebody takes it.
            let _ = result.send(future.await);
        }));
        answer
            .recv()
            .map_err(|_| Error::Transport("the exchange panicked: see what the panic says".into()))
    }

    fn get(&self) -> Result<Arc<Worker>, Error> {
        let mut worker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*worker {
            Some(worker) => Ok(Arc::clone(worker)),
            None => {
                Worker::start().map(|started| Arc::clone(worker.insert(Arc::new(started)))).map_err(
                    |error| Error::config(format!("the blocking client has no thread: {error}")),
                )
            }
        }
    }
}

impl Worker {
    fn start() -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (started, start) = mpsc::sync_channel(1);
        // The runtime is made and dropped there: dropping one inside of an async task panics.
        let thread = thread::Builder::new().name("civic-sip".to_owned()).spawn(move || {
            match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    let _ = started.send(Ok(runtime.handle().clone()));
                    // The error is the message.
                    let _ = runtime.block_on(stopped);
                    // A name lookup that is under way is left to itself.
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

/// What is logged belongs where the caller logs.
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
