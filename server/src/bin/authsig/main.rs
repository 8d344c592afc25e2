//! The program `authsig`: an AuthSig server by itself.

mod args;
mod demo;
mod log;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command, DemoArgs};

/// Why the program ends without having done its work.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Args::parse().command {
        None => demo::run(DemoArgs::default()).await,
        Some(Command::Demo(args)) => demo::run(args).await,
        Some(Command::Serve(args)) => serve::run(args).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("authsig: {error}");
            ExitCode::FAILURE
        }
    }
}
