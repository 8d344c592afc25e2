//! The memory and the time that a call may take.

use std::time::Duration;

use cpu_time::ThreadTime;

/// Far more than any call takes, also with a sanitizer and on a slow machine.
const MAX_TIME: Duration = Duration::from_secs(5);

/// Memory at any time: so much, and so much for each byte of the input.
const MAX_BYTES: u64 = 256 * 1024;
const MAX_BYTES_PER_BYTE: u64 = 48;

/// Calls `call`, with an input of this length.
pub(crate) fn check<T>(len: usize, call: impl FnOnce() -> T) -> T {
    let started = ThreadTime::now();
    let mut result = None;
    let memory = allocation_counter::measure(|| result = Some(call()));
    let limit = MAX_BYTES + MAX_BYTES_PER_BYTE * len as u64;
    assert!(memory.bytes_max <= limit, "{} bytes for {len}", memory.bytes_max);
    assert!(started.elapsed() < MAX_TIME, "{:?} for {len} bytes", started.elapsed());
    result.expect("it was called")
}
