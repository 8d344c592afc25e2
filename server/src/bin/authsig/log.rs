//! The log.

use tracing_subscriber::EnvFilter;

/// Writes events to standard error; `RUST_LOG` selects which.
pub(crate) fn start(json: bool, level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { log.json().init() } else { log.init() }
}
