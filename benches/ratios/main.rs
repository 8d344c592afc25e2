//! What an exchange costs next to the bare operations that it can't do without, both measured in the same run.
//!
//! `benches/run` prints the whole table, for both backends.
#![allow(missing_docs, unreachable_pub, reason = "a program")]

mod floor;
mod measure;
mod sip;

use measure::Row;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let fixture = runtime.block_on(sip::Fixture::new());
    Row::print_header();
    for row in fixture.rows() {
        row.print();
    }
}
