//! The program `authsig`: an AuthSig server by itself.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented,
        clippy::exit,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

mod admin;
mod args;
mod demo;
mod doctor;
mod log;
mod secrets;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command, DemoArgs};

/// The reason why the program fails.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Args::parse().command {
        None => demo::run(DemoArgs::default()).await,
        Some(Command::Demo(args)) => demo::run(args).await,
        Some(Command::Serve(args)) => serve::run(*args).await,
        Some(Command::User(command)) => admin::user(command).await,
        Some(Command::Key(command)) => admin::key(command).await,
        Some(Command::Rekey(args)) => admin::rekey(args).await,
        Some(Command::Backup(args)) => admin::backup(args).await,
        Some(Command::Doctor(args)) => doctor::run(args).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("authsig: {error}");
            ExitCode::FAILURE
        }
    }
}
