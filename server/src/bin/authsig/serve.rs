//! `authsig serve`: production.

use std::env;
use std::path::Path;

use authsig_server::{AuthSig, CivicLogin, Config, HouseSecret};
use civic_sip::CivicSip;
use civic_sip::authsig::PrivateKey;
use tokio::net::TcpListener;

use crate::args::{BaseArgs, ServeArgs};
use crate::{Failure, log};

pub(crate) async fn run(args: ServeArgs) -> Result<(), Failure> {
    log::start(args.log_json, "info");
    let mut config =
        config(&args.base)?.sign_up(args.sign_up).default_creators(args.default_creators);
    for address in args.allow {
        config = config.allow(address);
    }
    for origin in args.notify_origin {
        config = config.notify_origin(origin);
    }
    if let Some(file) = &args.private_key_file {
        config = config.private_key(PrivateKey::from_pem(&read(file)?)?);
    }
    if env::var_os("CIVIC_APP_ID").is_some() {
        config = config.civic(CivicLogin::new(CivicSip::from_env()?, args.civic_script_url));
    }
    let authsig = AuthSig::start(config).await?;
    let listener = TcpListener::bind(args.listen).await?;
    let stopped = stopped()?;
    tracing::info!(listen = %listener.local_addr()?, public_url = args.base.public_url, "serving");
    until_stopped(listener, authsig, stopped).await
}

/// The part of the configuration that every command needs.
pub(crate) fn config(args: &BaseArgs) -> Result<Config, Failure> {
    let secret = match (&args.house_secret_file, env::var("AUTHSIG_HOUSE_SECRET")) {
        (Some(file), _) => read(file)?.trim_end_matches(['\r', '\n']).to_owned(),
        (None, Ok(secret)) => secret,
        (None, Err(_)) => {
            return Err("set AUTHSIG_HOUSE_SECRET, or AUTHSIG_HOUSE_SECRET_FILE, to a secret of 16 bytes or more \
                        under which the database is encrypted: `openssl rand -base64 32` makes one"
                .into());
        }
    };
    Ok(Config::new(&args.public_url, HouseSecret::new(secret)?).database(&args.database_url))
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// Serves until the process is told to stop, and then finishes what was begun.
pub(crate) async fn until_stopped(
    listener: TcpListener,
    authsig: AuthSig,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    axum::serve(listener, authsig.router()).with_graceful_shutdown(stopped).await?;
    authsig.shutdown().await;
    tracing::info!("stopped");
    Ok(())
}

/// Returns what ends at Ctrl-C or SIGTERM. From the call on, neither ends the process by itself.
#[cfg(unix)]
pub(crate) fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Returns what ends at Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
