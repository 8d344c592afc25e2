//! Runs the sandbox as a program, for clients in any language.
//!
//! ```sh
//! cargo run --example sandbox -- --port 4000 --app-id app42 --seed 7
//! ```
//!
//! A test suite starts it with `--port 0 --json --until-stdin-closes`, reads the one line that it prints, and closes its
//! input at the end.

use std::io::Write as _;
use std::net::IpAddr;
use std::process::ExitCode;

use civic_sip::Error;
use civic_sip::sandbox::{Person, Sandbox, SandboxBuilder, ScopeRequest};
use serde_json::json;

const USAGE: &str = "\
Runs a sandbox of the Civic service until Ctrl-C.

  --port N              the port, 4000 unless given; 0 takes one that is free
  --listen ADDRESS      the address to listen on, 127.0.0.1 unless given
  --public-url URL      the address by which a phone reaches the sandbox, for QR codes
  --app-id ID           the id of the app
  --seed TEXT           derives the keys from this text: the same at every start
  --domain HOST         a host whose pages may create scope requests; can be repeated
                        (localhost, 127.0.0.1 and [::1] unless given)
  --payload-size BYTES  a longer response is delivered by link, to clients that accept links
  --no-proof-of-identity  the app is not approved for PROOF_OF_IDENTITY
  --strict              accepts only the form of the service's own clients
  --json                prints addresses and credentials as one line of JSON
  --until-stdin-closes  ends when its input ends, and so with the program that started it
  --help                prints this text";

/// The options of the command line.
pub(crate) struct Options {
    pub(crate) builder: SandboxBuilder,
    pub(crate) json: bool,
    pub(crate) until_stdin_closes: bool,
}

/// Reads the command line; the error is the exit code and what to print.
pub(crate) fn from_arguments(
    arguments: impl Iterator<Item = String>,
) -> Result<Options, (ExitCode, String)> {
    let mut arguments = Arguments { rest: arguments, name: String::new(), inline: None };
    let mut builder = Sandbox::builder().port(4000);
    let mut domains = Vec::new();
    let (mut json, mut until_stdin_closes) = (false, false);
    while arguments.next() {
        builder = match &*arguments.name {
            "--port" => builder.port(arguments.parsed("a port")?),
            "--listen" => builder.listen(arguments.parsed::<IpAddr>("an IP address")?),
            "--public-url" => builder.public_url(arguments.value()?),
            "--app-id" => builder.app_id(arguments.value()?),
            "--seed" => builder.seed(arguments.value()?),
            "--payload-size" => builder.payload_size(arguments.parsed("a number")?),
            "--no-proof-of-identity" => builder.proof_of_identity(false),
            "--strict" => builder.strict(true),
            "--domain" => {
                domains.push(arguments.value()?);
                builder
            }
            "--json" => {
                json = true;
                builder
            }
            "--until-stdin-closes" => {
                until_stdin_closes = true;
                builder
            }
            "--help" | "-h" => return Err((ExitCode::SUCCESS, USAGE.to_owned())),
            other => return Err(wrong(&format!("`{other}` is unknown"))),
        };
    }
    if !domains.is_empty() {
        builder = builder.domains(domains);
    }
    Ok(Options { builder, json, until_stdin_closes })
}

/// The arguments, as `--name value` or `--name=value`.
struct Arguments<I> {
    rest: I,
    name: String,
    inline: Option<String>,
}

impl<I: Iterator<Item = String>> Arguments<I> {
    /// Goes on to the next name.
    fn next(&mut self) -> bool {
        let Some(argument) = self.rest.next() else { return false };
        (self.name, self.inline) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        true
    }

    fn value(&mut self) -> Result<String, (ExitCode, String)> {
        let value = self.inline.take().or_else(|| self.rest.next());
        value.ok_or_else(|| wrong(&format!("{} needs a value", self.name)))
    }

    fn parsed<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, (ExitCode, String)> {
        let value = self.value()?;
        value.parse().map_err(|_| wrong(&format!("`{value}` is not {what}")))
    }
}

fn wrong(problem: &str) -> (ExitCode, String) {
    (ExitCode::from(2), format!("{problem}\n\n{USAGE}"))
}

/// The environment variables that `CivicSip::from_env` reads.
fn variables(sandbox: &Sandbox) -> [(&'static str, &str); 6] {
    [
        ("CIVIC_APP_ID", sandbox.app_id()),
        ("CIVIC_PRIVATE_SIGNING_KEY", sandbox.private_signing_key()),
        ("CIVIC_SECRET", sandbox.secret()),
        ("CIVIC_ENV", "dev"),
        ("CIVIC_BASE_URL", sandbox.base_url()),
        ("CIVIC_SIP_PUBLIC_KEY", sandbox.sip_public_key()),
    ]
}

/// Addresses and credentials, for people.
pub(crate) fn summary(sandbox: &Sandbox) -> String {
    let base = sandbox.base_url();
    let script_url = sandbox.script_url();
    let token = sandbox.issue_token_for(Person::Ada, ScopeRequest::BasicSignup);
    let facts: String = [
        ("base URL", base),
        ("browser library", &script_url),
        ("app id", sandbox.app_id()),
        ("private signing key", sandbox.private_signing_key()),
        ("secret", sandbox.secret()),
        ("public key of the service", sandbox.sip_public_key()),
    ]
    .iter()
    .map(|(name, value)| format!("{name:>26}  {value}\n"))
    .collect();
    let exports: String = variables(sandbox)
        .iter()
        .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")))
        .collect();
    format!(
        "The sandbox runs. Ctrl-C ends it.\n\n{facts}\n\
         For a client of this crate, in another shell:\n\n{exports}\n\
         A code token of an invented person, for one exchange within 30 minutes:\n\n{token}\n\n\
         More tokens, and the documentation:\n\ncurl -X POST {base}/tokens\n{base}/\n"
    )
}

/// Addresses and credentials, for programs: one line.
pub(crate) fn json(sandbox: &Sandbox) -> String {
    let base = sandbox.base_url();
    let environment: serde_json::Map<_, _> = variables(sandbox)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let facts = json!({
        "baseUrl": base,
        "scriptUrl": sandbox.script_url(),
        "styleUrl": format!("{base}/css/civic-modal.css"),
        "tokensUrl": format!("{base}/tokens"),
        "faultsUrl": format!("{base}/faults"),
        "appId": sandbox.app_id(),
        "privateSigningKey": sandbox.private_signing_key(),
        "secret": sandbox.secret(),
        "sipPublicKey": sandbox.sip_public_key(),
        "environment": environment,
    });
    format!("{facts}\n")
}

async fn run(options: Options) -> Result<(), Error> {
    let sandbox = options.builder.start().await?;
    let text = if options.json { json(&sandbox) } else { summary(&sandbox) };
    let mut output = std::io::stdout().lock();
    // Whoever started it may have closed the other end; the sandbox runs all the same.
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    drop(output);
    if options.until_stdin_closes {
        // A read that fails is an end as well.
        let read = tokio::task::spawn_blocking(|| {
            std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())
        });
        let _ = read.await;
    } else if tokio::signal::ctrl_c().await.is_err() {
        // Without the signal, the process runs until it is ended from outside.
        std::future::pending::<()>().await;
    }
    Ok(())
}

#[tokio::main]
#[allow(dead_code, reason = "the test of this example has a main of its own")]
async fn main() -> ExitCode {
    let options = match from_arguments(std::env::args().skip(1)) {
        Ok(options) => options,
        Err((ExitCode::SUCCESS, text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err((code, text)) => {
            eprintln!("{text}");
            return code;
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
