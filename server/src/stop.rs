//! Tells the workers to stop.

use std::future::pending;

use tokio::sync::watch;

/// The signal on which a worker stops.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    pub(crate) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the server is shut down. One that is dropped never is: its router may be served on.
    pub(crate) async fn wait(&mut self) {
        if self.0.wait_for(|is_set| *is_set).await.is_err() {
            pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn is_over(stop: &mut Stop) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(stop.wait()).poll(&mut context).is_ready()
    }

    #[test]
    fn workers_stop_when_they_are_told() {
        let (sender, receiver) = watch::channel(false);
        let mut stop = Stop::new(receiver);
        assert!(!stop.is_set() && !is_over(&mut stop));
        sender.send_replace(true);
        assert!(stop.is_set() && is_over(&mut stop));
    }

    #[test]
    fn workers_go_on_when_the_server_is_dropped() {
        let (sender, receiver) = watch::channel(false);
        drop(sender);
        let mut stop = Stop::new(receiver);
        assert!(!stop.is_set() && !is_over(&mut stop));
    }
}
