//! Tests of several instances in processes of their own, and of the commands beside them.
//!
//! They need PostgreSQL: that of `AUTHSIG_TEST_POSTGRES`, the `postgres://` URL of somebody who may create databases, or the
//! programs in `/usr/lib/postgresql`. Where there is neither, they are skipped, with a line that says so.

mod support;

mod clocks;
mod crash;
mod doctor;
mod keys;
mod limits;
mod load;
mod operation;
mod outage;
mod outbox;
mod rekey;
mod sharing;
mod start;
mod users;
