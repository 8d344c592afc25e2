//! `authsig serve`: production.

use std::env;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use authsig_server::{AuthSig, CivicLogin, Config, HouseSecret};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use civic_sip::CivicSip;
use civic_sip::authsig::PrivateKey;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::args::{BaseArgs, ServeArgs};
use crate::{Failure, log, secrets};

/// The time that open requests may take after the signal to stop. Deliveries may take 5 seconds more, and Docker kills after 10.
const STOP_WITHIN: Duration = Duration::from_secs(4);

/// The format of the metrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn run(args: ServeArgs) -> Result<(), Failure> {
    log::start(args.log_json, "info");
    let mut config = config(&args.base)?
        .sign_up(args.sign_up)
        .default_creators(args.default_creators)
        .limits(args.limits.limits())
        .trusted_proxies(args.trusted_proxies);
    for address in args.allow {
        config = config.allow(address);
    }
    for origin in args.notify_origin {
        config = config.notify_origin(origin);
    }
    if let Some(file) = &args.private_key_file {
        config = config.private_key(PrivateKey::from_pem(&secrets::read_file(file)?)?);
    }
    if let Some(client) = civic()? {
        config = config.civic(CivicLogin::new(client, args.civic_script_url));
    }
    let authsig = Arc::new(AuthSig::start(config).await?);
    let listener = TcpListener::bind(args.listen).await?;
    let stopped = stopped()?;
    tracing::info!(listen = %listener.local_addr()?, public_url = args.base.public_url, "serving");
    if let Some(address) = args.metrics_listen {
        serve_metrics(TcpListener::bind(address).await?, Arc::clone(&authsig));
    }
    until_stopped(listener, &authsig, stopped).await
}

/// Returns the part of the configuration that every command needs.
pub(crate) fn config(args: &BaseArgs) -> Result<Config, Failure> {
    let secret = match &args.house_secret_file {
        Some(file) => Some(secrets::read_file(file)?),
        None => secrets::read("AUTHSIG_HOUSE_SECRET")?,
    };
    let secret = secret.ok_or(
        "set AUTHSIG_HOUSE_SECRET or AUTHSIG_HOUSE_SECRET_FILE: the house secret encrypts the database and has 16 \
         bytes or more; `openssl rand -base64 32` makes one",
    )?;
    let config = Config::new(&args.public_url, HouseSecret::new(secret)?);
    Ok(config.database(database_url(args)?))
}

pub(crate) fn database_url(args: &BaseArgs) -> Result<String, Failure> {
    if let Some(url) = &args.database_url {
        return Ok(url.clone());
    }
    let url = match secrets::read("AUTHSIG_DATABASE_URL")? {
        Some(url) => Some(url),
        None => secrets::read("DATABASE_URL")?,
    };
    Ok(url.unwrap_or_else(|| "sqlite:authsig.db".to_owned()))
}

/// Makes the client of Civic, if its credentials are set.
fn civic() -> Result<Option<CivicSip>, Failure> {
    let Ok(app_id) = env::var("CIVIC_APP_ID") else { return Ok(None) };
    let secret = |name: &str| {
        secrets::read(name)?.ok_or_else(|| Failure::from(format!("set {name} or {name}_FILE")))
    };
    let mut builder = CivicSip::builder()
        .app_id(app_id)
        .private_signing_key(secret("CIVIC_PRIVATE_SIGNING_KEY")?)
        .secret(secret("CIVIC_SECRET")?);
    if let Ok(environment) = env::var("CIVIC_ENV") {
        builder = builder.environment(environment.parse()?);
    }
    if let Ok(url) = env::var("CIVIC_BASE_URL") {
        builder = builder.base_url(url);
    }
    if let Ok(key) = env::var("CIVIC_SIP_PUBLIC_KEY") {
        builder = builder.sip_public_key(key);
    }
    Ok(Some(builder.build()?))
}

/// Serves metrics until the process ends.
fn serve_metrics(listener: TcpListener, authsig: Arc<AuthSig>) {
    let metrics = move || {
        let authsig = Arc::clone(&authsig);
        async move { ([(CONTENT_TYPE, OPEN_METRICS)], authsig.metrics().await) }
    };
    let router = Router::new().route("/metrics", get(metrics));
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// Serves until the process is told to stop, and then finishes what was begun.
pub(crate) async fn until_stopped(
    listener: TcpListener,
    authsig: &AuthSig,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let stopping = Arc::new(Notify::new());
    let is_stopping = Arc::clone(&stopping);
    let stopped = async move {
        stopped.await;
        is_stopping.notify_one();
    };
    // The limits count addresses.
    let service = authsig.router().into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stopped);
    let too_late = async {
        stopping.notified().await;
        tokio::time::sleep(STOP_WITHIN).await;
    };
    tokio::select! {
        result = serving => result?,
        () = too_late => tracing::warn!("some requests were not finished in time"),
    }
    authsig.shutdown().await;
    tracing::info!("stopped");
    Ok(())
}

/// Returns a future that ends at Ctrl-C or SIGTERM. From the call on, neither ends the process by itself.
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

/// Returns a future that ends at Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
