//! The command line. Flags stand over environment variables.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// An AuthSig server: people log in, and get URLs that prove who they are.
#[derive(Parser)]
#[command(version, about)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve on this machine alone, with people to try it with. Nothing is kept. This is what runs without a command.
    Demo(DemoArgs),
    /// Serve in production, behind a proxy that speaks TLS.
    Serve(ServeArgs),
}

#[derive(ClapArgs)]
pub(crate) struct DemoArgs {
    /// The address to listen at; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Print the URL and the people as one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Offer to log in with Civic, by a sandbox of the service in this process.
    #[arg(long)]
    pub(crate) civic: bool,
}

impl Default for DemoArgs {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), json: false, civic: true }
    }
}

#[derive(ClapArgs)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,
    /// The address to listen at. The proxy in front of it speaks TLS.
    #[arg(long, env = "AUTHSIG_LISTEN", default_value = "127.0.0.1:8700")]
    pub(crate) listen: SocketAddr,
    /// Redirect to and notify this address without asking the person. May be given several times.
    #[arg(long, env = "AUTHSIG_ALLOW", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// Notify addresses of this origin, though it is on another port than 443, or on this machine. May be given several
    /// times.
    #[arg(long, env = "AUTHSIG_NOTIFY_ORIGIN", value_delimiter = ',')]
    pub(crate) notify_origin: Vec<String>,
    /// Let strangers sign up.
    #[arg(long, env = "AUTHSIG_SIGN_UP")]
    pub(crate) sign_up: bool,
    /// The accounts that may create defaults.
    #[arg(long, env = "AUTHSIG_DEFAULT_CREATORS", value_delimiter = ',')]
    pub(crate) default_creators: Vec<String>,
    /// A file with the key that signs (PKCS#8 PEM, P-256), instead of the one that is kept in the database.
    #[arg(long, env = "AUTHSIG_PRIVATE_KEY_FILE")]
    pub(crate) private_key_file: Option<PathBuf>,
    /// The address of Civic's browser library. Log-in with Civic is on if CIVIC_APP_ID, CIVIC_PRIVATE_SIGNING_KEY and
    /// CIVIC_SECRET are set.
    #[arg(
        long,
        env = "AUTHSIG_CIVIC_SCRIPT_URL",
        default_value = "https://hosted-sip.civic.com/js/civic.sip.min.js"
    )]
    pub(crate) civic_script_url: String,
    /// Write the log as JSON.
    #[arg(long, env = "AUTHSIG_LOG_JSON")]
    pub(crate) log_json: bool,
}

/// What every command needs that opens the database.
#[derive(ClapArgs)]
pub(crate) struct BaseArgs {
    /// The URL that browsers see: https://id.example
    #[arg(long, env = "AUTHSIG_PUBLIC_URL")]
    pub(crate) public_url: String,
    /// sqlite:path or postgres://user:password@host/name
    #[arg(
        long,
        env = "AUTHSIG_DATABASE_URL",
        default_value = "sqlite:authsig.db",
        hide_env_values = true
    )]
    pub(crate) database_url: String,
    /// A file with the secret under which the database is encrypted, 16 bytes or more; or set AUTHSIG_HOUSE_SECRET.
    #[arg(long, env = "AUTHSIG_HOUSE_SECRET_FILE")]
    pub(crate) house_secret_file: Option<PathBuf>,
}
