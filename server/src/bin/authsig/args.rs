//! The command line. A flag overrides its environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;

use authsig_server::Limits;
use clap::builder::BoolishValueParser;
use clap::{Args as ClapArgs, Parser, Subcommand};

/// An AuthSig server: people log in, and get URLs that prove who they are.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve a demo on this machine only, with test accounts. All data is deleted at the end. Runs if no command is given.
    Demo(DemoArgs),
    /// Serve in production, behind a proxy that speaks TLS.
    Serve(Box<ServeArgs>),
    /// Manage accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// Manage the signing keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Encrypt the database with a new house secret. Stop all instances first.
    Rekey(RekeyArgs),
    /// Copy a SQLite database to a new file, while the server runs.
    Backup(BackupArgs),
    /// Check the configuration, database, clock, keys and public URL, and report problems.
    Doctor(DoctorArgs),
}

#[derive(ClapArgs)]
pub(crate) struct DemoArgs {
    /// The address to listen on; port 0 takes a free port.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Print the URL and the test accounts as one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Default for DemoArgs {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), json: false }
    }
}

#[derive(ClapArgs)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,
    /// The address to listen on, with plain HTTP for the proxy in front of it.
    #[arg(long, env = "AUTHSIG_LISTEN", default_value = "127.0.0.1:8700")]
    pub(crate) listen: SocketAddr,
    /// Redirect to and notify this exact address without asking the person for consent. Repeatable.
    #[arg(long, env = "AUTHSIG_ALLOW", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// Allow notifications to this origin although its port is not 443 (`https://hooks.example:8443`) or it is on this
    /// machine. Repeatable.
    #[arg(long, env = "AUTHSIG_NOTIFY_ORIGIN", value_delimiter = ',')]
    pub(crate) notify_origin: Vec<String>,
    /// Let anybody sign up.
    #[arg(long, env = "AUTHSIG_SIGN_UP", value_parser = BoolishValueParser::new())]
    pub(crate) sign_up: bool,
    /// An account that may create defaults, which are stored parameters of requests. Repeatable.
    #[arg(long, env = "AUTHSIG_DEFAULT_CREATORS", value_delimiter = ',')]
    pub(crate) default_creators: Vec<String>,
    /// A file with the signing key (PKCS#8 PEM, P-256), to use instead of the keys in the database.
    #[arg(long, env = "AUTHSIG_PRIVATE_KEY_FILE")]
    pub(crate) private_key_file: Option<PathBuf>,
    /// The address of Civic's browser library. To enable log-in with Civic, set CIVIC_APP_ID, CIVIC_PRIVATE_SIGNING_KEY and
    /// CIVIC_SECRET.
    #[arg(
        long,
        env = "AUTHSIG_CIVIC_SCRIPT_URL",
        default_value = "https://hosted-sip.civic.com/js/civic.sip.min.js"
    )]
    pub(crate) civic_script_url: String,
    /// The address to serve Prometheus metrics on. It must not be public.
    #[arg(long, env = "AUTHSIG_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// A proxy or network (`10.0.0.0/8`) whose X-Forwarded-For is trusted. Repeatable.
    #[arg(long, env = "AUTHSIG_TRUSTED_PROXIES", value_delimiter = ',')]
    pub(crate) trusted_proxies: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// Write the log as JSON.
    #[arg(long, env = "AUTHSIG_LOG_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) log_json: bool,
}

/// The arguments of every command that opens the database.
#[derive(ClapArgs)]
pub(crate) struct BaseArgs {
    /// The URL that browsers see: `https://id.example`
    #[arg(long, env = "AUTHSIG_PUBLIC_URL")]
    pub(crate) public_url: String,
    /// sqlite:path or postgres://user:password@host/name; or set AUTHSIG_DATABASE_URL, AUTHSIG_DATABASE_URL_FILE or
    /// DATABASE_URL. [default: sqlite:authsig.db]
    #[arg(long)]
    pub(crate) database_url: Option<String>,
    /// A file with the house secret, which encrypts the database, of 16 bytes or more; or set AUTHSIG_HOUSE_SECRET or
    /// AUTHSIG_HOUSE_SECRET_FILE.
    #[arg(long)]
    pub(crate) house_secret_file: Option<PathBuf>,
}

/// The limits on requests.
#[derive(ClapArgs)]
pub(crate) struct LimitArgs {
    /// The limit of wrong passwords for one account from one address in 5 minutes.
    #[arg(long, env = "AUTHSIG_MAX_WRONG_PASSWORDS", default_value_t = Limits::default().wrong_passwords)]
    max_wrong_passwords: u32,
    /// The limit of wrong passwords from one address in 5 minutes.
    #[arg(
        long,
        env = "AUTHSIG_MAX_WRONG_PASSWORDS_PER_ADDRESS",
        default_value_t = Limits::default().wrong_passwords_per_address
    )]
    max_wrong_passwords_per_address: u32,
    /// The limit of sign-ups from one address in an hour.
    #[arg(long, env = "AUTHSIG_MAX_SIGN_UPS", default_value_t = Limits::default().sign_ups)]
    max_sign_ups: u32,
    /// The limit of new defaults from one address in an hour.
    #[arg(long, env = "AUTHSIG_MAX_DEFAULTS", default_value_t = Limits::default().defaults)]
    max_defaults: u32,
    /// The limit of requests for a signed URL from one address in a minute.
    #[arg(long, env = "AUTHSIG_MAX_REQUESTS", default_value_t = Limits::default().requests)]
    max_requests: u32,
}

impl LimitArgs {
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.wrong_passwords = self.max_wrong_passwords;
        limits.wrong_passwords_per_address = self.max_wrong_passwords_per_address;
        limits.sign_ups = self.max_sign_ups;
        limits.defaults = self.max_defaults;
        limits.requests = self.max_requests;
        limits
    }
}

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Create an account, and print its generated password.
    Add(PasswordArgs),
    /// Set a new password, print it, and end all sessions of the account.
    Password(PasswordArgs),
    /// End all sessions of an account.
    Sessions(UserArgs),
    /// Delete an account. Nobody else ever gets its login.
    Delete(UserArgs),
}

#[derive(ClapArgs)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,
    /// The login of the account.
    pub(crate) login: String,
}

#[derive(ClapArgs)]
pub(crate) struct PasswordArgs {
    #[command(flatten)]
    pub(crate) user: UserArgs,
    /// Read the password from standard input instead of generating one.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// List all keys with their states.
    List(KeyArgs),
    /// Add a key, which is published now and starts to sign in 6 minutes.
    Rotate(KeyArgs),
    /// Revoke a key. URLs that it signed are refused from then on.
    Revoke(RevokeArgs),
}

#[derive(ClapArgs)]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,
}

#[derive(ClapArgs)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,
    /// The id of the key, as `authsig key list` shows it.
    #[arg(allow_hyphen_values = true)]
    pub(crate) id: String,
}

#[derive(ClapArgs)]
pub(crate) struct RekeyArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,
    /// A file with the new secret; or set AUTHSIG_NEW_HOUSE_SECRET or AUTHSIG_NEW_HOUSE_SECRET_FILE.
    #[arg(long)]
    pub(crate) new_house_secret_file: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,
    /// The file to write, which must not exist.
    pub(crate) file: PathBuf,
}

#[derive(ClapArgs)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,
}
