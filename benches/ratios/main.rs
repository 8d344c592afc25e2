//! What an exchange costs next to the bare operations that it can't do without, both measured in the same run.
//!
//! `benches/run` prints the whole table, for both backends.
#![allow(missing_docs, unreachable_pub, reason = "a program")]

mod authsig;
mod building;
mod floor;
mod measure;
mod network;
mod peers;
mod sip;

use measure::Row;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let fixture = runtime.block_on(sip::Fixture::new());
    Row::print_header();
    let mut rows = fixture.rows();
    // The rest is the same, or nearly so, with either backend.
    if cfg!(feature = "aws-lc-rs") {
        rows.extend([
            network::exchange(&fixture),
            network::silent_close(&fixture),
            network::tasks(&fixture),
            building::with_a_transport(&fixture),
            building::new(&fixture),
        ]);
        rows.extend(authsig::rows());
        rows.extend(peers::rows(&fixture));
    }
    let missed = rows.iter().filter(|row| !row.print()).count();
    println!("{missed} of {} targets missed", rows.len());
}
