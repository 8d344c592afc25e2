//! Tests of the server, through its routes and its program.
//!
//! They run on SQLite, or on PostgreSQL where `AUTHSIG_TEST_POSTGRES` has the `postgres://` URL of somebody who may create
//! databases.

mod support;

mod asking;
mod attacks;
mod bad_input;
mod civic;
mod consent;
mod defaults;
mod demo;
mod embedding;
mod failing_database;
mod headers;
mod killed;
mod log_in;
mod network;
mod original;
mod outbox;
mod parameters;
mod properties;
mod seals;
mod secrets;
mod serve;
mod sessions;
mod shown;
mod starting;
mod strangers;
mod threat_model;
mod verifying;
